"""Own fields, mandatory fields, value lists and users of a tenant, and how its administrator changes them."""

from typing import Any

import httpx
import pytest

from sage_operator.simulators import ControlError, CustomField

from .clients import ForceManagerClient


def message(response: httpx.Response) -> str:
    """Return the message of a refusal, which has status 400."""
    assert response.status_code == 400
    return str(response.json()["message"])


def zapier(forcemanager: ForceManagerClient, entity: str = "empresas") -> dict[str, dict[str, Any]]:
    """Return the fields that the procedure tells, by name."""
    answer = forcemanager.http.post("procedure/zapier_schema", json={"entity": entity}).raise_for_status()
    return {field["key"]: field for field in answer.json()}


def properties(forcemanager: ForceManagerClient, resource: str = "accounts") -> dict[str, dict[str, Any]]:
    """Return the fields that the schema tells, by name."""
    found: dict[str, dict[str, Any]] = (
        forcemanager.http.get(f"{resource}/schema").raise_for_status().json()["properties"]
    )
    return found


@pytest.mark.parametrize(
    ("field", "good", "bad", "word"),
    [
        (CustomField(length=3), "abc", "abcd", "at most 3"),
        (CustomField(kind="integer"), 7, 1.5, "integer"),
        (CustomField(kind="number"), 1.5, "1.5", "number"),
        (CustomField(kind="boolean"), True, 1, "boolean"),
        (CustomField(kind="moment"), "2026-01-31T00:00:00Z", "tomorrow", "date-time"),
        (CustomField(kind="list", list_name="Zones"), 2, 3, "does not exist"),
    ],
)
def test_own_fields_have_types(
    forcemanager: ForceManagerClient, field: CustomField, good: Any, bad: Any, word: str
) -> None:
    """Each type takes its values and refuses others."""
    forcemanager.control.configure(own_lists={"Zones": [{"en": "North", "es": "Norte"}, {"en": "South", "es": "Sur"}]})
    forcemanager.control.put_field("accounts", "Z_Own", field)
    key = forcemanager.create(Z_Own=good)
    shown = forcemanager.http.get(f"accounts/{key}").json()["Z_Own"]
    assert shown == {"list": {"id": 2, "value": "Sur"}, "moment": "2026-01-31T00:00:00.000Z"}.get(field.kind, good)
    assert word in message(forcemanager.http.put(f"accounts/{key}", json={"Z_Own": bad}))


@pytest.mark.parametrize("listed", [True, False])
def test_the_schema_lists_own_fields_or_not(forcemanager: ForceManagerClient, listed: bool) -> None:
    """It is not documented whether it does; the procedure lists them always."""
    forcemanager.control.configure(schema_lists_custom_fields=listed)
    forcemanager.control.put_field("accounts", "Z_Zone", CustomField(length=9, label="Sales zone"))
    assert ("Z_Zone" in properties(forcemanager)) is listed
    assert {name: zapier(forcemanager)["Z_Zone"][name] for name in ("label", "type", "required_via_api")} == {
        "label": "Sales zone",
        "type": "unicode",
        "required_via_api": False,
    }


def test_the_procedure_may_be_refused(forcemanager: ForceManagerClient) -> None:
    """It is an internal call of the vendor's own connector."""
    forcemanager.control.configure(zapier_refused=403)
    answer = forcemanager.http.post("procedure/zapier_schema", json={"entity": "empresas"})
    assert answer.status_code == 403


def test_mandatory_fields_own_and_standard(forcemanager: ForceManagerClient) -> None:
    """A create without them is refused and names the field; an asterisk of the form alone is not the API's matter."""
    forcemanager.control.put_field("accounts", "Z_Zone", CustomField(required=True))
    forcemanager.control.put_field("accounts", "Z_Form", CustomField(required_in_form=True))
    forcemanager.control.demand_field("accounts", "vatNumber")
    told = {key: (field["required"], field["required_via_api"]) for key, field in zapier(forcemanager).items()}
    assert [told[key] for key in ("Z_Zone", "Z_Form", "vatNumber", "phone")] == [
        (True, True),
        (True, False),
        (True, True),
        (False, False),
    ]
    assert "Z_Zone" in message(forcemanager.http.post("accounts", json=forcemanager.account(vatNumber="X")))
    assert "vatNumber" in message(forcemanager.http.post("accounts", json=forcemanager.account(Z_Zone="N")))
    key = forcemanager.create(Z_Zone="N", vatNumber="X")
    assert "vatNumber" in message(forcemanager.http.put(f"accounts/{key}", json={"vatNumber": ""}))
    forcemanager.control.demand_field("accounts", "vatNumber", demanded=False)
    forcemanager.control.demand_field("accounts", "Z_Zone", demanded=False)
    forcemanager.create()


