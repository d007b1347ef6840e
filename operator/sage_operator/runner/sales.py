"""Sales: one a document, written from the ledger's facts once all accounts have been looked at."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from sage_operator.runner.chunks import chunks
from sage_operator.runner.context import RunContext
from sage_operator.runner.payments import Payments
from sage_operator.runner.present import index, present
from sage_operator.runner.reading import timed
from sage_operator.runner.unclear import look_up
from sage_operator.runner.writing import Page, Writer
from sage_operator.sync.digest import sales_digest
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.payments.sales import STREAM, SaleContext, SaleKnowledge, account_ids, plan_sales, to_claim
from sage_operator.sync.records import Action
from sage_operator.sync.scope import RowQuery, Scope
from sage_operator.sync.state import StreamState
from sage_operator.sync.users import Associations

_PAGE = 500
"""Documents of one question to the ledger: planned in some 20 ms."""
_IDS: Final = 200
"""Ids of one question to Sage: the request line stays short."""


async def write_sales(run: RunContext, *, users: Associations, scope: Scope) -> None:
    """Bring the sales of all documents up to date if they are written at all; nothing is touched if they are not."""
    if run.payments is not None and run.payments.settings.sales:
        run.progress.enter("sales")
        await SaleRun(run=run, payments=run.payments, users=users, scope=scope).write_due()
    elif (await run.ledger.stream(run.scope, STREAM)).digest is not None:
        # What happens meanwhile is not followed: all are compared when they are on again.
        await run.ledger.save_stream(run.scope, STREAM, StreamState())
        await run.ledger.forget_all_sales_due(run.scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRun:
    """Plans and writes sales.

    Attributes:
        scope: the accounts in scope; their owners are asked for by it.
    """

    run: RunContext
    payments: Payments
    users: Associations
    scope: Scope

    async def write_due(self) -> None:
        """Write those that are due; all are when they are on for the first time, or what they rest on has changed."""
        run, ledger, here = self.run, self.run.ledger, self.run.scope
        await look_up(run, Entity.SALES)
        digest = sales_digest(self.payments.settings)
        written_by = (await ledger.stream(here, STREAM)).digest
        if written_by is None:
            await index(run, Entity.SALES)  # an earlier ledger may have written them
            await ledger.prefer_index(here, Entity.SALES)
        if written_by != digest:
            await ledger.make_all_sales_due(here)
        await ledger.make_open_sales_due(here, now=run.clock())
        after = ""
        async with Writer(run=run, entity=Entity.SALES, seen_by=None) as writer:
            while ids := await ledger.sales_due(here, after_id=after, limit=_PAGE):
                run.progress.check()
                after = ids[-1]
                actions = await self._plan(ids, use_index=written_by is None)
                await self._note(ids, actions)
                await writer.put([action for action in actions if action.is_write], Page(last_id=""))
                run.progress.moved()
        if written_by != digest:
            await ledger.save_stream(here, STREAM, StreamState(digest=digest))

    async def _plan(self, ids: Sequence[str], *, use_index: bool) -> tuple[Action, ...]:
        ledger, here, figures = self.run.ledger, self.run.scope, self.payments.figures
        documents = await ledger.stored_documents(here, ids)
        states = await ledger.known(here, Entity.SALES, ids)
        accounts = await ledger.known(here, Entity.ACCOUNTS, account_ids(ids, documents, states))
        known = SaleKnowledge(documents=documents, states=states, accounts=accounts)
        claims = await ledger.claim(here, Entity.SALES, to_claim(ids, known))
        # A claim that is taken over brings the state along.
        states = await ledger.known(here, Entity.SALES, ids)
        indexed = await present(self.run, Entity.SALES, ids, states, use_index=use_index)
        created = {documents[i].account_id for i in documents if i not in states or states[i].target_id is None}
        known = SaleKnowledge(
            documents=documents,
            states=states,
            accounts=accounts,
            claims=claims,
            indexed=indexed,
            reps=await self._reps(sorted(created)),
        )
        settings = self.payments.settings
        context = SaleContext(
            signs=settings.signs, on_void=settings.on_void, hash_key=figures.hash_key, now=figures.now
        )
        return plan_sales(ids, known, context)

    async def _reps(self, accounts: Sequence[str]) -> Mapping[str, str]:
        """Return the `extId` of the user who owns each account; Sage is not asked where no user has one."""
        fallback = self.users.fallback
        named = {sage_id: user.ext_id for sage_id, user in self.users.by_sage.items() if user.active}
        otherwise = fallback.ext_id if fallback is not None and fallback.active else ""
        if not otherwise and not any(named.values()):
            return {}
        reps: dict[str, str] = {}
        for piece in chunks(accounts, _IDS):
            query = RowQuery(entity=Entity.ACCOUNTS, scope=self.scope, sources=(), ids=tuple(piece))
            async with aclosing(timed(self.run, self.run.source.rows(query))) as pages:
                async for page in pages:
                    reps |= {row.id: named.get(row.owner_id, otherwise) for row in page}
        return reps

    async def _note(self, ids: Sequence[str], actions: Sequence[Action]) -> None:
        """Store and count what needs no call; what is neither written nor noted is due no longer."""
        run = self.run
        noted = [action for action in actions if not action.is_write]
        for action in noted:
            run.progress.count(Entity.SALES, action.kind)
            if action.kind is ActionKind.REJECT and action.code is not None:
                run.progress.codes[action.code] += 1
        if noted:
            await run.ledger.note(run.run_id, run.scope, noted, at=run.clock(), seen_by=None)
        kept = {action.sage_id for action in actions if action.kind is not ActionKind.RELEASE}
        done = [sage_id for sage_id in ids if sage_id not in kept]
        if done:
            await run.ledger.forget_sales_due(run.scope, done)
