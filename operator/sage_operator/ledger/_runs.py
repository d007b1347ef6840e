"""Runs: how they began and ended."""

from collections.abc import Mapping

from sqlalchemy import Connection, Row, func, insert, select, update

from sage_operator.ledger.tables import runs
from sage_operator.sync.entities import ActionKind, Entity, Mode, Trigger
from sage_operator.sync.state import RunHeader, RunRecord, RunResult, ScopeState

INTERRUPTED = "Interrupted"
_MESSAGE = "The operator ended before the run did; what was done is recorded and the next run goes on."


def begin(connection: Connection, header: RunHeader) -> None:
    """Store a run that begins, and close those of its integration that nobody ended."""
    connection.execute(
        update(runs)
        .where(runs.c.integration == header.integration, runs.c.outcome.is_(None))
        .values(
            outcome=INTERRUPTED,
            reason=INTERRUPTED,
            message=_MESSAGE,
            completed_at=header.started_at,  # the latest that it can have been
            counts={},
            requests={},
        )
    )
    connection.execute(
        insert(runs).values(
            id=header.id,
            integration=header.integration,
            trigger=header.trigger.value,
            started_at=header.started_at,
        )
    )


def assign(connection: Connection, run_id: str, scope: ScopeState, *, mode: Mode) -> None:
    """Note which scope and mode a run has."""
    connection.execute(update(runs).where(runs.c.id == run_id).values(scope_id=scope.id, mode=mode.value))


def end(connection: Connection, run_id: str, result: RunResult) -> None:
    """Store how a run ended."""
    connection.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(
            mode=func.coalesce(result.mode and result.mode.value, runs.c.mode),
            completed_at=result.completed_at,
            outcome=result.outcome,
            reason=result.reason,
            message=result.message,
            counts=result.counts,
            requests=result.requests,
            data_as_of=result.data_as_of,
        )
    )


def last(connection: Connection, integration: str, limit: int) -> tuple[RunRecord, ...]:
    """Return the newest runs of an integration, newest first."""
    newest = select(runs).where(runs.c.integration == integration).order_by(runs.c.id.desc()).limit(limit)
    return tuple(_record(row) for row in connection.execute(newest))


def _record(row: Row[tuple[object, ...]]) -> RunRecord:
    header = RunHeader(id=row.id, integration=row.integration, trigger=Trigger(row.trigger), started_at=row.started_at)
    if row.outcome is None:
        return RunRecord(header=header, result=None)
    return RunRecord(
        header=header,
        result=RunResult(
            outcome=row.outcome,
            reason=row.reason,
            message=row.message,
            mode=None if row.mode is None else Mode(row.mode),
            completed_at=row.completed_at,
            counts=_counts(row.counts),
            requests=row.requests,
            data_as_of=row.data_as_of,
        ),
    )


def _counts(stored: Mapping[str, Mapping[str, int]]) -> dict[Entity, dict[ActionKind, int]]:
    return {
        Entity(entity): {ActionKind(kind): count for kind, count in of_entity.items()}
        for entity, of_entity in stored.items()
    }
