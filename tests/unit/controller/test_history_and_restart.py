"""What the operator remembers across its own restart."""

from datetime import timedelta

import pytest

from sage_operator.controller import status
from sage_operator.controller.conditions import Situation
from sage_operator.controller.history import followed_by, past_of
from sage_operator.controller.schedule import EPOCH, Past
from sage_operator.controller.slot import Slot
from sage_operator.resources import SageIntegration, SageIntegrationStatus
from sage_operator.runner.progress import Progress
from sage_operator.sync.entities import Trigger
from sage_operator.sync.errors import (
    CredentialsRejected,
    InvalidUserMap,
    NoProgress,
    Stopped,
    SyncError,
    System,
    Unavailable,
)
from sage_operator.sync.state import RunResult

from .bodies import NOW, body, header, records, report, result

OUTAGE = Unavailable(System.SAGE, "It answered 503.")
WELL = result()
INTERRUPTED = result(outcome="Interrupted", reason="Interrupted")


def test_without_runs_there_is_no_past() -> None:
    """The first run is still to come."""
    assert past_of(()) is None


@pytest.mark.parametrize(
    ("ends", "failures", "unfinished"),
    [
        ([WELL], 0, False),
        ([result(OUTAGE)], 1, False),
        ([result(OUTAGE), result(NoProgress("x")), WELL, result(OUTAGE)], 2, False),
        ([result(CredentialsRejected("x"))], 0, False),
        ([result(CredentialsRejected("x")), result(OUTAGE)], 0, False),
        ([result(Stopped("x"))], 0, True),
        ([INTERRUPTED, result(OUTAGE)], 0, True),
        ([None, WELL], 0, True),
    ],
)
def test_the_past_is_that_of_the_newest_run(ends: list[RunResult | None], failures: int, unfinished: bool) -> None:
    """Failures that may pass are counted back to the last other outcome; a run that was cut short is unfinished."""
    past = past_of(records(*ends))
    assert past is not None
    assert (past.failures, past.unfinished) == (failures, unfinished)
    assert (past.ended_at is None) == (ends[0] is None)


@pytest.mark.parametrize("errors", [[None, OUTAGE, OUTAGE], [OUTAGE, None], [OUTAGE, Stopped("x")], [OUTAGE, OUTAGE]])
def test_a_live_past_equals_the_one_of_the_ledger(errors: list[SyncError | None]) -> None:
    """A restart changes nothing about when the next run is due."""
    past: Past | None = None
    for number, error in enumerate(errors, start=1):
        past = followed_by(past, report(error, number=len(errors)), settling_time=timedelta(minutes=1))
        stored = past_of(records(*(result(e, at=NOW + timedelta(seconds=5)) for e in reversed(errors[:number]))))
        assert past.failures == stored.failures  # type: ignore[union-attr]
        assert past.unfinished == stored.unfinished  # type: ignore[union-attr]
        assert past.ended_at == stored.ended_at  # type: ignore[union-attr]


def restarted(told: SageIntegrationStatus, past: Past | None, **arguments: object) -> Slot:
    """Return what is taken up of an integration with this status."""
    shown = body(**arguments)  # type: ignore[arg-type]
    shown["status"] = {key: value for key, value in told.dump().items() if value is not None}
    return Slot.found(SageIntegration.parse(shown), past)


def told_by(situation: Situation, *, token: str = "") -> SageIntegrationStatus:
    """Return the status of a situation after a run."""
    ended = status.ended(SageIntegrationStatus(), report(), handled_token=token or None)
    return status.settled(ended, situation, next_run=NOW, now=NOW)


PAST = Past(started_at=NOW, ended_at=NOW)


def test_what_was_handled_is_not_handled_again() -> None:
    """Generation and token of the status are known, and the next moment of the schedule has not come."""
    slot = restarted(told_by(Situation(generation=3, proven=True), token="t"), PAST, generation=3, token="t")
    assert slot.trigger(NOW) is None
    assert slot.trigger(NOW + timedelta(minutes=15)) is Trigger.SCHEDULE
    assert slot.status == slot.written
    assert (slot.proven, slot.error) == (3, None)


def test_what_changed_meanwhile_is_handled() -> None:
    """A new generation, and a new token, start a run after the restart."""
    told = told_by(Situation(generation=3, proven=True), token="t")
    assert restarted(told, PAST, generation=4, token="t").trigger(NOW) is Trigger.GENERATION
    assert restarted(told, PAST, generation=3, token="u").trigger(NOW) is Trigger.REQUEST


def test_a_token_that_is_removed_asks_for_nothing() -> None:
    """Whoever cleans up the annotation wants no run."""
    told = told_by(Situation(generation=3, proven=True), token="t")
    assert restarted(told, PAST, generation=3).trigger(NOW) is None


def test_an_interrupted_run_is_due_at_once() -> None:
    """It does not wait for its moment."""
    told = told_by(Situation(generation=3, proven=True))
    slot = restarted(told, Past(started_at=NOW, ended_at=None, unfinished=True), generation=3)
    assert slot.due == EPOCH
    assert slot.trigger(NOW) is Trigger.SCHEDULE


def test_a_generation_that_was_announced_but_never_run_is_run() -> None:
    """The process died between telling of the run and beginning it: the ledger knows of the earlier run only."""
    slot = restarted(told_by(Situation(generation=4, running=True)), PAST, generation=4)
    assert slot.trigger(NOW) is Trigger.GENERATION


def test_a_lost_ledger_means_a_run() -> None:
    """Without a past the first run is due, whatever the status says."""
    slot = restarted(told_by(Situation(generation=3, proven=True)), None, generation=3)
    assert slot.trigger(NOW) is Trigger.GENERATION


def test_an_error_is_remembered_with_its_reason() -> None:
    """The conditions stay as they are until the next run says otherwise."""
    error = CredentialsRejected("Sage refused the sign-in.")
    before = told_by(Situation(generation=3, error=error))
    slot = restarted(before, PAST, generation=3)
    assert slot.error is not None
    situation = Situation(generation=3, error=slot.error)
    assert status.settled(slot.status, situation, next_run=NOW, now=NOW + timedelta(days=1)) == before


def test_an_error_says_nothing_of_another_generation() -> None:
    """A corrected spec is not stalled before it has been tried."""
    error = CredentialsRejected("Sage refused the sign-in.")
    slot = restarted(told_by(Situation(generation=3, error=error)), PAST, generation=4)
    slot.take()
    assert (slot.handled_generation, slot.error) == (4, None)


def test_a_run_that_was_on_is_no_longer_told() -> None:
    """Nothing is running when the operator starts."""
    told = told_by(Situation(generation=3, proven=True))
    on = told.model_copy(
        update={"current_run": status.running(told, header(), Progress(clock=lambda: NOW)).current_run}
    )
    slot = restarted(on, PAST, generation=3)
    assert slot.status.current_run is None
    assert slot.status != slot.written


@pytest.mark.parametrize(
    ("error", "generation", "matched"),
    [
        (None, 1, True),
        (OUTAGE, 1, True),
        (InvalidUserMap("`ana` matches no user of Sage."), 1, False),
        (None, 2, False),
    ],
)
def test_users_that_matched_once_may_drift(error: SyncError | None, generation: int, matched: bool) -> None:
    """After a restart the pairs count as proven, also in an outage; not if they were refused, or may have changed."""
    told = told_by(Situation(generation=1, proven=error is None, error=error))
    slot = restarted(told, PAST, generation=generation)
    assert (slot.proven_users == slot.integration.spec.users) is matched
