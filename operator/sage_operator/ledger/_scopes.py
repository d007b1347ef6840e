"""Scopes, and the passes that run in them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from secrets import token_bytes

from sqlalchemy import Connection, bindparam, case, delete, insert, or_, select, update

from sage_operator.ledger._sql import ForMany, any_of, listed, upsert
from sage_operator.ledger.tables import OPEN, passes, records, scopes, target_index
from sage_operator.sync.entities import Entity, Mode, RecordStatus
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.records import TargetRow
from sage_operator.sync.state import Pass, ScopeState

_HASH_KEY_BYTES = 32

_add_to_index = ForMany(upsert(target_index).on_conflict_do_nothing())
_indexed = (
    select(target_index.c.ext_id, target_index.c.target_id)
    .where(
        target_index.c.scope_id == bindparam("scope"),
        target_index.c.entity == bindparam("entity"),
        target_index.c.ext_id.in_(any_of("ids")),
    )
    .order_by(target_index.c.ext_id, target_index.c.target_id)
)

_new_pass = upsert(passes)
_save_pass = _new_pass.on_conflict_do_update(
    index_elements=["scope_id"],
    set_={name: _new_pass.excluded[name] for name in ("cursors", "finished", "indexed")},
)

_forget_entered = (
    update(records)
    .where(
        records.c.scope_id == bindparam("in_scope"),
        records.c.entity == Entity.ACCOUNTS.value,
        OPEN,
        records.c.entered,
        records.c.status == RecordStatus.SYNCHRONIZED.value,
    )
    .values(entered=False)
)


_of = scopes.c.id == bindparam("scope")
_company = select(scopes.c.company, scopes.c.currency, scopes.c.fiscal_start).where(_of)
_save_company = (
    update(scopes)
    .where(
        _of,
        or_(
            scopes.c.company.is_distinct_from(bindparam("name")),
            scopes.c.currency.is_distinct_from(bindparam("code")),
            scopes.c.fiscal_start.is_distinct_from(bindparam("month")),
        ),
    )
    .values(company=bindparam("name"), currency=bindparam("code"), fiscal_start=bindparam("month"))
)


def open_scope(connection: Connection, *, integration: str, fingerprint: str, tenant: str) -> ScopeState:
    """Return the state of a pair of remotes and make it the one that its integration works in.

    The claims of its other scopes are free from then on; those of this one are held again, unless somebody took them.
    """
    this = (scopes.c.integration == integration, scopes.c.fingerprint == fingerprint)
    row = connection.execute(select(scopes).where(*this)).one_or_none()
    if row is None:
        connection.execute(
            insert(scopes).values(
                integration=integration,
                fingerprint=fingerprint,
                tenant=tenant,
                hash_key=token_bytes(_HASH_KEY_BYTES),
                active=True,
            )
        )
        row = connection.execute(select(scopes).where(*this)).one()
    connection.execute(
        update(scopes)
        .where(scopes.c.integration == integration, scopes.c.active != (scopes.c.id == row.id))
        .values(active=scopes.c.id == row.id)
    )
    return ScopeState(
        id=row.id,
        hash_key=row.hash_key,
        tenant=row.tenant,
        watermark=row.watermark,
        digest=row.digest,
        unfinished=_unfinished(connection, row.id),
        figures_as_of=None if row.figures_as_of is None else date.fromisoformat(row.figures_as_of),
    )


def deactivate(connection: Connection, integration: str) -> None:
    """Release all claims of an integration."""
    connection.execute(update(scopes).where(scopes.c.integration == integration).values(active=False))


def save_company(connection: Connection, scope: ScopeState, company: Company) -> None:
    """Remember whose documents count; who reads the ledger beside the operator asks nobody else."""
    which = {"scope": scope.id, "name": company.name, "code": company.currency, "month": company.fiscal_start}
    connection.execute(_save_company, which)


def company_of(connection: Connection, scope: ScopeState) -> tuple[str | None, str | None, int | None]:
    """Return name, base currency and first month of the fiscal year of the company whose documents count."""
    name, currency, fiscal_start = connection.execute(_company, {"scope": scope.id}).one()
    return name, currency, fiscal_start


def _unfinished(connection: Connection, scope_id: int) -> Pass | None:
    row = connection.execute(select(passes).where(passes.c.scope_id == scope_id)).one_or_none()
    if row is None:
        return None
    return Pass(
        id=row.id,
        mode=Mode(row.mode),
        as_of=row.as_of,
        digest=row.digest,
        cursors={Entity(entity): cursor for entity, cursor in row.cursors.items()},
        finished=frozenset(map(Entity, row.finished)),
        indexed=row.indexed,
    )


def begin_pass(connection: Connection, scope: ScopeState, started: Pass) -> None:
    """Drop what an earlier pass left, and store this one."""
    _drop_pass(connection, scope)
    save_pass(connection, scope, started)


def save_pass(connection: Connection, scope: ScopeState, progress: Pass) -> None:
    """Store how far a pass has come."""
    connection.execute(
        _save_pass,
        {
            "scope_id": scope.id,
            "id": progress.id,
            "mode": progress.mode.value,
            "as_of": progress.as_of,
            "digest": progress.digest,
            "cursors": progress.cursors,
            "finished": sorted(progress.finished),
            "indexed": progress.indexed,
        },
    )


def complete(connection: Connection, scope: ScopeState, *, watermark: datetime, digest: str) -> None:
    """Move the watermark, end the pass, forget which accounts have entered."""
    later = or_(scopes.c.watermark.is_(None), scopes.c.watermark < bindparam("reached"))
    connection.execute(
        update(scopes)
        .where(scopes.c.id == scope.id)
        .values(watermark=case((later, bindparam("reached")), else_=scopes.c.watermark), digest=digest),
        {"reached": watermark},
    )
    _drop_pass(connection, scope)
    connection.execute(_forget_entered, {"in_scope": scope.id})


def forget_digest(connection: Connection, scope: ScopeState) -> None:
    """Drop the digest of a scope, and of a pass under way, so that it is that of no configuration."""
    connection.execute(update(scopes).where(scopes.c.id == scope.id).values(digest=None))
    connection.execute(update(passes).where(passes.c.scope_id == scope.id).values(digest=""))


def _drop_pass(connection: Connection, scope: ScopeState) -> None:
    connection.execute(delete(target_index).where(target_index.c.scope_id == scope.id))
    connection.execute(delete(passes).where(passes.c.scope_id == scope.id))


def add_to_index(connection: Connection, scope: ScopeState, entity: Entity, rows: Sequence[TargetRow]) -> None:
    """Remember live ForceManager records; one that is there already is ignored."""
    new = [{"ext_id": row.ext_id, "target_id": row.id} for row in rows]
    _add_to_index(connection, new, scope_id=scope.id, entity=entity.value)


def indexed(
    connection: Connection, scope: ScopeState, entity: Entity, ids: Iterable[str]
) -> dict[str, tuple[int, ...]]:
    """Return ForceManager ids by `extId`."""
    found: dict[str, tuple[int, ...]] = {}
    which = {"scope": scope.id, "entity": entity.value, "ids": listed(ids)}
    for ext_id, target_id in connection.execute(_indexed, which):
        found[ext_id] = (*found.get(ext_id, ()), target_id)
    return found
