"""Records that leave: deleted in Sage, or no longer in scope. ForceManager keeps them; they are no longer ours."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing

from sage_operator.runner.chunks import chunks
from sage_operator.runner.context import RunContext
from sage_operator.runner.payments import Payments
from sage_operator.runner.reading import timed
from sage_operator.runner.writing import Page, Writer
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.errors import SyncError
from sage_operator.sync.payments.planning import LEFT, leaving_action
from sage_operator.sync.records import Action
from sage_operator.sync.scope import RowQuery, Scope

_CHUNK = 200
"""Ids of one question to Sage: the request line stays short."""
_PAGE = 500
"""Accounts of one question to the ledger."""


async def release(run: RunContext, entity: Entity, ids: Iterable[str], *, reason: str) -> None:
    """Release records and, with accounts, their sales and contacts. Claims go, the ForceManager ids stay with them.

    Before, the figures of accounts are taken back: what nobody keeps up to date must not look as if it were. Where
    ForceManager refuses that the account is a reject and stays ours, until a later attempt.

    Raises:
        SyncError: it is not known whether they were; the account stays ours until a later run has done it.
    """
    for piece in chunks(ids, 1000):
        if entity is Entity.ACCOUNTS and run.payments is not None:
            kept = await _take_back(run, run.payments, piece)
            piece = [sage_id for sage_id in piece if sage_id not in kept]  # noqa: PLW2901 - the others wait
        if not piece:
            continue
        if entity is not Entity.ACCOUNTS:
            await _note(run, {entity: piece}, reason)
            continue
        # With its account's documents nothing would tell of a sale any more: both go in one transaction.
        sales = await run.ledger.children(run.scope, Entity.SALES, piece)
        await _note(run, {Entity.ACCOUNTS: piece, Entity.SALES: sales}, reason)
        contacts = await run.ledger.children(run.scope, Entity.CONTACTS, piece)
        await _note(run, {Entity.CONTACTS: contacts}, f"its account: {reason}")


async def take_back_left(run: RunContext, payments: Payments) -> None:
    """Take back the figures of accounts that have left with them; what others have claimed is theirs.

    They left while payments were off, or before it was known that their create had come to be.
    """
    after = ""
    while ids := await run.ledger.figures_left(run.scope, after_id=after, limit=_PAGE):
        after = ids[-1]
        run.progress.check()
        states = await run.ledger.known(run.scope, Entity.ACCOUNTS, ids)
        able = [i for i, state in states.items() if leaving_action(state, payments.figures) is not None]
        claims = await run.ledger.claim(run.scope, Entity.ACCOUNTS, able)
        mine = [i for i in able if claims[i].mine]
        kept = await _take_back(run, payments, mine)
        await _note(run, {Entity.ACCOUNTS: [i for i in mine if i not in kept]}, "its figures are cleared")
        run.progress.moved()


async def release_absent(run: RunContext, entity: Entity, scope: Scope, ids: Iterable[str]) -> tuple[str, ...]:
    """Ask Sage which of these records are in scope, release the others, and return those that are.

    A record that a query by stamp lacked may just have been edited between two queries: only its absence from the
    scope, whatever its stamp, says that it has left.
    """
    present: list[str] = []
    for piece in chunks(ids, _CHUNK):
        query = RowQuery(entity=entity, scope=scope, sources=(), ids=tuple(piece))
        async with aclosing(timed(run, run.source.rows(query))) as pages:
            found = {row.id async for page in pages for row in page}
        present += [sage_id for sage_id in piece if sage_id in found]
        gone = [sage_id for sage_id in piece if sage_id not in found]
        if gone:
            await release(run, entity, gone, reason="no longer in scope")
    return tuple(present)


async def _take_back(run: RunContext, payments: Payments, ids: Sequence[str]) -> frozenset[str]:
    """Let accounts that leave say so in their payment status, and clear their other figures; returns who could not."""
    states = await run.ledger.known(run.scope, Entity.ACCOUNTS, ids)
    actions = [leaving_action(state, payments.figures) for state in states.values()]
    writes = [action for action in actions if action is not None]
    if not writes:
        return frozenset()
    async with Writer(run=run, entity=Entity.ACCOUNTS, seen_by=None) as writer:
        await writer.put(writes, Page(last_id=""))
    if run.unclear & {action.sage_id for action in writes}:
        raise SyncError("It is not known whether figures of accounts that leave were cleared.")
    after = await run.ledger.known(run.scope, Entity.ACCOUNTS, [action.sage_id for action in writes])
    kept = {i: state for i, state in after.items() if state.figures_hash != LEFT and state.target_id is not None}
    # A reject is looked at again by itself, others are not.
    if any(state.status is not RecordStatus.ERROR for state in kept.values()):
        raise SyncError("Figures of accounts that leave could not be sent.")
    return frozenset(kept)


async def _note(run: RunContext, released: Mapping[Entity, Sequence[str]], reason: str) -> None:
    actions = [
        Action(kind=ActionKind.RELEASE, entity=entity, sage_id=sage_id, message=f"Kept in ForceManager: {reason}.")
        for entity, ids in released.items()
        for sage_id in ids
    ]
    if not actions:
        return
    await run.ledger.note(run.run_id, run.scope, actions, at=run.clock(), seen_by=None)
    for entity, ids in released.items():
        if ids:
            run.progress.count(entity, ActionKind.RELEASE, len(ids))
