"""What Sage's describe tells of an object's fields, and the way from a dotted path to a field. Pure.

Names are compared without case, as Salesforce does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sage_operator.sync.likeness import nearest


class SourceKind(StrEnum):
    """The type of a Sage field, in as many kinds as make a difference to conditions and field maps."""

    TEXT = "text"  # string, email, phone, url, combobox, encrypted: one line
    TEXTAREA = "textarea"  # several lines; only short ones can be filtered
    INTEGER = "integer"
    DECIMAL = "decimal"
    CURRENCY = "currency"
    PERCENT = "percent"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    ID = "id"
    REFERENCE = "reference"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    ADDRESS = "address"  # compound: has parts and no value of its own
    LOCATION = "location"  # compound
    BASE64 = "base64"
    UNKNOWN = "unknown"  # a type that Salesforce adds later

    @property
    def is_compound(self) -> bool:
        """Whether it has parts and no value of its own."""
        return self in {SourceKind.ADDRESS, SourceKind.LOCATION}

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self in {SourceKind.INTEGER, SourceKind.DECIMAL, SourceKind.CURRENCY, SourceKind.PERCENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class PicklistValue:
    """A choice of a picklist: what is stored and compared, and what people see."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceField:
    """A field as describe tells it.

    Attributes:
        name: in Salesforce's spelling.
        length: in characters, of texts; 0 where it does not apply.
        precision, scale: digits in all, and after the point, of numbers; 0 where they do not apply.
        calculated: a formula, whose changes move no stamp.
        relationship_name: under which a path reaches the parent (`Owner`, `s2cor__Company__r`).
        relates_to: the objects that a reference may lead to.
        picklist: the values of a picklist, inactive ones too: records may still have them.
    """

    name: str
    kind: SourceKind
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    calculated: bool = False
    filterable: bool = True
    nillable: bool = True
    relationship_name: str | None = None
    relates_to: tuple[str, ...] = ()
    picklist: tuple[PicklistValue, ...] = ()

    @property
    def leads_to(self) -> str | None:
        """The object that a path goes on in; of several, users, as that is what owners are here."""
        if not self.relates_to:
            return None
        return "User" if "User" in self.relates_to else self.relates_to[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceObject:
    """An object with its fields and its ways to parents, both by name in lower case. Made by `of`."""

    name: str
    label: str
    fields: Mapping[str, SourceField]
    parents: Mapping[str, SourceField]

    @classmethod
    def of(cls, *, name: str, label: str, fields: Iterable[SourceField]) -> "SourceObject":
        """Return an object of its fields."""
        fields = tuple(fields)
        return cls(
            name=name,
            label=label,
            fields={field.name.lower(): field for field in fields},
            parents={field.relationship_name.lower(): field for field in fields if field.relationship_name},
        )

    def field(self, name: str) -> SourceField | None:
        """Return a field by its name, whatever its case."""
        return self.fields.get(name.lower())

    def parent(self, relationship: str) -> SourceField | None:
        """Return the reference that a relationship goes by, whatever its case."""
        return self.parents.get(relationship.lower())


Described = Mapping[str, SourceObject]
"""Objects by their API name, as `SourceField.leads_to` spells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """Why a path leads nowhere.

    Attributes:
        part: which name of the path it is about, and `position`, where that begins in the path.
        problem: without the path, such as "Account has no field `Fone`".
        nearest: the known name that is most like it.
    """

    part: str
    position: int
    problem: str
    nearest: str | None = None

    def __str__(self) -> str:
        """Return the problem with the name that was probably meant."""
        return f"{self.problem}; did you mean `{self.nearest}`?" if self.nearest else self.problem


def resolve(path: str, *, of: str, objects: Described) -> SourceField | Unresolved:
    """Return the field that a path (`Name`, `Owner.Name`, `s2cor__Company__r.Name`) leads to, or why there is none.

    Args:
        path: names joined by dots.
        of: the object that the path begins in.
        objects: must contain that, and the parents on the way (`undescribed` tells which are missing).
    """
    *relationships, last = path.split(".")
    current, position = objects[of], 0
    for name in relationships:
        reference = current.parent(name)
        if reference is None:
            return _no_parent(current, name, position)
        parent = objects.get(reference.leads_to or "")
        if parent is None:
            problem = f"`{name}` leads to {reference.leads_to or 'no object'}, of which nothing is known"
            return Unresolved(part=name, position=position, problem=problem)
        current, position = parent, position + len(name) + 1
    found = current.field(last)
    if found is not None:
        return found
    reference = current.parent(last)
    if reference is not None:
        problem = f"`{last}` is the way to a parent of {current.name}, not a field: add one of the parent's fields"
        return Unresolved(part=last, position=position, problem=problem, nearest=f"{last}.Name")
    return Unresolved(
        part=last,
        position=position,
        problem=f"{current.name} has no field `{last}`, or it is hidden from the integration user",
        nearest=nearest(last, (field.name for field in current.fields.values())),
    )


def undescribed(paths: Iterable[str], *, of: str, objects: Described) -> frozenset[str]:
    """Return the objects whose description `resolve` lacks for these paths; with them, ask again for the next step."""
    if of not in objects:
        return frozenset({of})
    return frozenset(name for path in paths if (name := _first_missing(path, objects[of], objects)) is not None)


def _first_missing(path: str, current: SourceObject, objects: Described) -> str | None:
    """Return the first object on the way of a path that is not described; None if the way ends before."""
    for name in path.split(".")[:-1]:
        reference = current.parent(name)
        if reference is None or reference.leads_to is None:
            return None
        parent = objects.get(reference.leads_to)
        if parent is None:
            return reference.leads_to
        current = parent
    return None


def _no_parent(current: SourceObject, name: str, position: int) -> Unresolved:
    """Say that an object has no such parent; a reference's own name is the usual mistake."""
    field = current.field(name)
    if field is None:
        problem = f"{current.name} has no parent `{name}`, or it is hidden from the integration user"
        names = [parent.relationship_name for parent in current.parents.values() if parent.relationship_name]
        return Unresolved(part=name, position=position, problem=problem, nearest=nearest(name, names))
    if field.relationship_name is None:
        return Unresolved(part=name, position=position, problem=f"`{field.name}` of {current.name} has no parent")
    problem = f"`{field.name}` of {current.name} is a field; its parent is reached by the relationship"
    return Unresolved(part=name, position=position, problem=problem, nearest=field.relationship_name)
