"""Sage over HTTP: sign-in, describe, pages, limits, errors."""

import base64
import http.client
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from sage_operator.simulators import ClockSetting, Dataset, Simulators

from .clients import VERSION, SageClient

OAUTH = "/services/oauth2/token"


def sign_in(simulators: Simulators, **form: str) -> httpx.Response:
    """Ask for a token; the form's fields replace the right ones."""
    server = simulators.sage
    right = {"grant_type": "client_credentials", "client_id": server.client_id, "client_secret": server.client_secret}
    return httpx.post(server.url + OAUTH, data={**right, **form})


def error(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error, which is an array of one."""
    (body,) = response.json()
    assert body["message"]
    return response.status_code, body["errorCode"]


def test_token(simulators: Simulators) -> None:
    """The answer names instance, organisation and user, and no expiry."""
    body = sign_in(simulators).raise_for_status().json()
    assert body["token_type"] == "Bearer"
    assert body["instance_url"] == simulators.sage.url
    *_, organisation, user = body["id"].split("/")
    assert (len(organisation), organisation[:3], len(user), user[:3]) == (18, "00D", 18, "005")
    assert "expires_in" not in body
    assert "refresh_token" not in body


def test_token_by_basic_header(simulators: Simulators) -> None:
    """Client id and secret may be in the header."""
    server = simulators.sage
    basic = base64.b64encode(f"{server.client_id}:{server.client_secret}".encode()).decode()
    response = httpx.post(
        server.url + OAUTH, data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    assert response.raise_for_status().json()["access_token"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "unknown"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_refused_sign_in(simulators: Simulators, form: dict[str, str], code: str) -> None:
    """OAuth errors are 400 with a shape of their own."""
    response = sign_in(simulators, **form)
    assert response.status_code == 400
    assert response.json()["error"] == code
    assert response.json()["error_description"]


def test_versions_need_no_token(simulators: Simulators) -> None:
    """The list of versions is public and counts for nothing."""
    versions = httpx.get(simulators.sage.url + "/services/data/").raise_for_status().json()
    assert {"label": "Spring '26", "url": VERSION, "version": "66.0"} in versions
    assert simulators.sage.control.organisations()[0]["used_requests"] == 0


def test_expired_session(sage: SageClient) -> None:
    """After all sessions are expired, or too long a pause, the token is refused."""
    assert sage.get("/limits").status_code == 200
    sage.control.expire_sessions()
    assert error(sage.get("/limits")) == (401, "INVALID_SESSION_ID")
    assert error(httpx.get(sage.http.base_url.join(f"{VERSION}/limits"))) == (401, "INVALID_SESSION_ID")


def test_session_ends_by_inactivity(sage: SageClient) -> None:
    """A token lives on while it is used, on the simulated clock."""
    for minutes in (100, 200):
        sage.control.set_clock(ClockSetting(offset_seconds=minutes * 60))
        assert sage.get("/limits").status_code == 200
    sage.control.set_clock(ClockSetting(offset_seconds=(200 + 121) * 60))
    assert error(sage.get("/limits")) == (401, "INVALID_SESSION_ID")


def test_clock(sage: SageClient) -> None:
    """The Date header is the simulated clock's."""
    frozen = datetime(2026, 1, 31, 10, tzinfo=UTC)
    sage.control.set_clock(ClockSetting(frozen_at=frozen))
    assert parsedate_to_datetime(sage.http.get("/services/data/").headers["date"]) == frozen


def test_allowance(sage: SageClient) -> None:
    """Every answer tells the use of the allowance; beyond it requests are refused."""
    sage.control.configure(daily_requests=100)
    sage.control.use_requests(98)
    assert sage.get("/limits").headers["sforce-limit-info"] == "api-usage=99/100"
    assert sage.query("SELECT Nope FROM Account").headers["sforce-limit-info"] == "api-usage=100/100"
    refused = sage.get("/limits")
    assert error(refused) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert refused.headers["sforce-limit-info"] == "api-usage=100/100"


def test_describe(sage: SageClient) -> None:
    """Describe tells types, references and picklists; objects of the package are there."""
    names = {kind["name"] for kind in sage.get("/sobjects").raise_for_status().json()["sobjects"]}
    assert {"Account", "User", "s2cor__Sage_INV_Trade_Document__c"} <= names
    fields = {field["name"]: field for field in sage.get("/sobjects/Account/describe").json()["fields"]}
    assert (
        fields["OwnerId"] | {"type": "reference", "referenceTo": ["User"], "relationshipName": "Owner"}
        == fields["OwnerId"]
    )
    assert (fields["Description"]["type"], fields["Description"]["length"]) == ("textarea", 32_000)
    assert fields["Description"]["filterable"] is False
    assert fields["SystemModstamp"]["type"] == "datetime"
    assert "Customer" in [value["value"] for value in fields["Type"]["picklistValues"]]
    assert error(sage.get("/sobjects/Nope/describe")) == (404, "NOT_FOUND")


def test_field_level_security(sage: SageClient) -> None:
    """A hidden field is missing in describe and unknown in queries."""
    sage.control.configure(hidden_fields={"Account": ["Fax"]}, hidden_objects=["s2cor__Sage_COR_Company__c"])
    fields = [field["name"] for field in sage.get("/sobjects/Account/describe").json()["fields"]]
    assert "Fax" not in fields
    assert error(sage.query("SELECT Fax FROM Account")) == (400, "INVALID_FIELD")
    assert error(sage.query("SELECT Id FROM Contact WHERE Account.Fax = null")) == (400, "INVALID_FIELD")
    assert error(sage.query("SELECT Id FROM s2cor__Sage_COR_Company__c")) == (400, "INVALID_TYPE")


def test_empty_objects_can_be_queried(sage: SageClient) -> None:
    """Objects without data answer with no rows."""
    body = sage.query("SELECT Id, s2cor__Total_Amount__c FROM s2cor__Sage_INV_Trade_Document__c").json()
    assert body == {"totalSize": 0, "done": True, "records": []}


def test_companies(sage: SageClient) -> None:
    """Companies know their base currency."""
    rows = sage.rows("SELECT Name, s2cor__Base_Currency__r.s2cor__Currency_Code__c FROM s2cor__Sage_COR_Company__c")
    assert [(row["Name"], row["s2cor__Base_Currency__r"]["s2cor__Currency_Code__c"]) for row in rows] == [
        ("ACME Iberia", "EUR"),
        ("ACME France", "EUR"),
    ]


def test_pages(simulators: Simulators) -> None:
    """Pages are as big as asked for (200 at least), and together give every row once."""
    control = simulators.sage.control
    control.add_organisation("pages", client_id="pages", client_secret="s", dataset=Dataset(seed=2, accounts=450))
    token = sign_in(simulators, client_id="pages", client_secret="s").json()["access_token"]
    with httpx.Client(base_url=simulators.sage.url, headers={"Authorization": f"Bearer {token}"}) as http:
        sage = SageClient(http, control)
        body = sage.query("SELECT Id FROM Account", Sforce_Query_Options="batchSize=10").json()
        assert (body["totalSize"], len(body["records"]), body["done"]) == (450, 200, False)
        assert body["nextRecordsUrl"].startswith(f"{VERSION}/query/01g")
        assert body["nextRecordsUrl"].endswith("-200")
        second = http.get(body["nextRecordsUrl"]).json()
        third = http.get(second["nextRecordsUrl"]).json()
        assert (len(third["records"]), third["done"], "nextRecordsUrl" in third) == (50, True, False)
        seen = [row["Id"] for page in (body, second, third) for row in page["records"]]
        assert seen == sorted({row["Id"] for row in control.records("Account", organisation="pages")})

        control.configure(organisation="pages", page_whim=1.0)
        sizes: list[int] = []
        body = sage.query("SELECT Id FROM Account").json()
        while not body["done"]:
            sizes.append(len(body["records"]))
            body = http.get(body["nextRecordsUrl"]).json()
        assert len(set(sizes)) > 1

        opened = sage.query("SELECT Id FROM Account", Sforce_Query_Options="batchSize=200").json()["nextRecordsUrl"]
        control.expire_cursors()
        assert error(http.get(opened)) == (400, "INVALID_QUERY_LOCATOR")


def test_a_query_in_progress_keeps_what_it_found(sage: SageClient) -> None:
    """Edits between pages neither repeat nor lose rows."""
    sage.control.configure(page_limit=20)
    body = sage.query("SELECT Id, Name FROM Account").json()
    keys = sorted(row["Id"] for row in sage.control.records("Account"))
    sage.control.delete("Account", keys[0], keys[-1])
    sage.control.create("Account", Name="New")
    rest = sage.http.get(body["nextRecordsUrl"]).json()
    assert [row["Id"] for row in body["records"] + rest["records"]] == keys


def test_long_request_line(sage: SageClient) -> None:
    """A request line beyond 16 KiB is refused, a shorter one is not."""
    ids = ",".join(f"'001Dn{number:010d}'" for number in range(700))
    assert sage.query(f"SELECT Id FROM Account WHERE Id IN ({ids[:12_005]})").status_code == 200
    assert sage.query(f"SELECT Id FROM Account WHERE Id IN ({ids})").status_code == 414
    longer = http.client.HTTPConnection(sage.http.base_url.host, sage.http.base_url.port)
    longer.request("GET", f"{VERSION}/query?q={'x' * 200_000}")  # beyond what the client above sends
    assert longer.getresponse().status == 414
    longer.close()


def test_wrong_versions(sage: SageClient) -> None:
    """Unknown versions are not found, retired ones are gone."""
    assert error(sage.http.get("/services/data/v99.0/limits")) == (404, "NOT_FOUND")
    assert error(sage.http.get("/services/data/v20.0/limits")) == (410, "UNSUPPORTED_API_VERSION")


def test_disabled_api(sage: SageClient) -> None:
    """An organisation without API access says so."""
    sage.control.configure(api_disabled=True)
    assert error(sage.get("/limits")) == (403, "API_DISABLED_FOR_ORG")


def test_organisations_share_nothing(sage: SageClient, simulators: Simulators) -> None:
    """The client id selects the organisation; ids and locators of one mean nothing in another."""
    summary = sage.control.add_organisation("other", client_id="other", client_secret="s", dataset=Dataset(accounts=30))
    token = sign_in(simulators, client_id="other", client_secret="s").json()["access_token"]
    other = {"Authorization": f"Bearer {token}"}
    rows = httpx.get(
        simulators.sage.url + VERSION + "/query", params={"q": "SELECT Id FROM Account"}, headers=other
    ).json()
    assert summary["records"]["Account"] == rows["totalSize"] == 30
    mine = {row["Id"] for row in sage.rows("SELECT Id FROM Account")}
    assert not mine & {row["Id"] for row in rows["records"]}
    sage.control.configure(page_limit=20)
    locator = sage.query("SELECT Id FROM Account").json()["nextRecordsUrl"]
    assert error(httpx.get(simulators.sage.url + locator, headers=other)) == (400, "INVALID_QUERY_LOCATOR")
