"""The coordinator: what it starts, stops and leaves alone, in the event loop's own time."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest

from sage_operator.sync.errors import CredentialsRejected, KubernetesUnavailable, System, Unavailable

from .conftest import Make, proven

pytestmark = pytest.mark.looptime


async def test_a_new_integration_is_run_at_once_and_says_so(make: Make) -> None:
    """First Unknown and Reconciling with the run that is on, then Ready with what it did."""
    operator = make(accounts=9)
    await operator.apply()
    await operator.until(lambda: operator.reason() == "Initializing")
    assert operator.status()["currentRun"]["trigger"] == "Generation"
    assert operator.condition("Reconciling") is not None
    await operator.until(lambda: operator.reason() == "Succeeded")
    told = operator.status()
    assert "currentRun" not in told
    assert told["lastRun"]["accounts"]["added"] == 9
    assert told["observedGeneration"] == 1
    assert operator.event_reasons() == ["Synchronized"]


async def test_progress_is_told_every_five_seconds(make: Make) -> None:
    """A long run shows how far it has come, and no more often than that."""
    operator = make(accounts=60, pace=1)
    await operator.apply()
    seen: set[int] = set()
    for _ in range(200):
        await asyncio.sleep(1)
        seen.add(operator.status().get("currentRun", {}).get("done", 0))
        if operator.reason() == "Succeeded":
            break
    assert len(seen) > 4
    (_, started), ended = operator.connector.connections[0], operator.clock.now
    assert operator.kube.writes["acme"] <= (ended - started).total_seconds() / 5 + 3


async def test_routine_runs_come_by_the_schedule_and_touch_no_condition(make: Make) -> None:
    """One run an interval, at its own moments, one status write each, and no event."""
    operator = await proven(make)
    await operator.go_on(900)
    before, events = operator.status()["conditions"], len(operator.kube.events)
    runs, writes = len(operator.runs()), operator.kube.writes["acme"]
    await operator.go_on(4 * 900)
    assert len(operator.runs()) - runs == 4
    assert operator.kube.writes["acme"] - writes == 4
    assert operator.status()["conditions"] == before
    assert len(operator.kube.events) == events
    moments = [at for _, at in operator.connector.connections][-4:]
    for earlier, later in itertools.pairwise(moments):
        assert abs(later - earlier - timedelta(minutes=15)) <= timedelta(seconds=11)


async def test_a_look_when_nothing_is_due_does_nothing(make: Make) -> None:
    """No request to the API server, none to the remotes."""
    operator = await proven(make)
    writes, connections = operator.kube.writes.total(), len(operator.connector.connections)
    for _ in range(20):
        await operator.look()
    assert operator.kube.writes.total() == writes
    assert len(operator.connector.connections) == connections


async def test_one_run_an_integration_at_a_time(make: Make) -> None:
    """However often it is looked at, at once and in all ways."""
    operator = make(accounts=20)
    operator.kube.apply()
    for number in range(10):
        operator.kube.apply(token=str(number))
        await asyncio.gather(*(operator.look() for _ in range(5)))
        await asyncio.sleep(0.3)
    await operator.until(lambda: operator.status().get("lastHandledReconcileAt") == "9")
    assert operator.connector.most_on == 1


async def test_the_global_limit_holds_and_all_come_to_their_turn(make: Make) -> None:
    """Twenty integrations with a limit of three are all run, three at a time."""
    operator = make(limit=3)
    for number in range(20):
        operator.kube.apply(f"acme-{number}")
    await operator.look()
    await operator.until(lambda: all(operator.reason(name) == "Succeeded" for name in operator.kube.objects))
    assert operator.connector.most_on == 3
    assert all(operator.runs(name) == ["Succeeded"] for name in operator.kube.objects)


async def test_a_new_generation_stops_the_run_and_runs_again(make: Make) -> None:
    """What was under way ends after its batches; the new spec is run without waiting for a heartbeat."""
    operator = make(accounts=40)
    await operator.apply()
    await operator.until(lambda: bool(operator.disk.scopes))
    await operator.apply(timeout="5m")
    await operator.until(lambda: operator.reason() == "Succeeded" and operator.status()["observedGeneration"] == 2)
    assert operator.runs() == ["Stopped", "Succeeded"]
    assert operator.triggers() == ["Generation", "Generation"]
    assert len(operator.connector.tenant.records["accounts"]) == 40  # type: ignore[index]


async def test_a_generation_that_waits_for_its_turn_is_run_once(make: Make) -> None:
    """The spec is taken in when the run starts, not when it was asked for."""
    operator = make(limit=1, accounts=20)
    await operator.apply("other")
    await operator.apply()
    for minutes in range(1, 5):
        await operator.apply(timeout=f"{minutes}m")
    await operator.until(lambda: operator.reason() == "Succeeded")
    await operator.go_on(30)
    assert operator.runs() == ["Succeeded"]
    assert operator.status()["observedGeneration"] == 5


async def test_a_request_during_a_run_is_run_once_more_after_it(make: Make) -> None:
    """The token is taken when a run starts: one that comes later needs another run."""
    operator = await proven(make, accounts=20)
    await operator.apply(token="first")
    await operator.until(lambda: operator.connector.on.total() == 1)
    await operator.apply(token="second")
    await operator.apply(token="third")
    await operator.until(lambda: operator.status().get("lastHandledReconcileAt") == "third")
    assert operator.triggers() == ["Generation", "Request", "Request"]


async def test_a_token_is_handled_once_and_its_removal_asks_for_nothing(make: Make) -> None:
    """Neither the same token nor none starts a run; the status keeps the last one."""
    operator = await proven(make)
    await operator.apply(token="now")
    await operator.until(lambda: operator.status().get("lastHandledReconcileAt") == "now")
    await operator.apply(token="")
    await operator.go_on(60)
    await operator.apply(token="now")
    await operator.go_on(60)
    assert operator.triggers() == ["Generation", "Request"]
    assert operator.status()["lastHandledReconcileAt"] == "now"


async def test_an_outage_is_tried_again_with_growing_waits(make: Make) -> None:
    """It is an error, not a stall; the first success says Recovered, once."""
    operator = await proven(make)
    operator.connector.fails["acme"] = [Unavailable(System.SAGE, "It answered 503.") for _ in range(4)]
    await operator.apply(token="now")
    await operator.until(lambda: operator.reason() == "SageUnavailable")
    assert operator.condition("Stalled") is None
    assert operator.condition("Reconciling")["reason"] == "ProgressingWithRetry"  # type: ignore[index]
    await operator.go_on(1800)
    assert operator.reason() == "Succeeded"
    assert operator.event_reasons() == ["Synchronized", "SageUnavailable", "Recovered"]
    moments = [at for _, at in operator.connector.connections][1:6]
    waits = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(seconds=22)
    assert waits[-1] >= timedelta(minutes=3)


async def test_a_stalled_integration_is_tried_each_interval(make: Make) -> None:
    """And not more often: nothing happens until somebody corrects what the reason names."""
    operator = make()
    operator.connector.fails["acme"] = [CredentialsRejected("Sage refused the sign-in.") for _ in range(9)]
    await operator.apply()
    await operator.until(lambda: operator.reason() == "CredentialsRejected")
    assert operator.condition("Stalled") is not None
    await operator.go_on(3600)
    assert 4 <= len(operator.runs()) <= 6
    assert operator.event_reasons() == ["CredentialsRejected"]


async def test_a_corrected_spec_is_not_failed_before_it_was_tried(make: Make) -> None:
    """While its first run is on the new generation is in progress; the error of the old one is gone."""
    operator = make(accounts=30)
    operator.connector.fails["acme"] = [CredentialsRejected("Sage refused the sign-in.")]
    await operator.apply()
    await operator.until(lambda: operator.reason() == "CredentialsRejected")
    await operator.apply(timeout="5m")
    await operator.until(lambda: operator.status()["observedGeneration"] == 2)
    assert operator.reason() == "Initializing"
    assert operator.condition("Stalled") is None
    await operator.until(lambda: operator.reason() == "Succeeded")


async def test_an_error_of_the_old_generation_is_not_told_of_the_new_one(make: Make) -> None:
    """A run that fails after the spec has changed says nothing about the change."""
    operator = make()
    gate = asyncio.Event()

    async def refuse() -> str:
        await gate.wait()
        raise CredentialsRejected("Sage refused the sign-in.")

    operator.connector.hooks["acme"] = refuse
    await operator.apply()
    await operator.until(lambda: operator.connector.on.total() == 1)
    await operator.apply(timeout="5m")
    seen: list[tuple[int, str | None]] = []
    del operator.connector.hooks["acme"]
    gate.set()
    while operator.reason() != "Succeeded":
        seen.append((operator.status()["observedGeneration"], operator.reason()))
        await asyncio.sleep(0.002)
    assert (2, "CredentialsRejected") not in seen


@pytest.mark.parametrize(
    "problem", [KubernetesUnavailable("409 Conflict again and again."), OSError("unexpected"), ZeroDivisionError()]
)
async def test_a_status_that_cant_be_written_is_written_later(make: Make, problem: Exception) -> None:
    """The run goes on and ends; a look after the API server is back writes the newest status, events and all."""
    operator = make(accounts=30, pace=1)
    operator.kube.down = problem
    await operator.apply()
    await operator.until(lambda: operator.runs() == ["Succeeded"])
    await operator.go_on(30)
    assert operator.status() == {"observedGeneration": -1}
    operator.kube.down = None
    await operator.go_on(10)
    assert operator.reason() == "Succeeded"
    assert operator.status()["lastRun"]["accounts"]["added"] == 30
    assert operator.runs() == ["Succeeded"]


async def test_a_run_without_progress_is_stopped_and_says_so(make: Make) -> None:
    """After `timeout` it is told to stop; the condition and the history name it, and it is tried after a wait."""
    operator = make()
    forever = asyncio.Event()
    operator.connector.hooks["acme"] = forever.wait
    await operator.apply(timeout="2m")
    await operator.until(lambda: operator.reason() == "NoProgress", within=200)
    assert operator.runs()[0] in {"Failed", "on"}
    assert operator.status()["history"][0]["outcome"] == "NoProgress"
    assert "currentRun" not in operator.status()
    connections = len(operator.connector.connections)
    await operator.go_on(15)
    assert len(operator.connector.connections) == connections, "it was tried again without a wait"
    del operator.connector.hooks["acme"]
    await operator.go_on(120)
    assert operator.reason() == "Succeeded"
    assert operator.event_reasons() == ["NoProgress", "Recovered"]


@pytest.mark.parametrize("change", [{"suspend": True}, {"timeout": "5m"}])
async def test_a_run_that_does_not_stop_is_ended(make: Make, change: dict[str, Any]) -> None:
    """When suspended, or for a new generation: within half a minute and some, and its status is told."""
    operator = make()
    operator.connector.hooks["acme"] = asyncio.Event().wait
    await operator.apply()
    await operator.until(lambda: operator.connector.on.total() == 1)
    del operator.connector.hooks["acme"]
    await operator.apply(**change)
    await operator.until(lambda: operator.reason() in {"Suspended", "Succeeded"}, within=60)
    assert "currentRun" not in operator.status()
    assert operator.status()["history"][-1]["outcome"] == "Stopped"


async def test_a_crash_leaves_the_coordinator_usable(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in an attempt is told as a failed run, tried again after a wait, and others run meanwhile."""
    from sage_operator.controller import attempt  # noqa: PLC0415 - to be patched

    operator = make(limit=1)
    attempts: list[str] = []
    header = attempt.RunHeader

    def broken(**arguments: Any) -> Any:
        if arguments["integration"] == "crm/acme":
            attempts.append(arguments["integration"])
            raise ZeroDivisionError
        return header(**arguments)

    monkeypatch.setattr(attempt, "RunHeader", broken)
    await operator.apply()
    await operator.apply("other")
    await operator.until(lambda: operator.reason("other") == "Succeeded")
    await operator.go_on(15)
    assert len(attempts) == 1
    assert operator.reason() == "SyncFailed"
    assert "ZeroDivisionError" in operator.condition()["message"]  # type: ignore[index]
    monkeypatch.setattr(attempt, "RunHeader", header)
    await operator.go_on(60)
    assert operator.reason() == "Succeeded"


