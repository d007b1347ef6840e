"""Who synchronises a record into a tenant: one scope at a time.

A claim is free when its holder has released it, or is not the scope that its integration works in any more. Who takes a
free claim inherits the record: its ForceManager id, or that its create is unclear. So at any time at most one scope
believes to know the record, and no scope has a state `Synchronized` without the claim.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, literal, null, select, update

from sage_operator.ledger import _facts
from sage_operator.ledger._sql import ForMany, any_of, listed, upsert
from sage_operator.ledger._transitions import BLANK
from sage_operator.ledger._types import Json
from sage_operator.ledger.tables import claims, records, scopes
from sage_operator.sync.entities import Entity, RecordStatus
from sage_operator.sync.state import Claim, ScopeState

_c, _r = claims.c, records.c
_NOT_SYNCHRONIZED = RecordStatus.NOT_SYNCHRONIZED.value

_held = (
    select(_c.sage_id, _c.scope_id, scopes.c.integration, and_(~_c.released, scopes.c.active).label("held"))
    .join_from(claims, scopes, scopes.c.id == _c.scope_id)
    .where(_c.tenant == bindparam("tenant"), _c.entity == bindparam("entity"), _c.sage_id.in_(any_of("ids")))
)
_integration = select(scopes.c.integration).where(scopes.c.id == bindparam("scope"))
_new = upsert(claims)
_take = ForMany(
    _new.on_conflict_do_update(
        index_elements=[column.name for column in claims.primary_key],
        set_={"scope_id": _new.excluded.scope_id, "released": False},
    )
)
_let_go = ForMany(
    update(claims)
    .where(
        _c.tenant == bindparam("of_tenant"),
        _c.entity == bindparam("of_entity"),
        _c.sage_id == bindparam("with_id"),
        _c.scope_id == bindparam("in_scope"),
    )
    .values(released=True)
)

_left_behind = select(
    _r.sage_id, _r.target_id, _r.unclear_since, _r.field_hashes, _r.figure_hashes, _r.parent_id, _r.label
).where(_r.scope_id == bindparam("scope"), _r.entity == bindparam("entity"), _r.sage_id.in_(any_of("ids")))
_new_record = upsert(records)
_inherit = ForMany(
    _new_record.on_conflict_do_update(
        index_elements=[column.name for column in records.primary_key],
        set_={
            name: _new_record.excluded[name]
            for name in (
                "target_id",
                "unclear_since",
                "field_hashes",
                "mapped_hash",
                "figure_hashes",
                "figures_hash",
                "updated_at",
            )
        },
    )
)
_leave = (
    update(records)
    .where(_r.scope_id == bindparam("in_scope"), _r.entity == bindparam("of_entity"), _r.sage_id.in_(any_of("ids")))
    .values(
        # It would have to be claimed again; `Pending` sees to it that it is looked at when its scope comes back.
        status=case((_r.status == _NOT_SYNCHRONIZED, _r.status), else_=RecordStatus.PENDING.value),
        target_id=null(),
        mapped_hash=null(),
        field_hashes=literal({}, Json()),
        figures_hash=null(),
        figure_hashes=literal({}, Json()),
        code=null(),
        message="",
        retry_at=null(),
        rejected_since=null(),
        unclear_since=null(),
        entered=False,
        updated_at=bindparam("at"),
    )
)


def claim(
    connection: Connection, scope: ScopeState, entity: Entity, ids: Sequence[str], *, at: datetime
) -> dict[str, Claim]:
    """Take what is free, and return who holds each record now.

    A record whose create an earlier holder left unclear is inherited so that this scope looks it up, but this once it
    counts as the other's: the caller may know this scope's state already, and would create the record again.
    """
    result: dict[str, Claim] = {}
    mine = Claim(mine=True, holder=connection.execute(_integration, {"scope": scope.id}).scalar_one())
    released: list[str] = []
    free: defaultdict[int, list[str]] = defaultdict(list)
    holders: dict[int, str] = {}
    which = {"tenant": scope.tenant, "entity": entity.value, "ids": listed(ids)}
    for sage_id, scope_id, integration, held in connection.execute(_held, which):
        if scope_id == scope.id:
            result[sage_id] = mine
            if not held:
                released.append(sage_id)
        elif held:
            result[sage_id] = Claim(mine=False, holder=integration)
        else:
            free[scope_id].append(sage_id)
            holders[scope_id] = integration
            result[sage_id] = mine
    missing = [sage_id for sage_id in dict.fromkeys(ids) if sage_id not in result]
    result.update(dict.fromkeys(missing, mine))
    for scope_id, left in free.items():
        for row in _move(connection, scope_id, scope, entity, left, at=at):
            result[row["sage_id"]] = Claim(
                mine=row["unclear_since"] is None,
                holder=mine.holder if row["unclear_since"] is None else holders[scope_id],
                target_id=row["target_id"],
            )
    taken = [*released, *missing, *(sage_id for left in free.values() for sage_id in left)]
    _take(
        connection,
        [{"sage_id": sage_id} for sage_id in taken],
        tenant=scope.tenant,
        entity=entity.value,
        scope_id=scope.id,
        released=False,
    )
    return result


def _move(
    connection: Connection, former: int, scope: ScopeState, entity: Entity, ids: Sequence[str], *, at: datetime
) -> Sequence[Mapping[str, Any]]:
    """Move what a former holder knows of records to this scope; returns what there was."""
    which = {"scope": former, "entity": entity.value, "ids": listed(ids)}
    rows = [
        dict(row)
        for row in connection.execute(_left_behind, which).mappings()
        if row["target_id"] is not None or row["unclear_since"] is not None
    ]
    inherited = [
        {**row, **{name: dict.fromkeys(row[name], "") for name in ("field_hashes", "figure_hashes")}} for row in rows
    ]
    _inherit(connection, inherited, **{**BLANK, "scope_id": scope.id, "entity": entity.value, "updated_at": at})
    connection.execute(_leave, {"in_scope": former, "of_entity": entity.value, "ids": listed(ids), "at": at})
    if entity is Entity.ACCOUNTS:
        _facts.forget(connection, former, ids)
    return rows


def release(connection: Connection, scope: ScopeState, keys: Iterable[Mapping[str, Any]]) -> None:
    """Release claims of this scope; a key is `of_entity` and `with_id`."""
    _let_go(connection, keys, of_tenant=scope.tenant, in_scope=scope.id)
