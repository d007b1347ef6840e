import msgspec
import pytest

from sage_operator.sage.errors import explain, unknown_version
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import (
    CredentialsRejected,
    InvalidFieldMap,
    InvalidScope,
    QuotaExhausted,
    SchemaMismatch,
    SyncError,
    System,
    Unavailable,
)
from sage_operator.transport import Answer


def refused(status: int, code: str, message: str = "") -> SyncError:
    """What a refusal of a query on accounts means."""
    content = msgspec.json.encode([{"message": message, "errorCode": code}])
    return explain(answer(status, content), entity=Entity.ACCOUNTS)


def answer(status: int, content: bytes) -> Answer:
    """An answer of an organisation."""
    return Answer(status=status, headers={}, content=content, system=System.SAGE, host="acme.example")


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "remedy"),
    [
        (400, "INVALID_TYPE", "sObject type 'X' is not supported.", SchemaMismatch, "permission set"),
        (400, "MALFORMED_QUERY", "unexpected token: 'FROM'", InvalidScope, "spec.accounts"),
        (400, "QUERY_TOO_COMPLICATED", "", InvalidFieldMap, "fewer formula fields"),
        (400, "QUERY_TIMEOUT", "", Unavailable, "by itself"),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", QuotaExhausted, "spec.interval"),
        (
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            Unavailable,
            "by itself",
        ),
        (403, "API_DISABLED_FOR_ORG", "", CredentialsRejected, "API Enabled"),
        (403, "API_CURRENTLY_DISABLED", "", SchemaMismatch, "Support"),
        (403, "FUNCTIONALITY_NOT_ENABLED", "", SchemaMismatch, "edition"),
        (403, "INSUFFICIENT_ACCESS", "", CredentialsRejected, "Run As user"),
        (401, "INVALID_AUTH_HEADER", "", CredentialsRejected, "Run As user"),
        (414, "URI_TOO_LONG", "", InvalidFieldMap, "fewer fields"),
        (400, "SOMETHING_NEW", "Never seen before", Unavailable, "by itself"),
    ],
)
def test_each_code_has_its_error_and_remedy(
    status: int, code: str, message: str, kind: type[SyncError], remedy: str
) -> None:
    """Salesforce's codes become the domain's errors, and the remedy says what to do."""
    error = refused(status, code, message)
    assert type(error) is kind
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (
            "\nSELECT Nope__c FROM A\n       ^\nERROR at Row:1:Column:8\nNo such column 'Nope__c' on entity 'Account'.",
            "has no field Nope__c on Account",
        ),
        ("Didn't understand relationship 'Nope' in field path. If you are attempting…", "knows no parent Nope"),
        ("field 'Description' can not be filtered in a query call", "field 'Description' can not be filtered"),
    ],
)
def test_an_invalid_field_is_named(message: str, named: str) -> None:
    """The field that Salesforce does not know is in the message, with both possible causes; the query is not."""
    error = refused(400, "INVALID_FIELD", message)
    assert isinstance(error, InvalidFieldMap)
    assert named in error.message
    assert "SELECT" not in str(error)
    assert "spec.accounts.fields" in error.remedy
    assert "Field Permissions" in error.remedy


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b"\xff"])
def test_an_answer_that_cannot_be_read_is_unavailable(content: bytes) -> None:
    """What is no array of errors is told by its status."""
    error = explain(answer(400, content), entity=None)
    assert isinstance(error, Unavailable)
    assert error.message == "Sage (acme.example) answers 400."


def test_unknown_version_tells_the_range() -> None:
    """The message tells the version that was asked for and those that there are."""
    error = unknown_version("99.0", ["31.0", "66.0", "67.0"])
    assert "99.0" in error.message
    assert "31.0 to 67.0" in error.message
    assert "spec.sage.apiVersion" in error.remedy
