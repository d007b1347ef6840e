"""Integrations, runs and reports to work with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sage_operator.resources import SageIntegration, names
from sage_operator.runner.report import RunReport
from sage_operator.sync.entities import ActionKind, Entity, Mode, Trigger
from sage_operator.sync.errors import Stopped, SyncError
from sage_operator.sync.state import RunHeader, RunRecord, RunResult, Summary

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def body(name: str = "acme", *, generation: int = 1, token: str = "", **spec: Any) -> dict[str, Any]:
    """Return an integration as the API server has it."""
    return {
        "metadata": {
            "name": name,
            "namespace": "crm",
            "uid": f"uid-of-{name}",
            "generation": generation,
            "resourceVersion": "1",
            "annotations": {names.REQUESTED_AT: token} if token else {},
        },
        "spec": {
            "sage": {"url": "https://acme.my.salesforce.com", "credentialsSecretRef": {"name": "sage"}},
            "forceManager": {"branch": "Madrid", "credentialsSecretRef": {"name": "forcemanager"}},
            "users": {"pairs": [{"sage": "ana@acme.example", "forceManager": "ana"}]},
            **spec,
        },
        "status": {"observedGeneration": -1},
    }


def integration(name: str = "acme", **arguments: Any) -> SageIntegration:
    """Return an integration, parsed."""
    return SageIntegration.parse(body(name, **arguments))


def header(number: int = 1, *, trigger: Trigger = Trigger.SCHEDULE, at: datetime = NOW) -> RunHeader:
    """Return a run's beginning."""
    return RunHeader(id=f"01JD{number:022}", integration="crm/acme", trigger=trigger, started_at=at)


def result(error: SyncError | None = None, *, at: datetime = NOW, **arguments: Any) -> RunResult:
    """Return a run's end."""
    outcome = "Succeeded" if error is None else "Stopped" if isinstance(error, Stopped) else "Failed"
    known: dict[str, Any] = {
        "outcome": outcome,
        "reason": "Succeeded" if error is None else error.reason,
        "message": "" if error is None else str(error),
        "mode": Mode.INCREMENTAL,
        "completed_at": at,
        "counts": {},
        "requests": {},
        "data_as_of": at if error is None else None,
    }
    return RunResult(**(known | arguments))


def report(
    error: SyncError | None = None,
    *,
    number: int = 1,
    at: datetime = NOW,
    lasted: timedelta = timedelta(seconds=5),
    counts: Mapping[Entity, Mapping[ActionKind, int]] | None = None,
    summary: Summary | None = None,
    **arguments: Any,
) -> RunReport:
    """Return a run's report."""
    ended = result(error, at=at + lasted, counts=counts or {})
    return RunReport(header=header(number, at=at), result=ended, error=error, summary=summary, **arguments)


def records(*ends: RunResult | None) -> Sequence[RunRecord]:
    """Return runs of the ledger, newest first; None for one that did not end."""
    return tuple(RunRecord(header=header(len(ends) - n), result=end) for n, end in enumerate(ends))
