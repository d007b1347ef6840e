from typing import Any

import pytest

from sage_operator.simulators import CustomField
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Unavailable
from sage_operator.sync.targets import FieldKind

ACCOUNTS = Entity.ACCOUNTS
KINDS = {
    "Z_Text": (CustomField(length=7, label="A text"), FieldKind.TEXT),
    "Z_Integer": (CustomField(kind="integer", required=True), FieldKind.INTEGER),
    "Z_Number": (CustomField(kind="number"), FieldKind.DECIMAL),
    "Z_Boolean": (CustomField(kind="boolean"), FieldKind.BOOLEAN),
    "Z_Date": (CustomField(kind="moment"), FieldKind.DATE),
    "Z_List": (CustomField(kind="list", list_name="Zones"), FieldKind.REFERENCE),
}


@pytest.fixture
def own(crm: Any) -> Any:
    """A tenant with an own field of each kind and an own list."""
    crm.control.configure(
        own_lists={"Zones": [{"en": "North", "es": "Norte"}, {"en": "South", "es": "Sur"}]},
        custom_fields={"accounts": {name: field for name, (field, _) in KINDS.items()}},
    )
    return crm


@pytest.mark.parametrize("listed", [True, False])
async def test_own_fields_are_known_wherever_they_are_listed(own: Any, listed: bool) -> None:
    """By the schema or only by the procedure: kinds, demands and labels are known, lengths by the schema alone."""
    own.control.configure(schema_lists_custom_fields=listed)
    schema = await own.connect().schema(ACCOUNTS, fresh=True)
    assert schema.lists_custom_fields
    found = {name: field for name, field in schema.fields.items() if name.startswith("Z_")}
    assert {name: field.kind for name, field in found.items()} == {name: kind for name, (_, kind) in KINDS.items()}
    assert [name for name, field in found.items() if field.required] == ["Z_Integer"]
    assert (found["Z_Text"].label, found["Z_Text"].max_length) == ("A text", 7 if listed else None)
    assert schema.fields["address1"].max_length == 180
    assert [name for name in ("name", "branchId", "salesRepId1", "fax") if schema.fields[name].required] == [
        "name",
        "branchId",
        "salesRepId1",
    ]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
async def test_a_tenant_without_the_procedure(own: Any, status: int) -> None:
    """The schema alone tells, and whether it lists own fields decides whether the list is complete."""
    own.control.configure(zapier_refused=status)
    schema = await own.connect().schema(ACCOUNTS)
    assert (schema.lists_custom_fields, schema.fields["Z_Integer"].required) == (True, True)
    own.control.configure(schema_lists_custom_fields=False)
    schema = await own.connect().schema(Entity.CONTACTS)
    assert not schema.lists_custom_fields
    assert schema.fields["lastName"].required


@pytest.mark.parametrize("reply", [b"<html>", b"[]", {"data": {}}, {"Message": "no"}])
async def test_a_procedure_of_no_use_is_as_good_as_none(scripted: Any, target: Any, reply: Any) -> None:
    """It is the vendor's own and may change; the fields of the schema are known all the same."""
    scripted.replies |= {
        "GET /accounts/schema": {"properties": {"name": {"type": "string"}}},
        "POST /procedure/zapier_schema": reply,
    }
    schema = await target.schema(ACCOUNTS)
    assert (set(schema.fields), schema.lists_custom_fields) == ({"name"}, False)


@pytest.mark.parametrize("told", ["all", "no own fields", "no demands"])
async def test_the_procedure_is_asked_where_the_schema_leaves_something_open(
    scripted: Any, target: Any, told: str
) -> None:
    """It is the vendor's own: what the documented schema tells itself is not asked for a second time."""
    document: dict[str, Any] = {"properties": {"name": {"type": "string"}}}
    if told != "no demands":
        document["required"] = ["name"]
    if told != "no own fields":
        document["properties"]["Z_Code"] = {"type": "string"}
    scripted.replies |= {
        "GET /accounts/schema": document,
        "POST /procedure/zapier_schema": {"data": [{"key": "name", "required_via_api": True, "type": "text"}]},
    }
    schema = await target.schema(ACCOUNTS)
    assert schema.lists_custom_fields
    assert schema.fields["name"].required
    assert bool(scripted.calls("POST /procedure")) is (told != "all")


