"""The status: what a run did, in less than 8 KiB, without anybody's secrets."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sage_operator.controller import status
from sage_operator.controller.conditions import Situation
from sage_operator.resources import MAX_HISTORY, MAX_REJECTS, Phase, SageIntegrationStatus
from sage_operator.runner.progress import Progress
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, Mode, RecordStatus, Trigger
from sage_operator.sync.errors import CredentialsRejected, Stopped, SyncError, System, Unavailable
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.state import RejectGroup, Summary
from sage_operator.telemetry.redaction import protect

from .bodies import NOW, header, report

BLANK = SageIntegrationStatus()
QUIET = Situation(generation=1, proven=True)


def group(code: Code = Code.TOO_LONG, *, count: int = 1, message: str = "", example: str = "") -> RejectGroup:
    """Return a group of rejects."""
    return RejectGroup(code=code, count=count, message=message, example=example)


def doubt(message: str) -> Finding:
    """Return a warning of the preflight."""
    return Finding(
        kind=FindingKind.TYPE_MISMATCH,
        subject="accounts.fields[phone]",
        message=message,
        remedy="Look at it.",
        is_warning=True,
    )


def test_a_run_is_told_with_its_counts() -> None:
    """Each action is counted under its word, each entity apart; requests by remote."""
    told = report(
        counts={
            Entity.ACCOUNTS: {ActionKind.CREATE: 3, ActionKind.UNCHANGED: 41, ActionKind.REJECT: 1},
            Entity.CONTACTS: {ActionKind.UPDATE: 2, ActionKind.PENDING: 4, ActionKind.RELEASE: 5},
        },
        users=(12, 3),
        fields={Entity.ACCOUNTS: 14, Entity.CONTACTS: 11},
        summary=Summary(
            records={
                Entity.ACCOUNTS: {RecordStatus.SYNCHRONIZED: 1204, RecordStatus.ERROR: 1},
                Entity.CONTACTS: {RecordStatus.SYNCHRONIZED: 3310, RecordStatus.PENDING: 4},
            },
            rejects=(group(),),
        ),
    )
    dumped = status.ended(BLANK, told, handled_token="a token").dump()
    last = dumped["lastRun"]
    assert {key: value for key, value in last["accounts"].items() if value} == {
        "added": 3,
        "unchanged": 41,
        "rejected": 1,
    }
    assert {key: value for key, value in last["contacts"].items() if value} == {
        "modified": 2,
        "pending": 4,
        "released": 5,
    }
    assert dumped["synchronized"] == {"accounts": 1204, "contacts": 3310, "sales": None}
    assert last["sales"] is None
    assert dumped["users"] == {"associated": 12, "unassociated": 3, "unmatched": ""}
    assert dumped["fields"] == {"accounts": 14, "contacts": 11, "payments": None}
    assert dumped["rejected"] == 1
    assert dumped["lastHandledReconcileAt"] == "a token"
    assert dumped["lastSyncTime"] == dumped["lastSuccessTime"] == dumped["dataAsOf"] == "2026-11-23T10:00:05Z"


def test_sales_are_told_where_there_are_any() -> None:
    """An integration that writes none has no zeros for them; one that writes them has their counts."""
    told = report(
        counts={Entity.SALES: {ActionKind.CREATE: 2, ActionKind.DELETE: 1}},
        summary=Summary(records={Entity.SALES: {RecordStatus.SYNCHRONIZED: 7}, Entity.CONTACTS: {}}, rejects=()),
    )
    dumped = status.ended(BLANK, told, handled_token=None).dump()
    assert {key: value for key, value in dumped["lastRun"]["sales"].items() if value} == {"added": 2, "deleted": 1}
    assert dumped["synchronized"] == {"accounts": 0, "contacts": 0, "sales": 7}
    without = Summary(records={Entity.SALES: {}}, rejects=())
    assert status.ended(BLANK, report(summary=without), handled_token=None).dump()["synchronized"]["sales"] is None


def test_doubts_are_counted_and_the_gravest_told() -> None:
    """They stay while no run looks, and go with what they were about."""
    grave, slight = doubt("it is odd"), replace(doubt("it is a formula"), kind=FindingKind.FORMULA_SOURCE)
    told = status.ended(BLANK, report(doubts=(grave, slight)), handled_token=None)
    message = "accounts.fields[phone]: it is odd. Look at it."
    assert told.dump()["warnings"] == {"count": 2, "message": message}
    told = status.ended(told, report(Unavailable(System.SAGE, "x")), handled_token=None)
    assert told.dump()["warnings"] == {"count": 2, "message": message}
    assert status.ended(told, report(doubts=()), handled_token=None).dump()["warnings"] is None


def test_a_failure_keeps_what_the_last_success_told() -> None:
    """The time of success, the data's time, numbers of records and users stay; the time of the run moves."""
    before = status.ended(BLANK, report(users=(1, 0)), handled_token="first")
    after = status.ended(before, report(Unavailable(System.SAGE, "x"), at=NOW + timedelta(hours=1)), handled_token=None)
    assert after.last_success_time == before.last_success_time
    assert after.data_as_of == before.data_as_of
    assert after.users == before.users
    assert after.last_handled_reconcile_at == "first"
    assert after.last_sync_time is not None
    assert after.last_sync_time > NOW + timedelta(minutes=59)


