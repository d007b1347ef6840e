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
    """A field as `/{resource}/schema` or `/procedure/zapier_schema` describes it.

    Attributes:
        max_length: in characters, None if not limited.
        table: the value list that a reference points into.
        required: the tenant refuses a record that is created without it (`required_via_api`).
        label: what the CRM's users see; empty if it is not told.
    """

    name: str
    kind: FieldKind
    max_length: int | None = None
    table: str | None = None
    read_only: bool = False
    required: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSchema:
    """The fields of one ForceManager resource, by name.

    Attributes:
        lists_custom_fields: whether the tenant tells its own fields (`Z_…`). Otherwise one that is missing in `fields`
            may exist all the same, and which fields are mandatory is not known either.
    """

    fields: Mapping[str, TargetField]
    lists_custom_fields: bool = False

    def field(self, name: str) -> TargetField | None:
        """Return a field; a custom one that the tenant would not tell is taken as it is."""
        found = self.fields.get(name)
        if found is None and is_custom(name) and not self.lists_custom_fields:
            return TargetField(name=name, kind=FieldKind.UNKNOWN)
        return found


def is_custom(name: str) -> bool:
    """Tell whether a name is that of a tenant's own field."""
    return name.startswith("Z_")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A live row of a value list.

    Attributes:
        labels: in all the tenant's languages; a user's name.
        iso2: of countries, like `iso3` (ISO 3166).
        iso_code: of currencies (ISO 4217).
        email: of users, like `nickname`.
    """

    id: int
    labels: frozenset[str]
    iso2: str | None = None
    iso3: str | None = None
    iso_code: str | None = None
    email: str | None = None
    nickname: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueList:
    """A value list of a tenant (`accountTypes`, `countries`, `branches`, …), live rows only."""

    name: str
    rows: tuple[ListRow, ...]
