"""ForceManager over HTTP: sign-in, lists, schema, single writes."""

from typing import Any

import httpx
import pytest

from sage_operator.simulators import ClockSetting, CustomField, Dataset, Simulators

from .clients import ForceManagerClient


def message(response: httpx.Response) -> str:
    """Return the message of a refusal, which has status 400."""
    assert response.status_code == 400
    return str(response.json()["message"])


@pytest.mark.parametrize("keys", [("demo-public-key", "wrong"), ("unknown", "demo-private-key"), ("", "")])
def test_wrong_keys(simulators: Simulators, keys: tuple[str, str]) -> None:
    """A wrong key pair is refused with 401."""
    body = {"username": keys[0], "password": keys[1]}
    assert httpx.post(simulators.forcemanager.url + "/login", json=body).status_code == 401


def test_session_is_needed_and_ends(forcemanager: ForceManagerClient) -> None:
    """Without a living session key everything is 401."""
    assert httpx.get(str(forcemanager.http.base_url) + "users").status_code == 401
    forcemanager.control.set_clock(ClockSetting(offset_seconds=23 * 3600))
    assert forcemanager.http.get("users").status_code == 200
    forcemanager.control.set_clock(ClockSetting(offset_seconds=25 * 3600))
    assert forcemanager.http.get("users").status_code == 401


def test_users(forcemanager: ForceManagerClient) -> None:
    """References in users are `{id, description}`; the oldest user tells the tenant."""
    first, second, *_ = forcemanager.users
    assert first["branches"] == {"id": 16, "description": "Madrid"}
    assert second["managerId"] == {"id": first["id"], "description": f"{first['name']} {first['lastName']}"}
    assert first["dateCreated"] < second["dateCreated"]
    assert not all(user["isActive"] for user in forcemanager.users)


def test_value_lists(forcemanager: ForceManagerClient) -> None:
    """Lists carry labels in the languages; some descriptions are empty, some rows deleted."""
    countries = forcemanager.http.get("countries", headers={"Count": "300"}).json()
    spain = next(row for row in countries if row["iso2"] == "ES")
    assert (spain["iso3"], spain["isoNum"], spain["descriptionES"], spain["descriptionDE"]) == (
        "ESP",
        724,
        "España",
        "Spanien",
    )
    assert 200 <= len(countries) <= 300
    types = forcemanager.http.get("accountTypes").json()
    assert {row["descriptionEN"] for row in types if not row["description"]} == {"Partner", "Former customer"}
    assert any(row["deleted"] for row in types)
    assert [row["isoCode"] for row in forcemanager.http.get("currencies").json()] == ["EUR", "GBP", "USD"]
    assert [row["won"] for row in forcemanager.http.get("accountStatuses").json()] == [True, False, True, False]


def test_schema(forcemanager: ForceManagerClient) -> None:
    """The schema tells lengths, types, references, own fields and what is mandatory."""
    schema = forcemanager.http.get("accounts/schema").json()
    fields = schema["properties"]
    assert fields["address1"] == {"maxLength": 180, "readOnly": False, "type": ["string", "null"]}
    assert fields["branchId"]["table"] == "branches"
    assert fields["branchId"]["properties"]["id"] == {"type": "integer"}
    assert fields["Z_Outstanding"] == {"readOnly": False, "type": ["number", "null"]}
    assert sorted(schema["required"]) == ["branchId", "name", "salesRepId1"]
    assert forcemanager.http.get("contacts/schema").json()["properties"]["typeId"]["table"] == "contactTypes"
    resources = {row["end_point"]: row["operations"] for row in forcemanager.http.get("resources").json()}
    assert resources["/v4/accounts"]["create"] is True
    assert resources["/v4/users"]["create"] is False


def test_mandatory_fields_by_procedure(forcemanager: ForceManagerClient) -> None:
    """The vendor's connector learns mandatory fields, own ones included, from a procedure."""
    forcemanager.control.configure(custom_fields={"accounts": {"Z_Zone": CustomField(required=True)}})
    fields = forcemanager.http.post("procedure/zapier_schema", json={"entity": "empresas"}).json()
    assert {"name", "Z_Zone"} <= {field["key"] for field in fields if field["required"]}
    assert "Z_Zone" in message(forcemanager.http.post("accounts", json=forcemanager.account()))