@pytest.mark.parametrize(
    ("field", "asked"), [({"key": "name"}, False), ({"key": "Z_Code", "required_via_api": True}, True)]
)
async def test_a_schema_that_is_found_to_be_silent_is_not_believed_again(
    scripted: Any, target: Any, time: Any, field: Any, asked: bool
) -> None:
    """It claims to tell all; somebody who looked closely found that the procedure knows more, or that it does not."""
    scripted.replies |= {
        "GET /accounts/schema": {"required": ["name"], "properties": {"name": {}, "Z_Code": {}}},
        "POST /procedure/zapier_schema": {"data": [field]},
    }
    assert not (await target.schema(ACCOUNTS)).fields["Z_Code"].required
    time.now += 61
    assert (await target.schema(ACCOUNTS, fresh=True)).fields["Z_Code"].required is asked
    time.now += 3601
    scripted.seen.clear()
    assert (await target.schema(ACCOUNTS)).fields["Z_Code"].required is asked
    assert bool(scripted.calls("POST /procedure")) is asked


async def test_an_outage_of_the_procedure_is_one(own: Any) -> None:
    """What is known must not change by chance: values would be written differently. A short one is sat out."""
    own.control.configure(schema_lists_custom_fields=False)
    own.control.add_fault(operation="zapierSchema", times=1, status=503)
    assert (await own.connect().schema(ACCOUNTS)).lists_custom_fields
    own.control.add_fault(operation="zapierSchema", status=503)
    with pytest.raises(Unavailable):
        await own.connect().schema(Entity.CONTACTS)


async def test_changes_are_seen_when_asked_for_fresh(own: Any, time: Any) -> None:
    """A field that vanished, one that became mandatory and a new label: within an hour only when it is asked for."""
    target = own.connect()
    await target.schema(ACCOUNTS)
    own.control.drop_field("accounts", "Z_Number")
    own.control.demand_field("accounts", "vatNumber")
    own.control.put_field("accounts", "Z_Text", CustomField(length=70, label="Longer"))
    time.now += 61
    before = await target.schema(ACCOUNTS)
    assert ("Z_Number" in before.fields, before.fields["vatNumber"].required) == (True, False)
    after = await target.schema(ACCOUNTS, fresh=True)
    assert ("Z_Number" in after.fields, after.fields["vatNumber"].required) == (False, True)
    assert (after.fields["Z_Text"].label, after.fields["Z_Text"].max_length) == ("Longer", 70)


async def test_own_lists_are_value_lists(own: Any, time: Any) -> None:
    """With labels in all languages, though their columns are spelled otherwise; renamed and deleted rows are seen."""
    rows = (await own.connect().value_list("list/Zones")).rows
    assert [row.labels for row in rows] == [{"North", "Norte"}, {"South", "Sur"}]
    own.control.rename_list_row("list/Zones", 1, EN="Far north")
    own.control.delete("list/Zones", 2)
    own.control.add_list_row("list/Zones", EN="East", ES="Este", FR="Est")
    time.now += 61
    rows = (await own.connect().value_list("list/Zones", fresh=True)).rows
    assert [row.labels for row in rows] == [{"Far north", "Norte"}, {"East", "Este", "Est"}]


async def test_labels_of_all_languages_and_codes(crm: Any) -> None:
    """Ten languages and the description, which may be empty; codes of countries."""
    target = crm.connect()
    countries = {row.iso2: row for row in (await target.value_list("countries")).rows}
    assert {"España", "Spain", "Spagna", "Spanien", "Espagne", "Espanha", "Испания"} <= countries["ES"].labels
    assert (countries["ES"].iso3, len(countries) > 200) == ("ESP", True)
    kinds = {row.id: row.labels for row in (await target.value_list("accountTypes")).rows}
    assert {"Partner", "Socio", "Partenaire"} == kinds[3]
    assert 6 not in kinds  # deleted
    assert {"Lisbon", "Lisboa"} in [row.labels for row in (await target.value_list("branches")).rows]
