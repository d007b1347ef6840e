"""What a run does with records: noted, intended, settled, looked up.

A record that is intended is always found again: its create is `Pending` and unclear, its update has no hash. So a crash
after any of these transactions leaves nothing that a later run would take for done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, union

from sage_operator.ledger import _actions, _claims, _facts, _figures, _sales
from sage_operator.ledger import _transitions as ways
from sage_operator.ledger._actions import Stage
from sage_operator.ledger._sql import ForMany, listed
from sage_operator.ledger.tables import OPEN, actions, figures_due, records
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.records import Action, OutcomeKind
from sage_operator.sync.state import ScopeState, Settled

_SENT = (
    select(actions.c.run_id, actions.c.entity, actions.c.sage_id, actions.c.kind)
    .join_from(
        records,
        actions,
        and_(
            actions.c.run_id == records.c.last_run_id,
            actions.c.entity == records.c.entity,
            actions.c.sage_id == records.c.sage_id,
        ),
    )
    .where(actions.c.stage == Stage.SENT.value)
)
"""What the last run of a record sent and never settled."""

_OPEN = _SENT.where(records.c.scope_id == bindparam("in_scope"), OPEN)
# Of a record of which only the figures were written, nothing else is open. A join in place of the subquery would have
# SQLite read all accounts of the scope.
_WITH_FIGURES_DUE = _SENT.where(
    records.c.scope_id == bindparam("in_scope"),
    records.c.entity == Entity.ACCOUNTS.value,
    records.c.sage_id.in_(select(figures_due.c.account_id).where(figures_due.c.scope_id == bindparam("in_scope"))),
)
_LEFT_OPEN = union(_OPEN, _WITH_FIGURES_DUE)

_WITHOUT_CALL = {ActionKind.REJECT, ActionKind.PENDING, ActionKind.RELEASE, ActionKind.UNCHANGED}


def note(
    connection: Connection,
    run_id: str,
    scope: ScopeState,
    noted: Sequence[Action],
    *,
    at: datetime,
    seen_by: str | None,
) -> None:
    """Store actions that need no call."""
    by_kind = _by_kind(noted, _WITHOUT_CALL)
    new = {**ways.BLANK, "scope_id": scope.id, "seen_by": seen_by, "last_run_id": run_id, "updated_at": at}
    rejected = [
        {**_row(action), "target_id": action.target_id, "retry_at": action.retry_at}
        for action in by_kind[ActionKind.REJECT]
    ]
    ways.REJECT(
        connection, rejected, **{**new, "status": RecordStatus.ERROR.value, "attempts": 1, "rejected_since": at}
    )
    waiting = [{**_row(action), "target_id": action.target_id} for action in by_kind[ActionKind.PENDING]]
    ways.WAIT(connection, waiting, **new)

    released = by_kind[ActionKind.RELEASE]
    left = [{**_key(action), "said": action.message} for action in released]
    ways.RELEASE(connection, left, in_scope=scope.id, by_run=run_id, at=at)
    _claims.release(connection, scope, map(_key, released))

    _facts.forget(connection, scope.id, _accounts(released))

    unchanged = by_kind[ActionKind.UNCHANGED]
    read = [action for action in unchanged if not action.figures_only]
    _note_unchanged(connection, scope, read, at=at, seen_by=seen_by)
    _store_figures(connection, scope, unchanged, at=at)
    # A released sale may belong to another account by now: its document is looked at all the same.
    _sales.forget(connection, scope, _sales_of(of for of in noted if of.kind is not ActionKind.RELEASE))
    news = (action for action in noted if action.kind is not ActionKind.UNCHANGED)
    _actions.store(connection, run_id, news, Stage.NOTED, at=at)


def _note_unchanged(
    connection: Connection, scope: ScopeState, unchanged: Sequence[Action], *, at: datetime, seen_by: str | None
) -> None:
    rehashed = [
        {**_key(action), "hash": action.mapped_hash, "hashes": action.field_hashes}
        for action in unchanged
        if action.mapped_hash is not None
    ]
    ways.REHASH(connection, rehashed, in_scope=scope.id, at=at)
    ids: defaultdict[Entity, list[str]] = defaultdict(list)
    for action in unchanged:
        ids[action.entity].append(action.sage_id)
    for entity, of_entity in ids.items():
        which = {"in_scope": scope.id, "of_entity": entity.value, "ids": listed(of_entity)}
        connection.execute(ways.UNCHANGED, {**which, "at": at})
        if seen_by is not None:
            connection.execute(ways.SEE, {**which, "the_pass": seen_by})


def intend(
    connection: Connection,
    run_id: str,
    scope: ScopeState,
    intended: Sequence[Action],
    *,
    at: datetime,
    seen_by: str | None,
    keep_values: bool,
) -> None:
    """Stamp writes as sent: from here on their outcome is not known until it is settled."""
    by_kind = _by_kind(intended, {ActionKind.CREATE, ActionKind.UPDATE, ActionKind.DELETE})
    new = {**ways.BLANK, "scope_id": scope.id, "seen_by": seen_by, "last_run_id": run_id, "updated_at": at}
    creates = [
        {
            **_row(action, dict.fromkeys(action.field_hashes, "")),
            "figure_hashes": dict.fromkeys(action.figure_hashes, ""),
        }
        for action in by_kind[ActionKind.CREATE]
    ]
    unclear = {"code": Code.UNCLEAR_OUTCOME.value, "unclear_since": at}
    ways.INTEND_CREATE(connection, creates, **{**new, **unclear})

    _intend_updates(connection, scope, by_kind[ActionKind.UPDATE], new)
    deletes = map(_key, by_kind[ActionKind.DELETE])
    ways.INTEND_DELETE(connection, deletes, in_scope=scope.id, by_run=run_id, at=at)
    _sales.forget(connection, scope, _sales_of(intended))
    # Should the process die now, nothing else would tell that figures may have been written.
    _figures.make_due(connection, scope, [of.sage_id for of in intended if of.figures_hash is not None])
    _actions.store(connection, run_id, intended, Stage.SENT, at=at, keep_values=keep_values)


def _intend_updates(
    connection: Connection, scope: ScopeState, updates: Sequence[Action], new: Mapping[str, Any]
) -> None:
    """Store that it is not known from here on what was written last: the mapped fields, the figures, or both."""
    written = _written(connection, scope, updates)
    rows, figures = [], []
    for action in updates:
        last = written.get((action.entity, action.sage_id), _NOTHING_WRITTEN)
        figure_hashes = dict.fromkeys([*last.figure_hashes, *action.figure_hashes], "")
        if action.figures_only:
            figures.append({**_key(action), "figures": figure_hashes})
            continue
        row = _row(action, dict.fromkeys([*last.field_hashes, *action.field_hashes], ""))
        if action.figures_hash is None:
            row |= {"figures_hash": last.figures_hash, "figure_hashes": last.figure_hashes}
        else:
            row |= {"figure_hashes": figure_hashes}
        rows.append({**row, "target_id": action.target_id})
    ways.INTEND_UPDATE(connection, rows, **new)
    ways.INTEND_FIGURES(connection, figures, in_scope=scope.id, by_run=new["last_run_id"], at=new["updated_at"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """The targets that may hold a value by now: they stay known, whichever of two values it is."""

    field_hashes: Mapping[str, str]
    figures_hash: str | None
    figure_hashes: Mapping[str, str]


_NOTHING_WRITTEN = _Written(field_hashes={}, figures_hash=None, figure_hashes={})


def _written(
    connection: Connection, scope: ScopeState, updates: Sequence[Action]
) -> dict[tuple[Entity, str], _Written]:
    """Return what was written to these records until now."""
    ids: defaultdict[Entity, list[str]] = defaultdict(list)
    for action in updates:
        ids[action.entity].append(action.sage_id)
    result = {}
    for entity, of_entity in ids.items():
        which = {"in_scope": scope.id, "of_entity": entity.value, "ids": listed(of_entity)}
        for sage_id, fields, figures_hash, figures in connection.execute(ways.HASHES, which):
            result[entity, sage_id] = _Written(field_hashes=fields, figures_hash=figures_hash, figure_hashes=figures)
    return result


def settle(connection: Connection, run_id: str, scope: ScopeState, settled: Sequence[Settled], *, at: datetime) -> None:
    """Store how writes ended."""
    rows: defaultdict[ForMany, list[dict[str, Any]]] = defaultdict(list)
    for item in settled:
        way, parameters = _way(item)
        if way is not None:
            rows[way].append({**_key(item.action), **parameters})
    for way, of_way in rows.items():
        way(connection, of_way, in_scope=scope.id, at=at)
    done = [item.action for item in settled if item.outcome.kind is OutcomeKind.DONE]
    _store_figures(connection, scope, done, at=at)
    _claims.release(connection, scope, (_key(action) for action in done if action.kind is ActionKind.DELETE))
    _actions.end(connection, run_id, settled, at=at)


def _way(item: Settled) -> tuple[ForMany | None, dict[str, Any]]:
    """Return what becomes of the record, None if it stays as intended."""
    action, outcome = item.action, item.outcome
    creates = action.kind is ActionKind.CREATE
    match outcome.kind:
        case OutcomeKind.DONE:
            if action.figures_only:
                return None, {}
            if action.kind is ActionKind.DELETE:
                return ways.DELETED, {}
            target_id = outcome.target_id or action.target_id
            if target_id is None:
                raise ValueError(f"{action.sage_id} was written, but under which id?")
            return ways.DONE, {"target": target_id, "hash": action.mapped_hash, "hashes": action.field_hashes}
        case OutcomeKind.REFUSED:
            code = item.code or Code.REFUSED_BY_FORCE_MANAGER
            return ways.REFUSED, {"why": code.value, "said": outcome.message, "again": action.retry_at}
        case OutcomeKind.UNKNOWN_ID:
            return ways.UNKNOWN, {"said": outcome.message}
        case OutcomeKind.UNCLEAR:
            return (ways.UNCLEAR if creates else None), {}
        case OutcomeKind.NOT_SENT:
            return (ways.UNSENT if creates else None), {}


def resolve(
    connection: Connection, scope: ScopeState, entity: Entity, found: Mapping[str, int | None], *, at: datetime
) -> None:
    """Store what became of unclear creates."""
    shared = {"in_scope": scope.id, "of_entity": entity.value, "at": at}
    there = [{"with_id": sage_id, "target": target_id} for sage_id, target_id in found.items() if target_id is not None]
    absent = [{"with_id": sage_id} for sage_id, target_id in found.items() if target_id is None]
    ways.FOUND(connection, there, **shared, otherwise=RecordStatus.SYNCHRONIZED.value)
    ways.ABSENT(connection, absent, **shared, otherwise=RecordStatus.PENDING.value)


def recover(connection: Connection, scope: ScopeState, *, at: datetime) -> int:
    """Close the actions that were sent and never settled; those of creates are unclear since `at`."""
    left = connection.execute(_LEFT_OPEN, {"in_scope": scope.id}).mappings().all()
    _actions.close(connection, left, at=at)
    creates = [
        {"of_entity": key["entity"], "with_id": key["sage_id"]} for key in left if key["kind"] == ActionKind.CREATE
    ]
    ways.UNCLEAR(connection, creates, in_scope=scope.id, at=at)
    return len(left)


def _store_figures(connection: Connection, scope: ScopeState, several: Iterable[Action], *, at: datetime) -> None:
    """Store the figures that actions bear: they are written, or were found to be so; they are due no longer."""
    told = [action for action in several if action.figures_hash is not None]
    rows = [{**_key(action), "hash": action.figures_hash, "hashes": action.figure_hashes} for action in told]
    ways.FIGURES(connection, rows, in_scope=scope.id, at=at)
    _figures.forget(connection, scope.id, _accounts(told))


def _accounts(several: Iterable[Action]) -> list[str]:
    return [action.sage_id for action in several if action.entity is Entity.ACCOUNTS]


def _sales_of(several: Iterable[Action]) -> list[str]:
    return [action.sage_id for action in several if action.entity is Entity.SALES]


def _by_kind(several: Iterable[Action], allowed: set[ActionKind]) -> defaultdict[ActionKind, list[Action]]:
    by_kind: defaultdict[ActionKind, list[Action]] = defaultdict(list)
    for action in several:
        if action.kind not in allowed:
            raise ValueError(f"{action.kind} of {action.sage_id} does not belong here")
        by_kind[action.kind].append(action)
    return by_kind


def _key(action: Action) -> dict[str, Any]:
    return {"of_entity": action.entity.value, "with_id": action.sage_id}


def _row(action: Action, field_hashes: Mapping[str, str] | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "entity": action.entity.value,
        "sage_id": action.sage_id,
        "parent_id": action.parent_id,
        "label": action.label,
    }
    if field_hashes is not None:
        return {**row, "field_hashes": field_hashes, "entered": action.entity is Entity.ACCOUNTS}
    return {**row, "code": action.code and action.code.value, "message": action.message}
