"""Conditions compiled to functions of a row, with Salesforce's semantics.

Texts are compared without case, ids in their form of 18 characters, times as texts of one form in UTC. A field that is
null equals only NULL, differs from every value, and is neither less nor greater than any. A field of a parent that is
not there is null.
"""

import operator
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sage_operator.simulators.soql.fields import Database, Getter, Resolved, resolve
from sage_operator.simulators.soql.ids import to_18
from sage_operator.simulators.soql.parse import at, moment, unescape
from sage_operator.simulators.soql.periods import Calendar, period
from sage_operator.simulators.soql.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field, ObjectType
from sage_operator.simulators.soql.syntax import (
    And,
    Chosen,
    Compare,
    Condition,
    In,
    Like,
    Moment,
    Not,
    Or,
    Path,
    Query,
    Relative,
    SoqlError,
    Value,
)
from sage_operator.simulators.wire import Row

Predicate = Callable[[Row], bool]
SubQuery = Callable[[Query], set[str]]
"""Runs a sub-query and returns the ids that it selects."""

_LONGEST_TEXT = 4000
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Compiler:
    """Compiles the conditions of one query."""

    def __init__(
        self, *, kind: ObjectType, database: Database, text: str, calendar: Calendar, subquery: SubQuery
    ) -> None:
        self._kind = kind
        self._database = database
        self._text = text
        self._calendar = calendar
        self._subquery = subquery

    def predicate(self, condition: Condition) -> Predicate:
        """Compile a condition. Raises `SoqlError`."""
        match condition:
            case And(terms):
                return _every([self.predicate(term) for term in terms])
            case Or(terms):
                return _any([self.predicate(term) for term in terms])
            case Not(term):
                inner = self.predicate(term)
                return lambda row: not inner(row)
            case Compare():
                return self._compare(condition)
            case Like():
                return self._like(condition)
            case In():
                return self._in(condition)
            case Chosen():
                return self._chosen(condition)

    def resolve(self, path: Path) -> Resolved:
        """Resolve a path of a filter. Raises `SoqlError` if it can't be filtered."""
        found = resolve(path, self._kind, self._database, self._text)
        if not found.field.filterable:
            message = f"field '{found.field.name}' can not be filtered in a query call"
            raise SoqlError("INVALID_FIELD", at(self._text, path.position, message))
        return found

    def comparable(self, field: Field, value: Value, path: Path) -> Any:
        """Return a literal in the form in which it is compared. Raises `SoqlError` if it has the wrong type."""
        kind = field.type
        if value is None:
            return None
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            message = f"maximum length of a string in a filter is {_LONGEST_TEXT}"
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", at(self._text, path.position, message))
        if kind in TEXT_TYPES and isinstance(value, str):
            return value.casefold()
        if kind in ID_TYPES and isinstance(value, str):
            if (identity := to_18(value)) is None:
                message = at(self._text, path.position, f"invalid ID field: {value}")
                raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", message)
            return identity
        if kind == "boolean" and isinstance(value, bool):
            return value
        if kind in NUMBER_TYPES and isinstance(value, Decimal):
            return value
        if kind == "date" and isinstance(value, date):
            return value.isoformat()
        if kind == "datetime" and isinstance(value, Moment):
            return value.text
        quoted = "should be enclosed in quotes" if kind in TEXT_TYPES | ID_TYPES else "should not be enclosed in quotes"
        named = {"datetime": "dateTime", "textarea": "string", "picklist": "string", "reference": "reference"}.get(
            kind, kind
        )
        message = f"value of filter criterion for field '{field.name}' must be of type {named} and {quoted}"
        raise SoqlError("INVALID_FIELD", at(self._text, path.position, message))

    def _compare(self, condition: Compare) -> Predicate:
        found = self.resolve(condition.path)
        get, sign = _normal(found), condition.operator
        if isinstance(condition.value, Relative) and found.field.type in {"date", "datetime"}:
            return self._relative(get, sign, condition.value, found.field.type)
        value = self.comparable(found.field, condition.value, condition.path)
        if sign == "=":
            return lambda row: get(row) == value
        if sign == "!=":
            return lambda row: get(row) != value
        if found.field.type in {"reference", "boolean"} or value is None:
            message = at(self._text, condition.path.position, f"invalid operator on {found.field.type} field")
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", message)
        compare = _ORDER[sign]
        return lambda row: (own := get(row)) is not None and compare(own, value)

    def _relative(self, get: Getter, sign: str, value: Relative, kind: str) -> Predicate:
        try:
            first, after = period(value.name, self._calendar)
        except (ValueError, OverflowError):
            raise SoqlError("MALFORMED_QUERY", f"Invalid date literal: {value.name}") from None
        start, end = first.isoformat(), after.isoformat()
        if kind == "datetime":
            start, end = moment(self._calendar.midnight(first)), moment(self._calendar.midnight(after))
        tests: dict[str, Callable[[str], bool]] = {
            "=": lambda own: start <= own < end,
            "!=": lambda own: not start <= own < end,
            "<": lambda own: own < start,
            "<=": lambda own: own < end,
            ">": lambda own: own >= end,
            ">=": lambda own: own >= start,
        }
        test, of_null = tests[sign], sign == "!="
        return lambda row: of_null if (own := get(row)) is None else test(own)

    def _like(self, condition: Like) -> Predicate:
        found = self.resolve(condition.path)
        if found.field.type not in TEXT_TYPES:
            message = at(self._text, condition.path.position, f"invalid operator on {found.field.type} field")
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", message)
        get, matches = found.get, _pattern(condition.pattern).fullmatch
        return lambda row: (own := get(row)) is not None and matches(own) is not None

    def _in(self, condition: In) -> Predicate:
        found = self.resolve(condition.path)
        get, wanted = _normal(found), self.members(condition, found.field)
        if condition.negated:
            return lambda row: get(row) not in wanted
        return lambda row: get(row) in wanted

    def _chosen(self, condition: Chosen) -> Predicate:
        """`INCLUDES ('a;b', 'c')`: the field has both a and b, or c."""
        found = self.resolve(condition.path)
        if found.field.type != "multipicklist":
            message = at(self._text, condition.path.position, f"invalid operator on {found.field.type} field")
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", message)
        get, negated = found.get, condition.negated
        wanted = [set(text.casefold().split(";")) for text in condition.members]

        def test(row: Row) -> bool:
            chosen = set((get(row) or "").casefold().split(";"))
            return any(choice <= chosen for choice in wanted) is not negated

        return test

    def members(self, condition: In, field: Field) -> set[Any]:
        """Return the comparable members of a list, or those that its sub-query selects."""
        if isinstance(condition.members, tuple):
            return {self.comparable(field, value, condition.path) for value in condition.members}
        if field.type not in ID_TYPES:
            message = f"The left operand of an inner select must be an id or a reference, not '{field.name}'"
            raise SoqlError("MALFORMED_QUERY", at(self._text, condition.path.position, message))
        return self._subquery(condition.members)


def _normal(found: Resolved) -> Getter:
    """A getter of values in comparable form; all but texts are stored so."""
    get = found.get
    if found.field.type not in TEXT_TYPES:
        return get
    return lambda row: None if (own := get(row)) is None else own.casefold()


def _every(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda row: first(row) and second(row)
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda row: first(row) or second(row)
    return lambda row: any(test(row) for test in tests)


def _pattern(raw: str) -> re.Pattern[str]:
    """Translate a LIKE pattern whose escapes are not resolved yet."""
    pieces = re.findall(r"\\.|[%_]|[^\\%_]+", raw, flags=re.DOTALL)
    parts = [{"%": ".*", "_": "."}.get(piece) or re.escape(unescape(piece)) for piece in pieces]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
