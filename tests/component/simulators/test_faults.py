"""Faults: they strike the requests that they should, break real connections, and lose answers but not writes."""

import asyncio
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from sage_operator.simulators import ControlError, Simulators

from .clients import ForceManagerClient, SageClient


def test_status_with_retry_after(forcemanager: ForceManagerClient) -> None:
    """A request that is answered by a fault takes no effect; the others are let alone."""
    forcemanager.control.add_fault(operation="accounts.create", status=429, retry_after="7", times=1)
    answer = forcemanager.http.post("accounts", json=forcemanager.account())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["message"] == "Too Many Requests"
    assert forcemanager.account_rows() == []
    assert forcemanager.http.get("users").status_code == 200
    forcemanager.create()
    (report,) = forcemanager.control.faults()
    assert (report.seen, report.fired) == (2, 1)


@pytest.mark.parametrize(
    ("status", "code"), [(401, "INVALID_SESSION_ID"), (500, "UNKNOWN_EXCEPTION"), (503, "SERVER_UNAVAILABLE")]
)
def test_status_in_sage(sage: SageClient, status: int, code: str) -> None:
    """Errors come in Salesforce's shape."""
    sage.control.add_fault(operation="query*", status=status)
    answer = sage.query("SELECT Id FROM Account")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_matching(sage: SageClient) -> None:
    """Method, path, operation and number of a request select it; probabilities are repeatable."""
    sage.control.add_fault(method="get", path=r"query\?q=.*Contact", nth=2, times=1, status=500)
    statuses = [
        sage.query(f"SELECT Id FROM {name}").status_code for name in ("Account", "Contact", "Contact", "Contact")
    ]
    assert statuses == [200, 200, 500, 200]

    def draws() -> list[int]:
        sage.control.clear_faults()
        sage.control.add_fault(operation="limits", probability=0.5, seed=4, status=500)
        return [sage.get("/limits").status_code for _ in range(20)]

    first = draws()
    assert set(first) == {200, 500}
    assert draws() == first
    sage.control.clear_faults()
    assert sage.get("/limits").status_code == 200


def test_bad_rules_are_refused(sage: SageClient) -> None:
    """A typo in a rule is an error, not a fault that never strikes."""
    with pytest.raises(TypeError):
        sage.control.add_fault(statsu=500)
    with pytest.raises(ControlError):
        sage.control.add_fault(path="(")
    assert httpx.post(sage.http.base_url.join("/_control/faults"), json={"statsu": 1}).status_code == 400


def test_latency(sage: SageClient) -> None:
    """A delayed request is answered late; delays of several rules add up, and others aren't held up."""
    sage.control.add_fault(operation="limits", latency_ms=60)
    sage.control.add_fault(latency_ms=60, operation="limits")
    begin = time.monotonic()
    assert sage.get("/limits").status_code == 200
    assert time.monotonic() - begin >= 0.12


async def test_concurrency_is_counted(simulators: Simulators) -> None:
    """The counters tell how many requests were on at once and within a second."""
    control = simulators.sage.control
    control.add_fault(operation="versions", latency_ms=100)
    async with httpx.AsyncClient(base_url=simulators.sage.url) as http:
        await asyncio.gather(*(http.get("/services/data/") for _ in range(5)))
    counters = control.counters()
    assert (counters.max_concurrent, counters.peak_per_second, counters.in_flight) == (5, 5, 0)
    assert counters.by_operation == {"versions": 5}


def test_cut_before(forcemanager: ForceManagerClient) -> None:
    """The connection is reset and nothing was written."""
    forcemanager.control.add_fault(operation="accounts.create", cut="before", times=1)
    with pytest.raises(httpx.ReadError):
        forcemanager.http.post("accounts", json=forcemanager.account())
    assert forcemanager.account_rows() == []
    assert forcemanager.control.counters().by_status["cut"] == 1


def test_cut_after(forcemanager: ForceManagerClient) -> None:
    """The connection is reset and the write took effect."""
    forcemanager.control.add_fault(operation="accounts.create", cut="after", times=1)
    with pytest.raises(httpx.ReadError):
        forcemanager.http.post("accounts", json=forcemanager.account(extId="lost"))
    assert [row["extId"] for row in forcemanager.account_rows()] == ["lost"]


def test_cut_during(forcemanager: ForceManagerClient) -> None:
    """Half of the answer comes, then the connection ends."""
    forcemanager.control.add_fault(operation="accounts.create", cut="during", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        forcemanager.http.post("accounts", json=forcemanager.account())
    assert len(forcemanager.account_rows()) == 1


def test_a_cut_is_a_reset_on_the_wire(simulators: Simulators) -> None:
    """A plain socket sees the reset, without a byte of an answer."""
    simulators.sage.control.add_fault(cut="before")
    parts = urlsplit(simulators.sage.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as sock:
        sock.sendall(b"GET /services/data/ HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_late_commit(forcemanager: ForceManagerClient) -> None:
    """The answer is lost first and the write takes effect later."""
    forcemanager.control.add_fault(operation="accounts.bulkCreate", commit_after_ms=600_000, times=1)
    batch = [{"guid": "a", "data": forcemanager.account(extId="late")}]
    with pytest.raises(httpx.ReadError):
        forcemanager.http.post("accounts/bulk", json=batch)
    assert forcemanager.account_rows() == []
    assert forcemanager.control.counters().pending_commits == 1
    assert forcemanager.control.release_commits() == 1
    assert [row["extId"] for row in forcemanager.account_rows()] == ["late"]
    assert forcemanager.control.counters().pending_commits == 0


def test_late_commit_by_itself(forcemanager: ForceManagerClient) -> None:
    """Without being released, a late commit happens after its delay."""
    forcemanager.control.add_fault(operation="accounts.create", commit_after_ms=50)
    with pytest.raises(httpx.ReadError):
        forcemanager.http.post("accounts", json=forcemanager.account())
    deadline = time.monotonic() + 10
    while not forcemanager.account_rows():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_reset_drops_late_commits(forcemanager: ForceManagerClient) -> None:
    """What a test left behind doesn't strike the next one."""
    forcemanager.control.add_fault(operation="accounts.create", commit_after_ms=600_000)
    with pytest.raises(httpx.ReadError):
        forcemanager.http.post("accounts", json=forcemanager.account())
    forcemanager.control.reset()
    assert forcemanager.control.release_commits() == 0
    assert forcemanager.account_rows() == []
    assert forcemanager.control.faults() == []


def test_items_dropped_and_failed(forcemanager: ForceManagerClient) -> None:
    """Some outcomes are missing though the items were written; some items fail though they are good."""
    batch = [{"guid": str(n), "data": forcemanager.account(extId=str(n))} for n in range(5)]
    forcemanager.control.add_fault(operation="accounts.bulkCreate", drop_items=2, fail_items=1, times=1)
    outcomes = forcemanager.http.post("accounts/bulk", json=batch).json()
    assert [(one["guid"], one["code"]) for one in outcomes] == [("0", 0), ("1", 1), ("2", 1)]
    assert [row["extId"] for row in forcemanager.account_rows()] == ["1", "2", "3", "4"]


def test_control_calls_are_never_struck(sage: SageClient) -> None:
    """Even when everything fails, the control API works."""
    sage.control.add_fault(status=500)
    assert sage.get("/limits").status_code == 500
    sage.control.clear_faults()
    assert sage.get("/limits").status_code == 200
