"""How integrations and the operator itself end, and begin again."""

import asyncio
from copy import deepcopy
from datetime import timedelta

import pytest

from .conftest import Make, proven

pytestmark = pytest.mark.looptime

UID = "uid-of-acme"
GRACE = timedelta(seconds=25)


async def test_leaving_ends_the_run_before_it_returns(make: Make) -> None:
    """Batches in hand end with their outcomes; afterwards nothing of it is under way, and nothing starts again."""
    operator = make(accounts=60)
    await operator.apply()
    await operator.until(lambda: bool(operator.connector.tenant.records["accounts"]))  # type: ignore[index]
    await operator.coordinator.leave(UID)
    assert operator.connector.on.total() == 0
    assert not operator.disk.sent
    assert operator.runs() == ["Stopped"]
    await operator.go_on(60)
    assert operator.runs() == ["Stopped"]


async def test_leaving_does_not_wait_for_a_run_that_hangs(make: Make) -> None:
    """After ten seconds it is ended by force."""
    operator = make()
    operator.connector.hooks["acme"] = asyncio.Event().wait
    await operator.apply()
    await operator.until(lambda: operator.connector.on.total() == 1)
    before = operator.clock.now
    await operator.coordinator.leave(UID)
    assert operator.connector.on.total() == 0
    assert operator.clock.now - before < timedelta(seconds=12)


async def test_leaving_takes_back_a_run_that_waits_for_its_turn(make: Make) -> None:
    """At once, and the limit is not used up by it."""
    operator = make(limit=1)
    gate = asyncio.Event()
    operator.connector.hooks["other"] = gate.wait
    await operator.apply("other")
    await operator.apply()
    before = operator.clock.now
    await operator.coordinator.leave(UID)
    assert operator.clock.now - before < timedelta(seconds=1)
    del operator.connector.hooks["other"]
    gate.set()
    await operator.apply("third")
    await operator.until(lambda: operator.reason("third") == "Succeeded")
    assert operator.runs() == []


async def test_forgetting_releases_the_claims(make: Make) -> None:
    """Another integration may then have the records; series of the object are gone."""
    operator = await proven(make)
    del operator.kube.objects["acme"]
    await operator.coordinator.forget(UID, "crm/acme")
    assert operator.disk.released == ["crm/acme"]
    assert list(operator.coordinator.samples()) == []


async def test_an_object_made_anew_keeps_the_claims(make: Make) -> None:
    """When another object of the same name is there already, the late news of the first one's end takes nothing."""
    operator = await proven(make)
    shown = operator.kube.objects["acme"]
    shown["metadata"] |= {"uid": "uid-of-the-next", "generation": 1}
    await operator.look()
    await operator.coordinator.forget(UID, "crm/acme")
    assert operator.disk.released == []
    assert len(list(operator.coordinator.samples())) == 1


async def test_a_late_look_does_not_revive_what_is_gone(make: Make) -> None:
    """A look that was under way, or a heartbeat that comes too late, starts no run of a deleted integration."""
    operator = make()
    shown = deepcopy(operator.kube.apply())
    late = asyncio.create_task(operator.coordinator.look(shown))
    await operator.coordinator.forget(UID, "crm/acme")
    await late
    await operator.coordinator.look(shown)
    await asyncio.sleep(30)
    assert operator.runs() == []
    assert operator.connector.connections == []


async def test_an_object_that_is_gone_stops_the_writing(make: Make) -> None:
    """A 404 of the API server is believed: nothing more is started or written."""
    operator = await proven(make)
    shown = deepcopy(operator.kube.objects["acme"])
    del operator.kube.objects["acme"]
    await asyncio.sleep(1000)
    await operator.coordinator.look(shown)
    await operator.until(lambda: len(operator.runs()) == 2 and "on" not in operator.runs())
    for _ in range(10):
        await asyncio.sleep(1000)
        await operator.coordinator.look(shown)
    assert len(operator.runs()) == 2


async def test_closing_lets_batches_in_hand_end(make: Make) -> None:
    """The ledger has the outcome of all that was sent, and the status tells of the run that ended."""
    operator = make(accounts=60)
    await operator.apply()
    await operator.until(lambda: bool(operator.connector.tenant.records["accounts"]))  # type: ignore[index]
    before = operator.clock.now
    await operator.coordinator.close(GRACE)
    assert operator.clock.now - before < GRACE
    assert not operator.disk.sent
    assert operator.runs() == ["Stopped"]
    assert "currentRun" not in operator.status()
    assert operator.status()["lastRun"]["accounts"]["added"] > 0


async def test_closing_keeps_within_the_grace_period(make: Make) -> None:
    """Runs that hang are ended, runs that wait never start, however many there are."""
    operator = make(limit=3)
    for number in range(10):
        operator.connector.hooks[f"acme-{number}"] = asyncio.Event().wait
        await operator.apply(f"acme-{number}")
    await operator.until(lambda: operator.connector.on.total() == 3)
    before = operator.clock.now
    await operator.coordinator.close(GRACE)
    assert operator.clock.now - before <= GRACE + timedelta(seconds=1)
    assert operator.connector.on.total() == 0
    assert len(operator.connector.connections) == 3
    await operator.look()
    assert operator.connector.on.total() == 0


async def test_closing_waits_for_the_final_status(make: Make) -> None:
    """A run that has just ended has its status written before the process ends."""
    operator = make(accounts=3)
    await operator.apply()
    await operator.until(lambda: operator.runs() == ["Succeeded"])
    await operator.coordinator.close(GRACE)
    assert operator.reason() == "Succeeded"


async def test_a_restart_runs_nothing_that_is_not_due(make: Make) -> None:
    """The status and the ledger say that all was handled: no run, no write, before the next moment."""
    operator = await proven(make)
    await operator.go_on(900)
    await operator.coordinator.close(GRACE)
    runs, writes = operator.runs(), operator.kube.writes.total()
    operator.restart()
    await operator.look()
    await asyncio.sleep(5)
    assert operator.runs() == runs
    assert operator.kube.writes.total() == writes
    await operator.go_on(900)
    assert len(operator.runs()) == len(runs) + 1


async def test_a_restart_goes_on_with_an_interrupted_run_at_once(make: Make) -> None:
    """What was stopped by the end of the process is finished by the next one, and proves its generation."""
    operator = make(accounts=60)
    await operator.apply()
    await operator.until(lambda: bool(operator.connector.tenant.records["accounts"]))  # type: ignore[index]
    await operator.coordinator.close(GRACE)
    operator.restart()
    await operator.look()
    await operator.until(lambda: operator.reason() == "Succeeded")
    assert len(operator.connector.tenant.records["accounts"]) == 60  # type: ignore[index]
    assert operator.runs() == ["Stopped", "Succeeded"]


async def test_a_restart_while_stalled_for_a_secret_waits_for_a_change(make: Make) -> None:
    """The operator's start is no correction; one that comes after it is noticed at once."""
    operator = make()
    del operator.kube.secrets["forcemanager"]
    await operator.apply()
    await operator.until(lambda: operator.reason() == "SecretNotFound")
    await operator.coordinator.close(GRACE)
    operator.restart()
    await operator.go_on(120)
    assert operator.runs() == ["Failed"]
    await operator.put_secret("forcemanager", "7")
    await operator.until(lambda: operator.reason() == "Succeeded", within=10)
