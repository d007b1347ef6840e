"""The state matrix: every state that an integration can be in, and what people, tools and alerts see of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sage_operator.controller.conditions import Situation, assess, phase_of
from sage_operator.reference._markdown import code, document, table
from sage_operator.resources import Condition, ConditionStatus, ConditionType
from sage_operator.sync import errors
from sage_operator.sync.codes import Code
from sage_operator.sync.state import RejectGroup

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_REJECTS: Final = (RejectGroup(code=Code.TOO_LONG, count=3, message="", example=""),)

_INTRODUCTION = """\
Every state of an integration, with its conditions (`type=status/reason`), what `kstatus` makes of them (Flux, \
`kubectl wait`, Argo CD's health check in `deploy/argocd` agrees), the phase, and `ready` and `reason` of the metric \
`sage_integration_info`. The last column names the alert of `deploy/monitoring` that tells of the state if it lasts. \
The table is computed by the function that the operator itself uses; a test walks all transitions between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A named state."""

    name: str
    situation: Situation

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Its conditions, as of a fixed moment."""
        return assess(self.situation, (), now=_NOW)


def _wrong(name: str, error: errors.SyncError, *, suspended: bool = False, proven: bool = True) -> State:
    return State(name=name, situation=Situation(generation=1, suspended=suspended, proven=proven, error=error))


def states() -> Iterator[State]:
    """Yield every state: what is well, what needs a person, what passes by itself, and each of them suspended."""
    yield State(name="new: the first run is due", situation=Situation(generation=1))
    yield State(name="new: the first run is on", situation=Situation(generation=1, running=True))
    yield State(name="in step", situation=Situation(generation=1, proven=True))
    yield State(name="in step, a run is on", situation=Situation(generation=1, proven=True, running=True))
    yield State(
        name="in step, some records rejected",
        situation=Situation(generation=1, proven=True, rejects=_REJECTS, rejected=3),
    )
    yield State(name="suspended before the first run", situation=Situation(generation=1, suspended=True))
    yield State(name="suspended", situation=Situation(generation=1, suspended=True, proven=True))
    until = Situation(generation=1, suspended=True, proven=True, suspend_until=_NOW)
    yield State(name="suspended until a time", situation=until)
    for error in _blocking():
        yield _wrong(f"stalled: {error.reason}", error)
    yield _wrong("stalled, and suspended", errors.SecretNotFound("The Secret is gone."), suspended=True)
    for error in _passing():
        yield _wrong(f"failing: {error.reason}", error)
    yield _wrong("failing before the first success", errors.NoProgress("Nothing moved."), proven=False)
    yield _wrong("failing, and suspended", errors.LedgerUnavailable("It is full."), suspended=True)


def kstatus(conditions: Iterable[Condition]) -> str:
    """Return what `kstatus` computes of an object that has been observed and is not being deleted."""
    told = {condition.type: condition.status for condition in conditions}
    if told.get(ConditionType.RECONCILING) is ConditionStatus.TRUE:
        return "InProgress"
    if told.get(ConditionType.STALLED) is ConditionStatus.TRUE:
        return "Failed"
    return "Current" if told[ConditionType.READY] is ConditionStatus.TRUE else "InProgress"


def alert(state: State) -> str:
    """Return the alert that tells of a state that lasts; empty if nothing is wrong."""
    situation = state.situation
    if situation.suspended:
        return "SageIntegrationSuspendedTooLong"
    if any(condition.type == ConditionType.STALLED for condition in state.conditions):
        return "SageIntegrationStalled"
    if isinstance(situation.error, errors.Unavailable):
        return "SageUpstreamDown"
    if isinstance(situation.error, errors.QuotaExhausted):
        return "SageQuotaRunningOut"
    if isinstance(situation.error, errors.LedgerUnavailable):
        return "SageLedgerNotStoring"
    if situation.rejected:
        return "SageRejectsHigh"
    return "" if situation.error is None and situation.proven else "SageIntegrationStale"


def page() -> str:
    """Return the page of the state matrix."""
    head = ("state", "conditions", "kstatus", "phase", "`sage_integration_info`", "alert")
    return document("States", _INTRODUCTION, table(head, map(_row, states())))


def _row(state: State) -> tuple[str, ...]:
    conditions = state.conditions
    ready = next(condition for condition in conditions if condition.type == ConditionType.READY)
    return (
        state.name,
        " ".join(code(f"{c.type}={c.status.value}/{c.reason}") for c in conditions),
        kstatus(conditions),
        phase_of(state.situation, conditions).value,
        code(f'ready="{ready.status.value}", reason="{ready.reason}"'),
        code(alert(state)),
    )


def _blocking() -> Iterator[errors.SyncError]:
    for kind in errors.Blocked.__subclasses__():
        yield kind("Something is wrong.")


def _passing() -> Iterator[errors.SyncError]:
    for system in errors.System:
        yield errors.Unavailable(system, "It does not answer.")
    for kind in (errors.QuotaExhausted, errors.LedgerUnavailable, errors.NoProgress, errors.ClockSkew):
        yield kind("Something is wrong.")
