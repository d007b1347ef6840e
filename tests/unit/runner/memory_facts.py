"""The facts of the ledger's port in memory: documents, credit limits, streams, and whose figures are due."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import Entity, RecordStatus
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.planning import LEFT
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.payments.sales import STREAM
from sage_operator.sync.records import RecordState
from sage_operator.sync.state import ScopeState, StreamState


@dataclass(slots=True)
class FactsOnDisk:
    """What outlives a process."""

    streams: dict[str, StreamState] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    seen_by: dict[str, str] = field(default_factory=dict)
    limits: dict[str, Decimal] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)
    sales_due: set[str] = field(default_factory=set)
    as_of: date | None = None
    company: Company | None = None

    @property
    def sales_followed(self) -> bool:
        """Tell whether a document that changes makes its sale due."""
        return self.streams.get(STREAM, StreamState()).digest is not None

    def forget(self, account_id: str) -> None:
        """Drop all facts of an account."""
        self.documents = {i: found for i, found in self.documents.items() if found.account_id != account_id}
        self.limits.pop(account_id, None)
        self.due.discard(account_id)


class MemoryFacts:
    """Fills the port `Facts`; the ledger tells how a call begins, what moments it has, and the state of a record."""

    facts: FactsOnDisk
    _begin: Callable[[], Coroutine[Any, Any, None]]
    _moment: Callable[[], Coroutine[Any, Any, None]]

    def state_of(self, entity: Entity, sage_id: str) -> RecordState | None:
        """Return what the ledger knows of a record."""
        raise NotImplementedError

    def account_ids(self) -> Iterable[str]:
        """Return all accounts that the ledger knows."""
        raise NotImplementedError

    async def stream(self, _scope: ScopeState, name: str) -> StreamState:
        """Return how far a stream has been read."""
        await self._begin()
        return self.facts.streams.get(name, StreamState())

    async def save_stream(self, _scope: ScopeState, name: str, reached: StreamState) -> None:
        """Store how far a stream has been read."""
        await self._begin()
        before = self.facts.streams.get(name, StreamState()).watermark
        latest = max((moment for moment in (before, reached.watermark) if moment is not None), default=None)
        self.facts.streams[name] = replace(reached, watermark=latest)
        await self._moment()

    async def save_company(self, _scope: ScopeState, company: Company) -> None:
        """Remember the company."""
        await self._begin()
        self.facts.company = company
        await self._moment()

    async def store_documents(
        self, _scope: ScopeState, documents: Iterable[Document], *, seen_by: str | None = None
    ) -> int:
        """Store documents."""
        await self._begin()
        changed = 0
        for document in {document.id: document for document in documents}.values():
            stored = self.facts.documents.get(document.id)
            if seen_by is not None:
                self.facts.seen_by[document.id] = seen_by
            if stored == document:
                continue
            changed += 1
            self.facts.due |= {document.account_id} | ({stored.account_id} if stored is not None else set())
            self.facts.documents[document.id] = document
            self.facts.sales_due |= {document.id} if self.facts.sales_followed else set()
        await self._moment()
        return changed

    async def remove_documents(self, _scope: ScopeState, ids: Iterable[str]) -> None:
        """Remove documents."""
        await self._begin()
        for document_id in ids:
            removed = self.facts.documents.pop(document_id, None)
            if removed is not None:
                self.facts.due.add(removed.account_id)
                self.facts.sales_due |= {document_id} if self.facts.sales_followed else set()
        await self._moment()

    async def open_documents(self, _scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Return ids of open documents."""
        await self._begin()
        return sorted(i for i, found in self.facts.documents.items() if found.is_open and i > after_id)[:limit]

    async def unseen_documents(
        self, _scope: ScopeState, *, seen_by: str, after_id: str = "", limit: int
    ) -> Sequence[str]:
        """Return ids of documents that a load has not seen."""
        await self._begin()
        return sorted(i for i in self.facts.documents if self.facts.seen_by.get(i) != seen_by and i > after_id)[:limit]

    async def known_documents(self, _scope: ScopeState, ids: Iterable[str], *, not_seen_by: str) -> Sequence[str]:
        """Return which of these documents are stored and not marked by a load."""
        await self._begin()
        return sorted(i for i in ids if i in self.facts.documents and self.facts.seen_by.get(i) != not_seen_by)

    async def documents_of(self, _scope: ScopeState, account_ids: Iterable[str]) -> Mapping[str, tuple[Document, ...]]:
        """Return documents by account."""
        await self._begin()
        found = sorted(self.facts.documents.values(), key=lambda document: document.id)
        return {account: tuple(of for of in found if of.account_id == account) for account in account_ids}

    async def store_credit_limits(self, _scope: ScopeState, limits: Mapping[str, Decimal | None]) -> None:
        """Store credit limits."""
        await self._begin()
        for account, amount in limits.items():
            if self.facts.limits.get(account) == amount:
                continue
            self.facts.due.add(account)
            if amount is None:
                del self.facts.limits[account]
            else:
                self.facts.limits[account] = amount
        await self._moment()

    async def credit_limits_of(self, _scope: ScopeState, account_ids: Iterable[str]) -> Mapping[str, Decimal]:
        """Return credit limits by account."""
        await self._begin()
        return {account: self.facts.limits[account] for account in account_ids if account in self.facts.limits}

    async def limited_accounts(self, _scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Return accounts that have a credit limit."""
        await self._begin()
        return sorted(i for i in self.facts.limits if i > after_id)[:limit]

    async def make_figures_due(self, _scope: ScopeState, account_ids: Iterable[str]) -> None:
        """Make figures due."""
        await self._begin()
        self.facts.due |= set(account_ids)
        await self._moment()

    async def make_all_figures_due(self, _scope: ScopeState, *, as_of: date) -> None:
        """Make all figures due."""
        await self._begin()
        for account in self.account_ids():
            state = self.state_of(Entity.ACCOUNTS, account)
            if state is not None and state.is_ours:
                self.facts.due.add(account)
        self.facts.as_of = as_of
        await self._moment()

    async def figures_due(self, _scope: ScopeState, *, now: datetime, after_id: str = "", limit: int) -> Sequence[str]:
        """Return accounts whose figures can be written."""
        await self._begin()
        return [i for i in sorted(self.facts.due) if i > after_id and self._can_be_updated(i, now)][:limit]

    async def figures_left(self, _scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Return accounts that left with figures."""
        await self._begin()
        states = {i: self.state_of(Entity.ACCOUNTS, i) for i in sorted(self.account_ids()) if i > after_id}
        return [i for i, state in states.items() if state is not None and _has_left_with_figures(state)][:limit]

    async def figures_due_among(self, _scope: ScopeState, account_ids: Iterable[str]) -> frozenset[str]:
        """Return which of these accounts have figures that are due."""
        await self._begin()
        return frozenset(self.facts.due & set(account_ids))

    def _can_be_updated(self, account: str, now: datetime) -> bool:
        state = self.state_of(Entity.ACCOUNTS, account)
        if state is None or state.target_id is None or state.unclear_since is not None:
            return False
        if state.status is RecordStatus.ERROR:
            return state.code is not Code.REFUSED_BY_FORCE_MANAGER or (
                state.retry_at is not None and state.retry_at <= now
            )
        return state.status is RecordStatus.SYNCHRONIZED


def _has_left_with_figures(state: RecordState) -> bool:
    gone = state.status is RecordStatus.NOT_SYNCHRONIZED and state.target_id is not None
    return gone and bool(state.figure_hashes) and state.figures_hash != LEFT
