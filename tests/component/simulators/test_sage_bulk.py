"""Query jobs of the Bulk API 2.0."""

import csv
import io
from typing import Any

import httpx
import pytest

from sage_operator.simulators import Dataset

from .clients import VERSION, SageClient

JOBS = f"{VERSION}/jobs/query"


def create(sage: SageClient, query: str, **options: Any) -> httpx.Response:
    """Make a job."""
    return sage.http.post(JOBS, json={"operation": "query", "query": query, **options})


def complete(sage: SageClient, query: str, **options: Any) -> str:
    """Make a job and ask after it until it is complete; return its id."""
    sage.control.configure(bulk_polls=0)
    job = str(create(sage, query, **options).raise_for_status().json()["id"])
    assert sage.http.get(f"{JOBS}/{job}").json()["state"] == "JobComplete"
    return job


def error(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error."""
    return response.status_code, response.json()[0]["errorCode"]


def test_a_job_makes_progress(sage: SageClient) -> None:
    """States follow each other as the job is asked after; results are there at the end and gone with the job."""
    sage.control.configure(bulk_polls=2)
    made = create(sage, "SELECT Id, Name FROM Account").raise_for_status().json()
    assert (made["state"], made["object"], made["apiVersion"], made["numberRecordsProcessed"]) == (
        "UploadComplete",
        "Account",
        66.0,
        0,
    )
    job = f"{JOBS}/{made['id']}"
    assert error(sage.http.get(f"{job}/results")) == (400, "INVALIDJOBSTATE")
    assert error(sage.http.delete(job)) == (400, "INVALIDJOBSTATE")
    assert [sage.http.get(job).json()["state"] for _ in range(3)] == ["InProgress", "InProgress", "JobComplete"]
    assert sage.http.get(job).json()["numberRecordsProcessed"] == 30
    assert sage.get("/limits").json()["DailyBulkV2QueryJobs"] == {"Max": 10_000, "Remaining": 9_999}
    assert [one["id"] for one in sage.http.get(JOBS).json()["records"]] == [made["id"]]
    assert sage.http.delete(job).status_code == 204
    assert error(sage.http.get(job)) == (404, "NOT_FOUND")


def test_csv(sage: SageClient) -> None:
    """Every value is in quotes: parents by their path, booleans in words, nulls empty, line breaks kept."""
    account = sage.control.records("Account")[0]["Id"]
    sage.control.update(
        "Account", account, Name='A "quoted", name', Description="two\nlines", Fax="", AnnualRevenue=1.5
    )
    names = "Id, Name, Owner.Name, IsDeleted, Fax, Description, AnnualRevenue"
    job = complete(sage, f"SELECT {names} FROM Account WHERE Id = '{account}'")
    answer = sage.http.get(f"{JOBS}/{job}/results")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.startswith(f'"{names.replace(", ", chr(34) + "," + chr(34))}"\n')
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["Owner.Name"]
    assert [row[name] for name in ("Name", "IsDeleted", "Fax", "Description", "AnnualRevenue")] == [
        'A "quoted", name', "false", "", "two\nlines", "1.5",
    ]  # fmt: skip


def test_pages(sage: SageClient) -> None:
    """A locator leads from page to page, each with its own first line; what changes meanwhile does not show."""
    job = complete(sage, "SELECT Id FROM Account ORDER BY Id DESC", columnDelimiter="PIPE", lineEnding="CRLF")
    keys = sorted((row["Id"] for row in sage.control.records("Account")), reverse=True)
    seen: list[str] = []
    locator, sizes = "", []
    while locator != "null":
        sage.control.delete("Account", keys[-1 - len(sizes)])
        answer = sage.http.get(f"{JOBS}/{job}/results", params={"maxRecords": 12, "locator": locator})
        sizes.append(int(answer.headers["sforce-numberofrecords"]))
        locator = answer.headers["sforce-locator"]
        lines = answer.text.split("\r\n")
        assert lines[0] == '"Id"'
        seen += [line.strip('"') for line in lines[1:-1]]
    assert (sizes, seen) == ([12, 12, 6], keys)
    assert error(sage.http.get(f"{JOBS}/{job}/results", params={"locator": "nonsense"})) == (400, "API_ERROR")


def test_many_rows(sage: SageClient) -> None:
    """Results come in pieces and in full, without the server's page asked for."""
    dataset = Dataset(accounts=20, contacts=0, documents=2600)
    sage.control.add_organisation("many", client_id="many", client_secret="s", dataset=dataset)
    form = {"grant_type": "client_credentials", "client_id": "many", "client_secret": "s"}
    token = sage.http.post("/services/oauth2/token", data=form).json()["access_token"]
    sage.control.configure(organisation="many", bulk_polls=0, bulk_page=2000)
    with httpx.Client(base_url=sage.http.base_url, headers={"Authorization": f"Bearer {token}"}) as http:
        client = SageClient(http, sage.control)
        made = create(client, "SELECT Id, s2cor__Account__r.Name FROM s2cor__Sage_INV_Trade_Document__c").json()
        http.get(f"{JOBS}/{made['id']}")
        first = http.get(f"{JOBS}/{made['id']}/results")
        assert (first.headers["sforce-numberofrecords"], first.text.count("\n")) == ("2000", 2001)
        assert first.headers["transfer-encoding"] == "chunked"
        second = http.get(f"{JOBS}/{made['id']}/results", params={"locator": first.headers["sforce-locator"]})
        assert (second.headers["sforce-locator"], second.text.count("\n")) == ("null", 601)


def test_query_all(sage: SageClient) -> None:
    """The operation queryAll finds deleted rows too; nothing found is a first line alone."""
    key = sage.control.records("Account")[0]["Id"]
    sage.control.delete("Account", key)
    query = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{key}'"
    found = complete(sage, query, operation="queryAll")
    assert sage.http.get(f"{JOBS}/{found}/results").text.endswith(f'"{key}","true"\n')
    nothing = sage.http.get(f"{JOBS}/{complete(sage, query)}/results")
    assert (nothing.text, nothing.headers["sforce-locator"]) == ('"Id","IsDeleted"\n', "null")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT COUNT() FROM Account", "API_ERROR"),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 5", "API_ERROR"),
        ("SELECT BillingAddress FROM Account", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "MALFORMED_QUERY"),
        ("SELECT OwnerId, COUNT(Id) FROM Account GROUP BY OwnerId", "MALFORMED_QUERY"),
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nope__c", "INVALID_TYPE"),
    ],
)
def test_unsupported_queries(sage: SageClient, query: str, code: str) -> None:
    """What the Bulk API does not support is refused when the job is made."""
    assert error(create(sage, query)) == (400, code)


