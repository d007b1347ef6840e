"""Paths of a query, resolved: which field is meant, and how a row gives its value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sage_operator.simulators.soql.parse import at
from sage_operator.simulators.soql.schema import Field, ObjectType
from sage_operator.simulators.soql.syntax import Path, SoqlError
from sage_operator.simulators.table import Table
from sage_operator.simulators.wire import Row

Getter = Callable[[Row], Any]

_HINT = (
    "If you are attempting to use a custom {what}, be sure to append the '__{suffix}' after the {name}. Please "
    "reference your WSDL or the describe call for the appropriate names."
)


class Database(Protocol):
    """What a query runs on: the tables of one organisation as its user sees them."""

    @property
    def types(self) -> Mapping[str, ObjectType]:
        """Objects by their name in lower case, hidden fields left out."""

    def table(self, name: str) -> Table[str]:
        """Return the rows of an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A path and its meaning."""

    field: Field
    parents: tuple[Field, ...]
    """The reference fields that lead to the object that has the field."""
    get: Getter

    @property
    def direct(self) -> bool:
        """Whether the field is one of the queried object itself."""
        return not self.parents


def object_type(database: Database, name: str, text: str, position: int) -> ObjectType:
    """Look an object up. Raises `SoqlError` with `INVALID_TYPE`."""
    found = database.types.get(name.lower())
    if found is None:
        hint = _HINT.format(what="object", suffix="c", name="entity name")
        raise SoqlError("INVALID_TYPE", at(text, position, f"sObject type '{name}' is not supported. {hint}"))
    return found


def resolve(path: Path, kind: ObjectType, database: Database, text: str) -> Resolved:
    """Find the field that a path means. Raises `SoqlError` with `INVALID_FIELD`."""
    names = path.names
    if len(names) > 1 and names[0].lower() == kind.name.lower() and names[0].lower() not in kind.by_relationship:
        names = names[1:]
    parents: list[Field] = []
    current = kind
    for name in names[:-1]:
        parent = current.by_relationship.get(name.lower())
        following = database.types.get(parent.target.lower()) if parent else None
        if parent is None or following is None or len(parents) == 5:
            hint = _HINT.format(what="relationship", suffix="r", name="custom relationship name")
            message = f"Didn't understand relationship '{name}' in field path. {hint}"
            raise SoqlError("INVALID_FIELD", at(text, path.position, message))
        parents.append(parent)
        current = following
    field = current.by_name.get(names[-1].lower())
    if field is None:
        hint = _HINT.format(what="field", suffix="c", name="custom field name")
        message = f"No such column '{names[-1]}' on entity '{current.name}'. {hint}"
        raise SoqlError("INVALID_FIELD", at(text, path.position, message))
    return Resolved(field=field, parents=tuple(parents), get=_getter(field.column, parents, database))


def _getter(name: str, parents: list[Field], database: Database) -> Getter:
    if not parents:
        return lambda row: row.get(name)
    steps = [(parent.column, database.table(parent.target).rows) for parent in parents]

    def ancestor_value(row: Row) -> Any:
        for reference, rows in steps:
            parent = rows.get(row.get(reference, ""))
            if parent is None:
                return None
            row = parent
        return row.get(name)

    return ancestor_value