def test_create_and_read(forcemanager: ForceManagerClient) -> None:
    """Integers are written and objects read; nothing is updated before the first update; numbers stay exact."""
    body = forcemanager.account(countryId=68, extId="001x", comment="Año", public=True).copy()
    raw = httpx.Response(200, json=body).text[:-1] + ', "Z_Outstanding": 1234.10}'
    key = forcemanager.http.post("accounts", content=raw).raise_for_status().json()["id"]
    response = forcemanager.http.get(f"accounts/{key}")
    row = response.json()
    user = forcemanager.users[0]
    assert row["salesRepId1"] == {"id": user["id"], "value": f"{user['name']} {user['lastName']}"}
    assert row["countryId"] == {"id": 68, "value": "España"}
    assert (row["typeId"], row["dateUpdated"], row["deleted"], row["readOnly"], row["public"]) == (
        None,
        None,
        False,
        False,
        True,
    )
    assert '"Z_Outstanding":1234.10' in response.text


def test_update_is_partial(forcemanager: ForceManagerClient) -> None:
    """Only what is sent changes; null clears."""
    key = forcemanager.create(city="Leeds", phone="1")
    forcemanager.http.put(f"accounts/{key}", json={"phone": None, "fax": "2"}).raise_for_status()
    row = forcemanager.http.get(f"accounts/{key}").json()
    assert (row["city"], row["phone"], row["fax"]) == ("Leeds", None, "2")
    assert row["dateUpdated"] is not None


def test_delete_is_soft(forcemanager: ForceManagerClient) -> None:
    """Deleted rows stay in lists; they can't be changed, and read only if the tenant allows it."""
    key = forcemanager.create()
    forcemanager.http.delete(f"accounts/{key}").raise_for_status()
    (row,) = forcemanager.http.get("accounts").json()
    assert (row["deleted"], row["dateDeleted"] is not None) == (True, True)
    message(forcemanager.http.put(f"accounts/{key}", json={"name": "x"}))
    message(forcemanager.http.delete(f"accounts/{key}"))
    assert forcemanager.http.get(f"accounts/{key}").json()["deleted"] is True
    forcemanager.control.configure(deleted_readable=False)
    message(forcemanager.http.get(f"accounts/{key}"))


def test_unknown_id_is_400(forcemanager: ForceManagerClient) -> None:
    """Not 404."""
    message(forcemanager.http.get("accounts/77"))
    message(forcemanager.http.put("accounts/77", json={"name": "x"}))
    message(forcemanager.http.delete("accounts/77"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": None}, "mandatory"),
        ({"name": ""}, "mandatory"),
        ({"branchId": 99}, "branchId"),
        ({"salesRepId1": "51"}, "integer"),
        ({"salesRepId1": {"id": 1011}}, "integer"),
        ({"typeId": 6}, "does not exist"),  # a deleted row
        ({"name": 5}, "string"),
        ({"readOnly": 1}, "boolean"),
        ({"Z_Outstanding": "5"}, "number"),
        ({"Z_OverdueDays": 1.5}, "integer"),
        ({"Z_LastPayment": "yesterday"}, "date-time"),
        ({"address1": "x" * 181}, "180"),
        ({"nope": 1}, "nope"),
        ({"Z_Nope": 1}, "Z_Nope"),
        ({"id": 5}, "read-only"),
    ],
)
def test_refused_values(forcemanager: ForceManagerClient, change: dict[str, Any], word: str) -> None:
    """Wrong values are refused on creation and on update, and nothing is stored."""
    assert word in message(forcemanager.http.post("accounts", json={**forcemanager.account(), **change}))
    assert forcemanager.account_rows() == []
    key = forcemanager.create()
    assert word in message(forcemanager.http.put(f"accounts/{key}", json=change))


