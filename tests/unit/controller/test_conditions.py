"""Conditions in every situation, and from every one to every other."""

import itertools
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sage_operator.controller.conditions import Situation, assess, phase_of
from sage_operator.resources import Condition, ConditionType, Phase, Reason
from sage_operator.resources.conditions import STALLED_REASONS
from sage_operator.sync import errors
from sage_operator.sync.codes import Code
from sage_operator.sync.state import RejectGroup

from .condition_rules import broken_rules, kstatus

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def every_error() -> list[errors.SyncError]:
    """Return one of each kind that can end a run but `Stopped`, which is nothing wrong."""
    abstract = {errors.Stopped, errors.Unavailable, errors.NothingTaken, errors.Blocked, errors.Transient}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SyncError)]
    kinds = (errors.Unavailable, errors.NothingTaken)
    unavailable = [kind(system, "It answered 503.") for kind in kinds for system in errors.System]
    return [*(kind("Something was wrong.") for kind in kinds if kind not in abstract), *unavailable]


REJECTS = (RejectGroup(code=Code.TOO_LONG, count=3, message="too long", example="Customer"),)


def situations(kinds: Sequence[errors.SyncError | None]) -> list[Situation]:
    """Return all situations with these errors."""
    return [
        Situation(
            generation=generation,
            suspended=suspended,
            proven=proven,
            running=running,
            error=error,
            rejects=rejects,
            rejected=sum(group.count for group in rejects or ()),
        )
        for generation, suspended, proven, running, error, rejects in itertools.product(
            (4, 5), (False, True), (False, True), (False, True), kinds, (None, (), REJECTS)
        )
    ]


def resource(situation: Situation, conditions: Iterable[Condition]) -> dict[str, Any]:
    """Return the resource as others see it."""
    listed = [condition.model_dump(mode="json", by_alias=True) for condition in conditions]
    return {
        "metadata": {"generation": situation.generation},
        "status": {"observedGeneration": situation.generation, "conditions": listed},
    }


@pytest.mark.parametrize("error", [None, *every_error()], ids=lambda error: type(error).__name__)
def test_every_situation_keeps_the_rules(error: errors.SyncError | None) -> None:
    """Whatever is known, the conditions keep the rules and have reasons of the closed lists."""
    for situation in situations([error]):
        assert broken_rules(resource(situation, assess(situation, (), now=NOW))) == []


def test_every_transition_keeps_the_rules_and_the_times() -> None:
    """From each situation to each other, the rules hold, and a time moves exactly when its status changes."""
    kinds = (
        None,
        errors.Unavailable(errors.System.SAGE, "It answered 503."),
        errors.SecretNotFound("It is not there."),
        errors.NoProgress("Nothing moved."),
    )
    some = [s for s in situations(kinds) if not s.running]
    later = NOW + timedelta(minutes=7)
    for before, after in itertools.product(some, some):
        old = {c.type: c for c in assess(before, (), now=NOW)}
        conditions = assess(after, old.values(), now=later)
        assert broken_rules(resource(after, conditions)) == []
        for condition in conditions:
            was = old.get(condition.type)
            kept = was is not None and was.status is condition.status
            assert condition.last_transition_time == (NOW if kept else later)


def test_a_situation_that_stays_gives_equal_conditions() -> None:
    """Nothing in a condition moves by itself: no time, no duration, no number of attempts."""
    for error in [None, *every_error()]:
        for situation in situations([error]):
            first = assess(situation, (), now=NOW)
            assert assess(situation, first, now=NOW + timedelta(days=3)) == first
            for condition in first:
                assert not re.search(r"\d+ ?(s|ms|min|seconds|minutes)\b|\d\d:\d\d|\d{4}-\d\d", condition.message)


@pytest.mark.parametrize(
    ("situation", "expected", "phase"),
    [
        (Situation(generation=1), "InProgress", Phase.PENDING),
        (Situation(generation=1, running=True), "InProgress", Phase.SYNCHRONIZING),
        (Situation(generation=1, proven=True), "Current", Phase.FUNCTIONING),
        (Situation(generation=1, proven=True, running=True), "Current", Phase.SYNCHRONIZING),
        (Situation(generation=1, proven=True, suspended=True), "Current", Phase.PAUSED),
        (Situation(generation=1, suspended=True), "Current", Phase.PAUSED),
        (Situation(generation=1, proven=True, rejects=REJECTS), "Current", Phase.FUNCTIONING),
        (Situation(generation=1, error=errors.SecretNotFound("x")), "Failed", Phase.ERROR),
        (Situation(generation=1, error=errors.SecretNotFound("x"), running=True), "Failed", Phase.ERROR),
        (Situation(generation=1, error=errors.SecretNotFound("x"), suspended=True), "Failed", Phase.PAUSED),
        (Situation(generation=1, proven=True, error=errors.LedgerUnavailable("x")), "InProgress", Phase.ERROR),
        (Situation(generation=1, error=errors.LedgerUnavailable("x"), suspended=True), "Current", Phase.PAUSED),
    ],
)
def test_what_waiting_tools_and_people_see(situation: Situation, expected: str, phase: Phase) -> None:
    """A spec that needs a person is Failed at once, an outage is in progress, a pause is fine."""
    conditions = assess(situation, (), now=NOW)
    assert kstatus(resource(situation, conditions)) == expected
    assert phase_of(situation, conditions) is phase


def test_a_routine_run_touches_nothing() -> None:
    """While a proven generation runs, Ready and the others stay as they are."""
    quiet = Situation(generation=1, proven=True, rejects=())
    before = assess(quiet, (), now=NOW)
    assert assess(Situation(generation=1, proven=True, running=True, rejects=()), before, now=NOW) == before


def test_rejects_that_are_not_known_yet_are_left_as_they_were() -> None:
    """After a restart, before the first run, the condition of before stays; a run without rejects removes it."""
    told = assess(Situation(generation=1, proven=True, rejects=REJECTS, rejected=3), (), now=NOW)
    kept = assess(Situation(generation=1, proven=True), told, now=NOW)
    assert kept == told
    gone = assess(Situation(generation=1, proven=True, rejects=()), told, now=NOW)
    assert ConditionType.RECORDS_REJECTED not in {condition.type for condition in gone}


def test_rejects_are_counted_in_full() -> None:
    """The total is that of all rejects, though only the most frequent codes are named."""
    situation = Situation(generation=1, proven=True, rejects=REJECTS, rejected=11)
    (message,) = [c.message for c in assess(situation, (), now=NOW) if c.type == ConditionType.RECORDS_REJECTED]
    assert message.startswith("11 records could not be written: 3 TooLong")


def test_stalled_and_the_tree_of_errors_agree() -> None:
    """Exactly the errors that need a person stall, each reason is of the list, and a status brings each one back."""
    for error in every_error():
        assert (error.reason in STALLED_REASONS) == isinstance(error, errors.Blocked)
        assert error.reason in set(Reason)
        restored = errors.restored(error.reason, str(error))
        assert (restored.reason, str(restored)) == (error.reason, str(error))
