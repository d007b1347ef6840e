import asyncio
from typing import Any

import pytest

from sage_operator.forcemanager import ForceManagerAccess, Keys
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import CredentialsRejected, HostNotAllowed, SchemaMismatch, Unavailable

HOUR = 3600


def logins(crm: Any) -> int:
    """Count the sign-ins that the simulator saw."""
    return int(crm.control.counters().by_operation.get("login", 0))


async def test_fifty_runs_sign_in_and_read_the_users_once(crm: Any) -> None:
    """Those who share a tenant share session and users; the one that fetched has counted the requests."""
    targets = [crm.connect() for _ in range(50)]
    found = await asyncio.gather(*(target.identify() for target in targets))
    assert set(found) == {"1011@2021-03-01T09:01:00Z"}
    assert crm.control.counters().by_operation == {"login": 1, "users.list": 1}
    assert sum(target.requests for target in targets) == 2


async def test_an_expired_session_is_renewed_once_for_all(crm: Any) -> None:
    """Eight calls that are refused with 401 at the same time sign in once and all succeed."""
    target = crm.connect()
    await target.identify()
    crm.control.expire_sessions()
    names = [
        "branches",
        "countries",
        "currencies",
        "accountTypes",
        "accountStatuses",
        "accountSegments",
        "contactTypes",
    ]
    lists = await asyncio.gather(*(target.value_list(name) for name in names), target.schema(Entity.ACCOUNTS))
    assert all(lists)
    assert logins(crm) == 2


async def test_a_refused_new_session_is_told(crm: Any) -> None:
    """401 after a fresh sign-in is no reason for a third one."""
    crm.control.add_fault(operation="users.list", status=401)
    with pytest.raises(CredentialsRejected, match="just opened"):
        await crm.connect().identify()
    assert logins(crm) == 2


async def test_a_session_is_renewed_after_twelve_hours(crm: Any, time: Any) -> None:
    """Before that it is kept from run to run."""
    await crm.connect().identify()
    time.now += 12 * HOUR - 60
    await crm.connect().identify()
    assert logins(crm) == 1
    time.now += 60
    await crm.connect().identify()
    assert logins(crm) == 2


async def test_wrong_keys_are_rejected_without_being_told(crm: Any, access: ForceManagerAccess) -> None:
    """The message has no key, and they are not kept; the right ones work at once."""
    with pytest.raises(CredentialsRejected) as caught:
        await crm.connect(private_key="wrong-key").identify()
    assert "wrong-key" not in str(caught.value)
    assert crm.server.public_key not in str(caught.value)
    assert "wrong-key" not in next(iter(access._tenants.values()))._sessions
    assert await crm.connect().identify()


async def test_wrong_keys_get_nothing_from_the_cache(crm: Any) -> None:
    """Who knows the public key only sees nothing of the tenant, though others have filled its caches."""
    right, wrong = crm.connect(), crm.connect(private_key="wrong-key")
    await right.identify()
    await right.value_list("branches")
    await right.schema(Entity.ACCOUNTS)
    for ask in (
        wrong.identify,
        wrong.users,
        lambda: wrong.value_list("branches"),
        lambda: wrong.schema(Entity.ACCOUNTS),
        lambda: wrong.find(Entity.ACCOUNTS, ["a"]),
    ):
        with pytest.raises(CredentialsRejected):
            await ask()


async def test_a_rotated_private_key_replaces_the_session_when_it_works(crm: Any) -> None:
    """Until then the old session goes on; afterwards nobody signs in again."""
    old = crm.connect()
    await old.identify()
    with pytest.raises(CredentialsRejected):
        await crm.connect(private_key="not-yet").identify()
    assert await crm.connect().identify()
    assert logins(crm) == 2
    crm.rotate("rotated")
    try:
        assert await crm.connect(private_key="rotated").identify()
        assert logins(crm) == 3
        assert await crm.connect(private_key="rotated").users()
        assert await old.value_list("branches")
        assert logins(crm) == 3
        with pytest.raises(CredentialsRejected):
            await crm.connect().identify()
    finally:
        crm.rotate()


async def test_key_pairs_share_nothing(crm: Any) -> None:
    """Another public key is another session, and another tenant's caches."""
    crm.control.add_keys({"second-public": "second-private"})
    await crm.connect().identify()
    await crm.connect(public_key="second-public", private_key="second-private").identify()
    assert crm.control.counters().by_operation == {"login": 2, "users.list": 2}


async def test_a_url_without_the_api_is_told(crm: Any, access: ForceManagerAccess) -> None:
    """The remedy names the field of the spec."""
    keys = Keys(public_key=crm.server.public_key, private_key=crm.server.private_key)
    with (
        access.connect(url=crm.server.url + "/nowhere", keys=keys, requests_per_second=13) as target,
        pytest.raises(SchemaMismatch, match=r"spec\.forceManager\.url"),
    ):
        await target.identify()


async def test_a_host_that_is_not_allowed_is_refused_before_anything_is_sent(access: ForceManagerAccess) -> None:
    """Connecting is refused already."""
    with pytest.raises(HostNotAllowed):
        access.connect(
            url="https://evil.example/api", keys=Keys(public_key="p", private_key="q"), requests_per_second=4
        )


async def test_an_outage_at_the_sign_in_passes(crm: Any) -> None:
    """503 is tried again, and told as an outage when it stays."""
    crm.control.add_fault(operation="login", status=503, times=2)
    await crm.connect().identify()
    assert logins(crm) == 3
    crm.control.expire_sessions()
    crm.control.add_fault(operation="login", status=503)
    with pytest.raises(Unavailable):
        await crm.connect().value_list("branches")


async def test_tenants_that_nobody_uses_any_more_are_forgotten(crm: Any, access: ForceManagerAccess, time: Any) -> None:
    """A key pair that was replaced leaves nothing behind after a day; one in use stays."""
    with crm.connect():
        time.now += 40 * HOUR
        with crm.connect(public_key="other"):
            assert len(access._tenants) == 2
    time.now += 40 * HOUR
    with crm.connect(public_key="new"):
        assert [key for _, key in access._tenants] == ["new"]
