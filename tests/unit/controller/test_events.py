"""Events: one for each transition, none for a routine run."""

from collections.abc import Sequence

import pytest

from sage_operator.controller.conditions import Situation, assess
from sage_operator.controller.events import doubts, drift, transitions
from sage_operator.resources import UserCounts, Warnings
from sage_operator.sync.codes import Code
from sage_operator.sync.errors import SecretNotFound, SyncError, System, Unavailable
from sage_operator.sync.state import RejectGroup

from .bodies import NOW

OUTAGE: SyncError = Unavailable(System.SAGE, "It answered 503.")
REJECTS = (RejectGroup(code=Code.TOO_LONG, count=3, message="too long", example="Customer"),)

NEW = Situation(generation=1)
WELL = Situation(generation=1, proven=True, rejects=())
FAILED = Situation(generation=1, proven=True, error=OUTAGE, rejects=())
STALLED = Situation(generation=1, error=SecretNotFound("It is not there."))
SUSPENDED = Situation(generation=2, proven=True, suspended=True, suspend_reason="Migration.", rejects=())
RESUMED = Situation(generation=3, rejects=())
REJECTING = Situation(generation=1, proven=True, rejects=REJECTS, rejected=3)


def events(story: Sequence[Situation]) -> list[tuple[str, bool]]:
    """Return reasons of the events of a story, and whether they are warnings."""
    told: list[tuple[str, bool]] = []
    conditions: tuple[object, ...] = ()
    for situation in story:
        after = assess(situation, conditions, now=NOW)  # type: ignore[arg-type]
        told += [(event.reason, event.warning) for event in transitions(conditions, after)]  # type: ignore[arg-type]
        conditions = after
    return told


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ([NEW], []),
        ([NEW, WELL], [("Synchronized", False)]),
        ([WELL, WELL, WELL], [("Synchronized", False)]),
        ([WELL, FAILED, FAILED, FAILED], [("Synchronized", False), ("SageUnavailable", True)]),
        (
            [WELL, FAILED, FAILED, WELL, WELL],
            [("Synchronized", False), ("SageUnavailable", True), ("Recovered", False)],
        ),
        ([NEW, STALLED, STALLED], [("SecretNotFound", True)]),
        ([FAILED, STALLED, WELL], [("SageUnavailable", True), ("SecretNotFound", True), ("Recovered", False)]),
        ([WELL, SUSPENDED, SUSPENDED], [("Synchronized", False), ("Suspended", False)]),
        (
            [WELL, SUSPENDED, RESUMED, WELL],
            [("Synchronized", False), ("Suspended", False), ("Resumed", False), ("Synchronized", False)],
        ),
        ([WELL, REJECTING, REJECTING], [("Synchronized", False), ("RecordsRejected", True)]),
        ([REJECTING, WELL], [("Synchronized", False), ("RecordsRejected", True), ("RejectsCleared", False)]),
    ],
)
def test_a_story_and_its_events(story: list[Situation], expected: list[tuple[str, bool]]) -> None:
    """Each change of state is told once, in its turn."""
    assert events(story) == expected


def test_another_number_of_rejects_is_no_news() -> None:
    """The condition's message changes, and no event is posted."""
    more = Situation(generation=1, proven=True, rejects=REJECTS, rejected=4)
    before = assess(REJECTING, (), now=NOW)
    after = assess(more, before, now=NOW)
    assert before != after
    assert transitions(before, after) == ()


def test_an_event_says_what_the_condition_says() -> None:
    """Its note is the message with the remedy."""
    (event,) = transitions((), assess(STALLED, (), now=NOW))
    assert event.message == str(STALLED.error)


def test_drift_of_the_user_map_is_told_once() -> None:
    """Pairs that stop matching are worth one event; that they still don't match is not, nor that they match again."""
    well, lost = UserCounts(associated=2), UserCounts(associated=1, unmatched="`ana` matches no user of Sage")
    (event,) = drift(well, lost)
    assert (event.warning, event.reason) == (True, "UserMapDrift")
    assert "`ana`" in event.message
    assert drift(lost, lost) == ()
    assert drift(lost, well) == ()
    assert drift(None, None) == ()


def test_a_pair_that_no_longer_matches_is_told_once() -> None:
    """When it is first noticed, and when it is another one; not again in each run, and not when it matches again."""
    fine = UserCounts(associated=2)
    ana, ben = UserCounts(associated=1, unmatched="`ana`"), UserCounts(associated=1, unmatched="`ben`")
    told = [drift(before, after) for before, after in ((None, fine), (fine, ana), (ana, ana), (ana, ben), (ben, fine))]
    assert [len(events) for events in told] == [0, 1, 0, 1, 0]
    assert "`ben`" in told[3][0].message


def test_doubts_are_told_when_they_appear_and_change() -> None:
    """The gravest and how many more there are, once; that they are gone is no event."""
    one, two = Warnings(count=1, message="accounts.where: odd."), Warnings(count=2, message="users: odd.")
    told = [doubts(*each) for each in ((None, None), (None, one), (one, one), (one, two), (two, None))]
    assert [len(events) for events in told] == [0, 1, 0, 1, 0]
    (event,), (other,) = told[1], told[3]
    assert (event.warning, event.reason, event.message) == (True, "PreflightWarning", "accounts.where: odd.")
    assert other.message == "users: odd. (1 more: see `sage-operator check --live`)"
