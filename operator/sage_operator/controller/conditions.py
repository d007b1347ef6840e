"""Conditions as a contract: one pure function from what is known of an integration to its conditions and phase.

The rules are kstatus's: `Ready` is always there; the others only while they are true; never `Reconciling` and
`Stalled` together; `Stalled` implies `Ready=False` for the same reason. A routine run touches none of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sage_operator.resources import Condition, ConditionStatus, ConditionType, Phase, Reason
from sage_operator.resources.conditions import STALLED_REASONS
from sage_operator.sync.errors import SyncError
from sage_operator.sync.state import RejectGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of an integration at one moment.

    Attributes:
        generation: of the spec that was taken in.
        suspend_until: UTC; it resumes by itself then.
        proven: this generation has had a successful run.
        running: a run is on.
        error: why the last run did not succeed; None after a success, and before the first run of a generation.
        rejects: the most frequent causes why records could not be written; None if it is not known (before the first
            run).
        rejected: how many records could not be written, by all causes.
    """

    generation: int
    suspended: bool = False
    suspend_reason: str = ""
    suspend_until: datetime | None = None
    proven: bool = False
    running: bool = False
    error: SyncError | None = None
    rejects: tuple[RejectGroup, ...] | None = None
    rejected: int = 0


def assess(situation: Situation, previous: Iterable[Condition], *, now: datetime) -> tuple[Condition, ...]:
    """Return the conditions of a situation; the time of a transition moves only when a status changes."""
    before = {condition.type: condition for condition in previous}
    facts = [_ready(situation)]
    stalled = _stalled(situation)
    if stalled is not None:
        facts.append(stalled)
    elif not situation.suspended and (situation.error is not None or not situation.proven):
        reason = Reason.PROGRESSING_WITH_RETRY if situation.error is not None else Reason.PROGRESSING
        facts.append(_Fact(ConditionType.RECONCILING, ConditionStatus.TRUE, reason, reason.meaning))
    if situation.suspended:
        facts.append(_suspended(situation))
    if situation.rejects is None:
        kept = before.get(ConditionType.RECORDS_REJECTED)
        if kept is not None:
            facts.append(_Fact(ConditionType.RECORDS_REJECTED, kept.status, Reason.RECORDS_REJECTED, kept.message))
    elif situation.rejects:
        facts.append(_rejected(situation.rejected, situation.rejects))
    return tuple(fact.condition(before, situation.generation, now) for fact in facts)


def phase_of(situation: Situation, conditions: Iterable[Condition]) -> Phase:
    """Return the state in one word, for people."""
    ready = next(condition for condition in conditions if condition.type == ConditionType.READY)
    if situation.suspended:
        return Phase.PAUSED
    if ready.status is ConditionStatus.FALSE:
        return Phase.ERROR
    if situation.running:
        return Phase.SYNCHRONIZING
    return Phase.FUNCTIONING if ready.status is ConditionStatus.TRUE else Phase.PENDING


@dataclass(frozen=True, slots=True)
class _Fact:
    """A condition without its times."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str

    def condition(self, before: dict[str, Condition], generation: int, now: datetime) -> Condition:
        """Return it with the time of its last transition."""
        old = before.get(self.type)
        return Condition(
            type=self.type,
            status=self.status,
            reason=self.reason,
            message=self.message,
            last_transition_time=old.last_transition_time if old is not None and old.status is self.status else now,
            observed_generation=generation,
        )


def _ready(situation: Situation) -> _Fact:
    error = situation.error
    if error is not None and (error.reason in STALLED_REASONS or not situation.suspended):
        return _Fact(ConditionType.READY, ConditionStatus.FALSE, error.reason, str(error))
    if situation.suspended:
        return _Fact(ConditionType.READY, ConditionStatus.TRUE, Reason.SUSPENDED, "No runs are started.")
    if not situation.proven:
        return _Fact(ConditionType.READY, ConditionStatus.UNKNOWN, Reason.INITIALIZING, "The first run is due or on.")
    return _Fact(ConditionType.READY, ConditionStatus.TRUE, Reason.SUCCEEDED, "In step with Sage.")


def _stalled(situation: Situation) -> _Fact | None:
    error = situation.error
    if error is None or error.reason not in STALLED_REASONS:
        return None
    return _Fact(ConditionType.STALLED, ConditionStatus.TRUE, error.reason, str(error))


def _suspended(situation: Situation) -> _Fact:
    message, until = situation.suspend_reason or "spec.suspend is true.", situation.suspend_until
    if until is None:
        return _Fact(ConditionType.SUSPENDED, ConditionStatus.TRUE, Reason.USER_REQUESTED, message)
    resumes = f"It resumes by itself at {until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}."
    return _Fact(ConditionType.SUSPENDED, ConditionStatus.TRUE, Reason.SCHEDULED, f"{message} {resumes}")


def _rejected(total: int, groups: tuple[RejectGroup, ...]) -> _Fact:
    counts = ", ".join(f"{group.count} {group.code}" for group in groups)
    records = "record" if total == 1 else "records"
    message = f"{total} {records} could not be written: {counts}. {groups[0].code.entry.remedy}"
    return _Fact(ConditionType.RECORDS_REJECTED, ConditionStatus.TRUE, Reason.RECORDS_REJECTED, message)
