"""Records that leave: deleted in Sage, or no longer in scope. ForceManager keeps them; they are no longer ours."""

from collections.abc import Iterable, Sequence
from contextlib import aclosing

from sage_operator.runner.chunks import chunks
from sage_operator.runner.context import RunContext
from sage_operator.runner.reading import timed
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.records import Action
from sage_operator.sync.scope import RowQuery, Scope

_CHUNK = 200
"""Ids of one question to Sage: the request line stays short."""


async def release(run: RunContext, entity: Entity, ids: Iterable[str], *, reason: str) -> None:
    """Release records and, with accounts, their contacts. Claims go, the ForceManager ids stay with them."""
    for piece in chunks(ids, 1000):
        await _note(run, entity, piece, reason)
        if entity is Entity.ACCOUNTS:
            children = await run.ledger.children(run.scope, piece)
            if children:
                await _note(run, Entity.CONTACTS, children, f"its account: {reason}")


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


async def _note(run: RunContext, entity: Entity, ids: Sequence[str], reason: str) -> None:
    actions = [
        Action(kind=ActionKind.RELEASE, entity=entity, sage_id=sage_id, message=f"Kept in ForceManager: {reason}.")
        for sage_id in ids
    ]
    await run.ledger.note(run.run_id, run.scope, actions, at=run.clock(), seen_by=None)
    run.progress.count(entity, ActionKind.RELEASE, len(actions))
