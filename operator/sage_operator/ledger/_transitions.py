"""The ways that a record's state can go, one statement each.

Their parameters: `in_scope`, `of_entity` and `with_id` (or `ids`) say which records, `at` when; inserts take a row of
columns (`BLANK` and what is known).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, bindparam, case, func, literal, null, select, update
from sqlalchemy.dialects.sqlite import Insert

from sage_operator.ledger._sql import ForMany, any_of, upsert
from sage_operator.ledger._types import Json, UtcTime
from sage_operator.ledger.tables import records, word
from sage_operator.sync.entities import RecordStatus
from sage_operator.sync.payments.planning import LEFT

_PENDING, _ERROR = RecordStatus.PENDING.value, RecordStatus.ERROR.value
_SYNCHRONIZED, _NOT_SYNCHRONIZED = RecordStatus.SYNCHRONIZED.value, RecordStatus.NOT_SYNCHRONIZED.value

_r = records.c
_nothing = literal({}, Json())
_at_key = and_(
    _r.scope_id == bindparam("in_scope"), _r.entity == bindparam("of_entity"), _r.sage_id == bindparam("with_id")
)
_at_any = and_(_r.scope_id == bindparam("in_scope"), _r.entity == bindparam("of_entity"), _r.sage_id.in_(any_of("ids")))

BLANK: Mapping[str, Any] = {
    "status": _PENDING,
    "target_id": None,
    "parent_id": None,
    "mapped_hash": None,
    "field_hashes": {},
    "figures_hash": None,
    "figure_hashes": {},
    "code": None,
    "message": "",
    "label": "",
    "attempts": 0,
    "retry_at": None,
    "unclear_since": None,
    "entered": False,
    "seen_by": None,
    "last_run_id": None,
    "rejected_since": None,
}
"""The columns of a record that is new and of which nothing is known."""

SETTLED: Mapping[str, Any] = {
    "code": null(),
    "message": "",
    "attempts": 0,
    "retry_at": null(),
    "unclear_since": null(),
    "rejected_since": null(),
}
"""The columns of a record with which nothing is wrong."""


def _insert_or(change: Insert, *taken: str, **changed: Any) -> ForMany:
    """Insert a record, or change the one that is there: `taken` columns as they would have been inserted."""
    return ForMany(
        change.on_conflict_do_update(
            index_elements=[column.name for column in records.primary_key],
            set_={
                **{name: change.excluded[name] for name in taken},
                "label": change.excluded.label,
                "parent_id": change.excluded.parent_id,
                "seen_by": func.coalesce(change.excluded.seen_by, _r.seen_by),
                "last_run_id": change.excluded.last_run_id,
                "updated_at": change.excluded.updated_at,
                **changed,
            },
        )
    )


def _change(**changed: Any) -> ForMany:
    return ForMany(update(records).where(_at_key).values(updated_at=bindparam("at"), **changed))


_new = upsert(records)
# Where a record is found that is not written now: the index that told it does not outlive the run.
_told = func.coalesce(_new.excluded.target_id, _r.target_id)

REJECT = _insert_or(
    _new,
    "status",
    "code",
    "message",
    "retry_at",
    target_id=_told,
    attempts=_r.attempts + 1,
    rejected_since=func.coalesce(_r.rejected_since, _new.excluded.rejected_since),
)
WAIT = _insert_or(_new, "status", "code", "message", "retry_at", target_id=_told)
RELEASE = _change(
    status=_NOT_SYNCHRONIZED,
    message=bindparam("said"),
    # Others may write the record while it is not ours: when it comes back, all of it is written.
    mapped_hash=null(),
    # That its figures were taken back stays: who left without that, while payments were off, is found by it.
    figures_hash=case((_r.figures_hash == word(LEFT), _r.figures_hash)),
    code=null(),
    attempts=0,
    retry_at=null(),
    rejected_since=null(),
    entered=False,
    last_run_id=bindparam("by_run"),
)
SEE = update(records).where(_at_any).values(seen_by=bindparam("the_pass"))
REHASH = _change(mapped_hash=bindparam("hash"), field_hashes=bindparam("hashes"))
UNCHANGED = (
    update(records)
    .where(
        _at_any, _r.status.in_([word(_PENDING), word(_ERROR)]), _r.mapped_hash.is_not(None), _r.unclear_since.is_(None)
    )
    .values(status=_SYNCHRONIZED, updated_at=bindparam("at"), **SETTLED)
)

INTEND_CREATE = _insert_or(
    _new,
    "status",
    "code",
    "message",
    "unclear_since",
    "target_id",
    "mapped_hash",
    "field_hashes",
    "figures_hash",
    "figure_hashes",
    "retry_at",
    "entered",
)
INTEND_UPDATE = _insert_or(
    _new,
    "target_id",
    "mapped_hash",
    "field_hashes",
    "figures_hash",
    "figure_hashes",
    status=case((_r.status.in_([word(_SYNCHRONIZED), word(_ERROR)]), _r.status), else_=_PENDING),
    code=case((_r.status == _ERROR, _r.code)),
    message=case((_r.status == _ERROR, _r.message), else_=""),
    # A reject that is written after all is due at once if its outcome is never recorded.
    retry_at=case((_r.status == _ERROR, _new.excluded.updated_at)),
    entered=case((_r.status == _SYNCHRONIZED, _r.entered), else_=_new.excluded.entered),
)
INTEND_FIGURES = _change(figures_hash=null(), figure_hashes=bindparam("figures"), last_run_id=bindparam("by_run"))

INTEND_DELETE = _change(
    status=_PENDING, mapped_hash=null(), code=null(), message="", retry_at=null(), last_run_id=bindparam("by_run")
)

DONE = _change(
    status=_SYNCHRONIZED,
    target_id=bindparam("target"),
    mapped_hash=bindparam("hash"),
    field_hashes=bindparam("hashes"),
    **SETTLED,
)
DELETED = _change(status=_NOT_SYNCHRONIZED, target_id=null(), mapped_hash=null(), field_hashes=_nothing, **SETTLED)
FIGURES = _change(figures_hash=bindparam("hash"), figure_hashes=bindparam("hashes"))
REFUSED = _change(
    status=_ERROR,
    code=bindparam("why"),
    message=bindparam("said"),
    attempts=_r.attempts + 1,
    retry_at=bindparam("again"),
    rejected_since=func.coalesce(_r.rejected_since, bindparam("at", type_=UtcTime)),
    unclear_since=null(),
    field_hashes=case((_r.target_id.is_(None), _nothing), else_=_r.field_hashes),
    figure_hashes=case((_r.target_id.is_(None), _nothing), else_=_r.figure_hashes),
)
# Only while it is unclear to this scope: a killed run's create may have been inherited by another one meanwhile.
UNCLEAR = ForMany(
    update(records)
    .where(_at_key, _r.unclear_since.is_not(None))
    .values(unclear_since=bindparam("at"), updated_at=bindparam("at"))
)
UNKNOWN = _change(
    status=_PENDING,
    target_id=null(),
    mapped_hash=null(),
    field_hashes={},
    figures_hash=null(),
    figure_hashes={},
    code=null(),
    message=bindparam("said"),
    retry_at=null(),
    unclear_since=null(),
)
UNSENT = _change(status=_PENDING, field_hashes={}, figure_hashes={}, code=null(), message="", unclear_since=null())

_unless_released = case((_r.status == _NOT_SYNCHRONIZED, _r.status), else_=bindparam("otherwise"))
FOUND = _change(status=_unless_released, target_id=bindparam("target"), mapped_hash=null(), **SETTLED)
ABSENT = _change(status=_unless_released, field_hashes={}, figure_hashes={}, **SETTLED)

HASHES = select(_r.sage_id, _r.field_hashes, _r.figures_hash, _r.figure_hashes).where(_at_any)
