"""ForceManager's sales: where invoiced figures live."""

from typing import Any

import httpx
import pytest

from .clients import ForceManagerClient


@pytest.fixture
def sale(forcemanager: ForceManagerClient) -> dict[str, Any]:
    """The body of a sale that is accepted."""
    return {"accountId": forcemanager.create(name="ICM"), "accountExtId": "A001", "date": "2018-10-10 00:00:00",
            "extId": "SALE10002", "salesRepExtId": "REP10002", "total": 168}  # fmt: skip


def message(response: httpx.Response) -> str:
    """Return the message of a refusal, which has status 400."""
    assert response.status_code == 400
    return str(response.json()["message"])


def test_a_sale_as_documented(forcemanager: ForceManagerClient, sale: dict[str, Any]) -> None:
    """Created, read, changed in part and deleted; `deleted` is a number."""
    key = forcemanager.http.post("sales", json=sale).raise_for_status().json()["id"]
    row = forcemanager.http.get(f"sales/{key}").json()
    assert row.pop("dateCreated").endswith("Z")
    for name in ("salesRepIdCreated", "salesRepIdUpdated", "salesRepIdDeleted"):
        del row[name]
    assert row == {
        "id": key, "accountExtId": "A001", "accountId": {"id": sale["accountId"], "value": "ICM"},
        "date": "2018-10-10T00:00:00.000Z", "extId": "SALE10002", "salesRepExtId": "REP10002", "salesRepId": None,
        "total": 168, "deleted": 0, "dateUpdated": None, "dateDeleted": None,
    }  # fmt: skip
    forcemanager.http.put(f"sales/{key}", json={"total": -5}).raise_for_status()
    forcemanager.http.delete(f"sales/{key}").raise_for_status()
    (row,) = forcemanager.http.get("sales").json()
    assert (row["total"], row["date"], row["deleted"]) == (-5, "2018-10-10T00:00:00.000Z", 1)
    message(forcemanager.http.delete(f"sales/{key}"))


@pytest.mark.parametrize("total", ["1234.10", "-0.01", "12345678901234567890.123456789", "0", "1E+3"])
def test_totals_are_exact(forcemanager: ForceManagerClient, sale: dict[str, Any], total: str) -> None:
    """Digit by digit, whatever a floating-point number would make of it."""
    raw = httpx.Response(200, json=sale).text.replace(":168", f":{total}")
    key = forcemanager.http.post("sales", content=raw).raise_for_status().json()["id"]
    assert f'"total":{total}' in forcemanager.http.get(f"sales/{key}").text


@pytest.mark.parametrize("name", ["accountExtId", "accountId", "date", "extId", "total"])
def test_what_a_sale_needs(forcemanager: ForceManagerClient, sale: dict[str, Any], name: str) -> None:
    """It is refused without any of these."""
    del sale[name]
    assert name in message(forcemanager.http.post("sales", json=sale))


def test_a_tenant_may_insist_on_the_representative(forcemanager: ForceManagerClient, sale: dict[str, Any]) -> None:
    """Empty and absent are refused then, and taken otherwise; a user with that `extId` becomes the sale's."""
    forcemanager.http.post("sales", json={**sale, "salesRepExtId": ""}).raise_for_status()
    forcemanager.control.configure(sales_need_representative=True)
    assert "salesRepExtId" in message(forcemanager.http.post("sales", json={**sale, "salesRepExtId": ""}))
    del sale["salesRepExtId"]
    assert "salesRepExtId" in message(forcemanager.http.post("sales", json=sale))
    user = forcemanager.users[1]["id"]
    forcemanager.control.update("users", user, extId="REP7")
    key = forcemanager.http.post("sales", json={**sale, "salesRepExtId": "REP7"}).json()["id"]
    assert forcemanager.http.get(f"sales/{key}").json()["salesRepId"]["id"] == user


def test_sales_in_bulk_and_by_pages(forcemanager: ForceManagerClient, sale: dict[str, Any]) -> None:
    """All three bulk calls, filters and pages are as those of accounts."""
    items = [{"guid": str(n), "data": {**sale, "extId": f"S{n}", "total": n}} for n in range(5)]
    told = forcemanager.http.post("sales/bulk", json=items).raise_for_status().json()
    assert [(one["guid"], one["code"], one["id"]) for one in told] == [(str(n), 1, n + 1) for n in range(5)]
    changes = [{"guid": "x", "id": 2, "data": {"total": 9}}, {"guid": "y", "id": 9, "data": {"total": 9}}]
    assert [one["code"] for one in forcemanager.http.put("sales/bulk", json=changes).json()] == [1, 0]
    gone = forcemanager.http.request("DELETE", "sales/bulk", json=[{"guid": "x", "id": 1}, {"guid": "y", "id": 1}])
    assert [one["code"] for one in gone.json()] == [1, 0]
    assert [row["id"] for row in forcemanager.http.get("sales", params={"where": "extId='S1'"}).json()] == [2]
    paged = forcemanager.http.get("sales", params={"page": 1, "order": "id"}, headers={"Count": "2"}).json()
    assert [(row["id"], row["deleted"]) for row in paged] == [(3, 0), (2, 0)]
    assert forcemanager.http.get("sales", params={"where": "deleted=true"}).json()[0]["id"] == 1
    assert forcemanager.http.get("sales", params={"where": "date<'2019-01-01T00:00:00Z' AND total>3"}).json()


def test_the_schema_of_sales(forcemanager: ForceManagerClient) -> None:
    """It tells types, and who is the representative is not written."""
    fields = forcemanager.http.get("sales/schema").json()["properties"]
    assert fields["total"]["type"] == ["number"]
    assert fields["date"]["format"] == "date-time"
    assert fields["accountId"]["table"] == "accounts"
    assert fields["salesRepId"]["readOnly"] is True