def test_contacts(forcemanager: ForceManagerClient) -> None:
    """Contacts need their account; whether they have a branch is the tenant's matter."""
    account = forcemanager.create(name="ACME")
    contact = {"firstName": "Ana", "lastName": "Ruiz", "accountId": account, "salesRepId": forcemanager.users[1]["id"]}
    key = forcemanager.http.post("contacts", json={**contact, "birthday": "1980-02-29T00:00:00Z", "gender": 1}).json()[
        "id"
    ]
    row = forcemanager.http.get(f"contacts/{key}").json()
    assert row["accountId"] == {"id": account, "value": "ACME"}
    assert (row["birthday"], row["gender"]["id"]) == ("1980-02-29T00:00:00.000Z", 1)
    assert "accountId" in message(forcemanager.http.post("contacts", json={**contact, "accountId": 99}))
    assert "branchId" in message(forcemanager.http.post("contacts", json={**contact, "branchId": 16}))
    forcemanager.control.configure(contact_branch="required")
    assert "branchId" in message(forcemanager.http.post("contacts", json=contact))
    forcemanager.http.post("contacts", json={**contact, "branchId": 16}).raise_for_status()


def test_sales(forcemanager: ForceManagerClient) -> None:
    """Sales tell `deleted` as a number and take dates without a zone."""
    sale = {"accountId": forcemanager.create(), "date": "2018-10-10 00:00:00", "extId": "S1", "total": 168,
            "accountExtId": "A1", "salesRepExtId": ""}  # fmt: skip
    key = forcemanager.http.post("sales", json=sale).raise_for_status().json()["id"]
    row = forcemanager.http.get(f"sales/{key}").json()
    assert (row["deleted"], row["date"], row["total"]) == (0, "2018-10-10T00:00:00.000Z", 168)


def test_both_spellings_of_message(forcemanager: ForceManagerClient) -> None:
    """Answers to writes alternate between Message and message."""
    answers = [forcemanager.http.post("accounts", json=forcemanager.account()).json() for _ in range(2)]
    assert {key for answer in answers for key in answer} == {"Message", "message", "id"}
    forcemanager.control.configure(message_key="message")
    assert forcemanager.http.put("accounts/1", json={"fax": "1"}).json() == {"message": "entity updated"}


def test_ext_ids_are_not_unique(forcemanager: ForceManagerClient) -> None:
    """A repeated create makes a duplicate: that is the danger."""
    forcemanager.create(extId="001")
    forcemanager.create(extId="001")
    assert len(forcemanager.http.get("accounts", params={"where": "extId='001'"}).json()) == 2


def test_read_only_records(forcemanager: ForceManagerClient) -> None:
    """A tenant may refuse updates of such records, until the flag is lifted."""
    key = forcemanager.create(readOnly=True)
    forcemanager.http.put(f"accounts/{key}", json={"fax": "1"}).raise_for_status()
    forcemanager.control.configure(read_only_updates="refuse")
    assert "read-only" in message(forcemanager.http.put(f"accounts/{key}", json={"fax": "2"}))
    assert "read-only" in message(forcemanager.http.put(f"accounts/{key}", json={"fax": "2", "readOnly": False}))
    assert "read-only" in message(forcemanager.http.delete(f"accounts/{key}"))
    for change in ({"readOnly": False}, {"fax": "2"}, {"readOnly": True}):
        forcemanager.http.put(f"accounts/{key}", json=change).raise_for_status()
    assert forcemanager.account_rows()[0]["fax"] == "2"


def test_normalized_phones(forcemanager: ForceManagerClient) -> None:
    """A tenant may give back another text than was written."""
    forcemanager.control.configure(normalize_phones=True)
    key = forcemanager.create(phone="+34 91 123")
    assert forcemanager.http.get(f"accounts/{key}").json()["phone"] == "+3491123"


