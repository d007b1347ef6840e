"""The `where` and `order` parameters of lists, compiled to functions of a row.

As in a database with a usual collation, texts are compared without case. A comparison with a null field is false, but
for `= null` and its opposite. References are compared by their id, times as texts of one form in UTC.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import lark

from sage_operator.simulators.forcemanager.columns import Column
from sage_operator.simulators.table import Table
from sage_operator.simulators.wire import Row

Predicate = Callable[[Row], bool]


class WhereError(Exception):
    """A filter or an order that the database does not take (API error code 901)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A field compared with a literal."""

    field: str
    operator: str
    value: str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class All:
    """All of them."""

    terms: "tuple[Term, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """Any of them."""

    terms: "tuple[Term, ...]"


Term = Comparison | All | Either


class _Builder:
    """Builds terms while the parser reduces; one method a rule of the grammar."""

    def either(self, children: list[Any]) -> Term:
        return children[0] if len(children) == 1 else Either(tuple(children))

    def all_of(self, children: list[Any]) -> Term:
        return children[0] if len(children) == 1 else All(tuple(children))

    def comparison(self, children: list[Any]) -> Term:
        field, sign, value = children
        sign = "!=" if sign == "<>" else str(sign).upper()
        return Comparison(field=str(field), operator=sign, value=value)

    def string(self, children: list[Any]) -> str:
        return str(children[0][1:-1]).replace("''", "'")

    def word(self, children: list[Any]) -> str:
        return str(children[0])

    def number(self, children: list[Any]) -> Decimal:
        return Decimal(children[0])

    def true(self, _children: list[Any]) -> bool:
        return True

    def false(self, _children: list[Any]) -> bool:
        return False

    def null(self, _children: list[Any]) -> None:
        return None


_parser = lark.Lark(
    Path(__file__).with_name("where.lark").read_text("utf-8"),
    parser="lalr",
    transformer=_Builder(),
    maybe_placeholders=False,
)
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@lru_cache(maxsize=1024)
def parse(text: str) -> Term:
    """Parse a filter. Raises `WhereError`."""
    try:
        return cast("Term", _parser.parse(text))
    except lark.exceptions.UnexpectedInput:
        raise WhereError(f"SQL is not generated correctly: {text[:100]}") from None


def fields(term: Term) -> set[str]:
    """Return the names of all fields in a filter."""
    if isinstance(term, Comparison):
        return {term.field}
    return set().union(*(fields(one) for one in term.terms))


def predicate(term: Term, columns: Mapping[str, Column]) -> Predicate:
    """Compile a filter. Raises `WhereError` for unknown fields and values of a wrong type."""
    match term:
        case All(terms):
            tests = [predicate(one, columns) for one in terms]
            return lambda row: all(test(row) for test in tests)
        case Either(terms):
            tests = [predicate(one, columns) for one in terms]
            return lambda row: any(test(row) for test in tests)
        case Comparison():
            return _compare(term, columns)


def candidates(term: Term, table: Table[int]) -> set[int] | None:
    """Return keys of all rows that may fulfil a filter, by an index; None: no index helps."""
    if isinstance(term, All):
        found = [keys for one in term.terms if (keys := candidates(one, table)) is not None]
        return min(found, key=len) if found else None
    if isinstance(term, Comparison) and term.operator == "=" and term.value is not None:
        if term.field == "id" and isinstance(term.value, Decimal):
            return {int(term.value)} & table.rows.keys()
        if term.field in table.indexed and isinstance(term.value, Decimal | str):
            return table.find(term.field, [int(term.value) if isinstance(term.value, Decimal) else term.value])
    return None


def stamp(value: datetime) -> str:
    """Write a time as ForceManager does; such texts sort by time. A time without a zone is taken as UTC."""
    value = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def _column(name: str, columns: Mapping[str, Column]) -> Column:
    if name not in columns:
        raise WhereError(f"SQL is not generated correctly: unknown field {name}")
    return columns[name]


def _compare(term: Comparison, columns: Mapping[str, Column]) -> Predicate:
    column = _column(term.field, columns)
    name, sign = term.field, term.operator
    if term.value is None:
        if sign == "=":
            return lambda row: row.get(name) is None
        return lambda row: row.get(name) is not None
    value = _comparable(column, term.value)
    if column.kind == "text":
        folded = str(value).casefold()
        if sign == "LIKE":
            matches = re.compile(
                "".join({"%": ".*", "_": "."}.get(char) or re.escape(char) for char in folded), re.DOTALL
            ).fullmatch
            return lambda row: (own := row.get(name)) is not None and matches(own.casefold()) is not None
        test = _ORDER.get(sign) or {"=": operator.eq, "!=": operator.ne}[sign]
        return lambda row: (own := row.get(name)) is not None and test(own.casefold(), folded)
    if sign == "LIKE":
        raise WhereError(f"SQL is not generated correctly: LIKE on {name}")
    compare = _ORDER.get(sign) or {"=": operator.eq, "!=": operator.ne}[sign]
    return lambda row: (own := row.get(name)) is not None and compare(own, value)


def _comparable(column: Column, value: str | Decimal | bool) -> Any:
    if column.kind == "text":
        return str(value)
    if column.kind == "boolean" and isinstance(value, bool):
        return value
    if column.kind in {"integer", "number", "reference"} and isinstance(value, Decimal):
        return value
    if column.kind == "moment" and isinstance(value, str):
        try:
            return stamp(datetime.fromisoformat(value))
        except ValueError:
            pass
    raise WhereError(f"SQL is not generated correctly: {column.name} can't be compared with {value}")


def ordering(text: str, columns: Mapping[str, Column]) -> tuple[str, bool]:
    """Return the field of an `order` and whether it is descending, which it is unless `ASC` is said."""
    name, _, direction = text.strip().partition(" ")
    if direction.strip().upper() not in {"", "ASC", "DESC"}:
        raise WhereError(f"SQL is not generated correctly: {text}")
    return _column(name, columns).name, direction.strip().upper() != "ASC"
