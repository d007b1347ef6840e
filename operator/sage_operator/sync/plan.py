"""Planning a batch: rows of Sage and what the ledger knows of them become actions.

Pure: the same input gives the same plan, the order of rows does not matter, and planning what was just written gives
nothing to do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sage_operator.sync.codes import Code
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.hashing import hash_record, hash_value
from sage_operator.sync.mapping import Mapped, map_row
from sage_operator.sync.modes import retry_at
from sage_operator.sync.records import Action, RecordState, Scalar, SourceRow
from sage_operator.sync.state import Claim
from sage_operator.sync.users import ForceManagerUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known of a batch of rows, by Sage id; what is not known is absent.

    Attributes:
        states: the ledger's record states.
        claims: who synchronises each row.
        indexed: ForceManager's live records that bear the row's id as `extId`.
        parents: states of the accounts of a batch of contacts.
    """

    states: Mapping[str, RecordState]
    claims: Mapping[str, Claim]
    indexed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    parents: Mapping[str, RecordState] = field(default_factory=dict)


def plan(rows: Iterable[SourceRow], knowledge: Knowledge, context: PlanContext) -> tuple[Action, ...]:
    """Return one action for each row, ordered by Sage id; a row that comes twice is planned once."""
    unique = {row.id: row for row in rows}
    return tuple(_plan_row(unique[sage_id], knowledge, context) for sage_id in sorted(unique))


def _plan_row(row: SourceRow, knowledge: Knowledge, context: PlanContext) -> Action:
    """Decide on one row: the first thing that speaks against writing it wins."""
    state = knowledge.states.get(row.id)
    claim = knowledge.claims.get(row.id)
    if claim is not None and not claim.mine:
        return _reject(row, context, state, Code.CLAIMED_BY_OTHER, f"Synchronised by {claim.holder}.")
    if state is not None and state.unclear_since is not None:
        return _pending(row, context, state, Code.UNCLEAR_OUTCOME)
    candidates = knowledge.indexed.get(row.id, ())
    target_id = (state and state.target_id) or (claim and claim.target_id) or (candidates[0] if candidates else None)
    if len(candidates) > 1 and (state is None or state.target_id is None):
        numbers = ", ".join(str(number) for number in sorted(candidates))
        return _reject(row, context, state, Code.DUPLICATE_IN_FORCE_MANAGER, f"Its extId is on {numbers}.")
    parent = knowledge.parents.get(row.parent_id) if row.parent_id else None
    if context.entity is Entity.CONTACTS and not _is_there(parent):
        return _pending(row, context, state, Code.ACCOUNT_NOT_SYNCHRONIZED, target_id=target_id)
    own = context.user_of(row)
    rep = own if own is not None and own.active else _fallback(context)
    if rep is None and target_id is None:
        return _reject(row, context, state, Code.USER_NOT_ASSOCIATED, f"Owner {row.owner_id} has no active user there.")
    mapped = map_row(row, context, creating=target_id is None)
    if mapped.problems:
        message = "; ".join(str(problem) for problem in mapped.problems)
        code = mapped.problems[0].code
        return _reject(row, context, state, code, message, target_id=target_id, lacking=mapped.lacking)
    return _write(row, context, state=state, target_id=target_id, mapped=mapped, own=own, rep=rep, parent=parent)


def _is_there(parent: RecordState | None) -> bool:
    """Tell whether an account is ours and in ForceManager, so that its contacts can be."""
    return parent is not None and parent.target_id is not None and parent.is_ours


def _fallback(context: PlanContext) -> ForceManagerUser | None:
    """Return who owns new records that have no active user of their own; never one that is there already."""
    fallback = context.users.fallback
    return fallback if fallback is not None and fallback.active else None


