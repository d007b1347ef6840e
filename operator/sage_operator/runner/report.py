"""What a run tells when it has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import SyncError
from sage_operator.sync.findings import Finding
from sage_operator.sync.state import RunHeader, RunResult, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A run as it ended, with what status, metrics and events follow from.

    Attributes:
        error: why it did not succeed.
        recorded: the ledger has the run.
        summary: the scope's records afterwards; None if the run did not get as far as the ledger's scope.
        users: associated, not associated; None if the users were not read.
        fields: targets in use, by entity.
        figures: those in use for figures; None if no payments are synchronised.
        drift: pairs of the spec that no longer match, as warnings.
        doubts: what the preflight found that stops nothing, but for `drift`, the gravest first; None if the run did not
            get as far as that.
        warnings: values that were cut or left out by the presets' rules.
        codes: rejects of this run, by code.
        stage_seconds: seconds spent by stage: read, plan, write, record (stages overlap).
    """

    header: RunHeader
    result: RunResult
    error: SyncError | None = None
    recorded: bool = True
    summary: Summary | None = None
    users: tuple[int, int] | None = None
    fields: Mapping[Entity, int] = field(default_factory=dict)
    figures: int | None = None
    drift: tuple[str, ...] = ()
    doubts: tuple[Finding, ...] | None = None
    warnings: int = 0
    codes: Mapping[Code, int] = field(default_factory=dict)
    stage_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Tell whether all stages were completed; rejects do not count against it."""
        return self.error is None
