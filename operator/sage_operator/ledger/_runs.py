"""Runs: how they began and ended."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from sage_operator.ledger.tables import actions, runs
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

    _fold(connection, run_id)


def _fold(connection: Connection, run_id: str) -> None:
    """Let a run that did nothing stand for the one before it too, if that did nothing either and ended alike."""
    run = connection.execute(select(runs).where(runs.c.id == run_id)).one()
    newest = (
        select(runs)
        .where(runs.c.integration == run.integration, runs.c.id < run_id)
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    before = connection.execute(newest).one_or_none()
    if before is None or not _alike(run, before) or not (_idle(connection, run) and _idle(connection, before)):
        return
    connection.execute(delete(runs).where(runs.c.id == before.id))
    connection.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(first_at=before.first_at or before.started_at, times=run.times + before.times)
    )


def _alike(run: Row[Any], before: Row[Any]) -> bool:
    return all(
        getattr(run, name) == getattr(before, name)
        for name in ("outcome", "reason", "message", "mode", "trigger", "scope_id")
    )


def _idle(connection: Connection, run: Row[Any]) -> bool:
    """Tell whether a run did nothing with any record."""
    for counts in (run.counts or {}).values():
        if any(count for kind, count in counts.items() if kind != ActionKind.UNCHANGED):
            return False
    return not connection.scalar(select(exists().where(actions.c.run_id == run.id)))


def last(connection: Connection, integration: str, limit: int) -> tuple[RunRecord, ...]:
    """Return the newest runs of an integration, newest first."""
    newest = select(runs).where(runs.c.integration == integration).order_by(runs.c.id.desc()).limit(limit)
    return tuple(record(row) for row in connection.execute(newest))


def record(row: Row[Any]) -> RunRecord:
    """Return a run from its columns."""
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
        times=row.times,
        first_at=row.first_at,
    )


def _counts(stored: Mapping[str, Mapping[str, int]]) -> dict[Entity, dict[ActionKind, int]]:
    return {
        Entity(entity): {ActionKind(kind): count for kind, count in of_entity.items()}
        for entity, of_entity in stored.items()
    }
