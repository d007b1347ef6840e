"""A ledger that is older than what it tells of: an old copy of it was put back, and ForceManager is ahead of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    null,
    select,
    type_coerce,
    update,
)

from sage_operator.ledger._types import Json
from sage_operator.ledger.tables import passes, records, scopes, streams, target_index
from sage_operator.sync.entities import Entity
from sage_operator.sync.payments.sales import STREAM
from sage_operator.sync.state import ScopeState

_r, _i = records.c, target_index.c
_borne = and_(_i.scope_id == _r.scope_id, _i.entity == _r.entity, _i.ext_id == _r.sage_id)
_forget_other_ids = (
    update(records)
    .where(
        _r.scope_id == bindparam("scope"),
        _r.entity == bindparam("of_entity"),
        _r.target_id.is_not(None),
        exists().where(_borne),
        ~exists().where(_borne, _i.target_id == _r.target_id),
    )
    .values(target_id=null(), mapped_hash=null(), figures_hash=null(), updated_at=bindparam("at"))
)


def begin_anew(connection: Connection, integration: str, *, at: datetime) -> None:
    """Make the next run in any scope of an integration an Initial one, which compares nothing with earlier writes.

    What was written since the copy was made may have been taken back in Sage since: a hash of the copy would be equal
    to what is wanted, and ForceManager would keep the value between. So no hash is believed.
    """
    its = select(scopes.c.id).where(scopes.c.integration == integration).scalar_subquery()
    connection.execute(delete(target_index).where(_i.scope_id.in_(its)))
    connection.execute(delete(passes).where(passes.c.scope_id.in_(its)))
    connection.execute(
        update(records)
        .where(_r.scope_id.in_(its))
        .values(
            mapped_hash=null(),
            field_hashes=_unknown(_r.field_hashes),
            figures_hash=null(),
            figure_hashes=_unknown(_r.figure_hashes),
            updated_at=at,
        )
    )
    # Sales are then taken for written by nobody: those in ForceManager are indexed, and all compared.
    connection.execute(update(streams).where(streams.c.scope_id.in_(its), streams.c.name == STREAM).values(digest=None))
    connection.execute(
        update(scopes)
        .where(scopes.c.integration == integration)
        .values(watermark=None, digest=None, figures_as_of=None)
    )


def _unknown(hashes: ColumnElement[Any]) -> ColumnElement[Any]:
    """Keep the targets that may hold a value of ours; which value is not known."""
    each = func.json_each(type_coerce(hashes, Text())).table_valued("key")
    return type_coerce(select(func.json_group_object(each.c.key, "")).select_from(each).scalar_subquery(), Json())


def prefer_index(connection: Connection, scope: ScopeState, entity: Entity, *, at: datetime) -> None:
    """Forget the ForceManager ids of records whose `extId` is on other live records only.

    Such a record was deleted there and made anew after the copy. One that the index lacks keeps its id: an update tells
    whether it is still there.
    """
    connection.execute(_forget_other_ids, {"scope": scope.id, "of_entity": entity.value, "at": at})
