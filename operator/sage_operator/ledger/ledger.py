"""The ledger in an SQL database: fills the ports `Ledger` and `RunStore` of the runner.

Every method is one transaction and may raise `LedgerUnavailable`. The meaning of each is with its port.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from sage_operator.ledger import (
    _anew,
    _claims,
    _facts,
    _figures,
    _reading,
    _retention,
    _runs,
    _sales,
    _scopes,
    _streams,
    _writing,
)
from sage_operator.ledger._database import Database
from sage_operator.ledger._retention import Pruned
from sage_operator.ledger._sql import size
from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.records import Action, RecordState, TargetRow
from sage_operator.sync.state import (
    Claim,
    Pass,
    RunHeader,
    RunRecord,
    RunResult,
    ScopeState,
    Settled,
    StreamState,
    Summary,
)
from sage_operator.telemetry import metrics


def _now() -> datetime:
    return datetime.now(UTC)


class SqlLedger:
    """One SQLite file, one process, one connection; an async context that closes it."""

    def __init__(self, database: Database, clock: Callable[[], datetime], *, keep_values: bool) -> None:
        self._database = database
        self._clock = clock
        self._keep_values = keep_values

    @classmethod
    async def open(
        cls,
        path_or_url: str | Path,
        *,
        clock: Callable[[], datetime] = _now,
        busy_timeout: float = 5,
        keep_values: bool = False,
    ) -> Self:
        """Open a ledger and bring its tables up to date; a file is made if there is none, its directory is not.

        Args:
            path_or_url: an SQLite file, or the URL of one (`sqlite:///relative`, `sqlite:////absolute`).
            clock: UTC now, for changes that are not told when they happened.
            busy_timeout: seconds to wait while another program (a backup, say) holds the file's lock.
            keep_values: keep with each write the values that it sent, personal data among them, for the archive.

        Raises:
            LedgerUnavailable: the file can't be used, another process uses it, or a newer operator wrote it.
        """
        database = await Database.open(path_or_url, busy_timeout=busy_timeout)
        ledger = cls(database, clock, keep_values=keep_values)
        try:
            await ledger._measure()
        except BaseException:
            await ledger.aclose()
            raise
        return ledger

    async def aclose(self) -> None:
        """Wait for the transaction under way and close the file; later calls raise `LedgerUnavailable`."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _measure(self) -> None:
        metrics.set_ledger_size(await self._database.run(size))

    # Runs

    async def begin_run(self, header: RunHeader) -> None:
        """Store a run that begins."""
        await self._database.run(_runs.begin, header)

    async def assign_run(self, run_id: str, scope: ScopeState, *, mode: Mode) -> None:
        """Note which scope and mode a run has."""
        await self._database.run(_runs.assign, run_id, scope, mode=mode)

    async def end_run(self, run_id: str, result: RunResult) -> None:
        """Store how a run ended."""
        await self._database.run(_runs.end, run_id, result)
        await self._measure()

    async def last_runs(self, integration: str, *, limit: int) -> Sequence[RunRecord]:
        """Return the newest runs of an integration."""
        return await self._database.run(_runs.last, integration, limit)

    async def prune(self, *, keep_actions: timedelta, keep_runs: timedelta) -> Pruned:
        """Forget old actions and runs of the archive, in small transactions between those of the runs.

        The state of records is never touched, the newest run of an integration stays, and a run stays as long as its
        actions do. The file does not shrink: what is freed is used again.

        Args:
            keep_actions: actions of runs that began longer ago than this are forgotten.
            keep_runs: runs that began longer ago than this are forgotten.
        """
        now = self._clock()
        actions = await self._prune(_retention.actions, before=now - keep_actions)
        runs = await self._prune(_retention.runs, before=now - max(keep_runs, keep_actions))
        return Pruned(actions=actions, runs=runs)

    async def _prune(self, forget: Callable[..., int], *, before: datetime) -> int:
        total = 0
        while forgotten := await self._database.run(forget, before=before):
            total += forgotten
        return total

    # Scopes and passes

    async def open_scope(self, *, integration: str, fingerprint: str, tenant: str) -> ScopeState:
        """Return the state of an integration and its pair of remotes."""
        return await self._database.run(
            _scopes.open_scope, integration=integration, fingerprint=fingerprint, tenant=tenant
        )

    async def release_integration(self, integration: str) -> None:
        """Release all claims of a deleted integration; opening a scope of it again takes back those still free."""
        await self._database.run(_scopes.deactivate, integration)

    async def begin_pass(self, scope: ScopeState, started: Pass) -> None:
        """Begin a pass anew."""
        await self._database.run(_scopes.begin_pass, scope, started)

    async def save_pass(self, scope: ScopeState, progress: Pass) -> None:
        """Store how far a pass has come."""
        await self._database.run(_scopes.save_pass, scope, progress)

    async def complete(self, scope: ScopeState, *, watermark: datetime, digest: str) -> None:
        """Move the watermark, end the pass."""
        await self._database.run(_scopes.complete, scope, watermark=watermark, digest=digest)

    async def forget_digest(self, scope: ScopeState) -> None:
        """Drop the digest of a scope, and of a pass under way."""
        await self._database.run(_scopes.forget_digest, scope)

    async def begin_anew(self, integration: str) -> None:
        """Let the next run of an integration be an Initial one."""
        await self._database.run(_anew.begin_anew, integration, at=self._clock())

    async def prefer_index(self, scope: ScopeState, entity: Entity) -> None:
        """Forget ForceManager ids that the index contradicts."""
        await self._database.run(_anew.prefer_index, scope, entity, at=self._clock())

    async def add_to_index(self, scope: ScopeState, entity: Entity, rows: Sequence[TargetRow]) -> None:
        """Remember live ForceManager records of the pass under way."""
        await self._database.run(_scopes.add_to_index, scope, entity, tuple(rows))

    async def indexed(self, scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, tuple[int, ...]]:
        """Return ForceManager ids by `extId`."""
        return await self._database.run(_scopes.indexed, scope, entity, tuple(ids))

    # Records

    async def known(self, scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, RecordState]:
        """Return states by Sage id."""
        return await self._database.run(_reading.known, scope, entity, tuple(ids))

    async def claim(self, scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, Claim]:
        """Claim records for this scope, and return who holds each now."""
        return await self._database.run(_claims.claim, scope, entity, tuple(ids), at=self._clock())

    async def note(
        self, run_id: str, scope: ScopeState, actions: Sequence[Action], *, at: datetime, seen_by: str | None
    ) -> None:
        """Store what needs no call."""
        await self._database.run(_writing.note, run_id, scope, tuple(actions), at=at, seen_by=seen_by)

    async def intend(
        self, run_id: str, scope: ScopeState, actions: Sequence[Action], *, at: datetime, seen_by: str | None
    ) -> None:
        """Stamp writes as sent before their call."""
        keep = self._keep_values
        await self._database.run(
            _writing.intend, run_id, scope, tuple(actions), at=at, seen_by=seen_by, keep_values=keep
        )

    async def settle(self, run_id: str, scope: ScopeState, settled: Sequence[Settled], *, at: datetime) -> None:
        """Store the outcomes of writes."""
        await self._database.run(_writing.settle, run_id, scope, tuple(settled), at=at)

    async def recover(self, scope: ScopeState, *, at: datetime) -> int:
        """Close what a killed run left open."""
        return await self._database.run(_writing.recover, scope, at=at)

    async def unclear(self, scope: ScopeState, entity: Entity) -> Sequence[RecordState]:
        """Return records whose create was sent and whose outcome is unknown."""
        return await self._database.run(_reading.unclear, scope, entity)

    async def resolve(self, scope: ScopeState, entity: Entity, found: Mapping[str, int | None]) -> None:
        """Store what became of unclear creates."""
        await self._database.run(_writing.resolve, scope, entity, dict(found), at=self._clock())

    async def due(self, scope: ScopeState, entity: Entity, *, now: datetime) -> Sequence[str]:
        """Return ids to be read whatever their stamp."""
        return await self._database.run(_reading.due, scope, entity, now=now)

    async def unseen(self, scope: ScopeState, entity: Entity, *, seen_by: str, limit: int) -> Sequence[str]:
        """Return ids that a pass has not seen."""
        return await self._database.run(_reading.unseen, scope, entity, seen_by, limit)

    async def entered(self, scope: ScopeState) -> Sequence[str]:
        """Return accounts that entered since the last `complete`."""
        return await self._database.run(_reading.entered, scope)

    async def children(self, scope: ScopeState, entity: Entity, parent_ids: Iterable[str]) -> Sequence[str]:
        """Return contacts or sales of accounts."""
        return await self._database.run(_reading.children, scope, entity, tuple(parent_ids))

    async def summary(self, scope: ScopeState) -> Summary:
        """Count the records of a scope."""
        return await self._database.run(_reading.summary, scope)

    # Facts

    async def stream(self, scope: ScopeState, name: str) -> StreamState:
        """Return how far a stream of facts has been read."""
        return await self._database.run(_streams.state, scope, name)

    async def save_stream(self, scope: ScopeState, name: str, reached: StreamState) -> None:
        """Store how far a stream of facts has been read."""
        await self._database.run(_streams.save, scope, name, reached)

    async def save_company(self, scope: ScopeState, company: Company) -> None:
        """Remember whose documents count."""
        await self._database.run(_scopes.save_company, scope, company)

    async def store_documents(
        self, scope: ScopeState, documents: Iterable[Document], *, seen_by: str | None = None
    ) -> int:
        """Store documents; returns how many were new or had changed."""
        return await self._database.run(_facts.store, scope, tuple(documents), seen_by=seen_by)

    async def remove_documents(self, scope: ScopeState, ids: Iterable[str]) -> None:
        """Remove documents."""
        await self._database.run(_facts.remove, scope, tuple(ids))

    async def open_documents(self, scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Return ids of documents that are open in the ledger."""
        return await self._database.run(_facts.open_ids, scope, after_id, limit)

    async def unseen_documents(
        self, scope: ScopeState, *, seen_by: str, after_id: str = "", limit: int
    ) -> Sequence[str]:
        """Return ids of documents that a load has not seen."""
        return await self._database.run(_facts.unseen, scope, seen_by, after_id, limit)

    async def known_documents(self, scope: ScopeState, ids: Iterable[str], *, not_seen_by: str) -> Sequence[str]:
        """Return which of these documents are stored and not marked by a load."""
        return await self._database.run(_facts.known, scope, tuple(ids), not_seen_by=not_seen_by)

    async def documents_of(self, scope: ScopeState, account_ids: Iterable[str]) -> Mapping[str, tuple[Document, ...]]:
        """Return the documents of each of these accounts."""
        return await self._database.run(_facts.documents_of, scope, tuple(account_ids))

    async def store_credit_limits(self, scope: ScopeState, limits: Mapping[str, Decimal | None]) -> None:
        """Store the credit limits of accounts."""
        await self._database.run(_facts.store_credit_limits, scope, dict(limits))

    async def credit_limits_of(self, scope: ScopeState, account_ids: Iterable[str]) -> Mapping[str, Decimal]:
        """Return the credit limits of accounts that have one."""
        return await self._database.run(_facts.credit_limits_of, scope, tuple(account_ids))

    async def limited_accounts(self, scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Return accounts that have a credit limit."""
        return await self._database.run(_facts.limited_accounts, scope, after_id, limit)

    async def make_figures_due(self, scope: ScopeState, account_ids: Iterable[str]) -> None:
        """Make the figures of accounts due."""
        await self._database.run(_figures.make_due, scope, tuple(account_ids))

    async def make_all_figures_due(self, scope: ScopeState, *, as_of: date) -> None:
        """Make the figures of all accounts due."""
        await self._database.run(_figures.make_all_due, scope, as_of=as_of)

    async def figures_due(self, scope: ScopeState, *, now: datetime, after_id: str = "", limit: int) -> Sequence[str]:
        """Return accounts in ForceManager whose figures are due."""
        return await self._database.run(_figures.due, scope, now=now, after_id=after_id, limit=limit)

    async def figures_left(self, scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Return accounts that have left with figures that nobody took back."""
        return await self._database.run(_figures.left, scope, after_id=after_id, limit=limit)

    async def figures_due_among(self, scope: ScopeState, account_ids: Iterable[str]) -> frozenset[str]:
        """Return which of these accounts have figures that are due."""
        return await self._database.run(_figures.due_among, scope, tuple(account_ids))

    # Sales

    async def stored_documents(self, scope: ScopeState, ids: Iterable[str]) -> Mapping[str, Document]:
        """Return those of some documents that are stored."""
        return await self._database.run(_facts.stored, scope, tuple(ids))

    async def make_all_sales_due(self, scope: ScopeState) -> None:
        """Make the sales of all documents due, and all sales whose document is gone."""
        await self._database.run(_sales.make_all_due, scope)

    async def make_open_sales_due(self, scope: ScopeState, *, now: datetime) -> None:
        """Make the sales of accounts due that have entered, and those that are not settled."""
        await self._database.run(_sales.make_open_due, scope, now=now)

    async def sales_due(self, scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Return ids of documents whose sales are due."""
        return await self._database.run(_sales.due, scope, after_id=after_id, limit=limit)

    async def forget_sales_due(self, scope: ScopeState, ids: Iterable[str]) -> None:
        """Let sales be due no longer."""
        await self._database.run(_sales.forget, scope, tuple(ids))

    async def forget_all_sales_due(self, scope: ScopeState) -> None:
        """Let no sale be due."""
        await self._database.run(_sales.forget_all, scope)
