"""How long the archive remembers. Ids of runs are ULIDs, so what is old is at the beginning of each table."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, func, select, tuple_

from sage_operator.ledger import tables
from sage_operator.sync.ulid import ulid

_AT_ONCE = 2000
"""Rows of one transaction: some milliseconds, for which runs have to wait."""

_a, _r = tables.actions.c, tables.runs.c
_key = tuple(tables.actions.primary_key)
_old_actions = delete(tables.actions).where(
    tuple_(*_key).in_(select(*_key).where(_a.run_id < bindparam("first_kept")).order_by(*_key).limit(_AT_ONCE))
)
_newer = tables.runs.alias("newer")
_old_runs = delete(tables.runs).where(
    _r.id.in_(
        select(_r.id)
        .where(
            _r.id < bindparam("first_kept"),
            _r.outcome.is_not(None),
            ~exists().where(_a.run_id == _r.id),
            # The schedule rests on the newest run, however long ago that was.
            _r.id < select(func.max(_newer.c.id)).where(_newer.c.integration == _r.integration).scalar_subquery(),
        )
        .order_by(_r.id)
        .limit(_AT_ONCE)
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows the archive forgot."""

    actions: int
    runs: int


def actions(connection: Connection, *, before: datetime) -> int:
    """Forget some actions of runs that began before a moment; returns how many."""
    return connection.execute(_old_actions, {"first_kept": _first(before)}).rowcount


def runs(connection: Connection, *, before: datetime) -> int:
    """Forget some runs that began before a moment; returns how many."""
    return connection.execute(_old_runs, {"first_kept": _first(before)}).rowcount


def _first(moment: datetime) -> str:
    """Return the least id that a run of this moment may have."""
    return ulid(moment, bytes(10))