def test_equal_neighbours_are_folded() -> None:
    """Runs with the same outcome and mode in a row are one entry with their number, first and last time."""
    told = BLANK
    for number in range(10):
        told = status.ended(told, report(at=NOW + timedelta(minutes=number)), handled_token=None)
    (entry,) = told.history
    assert (entry.outcome, entry.count) == ("Succeeded", 10)
    assert entry.last_at - entry.first_at == timedelta(minutes=9)


def test_the_history_keeps_the_newest() -> None:
    """Five outcomes at most, newest first; a failure between successes is one of them."""
    told = BLANK
    errors: list[SyncError | None] = [None, Unavailable(System.SAGE, "x"), None, Stopped("y"), None, SyncError("z")]
    for number, error in enumerate(errors):
        told = status.ended(told, report(error, at=NOW + timedelta(minutes=number)), handled_token=None)
    assert len(told.history) == MAX_HISTORY
    assert [entry.outcome for entry in told.history] == [
        "SyncFailed",
        "Succeeded",
        "Stopped",
        "Succeeded",
        "SageUnavailable",
    ]


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600", '"', "\\", "\n", "\x01", "a@b.example "], ids=ascii)
def test_no_input_makes_the_status_large(letter: str) -> None:
    """However long messages, names and tokens are, in whatever letters, the status stays below 8 KiB."""
    told, text, number = BLANK, letter * 3000, 2**62
    summary = Summary(
        records={entity: dict.fromkeys(RecordStatus, number) for entity in Entity},
        rejects=tuple(group(code, count=number, message=text, example=text) for code in Code),
    )
    for n in range(MAX_HISTORY + 1):
        error = (SyncError, CredentialsRejected)[n % 2](text)
        ended = report(
            error,
            number=n,
            counts={entity: dict.fromkeys(ActionKind, number) for entity in Entity},
            summary=summary,
            users=(number, number),
            fields=dict.fromkeys(Entity, number),
            drift=(text, text),
            doubts=(doubt(text),) * 3,
        )
        token = SageIntegrationStatus(last_handled_reconcile_at=text).last_handled_reconcile_at
        told = status.ended(told, ended, handled_token=token)
        told = status.running(told, header(trigger=Trigger.GENERATION), Progress(clock=lambda: NOW, mode=Mode.INITIAL))
        situation = Situation(
            generation=number,
            suspended=True,
            suspend_reason=text[:256],
            error=error,
            rejects=summary.rejects,
            rejected=number,
        )
        told = status.settled(told, situation, next_run=NOW, now=NOW)
    dumped = {key: value for key, value in told.dump().items() if value is not None}
    assert len(json.dumps(dumped, ensure_ascii=False, separators=(",", ":")).encode()) < 8192
    assert len(dumped["rejects"]) == MAX_REJECTS
    assert SageIntegrationStatus.model_validate(dumped) == told


def test_what_has_no_value_is_removed() -> None:
    """A merge patch must say null for what is over: the run, the rejects, the conditions."""
    dumped = BLANK.dump()
    assert {key for key, value in dumped.items() if value is not None} == {"observedGeneration"}
    assert {"currentRun", "rejects", "history", "conditions", "nextSyncTime"} <= dumped.keys()


def test_a_run_that_has_ended_is_no_longer_on() -> None:
    """`currentRun` is there from the start of a run to its end."""
    on = status.running(BLANK, header(), Progress(clock=lambda: NOW))
    assert on.dump()["currentRun"]["id"] == header().id
    assert status.ended(on, report(), handled_token=None).dump()["currentRun"] is None


def test_what_is_read_back_equals_what_was_written() -> None:
    """A restart finds nothing to write: times are cut to what the API server keeps."""
    told = status.ended(BLANK, report(at=NOW + timedelta(microseconds=5)), handled_token="t")
    odd = NOW + timedelta(microseconds=123_456)
    told = status.settled(told, QUIET, next_run=odd, now=odd)
    back = SageIntegrationStatus.model_validate({k: v for k, v in told.dump().items() if v is not None})
    assert back == told


def test_rejects_show_no_secret_and_no_address() -> None:
    """ForceManager's messages may repeat what was sent, and labels are what people type."""
    protect("demo-secret-value")
    rejects = (
        group(
            Code.REFUSED_BY_FORCE_MANAGER,
            message="The e-mail jane.doe@customer.example is taken (key demo-secret-value).",
            example="Jane <jane.doe@customer.example>",
        ),
    )
    told = status.ended(
        BLANK, report(summary=Summary(records={Entity.ACCOUNTS: {}}, rejects=rejects)), handled_token=None
    )
    text = json.dumps(told.dump())
    assert "jane.doe" not in text
    assert "demo-secret-value" not in text
    assert "is taken" in text


def test_next_run_and_phase_follow_the_situation() -> None:
    """They are told anew each time, the conditions with them."""
    told = status.settled(BLANK, QUIET, next_run=NOW, now=NOW)
    assert (told.observed_generation, told.phase, told.next_sync_time) == (1, Phase.FUNCTIONING, NOW)
    paused = status.settled(told, Situation(generation=2, suspended=True), next_run=None, now=NOW)
    assert (paused.observed_generation, paused.phase, paused.dump()["nextSyncTime"]) == (2, Phase.PAUSED, None)
