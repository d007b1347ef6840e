"""What all stages of one run share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sage_operator.runner.ports import Ledger, Source, Target
from sage_operator.runner.progress import Progress
from sage_operator.sync.state import ScopeState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One run's identity, ports and live state.

    Attributes:
        settling_time: how long after an unclear create ForceManager is asked what became of it.
        clock: our own clock, UTC; Sage's is `source.clock`.
    """

    run_id: str
    scope: ScopeState
    source: Source
    target: Target
    ledger: Ledger
    progress: Progress
    settling_time: timedelta
    clock: Callable[[], datetime]
