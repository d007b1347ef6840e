"""The fields of a resource, from `/{resource}/schema`. Whether it lists own fields (`Z_…`) is not documented.

The document is like a JSON schema: `{"properties": {"address1": {"maxLength": 180, "readOnly": false, "type":
["string", "null"]}, "branchId": {"table": "branches", "type": ["object", "null"], …}, "Z_Code": {…}}}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sage_operator.forcemanager.values import flag
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema, is_custom

_KINDS = {
    "integer": FieldKind.INTEGER,
    "int": FieldKind.INTEGER,
    "number": FieldKind.DECIMAL,
    "decimal": FieldKind.DECIMAL,
    "float": FieldKind.DECIMAL,
    "double": FieldKind.DECIMAL,
    "boolean": FieldKind.BOOLEAN,
    "bool": FieldKind.BOOLEAN,
    "date": FieldKind.DATE,
    "date-time": FieldKind.DATE,
    "datetime": FieldKind.DATE,
}
"""By type or format. What is not known is text: a value that doesn't fit is refused for its record alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the document tells.

    Attributes:
        tells_all: it lists own fields, and says what is mandatory. Otherwise the procedure (`procedure`) knows more.
    """

    schema: TargetSchema
    tells_all: bool


def parse_schema(document: Any) -> Described:
    """Read a schema document; descriptions of fields that make no sense are taken for texts.

    Raises:
        ValueError: it describes no fields at all.
    """
    properties = document.get("properties") if isinstance(document, Mapping) else None
    if not isinstance(properties, Mapping) or not properties:
        raise ValueError("the schema has no properties")
    listed = document.get("required")
    required = frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
    fields = {
        name: _field(name, described if isinstance(described, Mapping) else {}, required=name in required)
        for name, described in properties.items()
    }
    lists_own = any(map(is_custom, fields))
    return Described(
        schema=TargetSchema(fields=fields, lists_custom_fields=lists_own), tells_all=lists_own and bool(required)
    )


def _field(name: str, described: Mapping[str, Any], *, required: bool) -> TargetField:
    table = described.get("table")
    longest = described.get("maxLength")
    return TargetField(
        name=name,
        kind=_kind(described),
        max_length=longest if isinstance(longest, int) and longest > 0 else None,
        table=table if isinstance(table, str) and table else None,
        read_only=flag(described.get("readOnly")),
        required=required,
    )


def _kind(described: Mapping[str, Any]) -> FieldKind:
    if described.get("table"):
        return FieldKind.REFERENCE
    listed = described.get("type")
    types = [str(t).lower() for t in (listed if isinstance(listed, list) else [listed]) if t not in (None, "null")]
    inner = described.get("properties")
    if "object" in types and isinstance(inner, Mapping) and "id" in inner:
        return FieldKind.REFERENCE
    by_format = _KINDS.get(str(described.get("format")).lower())
    if by_format is FieldKind.DATE:
        return FieldKind.DATE
    return _KINDS.get(types[0], FieldKind.TEXT) if types else FieldKind.TEXT
