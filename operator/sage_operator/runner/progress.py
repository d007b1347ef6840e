"""How far a run has come: read by the status, by the watchdog, and by whoever stops the run."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, Mode
from sage_operator.sync.errors import NoProgress, Stopped

Stage = Literal["prepare", "payments", "accounts", "contacts", "sales", "record"]


@dataclass(slots=True, kw_only=True)
class Progress:
    """The live state of one run.

    Attributes:
        clock: UTC now.
        moved_at: when something last moved: a page was read, a batch planned or written.
        counts: outcomes so far, by entity and action.
        codes: rejects so far, by code.
        warnings: values that were cut or left out.
        stopped: why the run is to stop, None while it may go on.
        recorded: the ledger has the run.
    """

    clock: Callable[[], datetime]
    stage: Stage = "prepare"
    mode: Mode | None = None
    moved_at: datetime = field(init=False)
    counts: dict[Entity, Counter[ActionKind]] = field(default_factory=dict)
    codes: Counter[Code] = field(default_factory=Counter)
    warnings: int = 0
    stopped: Stopped | NoProgress | None = None
    recorded: bool = False
    stage_seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def __post_init__(self) -> None:
        """Start the watchdog's clock."""
        self.moved_at = self.clock()

    @property
    def done(self) -> int:
        """Records that have their outcome."""
        return sum(counter.total() for counter in self.counts.values())

    def moved(self) -> None:
        """Note that something moved."""
        self.moved_at = self.clock()

    def enter(self, stage: Stage) -> None:
        """Go to the next stage."""
        self.stage = stage
        self.moved()

    def count(self, entity: Entity, kind: ActionKind, n: int = 1) -> None:
        """Count outcomes."""
        self.counts.setdefault(entity, Counter())[kind] += n
        self.moved()

    def stop(self, why: Stopped | NoProgress) -> None:
        """Ask the run to stop after the batches in hand; the first reason given stands."""
        self.stopped = self.stopped or why

    def check(self) -> None:
        """Raise if the run is to stop.

        Raises:
            Stopped, NoProgress: what somebody called `stop` with.
        """
        if self.stopped is not None:
            raise self.stopped
