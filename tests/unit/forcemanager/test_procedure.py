from typing import Any

import pytest

from sage_operator.forcemanager.procedure import completed, parse_procedure
from sage_operator.forcemanager.schema import parse_schema
from sage_operator.sync.targets import FieldKind, TargetField

ZONE = {"key": "Z_Zone", "label": "Sales zone", "help_text": "", "required": True, "required_via_api": True,
        "type": "unicode", "choices": None, "list": None}  # fmt: skip


def field(**changes: Any) -> TargetField:
    """Read one field."""
    (read,) = parse_procedure([{**ZONE, **changes}])
    return read


@pytest.mark.parametrize(
    ("spelled", "kind"),
    [
        ("bool", FieldKind.BOOLEAN),
        ("datetime", FieldKind.DATE),
        ("text", FieldKind.TEXT),
        ("unicode", FieldKind.TEXT),
        ("decimal", FieldKind.DECIMAL),
        ("decima", FieldKind.DECIMAL),
        ("int", FieldKind.INTEGER),
        ("INT", FieldKind.INTEGER),
        ("colour", FieldKind.UNKNOWN),
        (None, FieldKind.UNKNOWN),
    ],
)
def test_types_are_understood(spelled: str | None, kind: FieldKind) -> None:
    """All that are known, a misspelt one too; of others nothing is said, so that values are sent as they are."""
    assert field(type=spelled).kind is kind


@pytest.mark.parametrize("refers", [{"list": "Zones"}, {"list": True}, {"choices": [{"id": 1, "value": "North"}]}])
def test_fields_of_a_list_are_references(refers: dict[str, Any]) -> None:
    """Whatever type they have; how the list is named is not documented, so it is left open."""
    assert (field(type="int", **refers).kind, field(**refers).table) == (FieldKind.REFERENCE, None)


@pytest.mark.parametrize(("told", "required"), [(True, True), (1, True), ("true", True), (False, False), (None, False)])
def test_what_the_api_insists_on_is_required(told: Any, required: bool) -> None:
    """Not what has an asterisk in a form."""
    assert field(required_via_api=told).required is required
    assert field(required_via_api=told).label == "Sales zone"


def test_a_wrapped_answer_is_read() -> None:
    """The vendor's connector passes it on so."""
    assert parse_procedure({"data": [ZONE, "noise", {"label": "no key"}]}) == parse_procedure([ZONE])


@pytest.mark.parametrize("document", [None, {}, [], "text", {"data": None}, [{"label": "no key"}], {"Message": "no"}])
def test_other_answers_are_refused(document: Any) -> None:
    """They must not look like an entity that has no fields."""
    with pytest.raises(ValueError, match="the answer"):
        parse_procedure(document)


SCHEMA = parse_schema(
    {"required": ["name"], "properties": {"name": {"type": "string", "maxLength": 9}, "fax": {}}}
).schema


def test_what_both_know_is_joined() -> None:
    """Types and lengths from the schema; demands of either; labels from the procedure; own fields added."""
    told = parse_procedure([ZONE, {**ZONE, "key": "fax", "label": "Fax", "type": "int"}])
    assert completed(SCHEMA, told).fields == {
        "name": TargetField(name="name", kind=FieldKind.TEXT, max_length=9, required=True),
        "fax": TargetField(name="fax", kind=FieldKind.TEXT, required=True, label="Fax"),
        "Z_Zone": TargetField(name="Z_Zone", kind=FieldKind.TEXT, required=True, label="Sales zone"),
    }


def test_whether_own_fields_are_listed() -> None:
    """By the procedure always, by the schema if it lists any."""
    own = parse_schema({"properties": {"Z_Code": {"type": "string"}}}).schema
    assert not completed(SCHEMA, None).lists_custom_fields
    assert completed(own, None).lists_custom_fields
    assert completed(SCHEMA, ()).lists_custom_fields
