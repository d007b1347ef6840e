"""The selected fields of a row as Salesforce writes them: with `attributes`, and parents as nested objects."""

from collections.abc import Callable
from typing import Any

from sage_operator.simulators.soql.fields import Database, resolve
from sage_operator.simulators.soql.schema import Field, ObjectType
from sage_operator.simulators.soql.syntax import Path, SoqlError
from sage_operator.simulators.wire import Row

Projection = Callable[[Row, str], dict[str, Any]]
"""Makes a record of a row; the text is the path of the API version, such as `/services/data/v66.0`."""

_ADDRESS = ("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")


class _Selection:
    """The fields selected of one object, and of its parents."""

    def __init__(self, kind: ObjectType) -> None:
        self.kind = kind
        self.names: list[tuple[str, str]] = []
        """Of each field, its name and where rows keep its value."""
        self.addresses: list[str] = []
        self.parents: dict[str, tuple[Field, _Selection]] = {}


def projection(paths: tuple[Path, ...], kind: ObjectType, database: Database, text: str) -> Projection:
    """Compile a list of fields. Raises `SoqlError` for unknown and for repeated ones."""
    root = _Selection(kind)
    seen: set[tuple[str, ...]] = set()
    for path in paths:
        found = resolve(path, kind, database, text)
        key = (*(parent.name for parent in found.parents), found.field.name)
        if key in seen:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {found.field.name}")
        seen.add(key)
        selection = root
        for parent in found.parents:
            child = _Selection(database.types[parent.target.lower()])
            selection = selection.parents.setdefault(parent.relationship or "", (parent, child))[1]
        if found.field.type == "address":
            selection.addresses.append(found.field.name)
        else:
            selection.names.append((found.field.name, found.field.column))
    return _compiled(root, database)


def _compiled(selection: _Selection, database: Database) -> Projection:
    name, names = selection.kind.name, tuple(selection.names)
    addresses = tuple(selection.addresses)
    parents = [
        (relationship, reference.column, database.table(reference.target).rows, _compiled(child, database))
        for relationship, (reference, child) in selection.parents.items()
    ]

    def plain(row: Row, base: str) -> dict[str, Any]:
        get = row.get
        record: dict[str, Any] = {"attributes": {"type": name, "url": f"{base}/sobjects/{name}/{row['Id']}"}}
        for field, column in names:
            record[field] = get(column)
        return record

    if not parents and not addresses:
        return plain

    def nested(row: Row, base: str) -> dict[str, Any]:
        record = plain(row, base)
        for address in addresses:
            record[address] = _address(row, address.removesuffix("Address"))
        for relationship, reference, rows, project in parents:
            parent = rows.get(row.get(reference, ""))
            record[relationship] = None if parent is None else project(parent, base)
        return record

    return nested


def _address(row: Row, prefix: str) -> dict[str, Any] | None:
    parts = {part: row.get(prefix + part[0].upper() + part[1:]) for part in _ADDRESS}
    return parts if any(value is not None for value in parts.values()) else None
