"""What a query needs to know of objects and fields."""

from dataclasses import dataclass
from functools import cached_property

TEXT_TYPES = frozenset(
    {"string", "textarea", "phone", "url", "email", "picklist", "combobox", "encryptedstring", "multipicklist"}
)
ID_TYPES = frozenset({"id", "reference"})
NUMBER_TYPES = frozenset({"double", "currency", "percent", "int"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of an object, as describe tells it."""

    name: str
    label: str
    type: str
    length: int = 0
    nillable: bool = True
    calculated: bool = False
    filterable: bool = True
    sortable: bool = True
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    """The name under which a query reaches the parent."""
    picklist: tuple[str, ...] = ()
    precision: int = 18
    scale: int = 2
    """Of numbers with a fraction: how many digits there may be at all, and after the point."""
    stored: str | None = None
    """The name under which rows keep the value, if it is another one: the field was renamed."""

    @property
    def column(self) -> str:
        """The name under which rows keep the value."""
        return self.stored or self.name

    @property
    def target(self) -> str:
        """The object that is looked at when a query follows the relationship."""
        return "User" if "User" in self.reference_to else self.reference_to[0]


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """An object: its fields in the order of describe."""

    name: str
    label: str
    key_prefix: str
    fields: tuple[Field, ...]

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by their name in lower case."""
        return {field.name.lower(): field for field in self.fields}

    @cached_property
    def by_relationship(self) -> dict[str, Field]:
        """Reference fields by the name of their relationship in lower case."""
        return {field.relationship.lower(): field for field in self.fields if field.relationship}
