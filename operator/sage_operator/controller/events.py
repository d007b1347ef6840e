"""Events: on transitions only, never for a routine run."""

from collections.abc import Iterable
from dataclasses import dataclass

from sage_operator.resources import Condition, ConditionStatus, ConditionType, Reason, UserCounts, Warnings

RECOVERED = "Recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event to be posted: `Normal` or `Warning`, a reason and a message for people."""

    warning: bool
    reason: str
    message: str


def drift(before: UserCounts | None, after: UserCounts | None) -> tuple[Event, ...]:
    """Return the event that pairs of the spec have stopped matching; none if they were told already."""
    was = before.unmatched if before is not None else ""
    now = after.unmatched if after is not None else ""
    if not now or now == was:
        return ()
    return (Event(warning=True, reason="UserMapDrift", message=f"No longer associated: {now}."),)


def doubts(before: Warnings | None, after: Warnings | None) -> tuple[Event, ...]:
    """Return the event that the preflight warns of something else than before; none if it warns of nothing."""
    if after is None or after == before:
        return ()
    more = f" ({after.count - 1} more: see `sage-operator check --live`)" if after.count > 1 else ""
    return (Event(warning=True, reason="PreflightWarning", message=f"{after.message}{more}"),)


def transitions(before: Iterable[Condition], after: Iterable[Condition]) -> tuple[Event, ...]:
    """Return the events that a change of conditions is worth."""
    old, new = ({condition.type: condition for condition in conditions} for conditions in (before, after))
    events: list[Event] = []
    was, now = old.get(ConditionType.READY), new[ConditionType.READY]
    if was is None or (was.status, was.reason) != (now.status, now.reason):
        events += _ready(was, now)
    suspended = ConditionType.SUSPENDED
    if suspended in new and suspended not in old:
        events.append(Event(warning=False, reason="Suspended", message=new[suspended].message))
    if suspended in old and suspended not in new:
        events.append(Event(warning=False, reason="Resumed", message="Runs are started again."))
    rejected = ConditionType.RECORDS_REJECTED
    if rejected in new and rejected not in old:
        events.append(Event(warning=True, reason="RecordsRejected", message=new[rejected].message))
    if rejected in old and rejected not in new:
        events.append(Event(warning=False, reason="RejectsCleared", message="All records could be written."))
    return tuple(events)


def _ready(was: Condition | None, now: Condition) -> list[Event]:
    if now.status is ConditionStatus.FALSE:
        return [Event(warning=True, reason=now.reason, message=now.message)]
    if now.reason == Reason.SUCCEEDED:
        recovered = was is not None and was.status is ConditionStatus.FALSE
        return [Event(warning=False, reason=RECOVERED if recovered else "Synchronized", message=now.message)]
    return []
