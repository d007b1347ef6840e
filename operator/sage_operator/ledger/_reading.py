"""Questions about records."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select

from sage_operator.ledger._sql import any_of, listed
from sage_operator.ledger.tables import OPEN, records
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import Entity, RecordStatus
from sage_operator.sync.records import RecordState
from sage_operator.sync.state import RejectGroup, ScopeState, Summary

_MOST_FREQUENT = 5

_r = records.c
_here = and_(_r.scope_id == bindparam("scope"), _r.entity == bindparam("entity"))
_ours = _r.status != RecordStatus.NOT_SYNCHRONIZED

_states = select(
    _r.sage_id,
    _r.status,
    _r.target_id,
    _r.parent_id,
    _r.mapped_hash,
    _r.field_hashes,
    _r.code,
    _r.attempts,
    _r.retry_at,
    _r.unclear_since,
    _r.figures_hash,
    _r.figure_hashes,
).where(_here)
_known = _states.where(_r.sage_id.in_(any_of("ids")))
_unclear = _states.where(OPEN, _r.unclear_since.is_not(None)).order_by(_r.sage_id)

_account = records.alias("account")
_has_account = exists().where(
    _account.c.scope_id == _r.scope_id,
    _account.c.entity == Entity.ACCOUNTS.value,
    _account.c.sage_id == _r.parent_id,
    _account.c.target_id.is_not(None),
    _account.c.status != RecordStatus.NOT_SYNCHRONIZED,
)
_due = (
    select(_r.sage_id)
    .where(
        _here,
        OPEN,
        _r.unclear_since.is_(None),
        or_(
            and_(
                _r.status == RecordStatus.PENDING,
                or_(_r.code.is_distinct_from(Code.ACCOUNT_NOT_SYNCHRONIZED.value), _has_account),
            ),
            and_(_r.status == RecordStatus.ERROR, _r.retry_at <= bindparam("now")),
            and_(_r.status == RecordStatus.SYNCHRONIZED, _r.mapped_hash.is_(None)),
        ),
    )
    .order_by(_r.sage_id)
)
_unseen = (
    select(_r.sage_id)
    .where(_here, _ours, _r.seen_by.is_distinct_from(bindparam("seen_by")))
    .order_by(_r.sage_id)
    .limit(bindparam("at_most"))
)
_entered = select(_r.sage_id).where(_here, OPEN, _ours, _r.entered, _r.target_id.is_not(None)).order_by(_r.sage_id)
# Not sorted by the database, which would read all records in their order rather than those of the accounts.
_children = select(_r.sage_id).where(_here, _r.parent_id.in_(any_of("parents")), _ours)

_counted = (
    select(_r.entity, _r.status, func.count()).where(_r.scope_id == bindparam("scope")).group_by(_r.entity, _r.status)
)
_rejects = (
    select(
        _r.code,
        _r.message,
        _r.label,
        func.count().over(partition_by=_r.code).label("count"),
        func.row_number().over(partition_by=_r.code, order_by=(_r.updated_at.desc(), _r.sage_id)).label("place"),
    )
    .where(_r.scope_id == bindparam("scope"), OPEN, _r.status == RecordStatus.ERROR)
    .subquery()
)
_how_many_unclear = select(func.count()).where(_r.scope_id == bindparam("scope"), OPEN, _r.unclear_since.is_not(None))
_frequent = (
    select(_rejects.c.code, _rejects.c.count, _rejects.c.message, _rejects.c.label)
    .where(_rejects.c.place == 1)
    .order_by(_rejects.c.count.desc(), _rejects.c.code)
    .limit(_MOST_FREQUENT)
)


def known(connection: Connection, scope: ScopeState, entity: Entity, ids: Iterable[str]) -> dict[str, RecordState]:
    """Return states by Sage id."""
    rows = connection.execute(_known, {"scope": scope.id, "entity": entity.value, "ids": listed(ids)}).all()
    return {row[0]: _state(row) for row in rows}


def unclear(connection: Connection, scope: ScopeState, entity: Entity) -> tuple[RecordState, ...]:
    """Return the states of creates whose outcome is not known, of released records too."""
    return tuple(_state(row) for row in connection.execute(_unclear, {"scope": scope.id, "entity": entity.value}))


def _state(row: Sequence[Any]) -> RecordState:
    (
        sage_id,
        status,
        target_id,
        parent_id,
        mapped_hash,
        field_hashes,
        code,
        attempts,
        retry_at,
        unclear_since,
        figures_hash,
        figure_hashes,
    ) = row
    return RecordState(
        sage_id=sage_id,
        status=RecordStatus(status),
        target_id=target_id,
        parent_id=parent_id,
        mapped_hash=mapped_hash,
        field_hashes=field_hashes,
        figures_hash=figures_hash,
        figure_hashes=figure_hashes,
        code=None if code is None else Code(code),
        attempts=attempts,
        retry_at=retry_at,
        unclear_since=unclear_since,
    )


def due(connection: Connection, scope: ScopeState, entity: Entity, *, now: datetime) -> tuple[str, ...]:
    """Return the ids to be read whatever their stamp."""
    return tuple(connection.scalars(_due, {"scope": scope.id, "entity": entity.value, "now": now}))


def unseen(connection: Connection, scope: ScopeState, entity: Entity, seen_by: str, limit: int) -> tuple[str, ...]:
    """Return ids that a pass has not seen."""
    parameters = {"scope": scope.id, "entity": entity.value, "seen_by": seen_by, "at_most": limit}
    return tuple(connection.scalars(_unseen, parameters))


def entered(connection: Connection, scope: ScopeState) -> tuple[str, ...]:
    """Return accounts in ForceManager whose contacts are still to be read."""
    return tuple(connection.scalars(_entered, {"scope": scope.id, "entity": Entity.ACCOUNTS.value}))


def children(connection: Connection, scope: ScopeState, entity: Entity, parent_ids: Iterable[str]) -> tuple[str, ...]:
    """Return contacts or sales of accounts, by the account that they had when they were last looked at."""
    parameters = {"scope": scope.id, "entity": entity.value, "parents": listed(parent_ids)}
    return tuple(sorted(connection.scalars(_children, parameters)))


def summary(connection: Connection, scope: ScopeState) -> Summary:
    """Count the records of a scope, and its rejects by code."""
    counts: dict[Entity, dict[RecordStatus, int]] = {}
    for entity, status, count in connection.execute(_counted, {"scope": scope.id}):
        counts.setdefault(Entity(entity), {})[RecordStatus(status)] = count
    rejects = tuple(
        RejectGroup(code=Code(code), count=count, message=message, example=label)
        for code, count, message, label in connection.execute(_frequent, {"scope": scope.id})
    )
    unclear_creates = connection.scalar(_how_many_unclear, {"scope": scope.id}) or 0
    return Summary(records=counts, rejects=rejects, unclear=unclear_creates)
