"""What all stages of one run share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sage_operator.runner.lists import FreshLists
from sage_operator.runner.payments import Payments
from sage_operator.runner.ports import Ledger, Source, Target
from sage_operator.runner.progress import Progress
from sage_operator.sync.state import ScopeState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One run's identity, ports and live state.

    Attributes:
        settling_time: how long after an unclear create ForceManager is asked what became of it.
        clock: our own clock, UTC; Sage's is `source.clock`.
        lists: the value lists that were read afresh.
        payments: None if none are synchronised.
        unclear: ids of accounts whose write in this run has no known outcome: they are left to the next one.
    """

    run_id: str
    scope: ScopeState
    source: Source
    target: Target
    ledger: Ledger
    progress: Progress
    settling_time: timedelta
    clock: Callable[[], datetime]
    lists: FreshLists
    payments: Payments | None = None
    unclear: set[str] = field(default_factory=set)
