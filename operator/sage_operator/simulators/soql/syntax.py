"""A SOQL query as data."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal as OneOf

Operator = OneOf["=", "!=", "<", "<=", ">", ">="]


class SoqlError(Exception):
    """A query that Salesforce would refuse with status 400.

    Attributes:
        code: such as `MALFORMED_QUERY`, `INVALID_FIELD`, `INVALID_TYPE`, `INVALID_QUERY_FILTER_OPERATOR`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A field, or a field of a parent: `Name`, `Owner.Name`."""

    names: tuple[str, ...]
    position: int
    """Offset in the query's text, for messages."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A date literal such as `LAST_N_DAYS:7`; in upper case."""

    name: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A dateTime, in the form in which rows keep it: UTC, `2026-01-31T10:00:00.000+0000`."""

    text: str


Value = str | Decimal | bool | date | Moment | Relative | None
"""A literal; None is `NULL`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """A field compared with a literal."""

    path: Path
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """A field compared with a pattern, which is kept with its escapes."""

    path: Path
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class In:
    """A field looked for in a list, or in the results of a sub-query."""

    path: Path
    members: "tuple[Value, ...] | Query"
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A field of several choices compared with combinations of them: `INCLUDES`, `EXCLUDES`."""

    path: Path
    members: tuple[str, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    terms: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    terms: "tuple[Condition, ...]"


Condition = Compare | Like | In | Chosen | Not | And | Or


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """One criterion of `ORDER BY`. Nulls come first unless said otherwise, in either direction."""

    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A whole query."""

    fields: tuple[Path, ...]
    """Empty for `COUNT()`."""
    object: str
    object_position: int
    where: Condition | None
    order: tuple[Ordering, ...]
    limit: int | None
    offset: int
