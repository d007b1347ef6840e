"""What the plan needs to know of a ForceManager tenant: field types and value lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    """The type of a ForceManager field."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    UNKNOWN = "unknown"  # the schema does not tell: values are sent as they are
    REFERENCE = "reference"  # written as the integer id of a row of `table`


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetField:
    """A field as `/{resource}/schema` describes it. `max_length` is in characters, None if not limited."""

    name: str
    kind: FieldKind
    max_length: int | None = None
    table: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSchema:
    """The fields of one ForceManager resource, by name."""

    fields: Mapping[str, TargetField]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A live row of a value list. `labels` in all the tenant's languages; `iso2`/`iso3` only for countries."""

    id: int
    labels: frozenset[str]
    iso2: str | None = None
    iso3: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueList:
    """A value list of a tenant (`accountTypes`, `countries`, `branches`, …), live rows only."""

    name: str
    rows: tuple[ListRow, ...]
