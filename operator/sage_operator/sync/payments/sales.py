"""Planning sales: documents and what the ledger knows of their sales become actions. Pure.

A sale is a document as ForceManager's own views by week, month, quarter and year count it: its date, its account and
its total, below zero for credits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.hashing import hash_record, hash_value
from sage_operator.sync.modes import retry_at
from sage_operator.sync.payments.counting import money
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.settings import OnVoid
from sage_operator.sync.records import Action, RecordState, Scalar
from sage_operator.sync.state import Claim

STREAM: Final = "sales"
"""The name under which the ledger keeps what sales were last written by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleContext:
    """What the sales of a run rest on.

    Attributes:
        signs: by document type, what its stored amounts are multiplied by.
        now: `T`, UTC; what is refused is put off from it.
    """

    signs: Mapping[str, int]
    on_void: OnVoid
    hash_key: bytes
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleKnowledge:
    """What is known of a batch of documents; what is not known is absent.

    Attributes:
        documents: those that count, by id.
        states: of their sales, by the document's id.
        accounts: states of the accounts, by Sage id.
        claims: who synchronises each sale.
        indexed: ForceManager's live sales that bear the document's id as `extId`.
        reps: the `extId` of the ForceManager user who owns an account, by the account's Sage id.
    """

    documents: Mapping[str, Document]
    states: Mapping[str, RecordState]
    accounts: Mapping[str, RecordState]
    claims: Mapping[str, Claim] = field(default_factory=dict)
    indexed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    reps: Mapping[str, str] = field(default_factory=dict)


def plan_sales(ids: Iterable[str], knowledge: SaleKnowledge, context: SaleContext) -> tuple[Action, ...]:
    """Return what is to be done for these documents, in order; nothing for one that has no sale and is to have none."""
    planned = (_plan(sage_id, knowledge, context) for sage_id in sorted(set(ids)))
    return tuple(action for action in planned if action is not None)


def to_claim(ids: Iterable[str], knowledge: SaleKnowledge) -> tuple[str, ...]:
    """Return the sales that are only to be touched by whoever holds their claim, in order."""
    return tuple(
        sage_id
        for sage_id in sorted(set(ids))
        if (account := _account_of(sage_id, knowledge)) is not None
        and account.is_ours
        and (sage_id in knowledge.documents or knowledge.states[sage_id].target_id is not None)
    )


def account_ids(ids: Iterable[str], documents: Mapping[str, Document], states: Mapping[str, RecordState]) -> set[str]:
    """Return the accounts of documents, of one that counts no longer that of its sale."""
    found = (documents[i].account_id if i in documents else states[i].parent_id if i in states else None for i in ids)
    return {account for account in found if account is not None}


def _account_of(sage_id: str, knowledge: SaleKnowledge) -> RecordState | None:
    return next(
        (knowledge.accounts.get(i) for i in account_ids((sage_id,), knowledge.documents, knowledge.states)), None
    )


def _plan(sage_id: str, knowledge: SaleKnowledge, context: SaleContext) -> Action | None:
    """Decide on one document: the first thing that speaks against writing its sale wins."""
    document, state = knowledge.documents.get(sage_id), knowledge.states.get(sage_id)
    account, claim = _account_of(sage_id, knowledge), knowledge.claims.get(sage_id)
    if document is None or document.type not in context.signs:
        return _void(state, account, claim, context) if state is not None else None
    if state is not None and state.unclear_since is not None:
        return _pending(document, state, Code.UNCLEAR_OUTCOME)
    if account is None or not account.is_ours or account.target_id is None:
        return _pending(document, state, Code.ACCOUNT_NOT_SYNCHRONIZED)
    if claim is not None and not claim.mine:
        return _reject(document, state, Code.CLAIMED_BY_OTHER, f"Synchronised by {claim.holder}.", context)
    target_id = (state and state.target_id) or (claim and claim.target_id) or None
    candidates = knowledge.indexed.get(sage_id, ())
    if target_id is None and len(candidates) > 1:
        numbers = ", ".join(str(number) for number in sorted(candidates))
        return _reject(document, state, Code.DUPLICATE_IN_FORCE_MANAGER, f"Its extId is on {numbers}.", context)
    target_id = target_id or (candidates[0] if candidates else None)
    rep = knowledge.reps.get(document.account_id, "")
    return _write(document, state, context, target_id=target_id, account=account.target_id, rep=rep)


def _write(
    document: Document,
    state: RecordState | None,
    context: SaleContext,
    *,
    target_id: int | None,
    account: int,
    rep: str,
) -> Action:
    """Compare what is wanted with what was written, and say what is to be sent."""
    wanted: dict[str, Scalar] = {
        "accountId": account,
        "accountExtId": document.account_id,
        "date": f"{document.dated.isoformat()}T00:00:00Z",
        "total": money(context.signs[document.type] * document.total),
    }
    hashes = {target: hash_value(context.hash_key, target, value) for target, value in wanted.items()}
    if target_id is None:
        # Whose sale it is may be changed in ForceManager afterwards.
        kind, payload = ActionKind.CREATE, {"extId": document.id, "salesRepExtId": rep, **wanted}
    else:
        current = state is not None and state.is_ours and state.mapped_hash is not None
        before = state.field_hashes if state is not None and current else {}
        payload = {target: value for target, value in wanted.items() if before.get(target) != hashes[target]}
        kind = ActionKind.UPDATE if payload else ActionKind.UNCHANGED
    return Action(
        kind=kind,
        entity=Entity.SALES,
        sage_id=document.id,
        label=document.number,
        target_id=target_id,
        parent_id=document.account_id,
        payload=payload,
        mapped_hash=hash_record(context.hash_key, hashes) if payload else None,
        field_hashes=hashes if payload else {},
        retry_at=retry_at(state.attempts if state is not None else 0, now=context.now),
    )


def _void(state: RecordState, account: RecordState | None, claim: Claim | None, context: SaleContext) -> Action | None:
    """Say what becomes of the sale of a document that counts no longer; one whose account has left stays with it.

    A sale that was kept is deleted if its account came back without the document.
    """
    left = account is None or not account.is_ours or (claim is not None and not claim.mine)
    deleted = not left and state.target_id is not None and context.on_void is OnVoid.DELETE
    # What became of an unclear create is looked up first.
    if state.unclear_since is not None or not (state.is_ours or deleted):
        return None
    return Action(
        kind=ActionKind.DELETE if deleted else ActionKind.RELEASE,
        entity=Entity.SALES,
        sage_id=state.sage_id,
        target_id=state.target_id,
        parent_id=state.parent_id,
        message="Its account has left." if left else "Its document counts no longer.",
        retry_at=retry_at(state.attempts, now=context.now),
    )


def _pending(document: Document, state: RecordState | None, code: Code) -> Action:
    return _not_written(ActionKind.PENDING, document, state, code, code.entry.remedy)


def _reject(document: Document, state: RecordState | None, code: Code, message: str, context: SaleContext) -> Action:
    action = _not_written(ActionKind.REJECT, document, state, code, message)
    return replace(action, retry_at=retry_at(state.attempts if state is not None else 0, now=context.now))


def _not_written(kind: ActionKind, document: Document, state: RecordState | None, code: Code, message: str) -> Action:
    return Action(
        kind=kind,
        entity=Entity.SALES,
        sage_id=document.id,
        label=document.number,
        target_id=state.target_id if state is not None else None,
        parent_id=document.account_id,
        code=code,
        message=message,
    )
