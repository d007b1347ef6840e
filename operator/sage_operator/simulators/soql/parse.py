"""Text to query."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path as File
from typing import Any, cast

import lark

from sage_operator.simulators.soql.syntax import (
    And,
    Chosen,
    Compare,
    Condition,
    In,
    Like,
    Moment,
    Not,
    Operator,
    Or,
    Ordering,
    Path,
    Query,
    Relative,
    SoqlError,
    Value,
)


def moment(value: datetime) -> str:
    """Write a time as Salesforce does; such texts sort by time."""
    value = value.astimezone(UTC)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"


class _Builder:
    """Builds the query while the parser reduces; one method a rule of the grammar, each given its children."""

    def start(self, children: list[Any]) -> Query:
        return cast("Query", children[0])

    def query(self, children: list[Any]) -> Query:
        fields, name, *rest = children
        where: Condition | None = None
        order: tuple[Ordering, ...] = ()
        numbers = {"limit": None, "offset": 0}
        for clause in rest:
            if isinstance(clause, tuple) and clause[0] in numbers:
                numbers[clause[0]] = clause[1]
            elif isinstance(clause, tuple):
                order = clause[1]
            else:
                where = clause
        return Query(
            fields=fields,
            object=str(name),
            object_position=name.start_pos,
            where=where,
            order=order,
            limit=numbers["limit"],
            offset=numbers["offset"] or 0,
        )

    def count(self, _children: list[Any]) -> tuple[Path, ...]:
        return ()

    def fields(self, children: list[Any]) -> tuple[Path, ...]:
        return tuple(children)

    def path(self, children: list[Any]) -> Path:
        return Path(names=tuple(map(str, children)), position=children[0].start_pos)

    def conjunction(self, children: list[Any]) -> Condition:
        return And(tuple(children))

    def disjunction(self, children: list[Any]) -> Condition:
        return Or(tuple(children))

    def negation(self, children: list[Any]) -> Condition:
        return Not(children[0])

    def compare(self, children: list[Any]) -> Condition:
        path, operator, value = children
        operator = "!=" if operator == "<>" else str(operator)
        return Compare(path=path, operator=cast("Operator", operator), value=value)

    def like(self, children: list[Any]) -> Condition:
        path, token = children
        return Like(path=path, pattern=token[1:-1])

    def is_in(self, children: list[Any]) -> Condition:
        return In(path=children[0], members=children[1], negated=False)

    def not_in(self, children: list[Any]) -> Condition:
        return In(path=children[0], members=children[1], negated=True)

    def includes(self, children: list[Any]) -> Condition:
        return _chosen(children, negated=False)

    def excludes(self, children: list[Any]) -> Condition:
        return _chosen(children, negated=True)

    def values(self, children: list[Any]) -> tuple[Value, ...]:
        return tuple(children)

    def string(self, children: list[Any]) -> Value:
        # An empty text is null in Salesforce.
        return unescape(children[0][1:-1]) or None

    def number(self, children: list[Any]) -> Value:
        return Decimal(children[0])

    def datetime(self, children: list[Any]) -> Value:
        text = children[0].upper()
        try:
            return Moment(moment(datetime.fromisoformat(text)))
        except ValueError:
            raise SoqlError("MALFORMED_QUERY", f"Invalid date: {text}") from None

    def date(self, children: list[Any]) -> Value:
        try:
            return date.fromisoformat(children[0])
        except ValueError:
            raise SoqlError("MALFORMED_QUERY", f"Invalid date: {children[0]}") from None

    def relative(self, children: list[Any]) -> Value:
        return Relative(children[0].upper())

    def true(self, _children: list[Any]) -> Value:
        return True

    def false(self, _children: list[Any]) -> Value:
        return False

    def null(self, _children: list[Any]) -> Value:
        return None

    def order(self, children: list[Any]) -> tuple[str, tuple[Ordering, ...]]:
        return "order", tuple(children)

    def ordering(self, children: list[Any]) -> Ordering:
        path, *words = children
        words = [word.upper() for word in words]
        return Ordering(path=path, descending="DESC" in words, nulls_last="LAST" in words)

    def limit(self, children: list[Any]) -> tuple[str, int]:
        return "limit", int(children[0])

    def offset(self, children: list[Any]) -> tuple[str, int]:
        return "offset", int(children[0])


def _chosen(children: list[Any], *, negated: bool) -> Condition:
    path, *members = children
    return Chosen(path=path, members=tuple(unescape(token[1:-1]) for token in members), negated=negated)


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%"}


def unescape(text: str) -> str:
    """Resolve the backslash escapes of a string literal. Raises `SoqlError` for unknown ones."""
    if "\\" not in text:
        return text

    def resolve(match: re.Match[str]) -> str:
        try:
            return _ESCAPES[match[1]]
        except KeyError:
            raise SoqlError("MALFORMED_QUERY", f"Illegal escape sequence '\\{match[1]}' in a string literal") from None

    return re.sub(r"\\(.)", resolve, text, flags=re.DOTALL)


_parser = lark.Lark(
    File(__file__).with_name("grammar.lark").read_text("utf-8"),
    parser="lalr",
    transformer=_Builder(),
    propagate_positions=False,
    maybe_placeholders=False,
)


@lru_cache(maxsize=1024)
def parse(text: str) -> Query:
    """Parse a query. Raises `SoqlError` with the code `MALFORMED_QUERY`."""
    if len(text) > 100_000:
        raise SoqlError("MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters.")
    try:
        return cast("Query", _parser.parse(text))
    except lark.exceptions.UnexpectedEOF:
        raise SoqlError("MALFORMED_QUERY", "unexpected end of the query") from None
    except lark.exceptions.UnexpectedToken as error:
        word = str(error.token) or "<EOF>"
        raise SoqlError("MALFORMED_QUERY", _at(text, error.token.start_pos, f"unexpected token: '{word}'")) from None
    except lark.exceptions.UnexpectedCharacters as error:
        char = text[error.pos_in_stream : error.pos_in_stream + 1]
        message = _at(
            text, error.pos_in_stream, f"line {error.line}:{error.column} no viable alternative at character '{char}'"
        )
        raise SoqlError("MALFORMED_QUERY", message) from None
    except lark.exceptions.VisitError as error:
        raise error.orig_exc from None


def _at(text: str, position: int | None, message: str) -> str:
    """Write a message the way Salesforce does: with the query's neighbourhood and a caret."""
    if position is None:
        return message
    start = max(position - 30, 0)
    excerpt = text[start : position + 20].replace("\n", " ")
    return f"\n{excerpt}\n{' ' * (position - start)}^\nERROR at Row:1:Column:{position + 1}\n{message}"


at = _at
