"""What becomes of a record's state, as the ledger's port promises it; told without a database."""

from dataclasses import dataclass, replace
from datetime import datetime

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.payments.planning import LEFT
from sage_operator.sync.records import Action, OutcomeKind, RecordState
from sage_operator.sync.state import Settled

Key = tuple[Entity, str]


@dataclass(slots=True)
class Record:
    """A row: what the domain sees of it, and the marks of the ledger."""

    state: RecordState
    entered: bool = False
    seen_by: str | None = None
    message: str = ""
    label: str = ""


def noted(state: RecordState, action: Action) -> RecordState:
    """Return a record's state after what needs no call."""
    match action.kind:
        case ActionKind.REJECT:
            return replace(
                state,
                status=RecordStatus.ERROR,
                target_id=action.target_id or state.target_id,
                code=action.code,
                attempts=state.attempts + 1,
                retry_at=action.retry_at,
            )
        case ActionKind.PENDING:
            return replace(
                state,
                status=RecordStatus.PENDING,
                target_id=action.target_id or state.target_id,
                code=action.code,
                retry_at=None,
            )
        case ActionKind.RELEASE:
            return replace(
                state,
                status=RecordStatus.NOT_SYNCHRONIZED,
                mapped_hash=None,
                figures_hash=LEFT if state.figures_hash == LEFT else None,
                code=None,
                retry_at=None,
                attempts=0,
            )
        case ActionKind.UNCHANGED:
            state = replace(state, status=RecordStatus.SYNCHRONIZED, code=None, retry_at=None, attempts=0)
            if action.field_hashes:
                return replace(state, mapped_hash=action.mapped_hash, field_hashes=action.field_hashes)
    return state


def intended(state: RecordState, action: Action, *, at: datetime) -> RecordState:
    """Return a record's state once its write may have been sent.

    Which targets may have been written is known at once, with what is not: the empty hash says so.
    """
    if action.kind is ActionKind.DELETE:
        return replace(state, status=RecordStatus.PENDING, mapped_hash=None, code=None, retry_at=None)
    if action.kind is ActionKind.CREATE:
        return replace(
            state,
            status=RecordStatus.PENDING,
            target_id=None,
            mapped_hash=None,
            field_hashes=dict.fromkeys(action.field_hashes, ""),
            unclear_since=at,
        )
    synchronized = state.status is RecordStatus.SYNCHRONIZED
    return replace(
        state,
        status=RecordStatus.SYNCHRONIZED if synchronized else RecordStatus.PENDING,
        target_id=action.target_id,
        mapped_hash=None,
        field_hashes=dict.fromkeys([*state.field_hashes, *action.field_hashes], ""),
    )


def resolved(state: RecordState, target_id: int | None) -> RecordState:
    """Return a record's state once it is known what became of its unclear create."""
    status = RecordStatus.SYNCHRONIZED if target_id is not None else RecordStatus.PENDING
    return replace(
        state,
        status=status if state.is_ours else state.status,
        target_id=target_id,
        unclear_since=None,
        mapped_hash=None,
        field_hashes=state.field_hashes if target_id is not None else {},
        figure_hashes=state.figure_hashes if target_id is not None else {},
        code=None,
    )


def after_write(state: RecordState, item: Settled) -> RecordState:
    """Return a record's state after the outcome of its write."""
    action, outcome = item.action, item.outcome
    create = action.kind is ActionKind.CREATE
    open_state = replace(state, status=RecordStatus.PENDING, code=None, retry_at=None)
    match outcome.kind:
        case OutcomeKind.DONE if action.figures_only:
            return state
        case OutcomeKind.DONE if action.kind is ActionKind.DELETE:
            return replace(
                open_state, status=RecordStatus.NOT_SYNCHRONIZED, target_id=None, mapped_hash=None, field_hashes={}
            )
        case OutcomeKind.DONE:
            return replace(
                state,
                status=RecordStatus.SYNCHRONIZED,
                target_id=outcome.target_id if create else action.target_id,
                mapped_hash=action.mapped_hash,
                field_hashes=action.field_hashes,
                code=None,
                attempts=0,
                retry_at=None,
                unclear_since=None,
            )
        case OutcomeKind.REFUSED:
            return replace(
                state,
                status=RecordStatus.ERROR,
                code=item.code,
                attempts=state.attempts + 1,
                retry_at=action.retry_at,
                unclear_since=None,
                field_hashes=state.field_hashes if state.target_id is not None else {},
                figure_hashes=state.figure_hashes if state.target_id is not None else {},
            )
        case OutcomeKind.UNCLEAR:
            return replace(state, code=Code.UNCLEAR_OUTCOME) if create else state
        case OutcomeKind.UNKNOWN_ID:
            return replace(
                open_state, target_id=None, mapped_hash=None, field_hashes={}, figures_hash=None, figure_hashes={}
            )
        case OutcomeKind.NOT_SENT:
            return replace(open_state, unclear_since=None, field_hashes={}, figure_hashes={}) if create else state


def is_due(state: RecordState, now: datetime) -> bool:
    """Tell whether a record is to be read whatever its stamp."""
    match state.status:
        case RecordStatus.PENDING:
            return True
        case RecordStatus.ERROR:
            return state.retry_at is not None and state.retry_at <= now
        case RecordStatus.SYNCHRONIZED:
            return state.mapped_hash is None
        case RecordStatus.NOT_SYNCHRONIZED:
            return False
