"""What the API user sees of Sage's schema, and how it changes while a client runs."""

from decimal import Decimal
from typing import Any

import pytest

from sage_operator.simulators import ControlError
from sage_operator.simulators.scenarios import SCENARIOS

from .clients import SageClient

DOCUMENT = "s2cor__Sage_INV_Trade_Document__c"


def described(sage: SageClient, name: str) -> dict[str, dict[str, Any]]:
    """Return the described fields of an object by name."""
    fields = sage.get(f"/sobjects/{name}/describe").raise_for_status().json()["fields"]
    return {field["name"]: field for field in fields}


def refused(sage: SageClient, query: str) -> str:
    """Return the code with which a query is refused."""
    answer = sage.query(query)
    assert answer.status_code == 400
    return str(answer.json()[0]["errorCode"])


def test_a_field_vanishes_and_returns(sage: SageClient) -> None:
    """A hidden field is unknown wherever a query names it; its values are still there when it is shown again."""
    sage.control.hide_fields("Account", "Fax", "Phone")
    sage.control.hide_fields("Account", "Website")
    assert not {"Fax", "Phone", "Website"} & set(described(sage, "Account"))
    for query in (
        "SELECT Fax FROM Account",
        "SELECT Id FROM Account WHERE Phone = 'x'",
        "SELECT Id FROM Contact ORDER BY Account.Website",
        "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Fax = null)",
    ):
        assert refused(sage, query) == "INVALID_FIELD"
    sage.control.show_fields("Account", "Phone")
    assert sage.rows("SELECT Phone FROM Account WHERE Phone != null")
    assert refused(sage, "SELECT Fax FROM Account") == "INVALID_FIELD"
    sage.control.show_fields("Account")
    assert {"Fax", "Phone", "Website"} <= set(described(sage, "Account"))


def test_an_object_vanishes(sage: SageClient) -> None:
    """An object without access is not listed, not described and not queried."""
    sage.control.hide_object(DOCUMENT)
    assert DOCUMENT not in {kind["name"] for kind in sage.get("/sobjects").json()["sobjects"]}
    assert sage.get(f"/sobjects/{DOCUMENT}/describe").status_code == 404
    assert refused(sage, f"SELECT Id FROM {DOCUMENT}") == "INVALID_TYPE"
    sage.control.show_object(DOCUMENT)
    assert sage.rows(f"SELECT Id FROM {DOCUMENT}") == []


def test_a_field_is_renamed(sage: SageClient) -> None:
    """It goes by its new name in describe, in queries and in edits, with its values and its parent."""
    account = sage.rows("SELECT Id, Phone FROM Account WHERE Phone != null")[0]
    sage.control.rename_field("Account", "Phone", "Telephone__c")
    assert "Phone" not in described(sage, "Account")
    (row,) = sage.rows(f"SELECT Telephone__c FROM Account WHERE Telephone__c = '{account['Phone']}'")
    assert row["Telephone__c"] == account["Phone"]
    assert refused(sage, "SELECT Phone FROM Account") == "INVALID_FIELD"
    sage.control.update("Account", account["Id"], Telephone__c="+34 900")
    assert sage.rows("SELECT Id FROM Account WHERE Telephone__c = '+34 900'")[0]["Id"] == account["Id"]
    sage.control.rename_field(DOCUMENT, "s2cor__Account__c", "Customer__c")
    assert described(sage, DOCUMENT)["Customer__c"]["relationshipName"] == "Customer__r"
    made = sage.control.create_document(account["Id"], Decimal(1))
    (row,) = sage.rows(f"SELECT Customer__r.Name FROM {DOCUMENT} WHERE Customer__c = '{account['Id']}'")
    assert made.id
    assert row["Customer__r"]["Name"]


def test_own_fields(sage: SageClient) -> None:
    """An organisation adds fields of any type; a formula's value changes without a stamp."""
    sage.control.add_field("Account", "Rating_Points__c", type="double", precision=5, scale=1, label="Points")
    sage.control.add_field("Account", "Segment__c", type="picklist", picklist=["A", "B"], length=20)
    sage.control.add_field("Account", "Score__c", type="double", calculated=True)
    fields = described(sage, "Account")
    points, segment = fields["Rating_Points__c"], fields["Segment__c"]
    told = [points[name] for name in ("label", "type", "precision", "scale", "custom", "calculated", "nillable")]
    assert told == ["Points", "double", 5, 1, True, False, True]
    assert ([one["value"] for one in segment["picklistValues"]], segment["length"]) == (["A", "B"], 20)
    assert fields["Score__c"]["calculated"] is True
    assert fields["Score__c"]["updateable"] is False
    key = sage.control.records("Account")[0]["Id"]
    before = sage.rows(f"SELECT SystemModstamp FROM Account WHERE Id = '{key}'")
    sage.control.update("Account", key, stamp="keep", Score__c=Decimal("7.5"), Segment__c="B")
    (row,) = sage.rows("SELECT Score__c, SystemModstamp FROM Account WHERE Score__c > 7 AND Segment__c = 'b'")
    assert (row["Score__c"], row["SystemModstamp"]) == (7.5, before[0]["SystemModstamp"])
    with pytest.raises(ControlError, match="Nope__c"):
        sage.control.update("Account", key, Nope__c=1)


def test_fields_of_a_document(sage: SageClient) -> None:
    """Describe tells what a reader has to know of a document's fields."""
    fields = described(sage, DOCUMENT)
    for name, properties in {
        "s2cor__Outstanding_Amount__c": {"calculated": True, "type": "currency", "filterable": True},
        "s2cor__Paid_Amount__c": {"calculated": True},
        "s2cor__Total_Amount__c": {"calculated": False, "precision": 18, "scale": 2, "soapType": "xsd:double"},
        "s2cor__Exchange_Rate__c": {"type": "double", "scale": 6},
        "s2cor__Due_Date__c": {"type": "date", "nillable": True},
        "s2cor__Account__c": {"referenceTo": ["Account"], "relationshipName": "s2cor__Account__r", "custom": True},
        "s2cor__Description__c": {"type": "textarea", "filterable": False},
    }.items():
        assert fields[name] | properties == fields[name]


def test_old_package(sage: SageClient) -> None:
    """A scenario has the fields of another version of the package."""
    settings = SCENARIOS["old-package"].organisation
    sage.control.configure(renamed_fields=settings.renamed_fields, hidden_fields=settings.hidden_fields)
    fields = described(sage, DOCUMENT)
    assert "s2cor__Manual_Due_Date__c" in fields
    assert not {"s2cor__Due_Date__c", "s2cor__Outstanding_Amount__c", "s2cor__Is_Paid__c"} & set(fields)
    made = sage.control.create_document(sage.control.records("Account")[0]["Id"], Decimal(5))
    sage.control.pay(made.id)
    (row,) = sage.rows(f"SELECT s2cor__Paid_Amount__c, s2cor__Manual_Due_Date__c FROM {DOCUMENT}")
    assert row["s2cor__Paid_Amount__c"] == 5
    assert row["s2cor__Manual_Due_Date__c"]


def test_date_literals_in_the_users_time_zone(sage: SageClient) -> None:
    """The settings tell the API user's time zone; an unknown one is refused."""
    sage.control.configure(time_zone="Pacific/Kiritimati", week_start="Monday")
    key = sage.control.create("Account", Name="New")
    assert [row["Id"] for row in sage.rows("SELECT Id FROM Account WHERE CreatedDate = TODAY")] == [key]
    with pytest.raises(ControlError, match="Nowhere"):
        sage.control.configure(time_zone="Nowhere/Land")