def test_fields_vanish_while_it_runs(forcemanager: ForceManagerClient) -> None:
    """An own field goes with its values; a standard one can be brought back."""
    key = forcemanager.create(Z_SageCode="17", fax="1")
    forcemanager.control.drop_field("accounts", "Z_SageCode")
    forcemanager.control.drop_field("accounts", "fax")
    assert not {"Z_SageCode", "fax"} & (properties(forcemanager).keys() | zapier(forcemanager).keys())
    assert "Z_SageCode" in message(forcemanager.http.put(f"accounts/{key}", json={"Z_SageCode": "18"}))
    forcemanager.control.put_field("accounts", "Z_SageCode", CustomField(length=5, label="Code"))
    forcemanager.control.restore_field("accounts", "fax")
    row = forcemanager.http.get(f"accounts/{key}").json()
    assert (row["Z_SageCode"], row["fax"]) == (None, "1")
    assert properties(forcemanager)["Z_SageCode"]["maxLength"] == 5


@pytest.mark.parametrize("edit", [("put_field", "Code"), ("drop_field", "Z_None"), ("demand_field", "Z_None")])
def test_edits_of_what_is_not_there_are_refused(forcemanager: ForceManagerClient, edit: tuple[str, str]) -> None:
    """A test that misspells a field must not pass."""
    with pytest.raises(ControlError, match=edit[1]):
        getattr(forcemanager.control, edit[0])("accounts", edit[1])


def test_value_lists_are_edited(forcemanager: ForceManagerClient) -> None:
    """Rows are added, renamed in some languages and deleted; deleted ones stay listed."""
    control = forcemanager.control
    key = control.add_list_row("accountTypes", EN="Reseller", ES="Revendedor")
    control.rename_list_row("accountTypes", 1, EN="Client")
    control.delete("accountTypes", 2)
    rows = {row["id"]: row for row in forcemanager.http.get("accountTypes").json()}
    assert (rows[key]["description"], rows[key]["descriptionEN"]) == ("Revendedor", "Reseller")
    assert (rows[1]["descriptionEN"], rows[1]["descriptionES"]) == ("Client", "Cliente")
    assert rows[2]["deleted"] is True
    assert rows[2]["dateDeleted"]


def test_own_lists(forcemanager: ForceManagerClient) -> None:
    """Their columns of labels are spelled differently; they are edited as the others are."""
    control = forcemanager.control
    control.configure(own_lists={"Zones": [{"en": "North", "es": "Norte"}]})
    control.add_list_row("list/Zones", EN="South", ES="Sur")
    first, second = forcemanager.http.get("list/Zones").json()
    assert (first["descripcion"], first["descripcion_en"], first["descripcion_es"]) == ("Norte", "North", "Norte")
    assert (second["id"], second["descripcion_en"]) == (2, "South")
    assert forcemanager.http.get("list/Nothing").status_code == 404


def test_users_are_edited(forcemanager: ForceManagerClient) -> None:
    """Deactivated, renamed and deleted ones stay listed; a deleted one can't be a sales representative."""
    control = forcemanager.control
    one, two, three, *_ = (user["id"] for user in forcemanager.users)
    control.deactivate_user(one)
    control.update("users", two, nic="new-nick", email="new@acme.example")
    control.delete("users", three)
    rows = {user["id"]: user for user in forcemanager.http.get("users").json()}
    assert rows[one]["isActive"] is False
    assert (rows[two]["nic"], rows[two]["email"]) == ("new-nick", "new@acme.example")
    assert rows[three]["deleted"] is True
    refused = forcemanager.http.post("accounts", json=forcemanager.account(salesRepId1=three))
    assert "salesRepId1" in message(refused)