def test_other_errors(sage: SageClient) -> None:
    """Wrong bodies, other versions, aborted and failed jobs."""
    assert error(create(sage, "SELECT Id FROM Account", operation="insert")) == (400, "JSON_PARSER_ERROR")
    job = complete(sage, "SELECT Id FROM Account")
    assert error(sage.http.get(f"{JOBS.replace('66', '65')}/{job}/results")) == (409, "API_ERROR")
    assert error(sage.http.patch(f"{JOBS}/{job}", json={"state": "Aborted"})) == (400, "INVALIDJOBSTATE")
    second = create(sage, "SELECT Id FROM Account").json()["id"]
    assert error(sage.http.patch(f"{JOBS}/{second}", json={"state": "Open"})) == (400, "JSON_PARSER_ERROR")
    assert sage.http.patch(f"{JOBS}/{second}", json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert error(sage.http.get(f"{JOBS}/{second}/results")) == (400, "INVALIDJOBSTATE")
    sage.control.configure(bulk_failure="INVALID_FIELD: gone")
    third = create(sage, "SELECT Id FROM Account").json()["id"]
    told = sage.http.get(f"{JOBS}/{third}").json()
    assert (told["state"], told["errorMessage"]) == ("Failed", "INVALID_FIELD: gone")


def test_a_cut_result(sage: SageClient) -> None:
    """A connection that breaks within a result is an error of the client's, never a shorter table."""
    job = complete(sage, "SELECT Id FROM Account")
    sage.control.add_fault(operation="bulk.results", cut="during", times=1)
    with pytest.raises(httpx.TransportError):
        sage.http.get(f"{JOBS}/{job}/results")
    assert sage.http.get(f"{JOBS}/{job}/results").text.count("\n") == 31
