"""Whose figures are due: they may differ from what was written, and no run has told otherwise yet."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from sage_operator.ledger._sql import ForMany, any_of, insert_selected, listed, upsert
from sage_operator.ledger.tables import LEFT_WITH_FIGURES, figures_due, records, scopes
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import Entity, RecordStatus
from sage_operator.sync.state import ScopeState

_f, _r = figures_due.c, records.c
_here = _f.scope_id == bindparam("scope")
_these = _f.account_id.in_(any_of("accounts"))
_account = and_(_r.scope_id == _f.scope_id, _r.entity == Entity.ACCOUNTS.value, _r.sage_id == _f.account_id)
_due = (
    select(_f.account_id)
    .join_from(figures_due, records, _account)
    .where(
        _here,
        _f.account_id > bindparam("after"),
        _r.target_id.is_not(None),
        _r.unclear_since.is_(None),
        # What ForceManager refused waits until the record is due: asking again at once would be refused again. What
        # does not fit the map says nothing against the figures.
        or_(
            _r.status == RecordStatus.SYNCHRONIZED,
            and_(
                _r.status == RecordStatus.ERROR,
                or_(_r.retry_at <= bindparam("now"), _r.code != Code.REFUSED_BY_FORCE_MANAGER.value),
            ),
        ),
    )
    .order_by(_f.account_id)
    .limit(bindparam("at_most"))
)
_left = (
    select(_r.sage_id)
    .where(_r.scope_id == bindparam("scope"), LEFT_WITH_FIGURES, _r.sage_id > bindparam("after"))
    .order_by(_r.sage_id)
    .limit(bindparam("at_most"))
)
_among = select(_f.account_id).where(_here, _these)
_forget = delete(figures_due).where(_here, _these)
_make_due = ForMany(upsert(figures_due).on_conflict_do_nothing())
_make_all_due = insert_selected(
    figures_due,
    select(_r.scope_id, _r.sage_id).where(
        _r.scope_id == bindparam("scope"),
        _r.entity == Entity.ACCOUNTS.value,
        _r.status != RecordStatus.NOT_SYNCHRONIZED,
    ),
)
_computed_for = update(scopes).where(scopes.c.id == bindparam("scope")).values(figures_as_of=bindparam("as_of"))


def make_due(connection: Connection, scope: ScopeState, account_ids: Iterable[str]) -> None:
    """Make the figures of accounts due; those that are due already stay so."""
    _make_due(connection, ({"account_id": account_id} for account_id in account_ids), scope_id=scope.id)


def make_all_due(connection: Connection, scope: ScopeState, *, as_of: date) -> None:
    """Make the figures of all accounts of a scope due, and remember the date for which that was done."""
    connection.execute(_make_all_due, {"scope": scope.id})
    connection.execute(_computed_for, {"scope": scope.id, "as_of": as_of.isoformat()})


def due(connection: Connection, scope: ScopeState, *, now: datetime, after_id: str, limit: int) -> tuple[str, ...]:
    """Return accounts in ForceManager, beyond one, whose figures are due, in order."""
    which = {"scope": scope.id, "now": now, "after": after_id, "at_most": limit}
    return tuple(connection.scalars(_due, which))


def left(connection: Connection, scope: ScopeState, *, after_id: str, limit: int) -> tuple[str, ...]:
    """Return accounts, beyond one, that have left with figures that nobody took back, in order."""
    return tuple(connection.scalars(_left, {"scope": scope.id, "after": after_id, "at_most": limit}))


def due_among(connection: Connection, scope: ScopeState, account_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these accounts have figures that are due, whether they are in ForceManager or not."""
    return frozenset(connection.scalars(_among, {"scope": scope.id, "accounts": listed(account_ids)}))


def forget(connection: Connection, scope_id: int, account_ids: Iterable[str]) -> None:
    """Let figures of accounts be due no longer: they are written or equal, or the account has left."""
    connection.execute(_forget, {"scope": scope_id, "accounts": listed(account_ids)})