async def test_a_cancellation_from_below_is_a_failed_run(make: Make) -> None:
    """A library that cancels a run by mistake neither ends the integration's task nor goes unseen."""
    operator = make()

    async def cancelled() -> str:
        raise asyncio.CancelledError

    operator.connector.hooks["acme"] = cancelled
    await operator.apply()
    await operator.until(lambda: operator.reason() == "SyncFailed")
    del operator.connector.hooks["acme"]
    await operator.go_on(60)
    assert operator.reason() == "Succeeded"


async def test_a_ledger_that_is_down_at_first_sight_is_asked_again(make: Make) -> None:
    """No slot is made without knowing how the last run went."""
    from sage_operator.sync.errors import LedgerUnavailable  # noqa: PLC0415 - one test needs it

    operator = make()
    operator.ledger.broken = LedgerUnavailable("The disk is full.")
    await operator.apply()
    await operator.go_on(30)
    assert operator.runs() == []
    operator.ledger.broken = None
    await operator.go_on(20)
    assert operator.reason() == "Succeeded"


async def test_a_body_that_does_not_fit_is_left_alone(make: Make) -> None:
    """It is logged, and nothing else happens."""
    operator = make()
    await operator.coordinator.look({"metadata": {"name": "x", "namespace": "crm", "uid": "u"}, "spec": {"odd": 1}})
    await operator.coordinator.look({})
    assert list(operator.coordinator.samples()) == []
