"""The sales of the ledger's port in memory: which documents they are made of, and whose are due."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sage_operator.sync.entities import Entity
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.records import Action, RecordState
from sage_operator.sync.state import ScopeState

from .memory_facts import FactsOnDisk
from .memory_records import Key, Record, is_due


class MemorySales:
    """Fills the port's part of sales; the ledger tells how a call begins, what moments it has, and its records."""

    facts: FactsOnDisk
    records: dict[Key, Record]
    _begin: Callable[[], Coroutine[Any, Any, None]]
    _moment: Callable[[], Coroutine[Any, Any, None]]

    def _sale_is_told(self, action: Action) -> None:
        """From here on the record tells what is to be done."""
        if action.entity is Entity.SALES:
            self.facts.sales_due.discard(action.sage_id)

    async def stored_documents(self, _scope: ScopeState, ids: Iterable[str]) -> Mapping[str, Document]:
        """Return documents by id."""
        await self._begin()
        return {i: self.facts.documents[i] for i in ids if i in self.facts.documents}

    async def make_all_sales_due(self, _scope: ScopeState) -> None:
        """Make all sales due."""
        await self._begin()
        kept_or_ours = {i for i, state in self._sales().items() if state.is_ours or state.target_id is not None}
        self.facts.sales_due |= self.facts.documents.keys() | kept_or_ours
        await self._moment()

    async def make_open_sales_due(self, _scope: ScopeState, *, now: datetime) -> None:
        """Make sales of accounts that entered due, and those that are not settled."""
        await self._begin()
        entered = {
            i
            for (e, i), r in self.records.items()
            if e is Entity.ACCOUNTS and r.entered and r.state.is_ours and r.state.target_id is not None
        }
        self.facts.sales_due |= {i for i, found in self.facts.documents.items() if found.account_id in entered}
        for i, state in self._sales().items():
            back = state.parent_id in entered and state.target_id is not None
            if back or (is_due(state, now) and state.unclear_since is None):
                self.facts.sales_due.add(i)
        await self._moment()

    def _sales(self) -> dict[str, RecordState]:
        return {i: record.state for (e, i), record in self.records.items() if e is Entity.SALES}

    async def sales_due(self, _scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Return documents whose sales are due."""
        await self._begin()
        return sorted(i for i in self.facts.sales_due if i > after_id)[:limit]

    async def forget_sales_due(self, _scope: ScopeState, ids: Iterable[str]) -> None:
        """Let sales be due no longer."""
        await self._begin()
        self.facts.sales_due -= set(ids)
        await self._moment()

    async def forget_all_sales_due(self, _scope: ScopeState) -> None:
        """Let no sale be due."""
        await self._begin()
        self.facts.sales_due.clear()
        await self._moment()