@pytest.fixture
def listed(forcemanager: ForceManagerClient) -> ForceManagerClient:
    """A tenant with seven accounts."""
    for number, name in enumerate(("Álamo", "beta", "Beta", "D'Or", "x AND y", "true", "100")):
        forcemanager.create(
            name=name, extId=f"E{number}", latitude=number, public=number % 2 == 0, city="Leeds" if number else None
        )
    return forcemanager


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("extId='e3'", [4]),
        ("extId = 'none'", []),
        ("name='D''Or'", [4]),
        ("name=beta", [2, 3]),
        ("name=beta AND extId=E1", [2]),
        ("name='x AND y' OR name='true'", [5, 6]),
        ("name LIKE '%a'", [2, 3]),
        ("name like 'x%' or (latitude>=5 and latitude<6)", [5, 6]),
        ("latitude>4", [6, 7]),
        ("latitude <= 1 AND deleted=false", [1, 2]),
        ("latitude<>0 AND latitude!=6 AND public=true", [3, 5]),
        ("city=null", [1]),
        ("city!=null AND id<=3", [2, 3]),
        ("salesRepId1=1011 AND id=5", [5]),
        ("dateUpdated > '2020-01-01T00:00:00Z'", []),
        ("dateCreated > '2020-01-01T00:00:00Z' AND id=1", [1]),
        ("name='100'", [7]),
        ("city='Leeds' AND (name='beta' OR name='100') AND public=true", [3, 7]),
    ],
)
def test_where(listed: ForceManagerClient, where: str, expected: list[int]) -> None:
    """Filters find what a database with a usual collation would."""
    rows = listed.http.get("accounts", params={"where": where}).raise_for_status().json()
    assert [row["id"] for row in rows] == expected


@pytest.mark.parametrize(
    "where", ["extId=", "extId>>'x'", "nope=1", "latitude='x'", "latitude LIKE 'x'", "name='open", "AND"]
)
def test_bad_where(listed: ForceManagerClient, where: str) -> None:
    """A filter that the database doesn't understand is error 901."""
    response = listed.http.get("accounts", params={"where": where})
    assert (response.status_code, response.json()["code"]) == (400, 901)


def test_ignored_filter(listed: ForceManagerClient) -> None:
    """Where filtering by extId doesn't work, everything is returned."""
    listed.control.configure(ignored_filters=["extId"])
    assert len(listed.http.get("accounts", params={"where": "extId='none'"}).json()) == 7
    assert len(listed.http.get("accounts", params={"where": "name='beta'"}).json()) == 2


def test_pages_and_order(listed: ForceManagerClient) -> None:
    """Pages count from 0, their size comes in either header; an order is descending unless it says ASC."""

    def ids(size: int, header: str = "Count", **params: Any) -> list[int]:
        rows = listed.http.get("accounts", params=params, headers={header: str(size)}).json()
        return [row["id"] for row in rows]

    assert ids(3) == [1, 2, 3]
    assert ids(3, page=2) == [7]
    assert ids(3, page=3) == []
    assert ids(3, "X-FM-Entity-Count", page=1) == [4, 5, 6]
    assert ids(3, order="id") == [7, 6, 5]
    assert ids(3, order="latitude ASC", page=1) == [4, 5, 6]
    assert ids(2, order="dateUpdated") == [1, 2]
    listed.control.configure(max_page_size=2)
    assert ids(3) == [1, 2]
    assert listed.http.get("accounts", params={"page": "x"}).status_code == 400


def test_unknown_resource(forcemanager: ForceManagerClient) -> None:
    """Error 910 says that there is no such resource; users can't be written."""
    response = forcemanager.http.get("nope")
    assert (response.status_code, response.json()["code"]) == (404, 910)
    assert forcemanager.http.post("users", json={}).status_code == 405


def test_tenants_share_nothing(forcemanager: ForceManagerClient, simulators: Simulators) -> None:
    """A key pair leads to its own tenant; several may lead to one."""
    server = simulators.forcemanager
    server.control.add_tenant("second", keys={"k1": "p1"}, dataset=Dataset(seed=9, owners=3))
    server.control.add_keys({"k2": "p2"}, tenant="second")
    forcemanager.create(name="Mine")
    users = []
    for public, private in (("k1", "p1"), ("k2", "p2")):
        token = httpx.post(f"{server.url}/login", json={"username": public, "password": private}).json()["token"]
        with httpx.Client(base_url=server.url, headers={"X-Session-Key": token}) as http:
            assert http.get("accounts").json() == []
            users.append(http.get("users").json())
    assert users[0] == users[1]
    assert not {u["id"] for u in users[0]} & {u["id"] for u in forcemanager.users}
