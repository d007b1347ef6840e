"""Bulk writes of ForceManager, and its rate limit."""

import time
from typing import Any

import httpx
import pytest

from sage_operator.simulators import Simulators
from sage_operator.simulators.forcemanager.limiter import TokenBucket

from .clients import ForceManagerClient


def items(forcemanager: ForceManagerClient, count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return the items of a bulk creation."""
    return [
        {"guid": f"op-{number}", "data": forcemanager.account(extId=f"E{number}", **fields)} for number in range(count)
    ]


def delete(forcemanager: ForceManagerClient, body: list[dict[str, Any]]) -> httpx.Response:
    """Send a bulk deletion, which has a body."""
    return forcemanager.http.request("DELETE", "accounts/bulk", json=body)


def test_create_update_delete(forcemanager: ForceManagerClient) -> None:
    """Each item has its outcome, in order, under its guid."""
    created = forcemanager.http.post("accounts/bulk", json=items(forcemanager, 3)).raise_for_status().json()
    assert created == [
        {"code": 1, "guid": f"op-{number}", "id": number + 1, "message": "Entity create success"} for number in range(3)
    ]
    updates = [{"guid": "a", "id": 1, "data": {"city": "Leeds"}}, {"guid": "b", "id": 9, "data": {"city": "Leeds"}}]
    updated = forcemanager.http.put("accounts/bulk", json=updates).raise_for_status().json()
    assert [(one["code"], one["guid"], one["id"]) for one in updated] == [(1, "a", 1), (0, "b", 9)]
    assert "9" in updated[1]["message"]
    deleted = delete(forcemanager, [{"guid": "c", "id": 2}]).raise_for_status().json()
    assert deleted == [{"code": 1, "guid": "c", "id": 2, "message": "Entity delete success"}]
    rows = forcemanager.account_rows()
    assert [(row["id"], row.get("city"), row["deleted"]) for row in rows] == [
        (1, "Leeds", False),
        (2, None, True),
        (3, None, False),
    ]


def test_bad_items_fail_alone(forcemanager: ForceManagerClient) -> None:
    """A bad item says what is wrong, the others are written."""
    batch = [
        *items(forcemanager, 2),
        {"guid": "bad", "data": forcemanager.account(name="")},
        "nonsense",
        {"guid": "none"},
    ]
    outcomes = forcemanager.http.post("accounts/bulk", json=batch).raise_for_status().json()
    assert [one["code"] for one in outcomes] == [1, 1, 0, 0, 0]
    assert "name" in outcomes[2]["message"]
    assert len(forcemanager.account_rows()) == 2


def test_all_or_nothing(forcemanager: ForceManagerClient) -> None:
    """Some tenants refuse a batch for one bad item."""
    forcemanager.control.configure(bulk_all_or_nothing=True)
    batch = [*items(forcemanager, 2), {"guid": "bad", "data": {}}]
    assert forcemanager.http.post("accounts/bulk", json=batch).status_code == 400
    assert forcemanager.account_rows() == []
    assert len(forcemanager.http.post("accounts/bulk", json=batch[:2]).json()) == 2


def test_limits(forcemanager: ForceManagerClient) -> None:
    """200 may be created or updated, 120 deleted at once."""
    assert forcemanager.http.post("accounts/bulk", json=items(forcemanager, 201)).status_code == 400
    assert forcemanager.account_rows() == []
    forcemanager.http.post("accounts/bulk", json=items(forcemanager, 200)).raise_for_status()
    body = [{"guid": str(key), "id": key} for key in range(1, 122)]
    assert delete(forcemanager, body).status_code == 400
    assert {one["code"] for one in delete(forcemanager, body[:120]).json()} == {1}
    assert forcemanager.http.post("accounts/bulk", json={"guid": "x"}).status_code == 400
    assert forcemanager.http.post("accounts/bulk", content=b"[").status_code == 400


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_refused_bulk(forcemanager: ForceManagerClient, status: int) -> None:
    """A tenant may refuse bulk calls of a resource and method; single calls go on."""
    forcemanager.control.configure(bulk_refused={"accounts.bulkCreate": status})
    assert forcemanager.http.post("accounts/bulk", json=items(forcemanager, 1)).status_code == status
    forcemanager.create()
    assert forcemanager.http.put("accounts/bulk", json=[{"guid": "a", "id": 1, "data": {}}]).status_code == 200


def test_token_bucket() -> None:
    """A bucket lets the burst pass at once and then one request in each interval."""
    now = 0.0
    bucket = TokenBucket(rate=4, burst=2, clock=lambda: now)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0.25]
    now = 0.25
    assert [bucket.take() for _ in range(2)] == [0, 0.25]
    now = 100
    assert [bucket.take() for _ in range(3)] == [0, 0, 0.25]


def test_rate_limit(simulators: Simulators) -> None:
    """Each key pair has a limit of its own; who exceeds it gets 429, with or without Retry-After."""
    server = simulators.forcemanager
    server.control.add_keys({f"more-{time.monotonic_ns()}": "p"})
    public = server.control.tenants()[0]["keys"][-1]
    server.control.configure(requests_per_second=0.1, burst=3)
    with httpx.Client(base_url=server.url) as http:

        def login(public_key: str, private_key: str) -> str:
            body = {"username": public_key, "password": private_key}
            return str(http.post("login", json=body).raise_for_status().json()["token"])

        mine = {"X-Session-Key": login(server.public_key, server.private_key)}
        answers = [http.get("users", headers=mine) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
        other = {"X-Session-Key": login(public, "p")}
        assert http.get("users", headers=other).status_code == 200
        counters = server.control.counters()
        assert (counters.throttled, counters.by_status["429"]) == (1, 1)
        server.control.configure(tell_retry_after=False, burst=1)
        answers = [http.get("users", headers=mine) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert "retry-after" not in answers[-1].headers
