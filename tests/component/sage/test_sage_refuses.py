import asyncio

import pytest

from sage_operator.simulators import Simulators
from sage_operator.sync.errors import (
    CredentialsRejected,
    HostNotAllowed,
    InvalidFieldMap,
    QuotaExhausted,
    SchemaMismatch,
    Unavailable,
)
from sage_operator.telemetry.metrics import METRICS

from .sage_organisation import Connect, Organisation, accounts, read


def quota(host: str) -> float | None:
    """Return what the metrics say is left of an organisation's allowance."""
    return METRICS.registry.get_sample_value("sage_quota_remaining_ratio", {"system": "sage", "host": host})


async def test_a_session_that_expires_is_renewed_once(connect: Connect, sage: Organisation) -> None:
    """A run whose session ends in the middle signs in again and goes on; every request is counted."""
    source = connect()
    await source.identify()
    sage.control.expire_sessions()
    assert len(await read(source, accounts())) == len(sage.rows("Account"))
    assert sage.requests() == {"token": 2, "query": 3}
    assert source.requests == 5


async def test_runs_share_a_sign_in(connect: Connect, sage: Organisation) -> None:
    """Runs that need a session at the same time sign in once, at the start and after an expiry."""
    await asyncio.gather(*(connect().identify() for _ in range(8)))
    assert sage.requests()["token"] == 1
    sage.control.expire_sessions()
    sources = [connect() for _ in range(8)]
    await asyncio.gather(*(source.identify() for source in sources))
    assert sage.requests()["token"] == 2
    assert sum(source.requests for source in sources) == 8 + 8 + 1  # refused, repeated, and one sign-in


async def test_a_session_that_is_never_accepted_ends_the_run(connect: Connect, sage: Organisation) -> None:
    """After one renewal in vain the credentials count as rejected; it is not tried for ever."""
    sage.control.add_fault(operation="query", status=401)
    with pytest.raises(CredentialsRejected, match="just given"):
        await connect().identify()
    assert sage.requests() == {"token": 2, "query": 2}


async def test_a_wrong_secret_is_told_with_salesforces_code(connect: Connect, sage: Organisation) -> None:
    """A wrong secret is rejected with code and remedy and without the secret; the right one works at once."""
    with pytest.raises(CredentialsRejected, match="invalid_client") as caught:
        await connect(secret="demo-wrong-secret").identify()
    assert "clientSecret" in caught.value.remedy
    assert "demo-wrong-secret" not in str(caught.value)
    assert await connect().identify()
    assert sage.requests() == {"token": 2, "query": 1}


async def test_a_rotation_that_was_wrong_leaves_the_old_session_alone(connect: Connect, sage: Organisation) -> None:
    """Put back, the old secret goes on with the session that it had, without another sign-in."""
    await connect().identify()
    with pytest.raises(CredentialsRejected):
        await connect(secret="demo-wrong-secret").identify()
    tokens = sage.requests()["token"]
    await connect().identify()
    assert sage.requests()["token"] == tokens


async def test_a_wrong_secret_is_not_sent_once_a_run(connect: Connect, sage: Organisation) -> None:
    """Runs that start together share the refusal, so that a wrong secret does not exhaust the login rate."""
    results = await asyncio.gather(*(connect(secret="demo-wrong").identify() for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [CredentialsRejected] * 5
    assert sage.requests() == {"token": 1}


async def test_a_cancelled_run_does_not_spoil_the_sign_in_of_others(connect: Connect, sage: Organisation) -> None:
    """The run that began a sign-in may be cancelled; those that wait for the same one get their session."""
    sage.control.add_fault(operation="token", latency_ms=200)
    first, second = (asyncio.create_task(connect().identify()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    assert first.cancelled()
    assert sage.requests()["token"] == 1


async def test_an_unknown_host_is_unavailable(connect: Connect) -> None:
    """A host that has no address says so, with a remedy."""
    with pytest.raises(Unavailable, match=r"host name that is not known. Check the URL"):
        await connect(url="http://no-such-organisation.invalid").identify()


async def test_a_host_that_is_not_allowed_is_not_asked(connect: Connect, sage: Organisation) -> None:
    """The allow-list holds before the secret is sent."""
    source = connect(url=sage.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(HostNotAllowed):
        await source.identify()
    assert source.requests == 0
    assert sage.requests() == {}


async def test_a_host_that_is_no_salesforce_is_told(connect: Connect, running: Simulators) -> None:
    """Another system's answer to a sign-in is no question of credentials: the URL is wrong."""
    with pytest.raises(SchemaMismatch, match="My Domain"):
        await connect(url=running.forcemanager.url).identify()


@pytest.mark.parametrize("version", ["99.0", "20.0"])
async def test_a_version_that_is_not_offered_is_told(connect: Connect, version: str) -> None:
    """An API version that is too new or retired: the message names it and the range that there is."""
    with pytest.raises(SchemaMismatch, match=rf"version {version}. It offers 31.0 to 67.0.*spec.sage.apiVersion"):
        await connect(api_version=version).identify()


async def test_a_used_up_allowance_is_told_and_measured(connect: Connect, sage: Organisation) -> None:
    """What is left of the day's requests is in the metrics; when nothing is left the run ends with QuotaExhausted."""
    sage.control.configure(daily_requests=10)
    sage.control.use_requests(4)
    source = connect()
    await source.identify()
    host = sage.url.removeprefix("http://")
    assert quota(host) == pytest.approx(0.5)
    sage.control.use_requests(10)
    with pytest.raises(QuotaExhausted):
        await read(source, accounts())
    assert quota(host) == 0


async def test_too_many_long_requests_pass_by_themselves(connect: Connect, sage: Organisation) -> None:
    """The other limit with the same code is a passing one."""
    sage.control.add_fault(operation="query", status=403)
    with pytest.raises(Unavailable, match="too many long API requests"):
        await connect().identify()


async def test_a_hidden_field_is_named(connect: Connect, sage: Organisation) -> None:
    """A field that does not exist, or is hidden, is named with what to do; so is a parent that does not exist."""
    sage.control.configure(hidden_fields={"Account": ["Fax"]})
    source = connect()
    for field, named in (("Fax", "Fax on Account"), ("Nope__c", "Nope__c on Account"), ("Owner.Nope", "Nope on User")):
        with pytest.raises(InvalidFieldMap, match=f"has no field {named}") as caught:
            await read(source, accounts("Phone", field))
        assert "Field Permissions" in caught.value.remedy
    with pytest.raises(InvalidFieldMap, match="knows no parent Nope__r"):
        await read(source, accounts("Nope__r.Name"))


async def test_a_hidden_object_and_a_disabled_api_are_told(connect: Connect, sage: Organisation) -> None:
    """A missing object is a mismatch of the set-up; a disabled API is a missing right; each has a remedy."""
    sage.control.configure(hidden_objects=["Account"])
    with pytest.raises(SchemaMismatch, match=r"lacks an object.*permission set"):
        await read(connect(), accounts())
    sage.control.configure(hidden_objects=[], api_disabled=True)
    with pytest.raises(CredentialsRejected, match="API Enabled"):
        await connect().identify()