def _write(
    row: SourceRow,
    context: PlanContext,
    *,
    state: RecordState | None,
    target_id: int | None,
    mapped: Mapped,
    own: ForceManagerUser | None,
    rep: ForceManagerUser | None,
    parent: RecordState | None,
) -> Action:
    """Compare what is wanted with what was written, and say what is to be sent."""
    rep_target = "salesRepId1" if context.entity is Entity.ACCOUNTS else "salesRepId"
    once: dict[str, Scalar] = {"extId": row.id}
    if context.branch_id is not None:
        once["branchId"] = context.branch_id
    wanted: dict[str, Scalar] = {**dict.fromkeys(context.cleared), **mapped.values, "readOnly": context.read_only}
    if parent is not None:
        wanted["accountId"] = parent.target_id
    if rep is not None:
        (wanted if context.reassign and rep is own else once)[rep_target] = rep.id

    hashes = {target: hash_value(context.hash_key, target, value) for target, value in wanted.items()}
    if target_id is None:
        return _action(ActionKind.CREATE, row, context, state, payload={**once, **wanted}, hashes=hashes, mapped=mapped)

    before = state.field_hashes if state is not None else {}
    current = state is not None and state.is_ours and state.mapped_hash is not None
    # Not current: an interrupted write, a record found by its extId, one that comes back. All is sent then.
    changed = {target: wanted[target] for target in wanted if not current or before.get(target) != hashes[target]}
    # What is left as it is stays known as ours: the map may ask for it to be cleared one day.
    hashes |= {target: before[target] for target in context.left if target in before and target not in wanted}
    payload = {**_cleared(before, hashes, context), **changed}
    kind = ActionKind.UPDATE if payload else ActionKind.UNCHANGED
    if kind is ActionKind.UNCHANGED and state is not None and len(before) == len(hashes):
        hashes = {}
    return _action(kind, row, context, state, payload=payload, hashes=hashes, mapped=mapped, target_id=target_id)


def _cleared(before: Mapping[str, str], hashes: Mapping[str, str], context: PlanContext) -> dict[str, Scalar]:
    """Return the mapped targets that we filled and that have no value any more; never those that we wrote empty."""
    gone = [target for target in before if target not in hashes and target in context.targets]
    return {target: None for target in gone if before[target] != hash_value(context.hash_key, target, None)}


def _action(
    kind: ActionKind,
    row: SourceRow,
    context: PlanContext,
    state: RecordState | None,
    *,
    payload: Mapping[str, Scalar],
    hashes: Mapping[str, str],
    mapped: Mapped,
    target_id: int | None = None,
) -> Action:
    """Return a write, or `Unchanged`: with hashes only where targets have left the map and are to be forgotten."""
    return Action(
        kind=kind,
        entity=context.entity,
        sage_id=row.id,
        label=row.label,
        target_id=target_id,
        parent_id=row.parent_id,
        payload=payload,
        mapped_hash=hash_record(context.hash_key, hashes) if hashes else None,
        field_hashes=hashes,
        message="; ".join(mapped.warnings) if kind is not ActionKind.UNCHANGED else "",
        retry_at=retry_at(state.attempts if state is not None else 0, now=context.now),
        warnings=mapped.warnings,
        lacking=mapped.lacking,
    )


def _reject(
    row: SourceRow,
    context: PlanContext,
    state: RecordState | None,
    code: Code,
    message: str,
    *,
    target_id: int | None = None,
    lacking: frozenset[str] = frozenset(),
) -> Action:
    action = _not_written(ActionKind.REJECT, row, context, state, code=code, message=message, target_id=target_id)
    return replace(action, lacking=lacking) if lacking else action


def _pending(
    row: SourceRow, context: PlanContext, state: RecordState | None, code: Code, *, target_id: int | None = None
) -> Action:
    return _not_written(
        ActionKind.PENDING, row, context, state, code=code, message=code.entry.remedy, target_id=target_id
    )


def _not_written(
    kind: ActionKind,
    row: SourceRow,
    context: PlanContext,
    state: RecordState | None,
    *,
    code: Code,
    message: str,
    target_id: int | None,
) -> Action:
    """Return an action without a call. It tells where the record is, which only the index of this run may know."""
    return Action(
        kind=kind,
        entity=context.entity,
        sage_id=row.id,
        label=row.label,
        target_id=target_id or (state.target_id if state is not None else None),
        parent_id=row.parent_id,
        code=code,
        message=message,
        retry_at=retry_at(state.attempts if state is not None else 0, now=context.now),
    )
