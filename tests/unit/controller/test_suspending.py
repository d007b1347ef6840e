"""Integrations that are suspended: by hand, until a time, and what comes meanwhile."""

from datetime import timedelta

import pytest

from .conftest import Make, proven

pytestmark = pytest.mark.looptime


async def test_suspending_ends_the_run_and_says_so(make: Make) -> None:
    """After the batches in hand; then no run starts until it is resumed, which runs at once."""
    operator = make(accounts=60)
    await operator.apply()
    await operator.until(lambda: bool(operator.connector.tenant.records["accounts"]))  # type: ignore[index]
    await operator.apply(suspend=True, suspendReason="Migration.")
    await operator.until(lambda: operator.condition("Suspended") is not None)
    await operator.until(lambda: operator.status()["observedGeneration"] == 2)
    assert operator.runs() == ["Stopped"]
    assert not operator.disk.sent
    told = operator.status()
    assert "currentRun" not in told
    assert "nextSyncTime" not in told
    assert told["phase"] == "Paused"
    assert operator.condition("Suspended")["message"] == "Migration."  # type: ignore[index]
    await operator.go_on(3600)
    assert operator.runs() == ["Stopped"]
    await operator.apply(suspend=False)
    await operator.until(lambda: operator.reason() == "Succeeded")
    assert len(operator.connector.tenant.records["accounts"]) == 60  # type: ignore[index]
    assert operator.event_reasons() == ["Suspended", "Resumed", "Synchronized"]


async def test_a_token_that_comes_while_suspended_is_answered_after_resuming(make: Make) -> None:
    """No run starts for it before, and the first one after answers it."""
    operator = await proven(make)
    await operator.apply(suspend=True)
    await operator.apply(token="later")
    await operator.go_on(60)
    assert "lastHandledReconcileAt" not in operator.status()
    await operator.apply(suspend=False)
    await operator.until(lambda: operator.status().get("lastHandledReconcileAt") == "later")
    assert len(operator.runs()) == 2


async def test_what_is_suspended_until_a_time_resumes_by_itself(make: Make) -> None:
    """It says until when, in the condition and as the next run; then it runs at once, though the spec still says so."""
    operator = await proven(make)
    until = operator.clock.now + timedelta(hours=20)
    await operator.apply(suspend=True, suspendUntil=until.isoformat(), suspendReason="Stocktaking.")
    suspended = operator.condition("Suspended")
    assert suspended is not None
    assert suspended["reason"] == "Scheduled"
    assert suspended["message"] == f"Stocktaking. It resumes by itself at {until:%Y-%m-%dT%H:%M:%SZ}."
    assert operator.status()["nextSyncTime"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    await operator.go_on(20 * 3600 - 60, heartbeat=60)
    assert operator.runs() == ["Succeeded"]
    await operator.go_on(90)
    assert operator.runs() == ["Succeeded", "Succeeded"]
    assert operator.condition("Suspended") is None
    assert operator.reason() == "Succeeded"


async def test_a_restart_while_suspended_until_a_time_keeps_to_it(make: Make) -> None:
    """The new process runs when the time has come, at once even if its next moment is later."""
    operator = await proven(make)
    until = operator.clock.now + timedelta(hours=2)
    await operator.apply(suspend=True, suspendUntil=until.isoformat(), interval="24h")
    await operator.coordinator.close(timedelta(seconds=5))
    operator.restart()
    await operator.go_on(3600, heartbeat=60)
    assert operator.runs() == ["Succeeded"]
    await operator.go_on(3700, heartbeat=60)
    assert operator.runs() == ["Succeeded", "Succeeded"]
