from typing import Any

import pytest

from sage_operator.forcemanager.schema import parse_schema
from sage_operator.sync.targets import FieldKind, TargetField


def field(described: Any) -> TargetField:
    """Read one description."""
    return parse_schema({"properties": {"x": described}}).schema.fields["x"]


@pytest.mark.parametrize(
    ("described", "kind"),
    [
        ({"type": ["string", "null"]}, FieldKind.TEXT),
        ({"type": "string"}, FieldKind.TEXT),
        ({"type": ["null", "integer"]}, FieldKind.INTEGER),
        ({"type": "integer", "format": "int32"}, FieldKind.INTEGER),
        ({"type": "number"}, FieldKind.DECIMAL),
        ({"type": "boolean"}, FieldKind.BOOLEAN),
        ({"type": ["string", "null"], "format": "date-time"}, FieldKind.DATE),
        ({"type": "string", "format": "date"}, FieldKind.DATE),
        ({"type": "string", "format": "email"}, FieldKind.TEXT),
        ({"type": "datetime"}, FieldKind.DATE),
        ({"type": ["object", "null"], "table": "branches"}, FieldKind.REFERENCE),
        ({"type": "integer", "table": "users"}, FieldKind.REFERENCE),
        ({"type": "object", "properties": {"id": {"type": "integer"}}}, FieldKind.REFERENCE),
        ({"type": "array"}, FieldKind.TEXT),
        ({"type": "colour"}, FieldKind.TEXT),
        ({}, FieldKind.TEXT),
        (None, FieldKind.TEXT),
    ],
)
def test_types_and_formats_are_understood(described: Any, kind: FieldKind) -> None:
    """Type lists, formats and tables give the kind; what is not known is text."""
    assert field(described).kind is kind


def test_limits_tables_and_read_only_fields_are_read() -> None:
    """The facts that planning needs; a length that is none is no limit."""
    assert field({"type": "string", "maxLength": 180, "readOnly": True}) == TargetField(
        name="x", kind=FieldKind.TEXT, max_length=180, read_only=True
    )
    assert field({"type": "object", "table": "branches"}).table == "branches"
    assert [field({"maxLength": longest}).max_length for longest in (0, -1, None, "9")] == [None] * 4


def test_own_fields_are_fields_like_others() -> None:
    """`Z_` fields are listed under their names."""
    assert set(parse_schema({"properties": {"Z_Code": {"type": "string"}, "name": {}}}).schema.fields) == {
        "Z_Code",
        "name",
    }


@pytest.mark.parametrize("document", [None, [], {}, {"properties": {}}, {"properties": []}, "text"])
def test_a_document_without_fields_is_refused(document: Any) -> None:
    """It must not look like a resource that has none."""
    with pytest.raises(ValueError, match="no properties"):
        parse_schema(document)
