"""Sage driven, over TLS, by a client that was written for Salesforce itself."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceMalformedRequest, SalesforceResourceNotFound
from simple_salesforce.bulk2 import JobState, Operation

from sage_operator.simulators import Dataset, Simulators
from sage_operator.simulators.sage.settings import OrganisationSettings

DOCUMENT = "s2cor__Sage_INV_Trade_Document__c"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    """Simulators that serve https, with documents."""
    dataset = Dataset(accounts=40, contacts=450, documents=700, companies=2)
    settings = OrganisationSettings(page_limit=200, bulk_polls=1)
    with Simulators(dataset=dataset, organisation_settings=settings, tls=tmp_path_factory.mktemp("tls")) as simulators:
        yield simulators


@pytest.fixture
def salesforce(secure: Simulators) -> Iterator[Salesforce]:
    """A signed-in client that trusts the simulators' authority."""
    secure.sage.control.reset()
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(secure.ca_file)
        form = {
            "grant_type": "client_credentials",
            "client_id": secure.sage.client_id,
            "client_secret": secure.sage.client_secret,
        }
        answer = session.post(f"{secure.sage.url}/services/oauth2/token", data=form).json()
        assert answer["instance_url"] == secure.sage.url
        yield Salesforce(
            instance_url=answer["instance_url"], session_id=answer["access_token"], session=session, version="66.0"
        )
    assert secure.sage.control.counters().internal_errors == []


def test_tls_is_checked(secure: Simulators) -> None:
    """Who does not know the authority is not served."""
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{secure.sage.url}/services/data/", timeout=10)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{secure.forcemanager.url}/users", timeout=10)
    answer = requests.get(f"{secure.forcemanager.url}/users", timeout=10, verify=str(secure.ca_file))
    assert answer.status_code == 401


def test_query(salesforce: Salesforce) -> None:
    """A first page, the next ones by its URL, and the count."""
    first = salesforce.query("SELECT Id, Account.Name FROM Contact")
    assert (first["totalSize"], len(first["records"]), first["done"]) == (450, 200, False)
    assert len(salesforce.query_more(first["nextRecordsUrl"], identifier_is_url=True)["records"]) == 200
    assert len(salesforce.query_all("SELECT Id FROM Contact")["records"]) == 450
    assert len(list(salesforce.query_all_iter("SELECT Id FROM Contact WHERE Account.Name != null"))) == 450
    assert salesforce.query("SELECT COUNT() FROM Contact")["totalSize"] == 450


def test_query_with_deleted(secure: Simulators, salesforce: Salesforce) -> None:
    """`include_deleted` means queryAll."""
    key = secure.sage.control.records(DOCUMENT)[0]["Id"]
    secure.sage.control.delete(DOCUMENT, key)
    query = f"SELECT Id, IsDeleted FROM {DOCUMENT}"
    assert len(salesforce.query_all(query)["records"]) == 699
    found = salesforce.query_all(query, include_deleted=True)["records"]
    assert [row["Id"] for row in found if row["IsDeleted"]] == [key]
    assert len(found) == 700


def test_describe_and_limits(secure: Simulators, salesforce: Salesforce) -> None:
    """Objects, fields and the allowance, also by the client's own properties."""
    assert DOCUMENT in {kind["name"] for kind in salesforce.describe()["sobjects"]}
    fields = {field["name"]: field for field in getattr(salesforce, DOCUMENT).describe()["fields"]}
    total = fields["s2cor__Total_Amount__c"]
    assert (total["type"], total["precision"], total["scale"], total["calculated"]) == ("currency", 18, 2, False)
    assert fields["s2cor__Is_Paid__c"]["calculated"] is True
    assert [value["value"] for value in fields["s2cor__Status__c"]["picklistValues"]] == ["Unsubmitted", "Submitted"]
    assert salesforce.limits()["DailyApiRequests"]["Max"] == 100_000
    assert salesforce.api_usage["api-usage"].total == 100_000
    secure.sage.control.hide_object(DOCUMENT)
    with pytest.raises(SalesforceResourceNotFound):
        getattr(salesforce, DOCUMENT).describe()


def test_refused_query(salesforce: Salesforce) -> None:
    """The client reads our errors as Salesforce's."""
    with pytest.raises(SalesforceMalformedRequest) as caught:
        salesforce.query("SELECT Nope FROM Account")
    assert caught.value.content[0]["errorCode"] == "INVALID_FIELD"


def test_bulk(salesforce: Salesforce) -> None:
    """A job is made, waited for and read in pages."""
    bulk = getattr(salesforce.bulk2, DOCUMENT)
    query = f"SELECT Id, s2cor__Account__r.Name, s2cor__Outstanding_Amount__c FROM {DOCUMENT}"
    pages = list(bulk.query(query, max_records=300, wait=0))
    rows: list[dict[str, Any]] = [row for page in pages for row in csv.DictReader(page.splitlines())]
    assert len(pages) == 3
    same = salesforce.query_all(query)["records"]
    assert {row["Id"]: row["s2cor__Account__r.Name"] for row in rows} == {
        row["Id"]: row["s2cor__Account__r"]["Name"] for row in same
    }
    assert [float(row["s2cor__Outstanding_Amount__c"]) for row in rows] == [
        row["s2cor__Outstanding_Amount__c"] for row in same
    ]


def test_bulk_download(salesforce: Salesforce, tmp_path: Path) -> None:
    """Pages are streamed into files."""
    results = salesforce.bulk2.Account.download("SELECT Id FROM Account", str(tmp_path), max_records=25, wait=0)
    assert [result["number_of_records"] for result in results] == [25, 15]
    assert sum(Path(result["file"]).read_text().count('"001') for result in results) == 40


def test_bulk_query_all(secure: Simulators, salesforce: Salesforce) -> None:
    """Deleted rows by the operation queryAll; a job can be aborted."""
    secure.sage.control.delete("Account", secure.sage.control.records("Account")[0]["Id"])
    (page,) = salesforce.bulk2.Account.query_all("SELECT Id FROM Account WHERE IsDeleted = true", wait=0)
    assert page.count("\n") == 2
    client = salesforce.bulk2.Account._client
    job = client.create_job(Operation.query, "SELECT Id FROM Account")["id"]
    assert client.abort_job(job, is_query=True)["state"] == JobState.aborted
