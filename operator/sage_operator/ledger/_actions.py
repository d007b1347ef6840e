"""The archive of what runs did with records."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, and_, bindparam, update

from sage_operator.ledger._sql import ForMany, upsert
from sage_operator.ledger.tables import actions
from sage_operator.sync.entities import ActionKind
from sage_operator.sync.records import Action, OutcomeKind
from sage_operator.sync.state import Settled


class Stage(StrEnum):
    """How far an action has come."""

    NOTED = "noted"  # it needs no call
    SENT = "sent"  # or about to be
    DONE = "done"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    UNSENT = "unsent"  # surely without effect


_STAGES = {
    OutcomeKind.DONE: Stage.DONE,
    OutcomeKind.REFUSED: Stage.REFUSED,
    OutcomeKind.UNCLEAR: Stage.UNCLEAR,
    OutcomeKind.UNKNOWN_ID: Stage.REFUSED,
    OutcomeKind.NOT_SENT: Stage.UNSENT,
}

_a = actions.c
_new = upsert(actions)
_store = ForMany(
    _new.on_conflict_do_update(
        index_elements=[column.name for column in actions.primary_key],
        set_={column.name: _new.excluded[column.name] for column in _a if not column.primary_key},
    )
)
_at_key = and_(
    _a.run_id == bindparam("of_run"),
    _a.entity == bindparam("of_entity"),
    _a.sage_id == bindparam("with_id"),
    _a.kind == bindparam("of_kind"),
)
_end = ForMany(
    update(actions)
    .where(_at_key)
    .values(
        stage=bindparam("ended"),
        target_id=bindparam("target"),
        code=bindparam("why"),
        message=bindparam("said"),
        ended_at=bindparam("at"),
    )
)
_close = ForMany(update(actions).where(_at_key).values(stage=Stage.UNCLEAR.value, ended_at=bindparam("at")))


def store(
    connection: Connection,
    run_id: str,
    done: Iterable[Action],
    stage: Stage,
    *,
    at: datetime,
    keep_values: bool = False,
) -> None:
    """Store actions; a later one of the same run, record and kind replaces the earlier."""
    _store(
        connection,
        (
            {
                "entity": action.entity.value,
                "sage_id": action.sage_id,
                "kind": action.kind.value,
                "target_id": action.target_id,
                "code": action.code and action.code.value,
                "message": action.message,
                # A create sends all that is mapped; of an update it is news which fields changed.
                "fields": sorted(action.payload) if action.kind is ActionKind.UPDATE else (),
                "payload": action.payload if keep_values and action.payload else None,
            }
            for action in done
        ),
        run_id=run_id,
        stage=stage.value,
        sent_at=at if stage is Stage.SENT else None,
        ended_at=None if stage is Stage.SENT else at,
    )


def end(connection: Connection, run_id: str, settled: Iterable[Settled], *, at: datetime) -> None:
    """Store how writes ended."""
    _end(
        connection,
        (
            {
                "of_entity": item.action.entity.value,
                "with_id": item.action.sage_id,
                "of_kind": item.action.kind.value,
                "ended": _STAGES[item.outcome.kind].value,
                "target": item.outcome.target_id or item.action.target_id,
                "why": item.code and item.code.value,
                "said": item.outcome.message or item.action.message,
            }
            for item in settled
        ),
        of_run=run_id,
        at=at,
    )


def close(connection: Connection, keys: Iterable[RowMapping], *, at: datetime) -> None:
    """Close actions that were sent and whose outcome nobody recorded; a key is the named columns of one."""
    _close(
        connection,
        (
            {"of_run": key["run_id"], "of_entity": key["entity"], "with_id": key["sage_id"], "of_kind": key["kind"]}
            for key in keys
        ),
        at=at,
    )
