"""The coordinator: what it starts, stops and leaves alone, in the event loop's own time."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest

from sage_operator.controller.referents import ReferentKind
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import CredentialsRejected, KubernetesUnavailable, System, Unavailable

from .conftest import Make
from .surroundings import Surroundings, secret_named

pytestmark = pytest.mark.looptime


async def proven(make: Make, **arguments: Any) -> Surroundings:
    """Return an operator with one integration whose first run went well."""
    operator = make(**arguments)
    await operator.apply()
    await operator.until(lambda: operator.reason() == "Succeeded")
    return operator


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


async def test_a_secret_that_is_there_at_last_runs_a_stalled_integration(make: Make) -> None:
    """At once, and a Secret that stays missing runs nothing."""
    operator = make()
    del operator.kube.secrets["sage"]
    await operator.apply()
    await operator.until(lambda: operator.reason() == "SecretNotFound")
    await operator.go_on(300)
    assert operator.runs() == ["Failed"], "a Secret that is missing is no change of it"
    await operator.put_secret("sage", "2")
    await operator.until(lambda: operator.reason() == "Succeeded", within=10)
    assert operator.triggers() == ["Generation", "Secret"]


async def test_a_rotated_secret_is_used_at_once(make: Make) -> None:
    """By one run, although the same version is told twice, and one of another integration's Secret by none."""
    operator = await proven(make)
    for name, version in (("forcemanager", "2"), ("forcemanager", "2"), ("of-somebody-else", "3")):
        await operator.put_secret(name, version)
    await operator.until(lambda: len(operator.runs()) == 2, within=10)
    await operator.go_on(60)
    assert operator.triggers() == ["Generation", "Secret"]


async def test_a_deleted_secret_stalls(make: Make) -> None:
    """At once, with the remedy, rather than at the next run; the one that is created anew heals it."""
    operator = await proven(make)
    await operator.put_secret("sage", "")
    await operator.until(lambda: operator.reason() == "SecretNotFound", within=10)
    stalled = operator.condition("Stalled")
    assert stalled is not None
    assert "Create the Secret" in stalled["message"]
    await operator.put_secret("sage", "9")
    await operator.until(lambda: operator.reason() == "Succeeded", within=10)


async def test_a_secret_that_changes_during_a_run_is_used_by_another_one(make: Make) -> None:
    """The run has read the old one: what it ends with says nothing of the new one."""
    operator = make(accounts=60)
    await operator.apply()
    await operator.until(lambda: bool(operator.connector.tenant.records["accounts"]))  # type: ignore[index]
    await operator.put_secret("sage", "2")
    await operator.until(lambda: operator.runs() == ["Succeeded", "Succeeded"])
    assert operator.triggers() == ["Generation", "Secret"]


async def test_a_watch_that_lags_behind_runs_nothing(make: Make) -> None:
    """A version older than the one that the run has read is no news."""
    operator = make()
    operator.kube.secrets["sage"] = "12"
    await operator.apply()
    await operator.until(lambda: operator.reason() == "Succeeded")
    await operator.coordinator.referent_seen(secret_named("sage"), "9")
    await operator.go_on(60)
    assert operator.runs() == ["Succeeded"]


async def test_a_list_tells_what_a_broken_watch_has_missed(make: Make) -> None:
    """A Secret that is not in the list is gone; one in another namespace is nobody's business."""
    operator = await proven(make)
    here, there = {secret_named("sage"): "1", secret_named("forcemanager"): "1"}, ReferentKind.SECRET
    await operator.coordinator.referents_listed(there, "crm", here)
    await operator.coordinator.referents_listed(there, "elsewhere", {})
    await operator.go_on(30)
    assert operator.runs() == ["Succeeded"]
    del operator.kube.secrets["sage"], here[secret_named("sage")]
    await operator.coordinator.referents_listed(there, None, here)
    await operator.until(lambda: operator.reason() == "SecretNotFound", within=10)


async def test_a_changed_config_map_is_used_at_once(make: Make) -> None:
    """It is part of the field map: a Replan writes what differs; one that is missing stalls with its name."""
    operator = make(accounts=3)
    await operator.apply(accounts={"fieldsFrom": [{"configMapRef": {"name": "maps", "key": "accounts"}}]})
    await operator.until(lambda: operator.reason() == "InvalidFieldMap")
    stalled = operator.condition("Stalled")
    assert stalled is not None
    assert "ConfigMap maps/accounts" in stalled["message"]
    for number, comment in enumerate(("first", "second"), start=1):
        await operator.put_config_map("maps", str(number), accounts=f"- {{target: comment, value: {comment}}}")
        await operator.until(lambda number=number: operator.runs().count("Succeeded") == number)  # type: ignore[misc]
        told = {record["comment"] for record in operator.connector.tenant.records[Entity.ACCOUNTS].values()}
        assert told == {comment}
    assert operator.triggers() == ["Generation", "ConfigMap", "ConfigMap"]
    assert operator.status()["lastRun"]["mode"] == "Replan"


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
