"""Reading facts: trade documents and credit limits, from Sage into the ledger, page by page.

No more than a page is held at a time, and of credit limits whose they are. Facts are on disk before anything is
computed from them, and whose figures are due with them, so that a run which dies loses nothing; what was read twice
changes nothing.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sage_operator.runner.chunks import chunks
from sage_operator.runner.context import RunContext
from sage_operator.runner.payments import Payments
from sage_operator.runner.reading import timed
from sage_operator.sync.digest import documents_digest, figures_digest
from sage_operator.sync.modes import OVERLAP, SAGE_FORGETS_AFTER
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.periods import today
from sage_operator.sync.payments.reading import CreditLimit, DocumentQuery
from sage_operator.sync.state import Load, StreamState

DOCUMENTS: Final = "documents"
LIMITS: Final = "creditLimits"
FIGURES: Final = "figures"

_IDS = 200
"""Ids of one question to Sage."""
_PAGE = 1000
"""Ids of one question to the ledger."""
_BEFORE_ALL: Final = "0" * 15 + "AAA"
_COMPLETE: Final = "complete"
"""The cursor of a load whose documents are all in the ledger: pages come in any order, there is no place between."""


async def forget_payments(run: RunContext) -> None:
    """Note that payments are off: what happens meanwhile is not followed, so all is read when they are on again."""
    for name in (DOCUMENTS, LIMITS, FIGURES):
        reached = await run.ledger.stream(run.scope, name)
        if reached.digest is not None or reached.load is not None:
            await run.ledger.save_stream(run.scope, name, StreamState())


@dataclass(frozen=True, slots=True, kw_only=True)
class FactReader:
    """Brings the ledger's facts up to date."""

    run: RunContext
    payments: Payments

    async def read(self) -> dict[str, StreamState]:
        """Read what has changed, or everything; then make due what the date or the settings have changed.

        Returns how far each stream has been read, to be stored by `save` when the run is complete.
        """
        await self.run.ledger.save_company(self.run.scope, self.payments.company)
        digest = documents_digest(self.payments.documents)
        reached = {DOCUMENTS: await self._documents(digest), LIMITS: await self._limits(digest)}
        await self._make_due()
        return reached

    async def save(self, reached: dict[str, StreamState]) -> None:
        """Store how far the streams have been read."""
        for name, state in reached.items():
            await self.run.ledger.save_stream(self.run.scope, name, state)

    async def read_accounts(self, account_ids: Sequence[str]) -> None:
        """Read the facts of accounts that enter the scope, however old they are."""
        run = self.run
        for ids in chunks(account_ids, _IDS):
            await self._store(DocumentQuery(scope=self.payments.documents, account_ids=tuple(ids)))
            if self.payments.settings.uses_limits:
                await self._store_limits(run.source.credit_limits(self.payments.documents, account_ids=ids))

    async def _documents(self, digest: str) -> StreamState:
        now = self.payments.figures.now
        stream = await self.run.ledger.stream(self.run.scope, DOCUMENTS)
        since = stream.watermark if stream.digest == digest else None
        if since is not None and now - since <= SAGE_FORGETS_AFTER:
            await self._changes(since)  # also within the second of the last run: more may have changed in it
        else:
            since = await self._everything(stream, digest)
            self.payments.loaded = True
            if since < now:  # an interrupted run has read all
                await self._changes(since)
        return StreamState(watermark=now, digest=digest)

    async def _everything(self, stream: StreamState, digest: str) -> datetime:
        """Read all documents, unless a run that was interrupted later has done so; returns the `T` it began with."""
        ledger, scope, now = self.run.ledger, self.run.scope, self.payments.figures.now
        load = stream.load
        complete = load is not None and load.digest == digest and load.cursor == _COMPLETE
        if load is not None and complete and now - load.as_of <= SAGE_FORGETS_AFTER:
            return load.as_of
        load = Load(id=self.run.run_id, as_of=now, digest=digest)
        # The ledger no longer holds what the earlier configuration asked for: going back to it is a new load, too.
        stream = StreamState(watermark=stream.watermark, load=load)
        await ledger.save_stream(scope, DOCUMENTS, stream)
        await self._store(
            DocumentQuery(scope=self.payments.documents, everything=True, any_order=True), seen_by=load.id
        )
        while gone := await ledger.unseen_documents(scope, seen_by=load.id, limit=_PAGE):
            await ledger.remove_documents(scope, gone)
            self.run.progress.moved()
            self.run.progress.check()
        await ledger.save_stream(scope, DOCUMENTS, replace(stream, load=replace(load, cursor=_COMPLETE)))
        return load.as_of

    async def _changes(self, watermark: datetime) -> None:
        """Read what has changed, and what is open here or there: a payment moves no stamp of its document."""
        run, ledger, scope = self.run, self.run.ledger, self.run.scope
        since = watermark - OVERLAP
        await self._store(DocumentQuery(scope=self.payments.documents, changed_since=since), seen_by=run.run_id)
        async with aclosing(timed(run, run.source.changed_documents(since=since))) as pages:
            async for page in pages:
                await ledger.remove_documents(scope, [row.id for row in page if row.deleted])
                changed = [row.id for row in page if not row.deleted]
                await self._ask(await ledger.known_documents(scope, changed, not_seen_by=run.run_id))
        await self._open()

    async def _open(self) -> None:
        """Read the open documents of Sage beside those of the ledger, both in the order of their ids."""
        query = DocumentQuery(scope=self.payments.documents, open_only=True, after_id=_BEFORE_ALL)
        after = ""
        async with aclosing(timed(self.run, self.run.source.documents(query))) as pages:
            async for page in pages:
                if page:
                    await self.run.ledger.store_documents(self.run.scope, page)
                    await self._settle(after, page)
                    after = page[-1].id
        await self._settle(after, ())

    async def _settle(self, after: str, page: Sequence[Document]) -> None:
        """Ask about documents that are open in the ledger alone: up to the end of a page, or all that follow."""
        present, last = {document.id for document in page}, page[-1].id if page else None
        while ids := await self.run.ledger.open_documents(self.run.scope, after_id=after, limit=_PAGE):
            within = [i for i in ids if last is None or i <= last]
            await self._ask([i for i in within if i not in present])
            if len(within) < len(ids) or len(ids) < _PAGE:
                return
            after = ids[-1]

    async def _ask(self, ids: Iterable[str]) -> None:
        """Read some documents again; what is not there, or counts no longer, is removed."""
        for piece in chunks(ids, _IDS):
            found = await self._store(DocumentQuery(scope=self.payments.documents, ids=tuple(piece)))
            await self.run.ledger.remove_documents(self.run.scope, [i for i in piece if i not in found])

    async def _store(self, query: DocumentQuery, *, seen_by: str | None = None) -> set[str]:
        """Store the documents of a query; returns the ids of those that were asked for by id."""
        found: set[str] = set()
        async with aclosing(timed(self.run, self.run.source.documents(query))) as pages:
            async for page in pages:
                await self.run.ledger.store_documents(self.run.scope, page, seen_by=seen_by)
                if query.ids is not None:
                    found |= {document.id for document in page}
        return found

    async def _limits(self, digest: str) -> StreamState:
        """Read credit limits if a figure needs them: those that have changed, and once a day all.

        A tag that is given to another account, or deleted for good, leaves no change of the account that had it.
        """
        if not self.payments.settings.uses_limits:
            return StreamState()
        now, frame = self.payments.figures.now, self.payments.figures.frame
        stream = await self.run.ledger.stream(self.run.scope, LIMITS)
        last = stream.watermark if stream.digest == digest else None
        if last is None or today(last, self.payments.settings.time_zone) != frame.today:
            seen = await self._store_limits(self.run.source.credit_limits(self.payments.documents))
            await self._forget_limits_but(seen)
        else:
            await self._store_limits(self.run.source.credit_limits(self.payments.documents, since=last - OVERLAP))
        return StreamState(watermark=now, digest=digest)

    async def _store_limits(self, limits: AsyncIterator[Sequence[CreditLimit]]) -> set[str]:
        """Store credit limits; returns whose they are."""
        seen: set[str] = set()
        async with aclosing(timed(self.run, limits)) as pages:
            async for page in pages:
                await self.run.ledger.store_credit_limits(
                    self.run.scope, {each.account_id: each.amount for each in page}
                )
                seen |= {each.account_id for each in page}
        return seen

    async def _forget_limits_but(self, seen: set[str]) -> None:
        """Let accounts have no credit limit that no longer have a tag."""
        after = ""
        while ids := await self.run.ledger.limited_accounts(self.run.scope, after_id=after, limit=_PAGE):
            after = ids[-1]
            await self.run.ledger.store_credit_limits(self.run.scope, {i: None for i in ids if i not in seen})
            self.run.progress.check()

    async def _make_due(self) -> None:
        """Make all figures due if the date, or what they are computed by, is not that of the last time."""
        run, figures = self.run, self.payments.figures
        digest = figures_digest(self.payments.settings, self.payments.company, figures.rules)
        stream = await run.ledger.stream(run.scope, FIGURES)
        if stream.digest != digest or run.scope.figures_as_of != figures.frame.today:
            await run.ledger.make_all_figures_due(run.scope, as_of=figures.frame.today)
        if stream.digest != digest:
            await run.ledger.save_stream(run.scope, FIGURES, StreamState(digest=digest))
