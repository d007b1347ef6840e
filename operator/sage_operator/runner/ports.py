"""What a run needs from the world: Sage, ForceManager, the ledger and a clock.

The adapters fill these Protocols structurally and import nothing from here. Everything raises the exceptions of
`sync.errors` and nothing else; `asyncio.CancelledError` passes through.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.reading import Company, CreditLimit, DocumentQuery, DocumentScope, TradeView
from sage_operator.sync.records import Action, ChangedRow, RecordState, SourceRow, TargetRow, WriteItem, WriteOutcome
from sage_operator.sync.scope import RowQuery
from sage_operator.sync.sources import SourceObject
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
from sage_operator.sync.targets import TargetSchema, ValueList
from sage_operator.sync.users import ForceManagerUser, SageUser

Intend = Callable[[Sequence[WriteItem]], Awaitable[None]]


class Source(Protocol):
    """Sage, for the length of one run."""

    @property
    def requests(self) -> int:
        """Requests that this run has sent, sign-in included."""

    @property
    def clock(self) -> datetime:
        """`T`: UTC, the `Date` of the first answer to this run. Known after `identify`."""

    @property
    def quota_left(self) -> float | None:
        """What is left of the organisation's API requests of 24 hours, 0 to 1; None until an answer has told it."""

    async def identify(self) -> str:
        """Sign in if need be, reach Sage once, and return the 18-character id of the organisation."""

    async def users(self) -> Sequence[SageUser]:
        """All users (`identify` may have read them already: one request a run at most)."""

    async def describe(self, sage_object: str, *, fresh: bool = False) -> SourceObject:
        """What the API user sees of an object's fields, cached for an hour; `fresh` passes by the cache."""

    def changed(
        self, entity: Entity, *, since: datetime, sources: Sequence[str]
    ) -> AsyncIterator[Sequence[ChangedRow]]:
        """Pages of all rows whose stamp, or that of a parent in `sources`, is at or after `since`.

        Deleted rows and those out of scope are among them.
        """

    def rows(self, query: RowQuery) -> AsyncIterator[Sequence[SourceRow]]:
        """Pages of rows in scope, the next page fetched ahead. Long lists of ids are split by the adapter."""

    async def company(self, name: str | None) -> Company:
        """The company of that name, or the only one there is.

        Raises:
            CompanyNotFound: there is none of that name, or several and none was named; the message lists them.
        """

    async def companies(self) -> Sequence[Company]:
        """All companies that are seen."""

    async def versions(self) -> Sequence[str]:
        """The API versions that Sage offers, oldest first; empty if it does not say."""

    async def trade_view(self, *, limits: bool, types: Collection[str]) -> TradeView:
        """What is seen of trade documents and, with `limits`, of credit limits; as `describe` has it."""

    def documents(self, query: DocumentQuery) -> AsyncIterator[Sequence[Document]]:
        """Pages of documents that count, the next page fetched ahead. Long lists of ids are split by the adapter."""

    def changed_documents(self, *, since: datetime) -> AsyncIterator[Sequence[ChangedRow]]:
        """Pages of all documents whose stamp is at or after `since`: deleted, of other companies, drafts among them."""

    def credit_limits(
        self, scope: DocumentScope, *, since: datetime | None = None, account_ids: Sequence[str] | None = None
    ) -> AsyncIterator[Sequence[CreditLimit]]:
        """Pages of credit limits: all, those of tags changed since, or those of some accounts."""


class Target(Protocol):
    """ForceManager, for the length of one run. Users, lists, schemas are cached per tenant for an hour."""

    @property
    def requests(self) -> int:
        """Requests that this run has sent, sign-in included; what other runs fetched into the cache is not counted."""

    async def identify(self) -> str:
        """Return the fingerprint of the tenant: id and creation date of its oldest user."""

    async def users(self, *, fresh: bool = False) -> Sequence[ForceManagerUser]:
        """All users that are not deleted; `fresh` passes by the cache, at most once a minute."""

    async def value_list(self, name: str, *, fresh: bool = False) -> ValueList:
        """Live rows of `branches`, `countries`, `accountTypes` and so on."""

    async def schema(self, entity: Entity, *, fresh: bool = False) -> TargetSchema:
        """The fields of a resource, own ones and what the tenant demands as far as it tells; `fresh` as for `users`."""

    def index(self, entity: Entity) -> AsyncIterator[Sequence[TargetRow]]:
        """All live records that have an `extId`, paged by id downwards, each once.

        A page of other rows only, deleted ones say, is empty; there is no page at all where there is no row.
        """

    async def find(self, entity: Entity, ext_ids: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        """Live records by `extId`, all ids that bear it; an `extId` that nobody bears is absent."""

    def create(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend
    ) -> AsyncIterator[Sequence[WriteOutcome]]:
        """Create records: groups of outcomes as they become known, exactly one an item. Never repeated when unclear.

        `intend` is awaited with the items of each request just before that is sent: what it was not told of has
        certainly had no effect.
        """

    def update(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend
    ) -> AsyncIterator[Sequence[WriteOutcome]]:
        """Change the given fields of records; what was unclear has been repeated before it is told."""

    def delete(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend
    ) -> AsyncIterator[Sequence[WriteOutcome]]:
        """Delete records; the items' data is not used. `DONE` also where a record is gone already.

        What was unclear has been repeated before it is told: a delete that is still unclear may simply be sent again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Remotes:
    """Both remotes, open for one run."""

    source: Source
    target: Target


class Facts(Protocol):
    """What figures are computed from, and whose figures are due. Each call is one transaction.

    Figures are due from the transaction in which a fact of their account changed until the one that stores them as
    written (`settle`) or as found equal (`note`, Unchanged): an action with a `figures_hash` tells so. While figures of
    an account are computed and written its facts must not be stored, or the change would be taken for written. A create
    begins without figures: if there are any to write, its action bears them.
    """

    async def stream(self, scope: ScopeState, name: str) -> StreamState:
        """How far a stream of facts has been read; a stream is a name of the reader's choice (`documents`)."""

    async def save_stream(self, scope: ScopeState, name: str, reached: StreamState) -> None:
        """Store how far a stream has been read; the watermark never moves back."""

    async def save_company(self, scope: ScopeState, company: Company) -> None:
        """Remember whose documents count, for who reads the ledger beside the operator."""

    async def store_documents(
        self, scope: ScopeState, documents: Iterable[Document], *, seen_by: str | None = None
    ) -> int:
        """Store documents, in batches of some thousands; makes due the figures of accounts whose documents changed.

        Those that are stored as they are change nothing, but all bear the mark of the load that saw them. Returns how
        many were new or had changed.
        """

    async def remove_documents(self, scope: ScopeState, ids: Iterable[str]) -> None:
        """Remove documents that were deleted or don't count any more."""

    async def open_documents(self, scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Ids beyond one, in order, of documents that are open in the ledger."""

    async def unseen_documents(
        self, scope: ScopeState, *, seen_by: str, after_id: str = "", limit: int
    ) -> Sequence[str]:
        """Ids beyond one, in order, of documents that a complete load has not seen."""

    async def known_documents(self, scope: ScopeState, ids: Iterable[str], *, not_seen_by: str) -> Sequence[str]:
        """Which of these documents are stored and do not bear the mark of a load, in order."""

    async def documents_of(self, scope: ScopeState, account_ids: Iterable[str]) -> Mapping[str, tuple[Document, ...]]:
        """The documents of each of these accounts, in the order of their ids; an empty tuple if it has none."""

    async def store_credit_limits(self, scope: ScopeState, limits: Mapping[str, Decimal | None]) -> None:
        """Store credit limits by account, None where there is none; makes figures due as `store_documents` does."""

    async def credit_limits_of(self, scope: ScopeState, account_ids: Iterable[str]) -> Mapping[str, Decimal]:
        """Credit limits by account; an account without one is absent."""

    async def limited_accounts(self, scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Ids beyond one, in order, of accounts that have a credit limit."""

    async def make_figures_due(self, scope: ScopeState, account_ids: Iterable[str]) -> None:
        """Make the figures of accounts due, whatever their facts."""

    async def make_all_figures_due(self, scope: ScopeState, *, as_of: date) -> None:
        """Make the figures of all accounts due: the date has changed, or what is computed. Sets `figures_as_of`."""

    async def figures_due(self, scope: ScopeState, *, now: datetime, after_id: str = "", limit: int) -> Sequence[str]:
        """Ids beyond one, in order, of accounts whose figures are due and that can be updated.

        They are in ForceManager, and if it has refused them, due again; rejects of the map can be updated at any time.
        """

    async def figures_left(self, scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Ids beyond one, in order, of accounts in ForceManager that were released with figures not taken back.

        An account whose `figures_hash` was `LEFT` when it was released is not among them, nor is one that another
        integration has claimed since.
        """

    async def figures_due_among(self, scope: ScopeState, account_ids: Iterable[str]) -> frozenset[str]:
        """Which of these accounts have figures that are due, whether they can be updated or not."""


class SalesDue(Protocol):
    """Whose sales may differ from what was written. Each call is one transaction.

    While the stream of sales (`sync.payments.sales.STREAM`) has a digest, a sale is due from the transaction in which
    its document was stored, changed or removed until the one that notes or intends what is done with it; from there on
    its record tells. A sale that is released stays due: its document may belong to another account by now.
    """

    async def stored_documents(self, scope: ScopeState, ids: Iterable[str]) -> Mapping[str, Document]:
        """Those of some documents that are stored, by id."""

    async def make_all_sales_due(self, scope: ScopeState) -> None:
        """Make due the sales of all documents, and all sales that are ours or were kept."""

    async def make_open_sales_due(self, scope: ScopeState, *, now: datetime) -> None:
        """Make due the sales of accounts that entered since the last `complete`, and those that are not settled."""

    async def sales_due(self, scope: ScopeState, *, after_id: str = "", limit: int) -> Sequence[str]:
        """Ids beyond one, in order, of documents whose sales are due."""

    async def forget_sales_due(self, scope: ScopeState, ids: Iterable[str]) -> None:
        """Let sales be due no longer for which nothing is to be done."""

    async def forget_all_sales_due(self, scope: ScopeState) -> None:
        """Let no sale be due: they are no longer followed."""


class Ledger(Facts, SalesDue, Protocol):
    """State and archive. Each call is one transaction, on disk when it returns."""

    async def begin_run(self, header: RunHeader) -> None:
        """Store a run that begins; earlier ones of the integration without an end become `Interrupted`."""

    async def open_scope(self, *, integration: str, fingerprint: str, tenant: str) -> ScopeState:
        """Return the state of an integration and its pair of remotes, made new if there is none."""

    async def recover(self, scope: ScopeState, *, at: datetime) -> int:
        """Close what a killed run left: actions `sent` without outcome become unclear, since `at`. Returns how many."""

    async def assign_run(self, run_id: str, scope: ScopeState, *, mode: Mode) -> None:
        """Note which scope and mode a run has."""

    async def end_run(self, run_id: str, result: RunResult) -> None:
        """Store how a run ended."""

    async def begin_pass(self, scope: ScopeState, started: Pass) -> None:
        """Begin a pass anew; what an earlier one left is dropped."""

    async def save_pass(self, scope: ScopeState, progress: Pass) -> None:
        """Store how far a pass has come. Its id, mode, beginning and digest stay as they are stored."""

    async def complete(self, scope: ScopeState, *, watermark: datetime, digest: str) -> None:
        """Move the watermark (never back), store the digest (empty: that of no configuration), end the pass."""

    async def forget_digest(self, scope: ScopeState) -> None:
        """Drop the digest, and that of a pass under way: whatever the configuration then is, the next run plans all."""

    async def known(self, scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, RecordState]:
        """States by Sage id; what was never seen is absent."""

    async def claim(self, scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, Claim]:
        """Claim records for this scope unless another one holds them; returns who holds each now."""

    async def add_to_index(self, scope: ScopeState, entity: Entity, rows: Sequence[TargetRow]) -> None:
        """Remember live ForceManager records of the pass under way, by `extId` (18 characters)."""

    async def prefer_index(self, scope: ScopeState, entity: Entity) -> None:
        """Forget the ForceManager id of records whose `extId` the index has on other live records only."""

    async def indexed(self, scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, tuple[int, ...]]:
        """ForceManager ids by `extId` from the index; dropped with `begin_pass` and `complete`."""

    async def note(
        self, run_id: str, scope: ScopeState, actions: Sequence[Action], *, at: datetime, seen_by: str | None
    ) -> None:
        """Store what needs no call.

        Reject, Pending (both with the ForceManager id, if they tell one), Release; Unchanged marks the record as seen
        by the pass and as synchronized, and stores its hashes if it bears any (targets have left the map). A released
        account's facts are dropped.
        """

    async def intend(
        self, run_id: str, scope: ScopeState, actions: Sequence[Action], *, at: datetime, seen_by: str | None
    ) -> None:
        """Stamp writes as `sent` before their call.

        A create's state is unclear since `at`, an update's hash is unknown, a delete is pending. An account that is
        created, or was not synchronized, counts as entered.
        """

    async def settle(self, run_id: str, scope: ScopeState, settled: Sequence[Settled], *, at: datetime) -> None:
        """Store the outcomes of writes; payloads are dropped. What was deleted is no longer ours, its claim is free."""

    async def unclear(self, scope: ScopeState, entity: Entity) -> Sequence[RecordState]:
        """Records whose create was sent and whose outcome is unknown."""

    async def resolve(self, scope: ScopeState, entity: Entity, found: Mapping[str, int | None]) -> None:
        """Store what became of unclear creates: the ForceManager id, or None if it never took effect."""

    async def due(self, scope: ScopeState, entity: Entity, *, now: datetime) -> Sequence[str]:
        """Ids to be read whatever their stamp: Pending ones, rejects whose `retry_at` has come, hashes unknown."""

    async def unseen(self, scope: ScopeState, entity: Entity, *, seen_by: str, limit: int) -> Sequence[str]:
        """Up to `limit` ids of synchronised, pending or rejected records that a pass has not seen, not yet released."""

    async def entered(self, scope: ScopeState) -> Sequence[str]:
        """Ids of accounts in ForceManager that entered since the last `complete`: their contacts are still to be read.

        `complete` forgets those that are synchronized by then.
        """

    async def children(self, scope: ScopeState, entity: Entity, parent_ids: Iterable[str]) -> Sequence[str]:
        """Ids of contacts or sales, not yet released, of these accounts."""

    async def summary(self, scope: ScopeState) -> Summary:
        """Count the records of a scope."""


class RunStore(Protocol):
    """What the controller asks the ledger between runs."""

    async def last_runs(self, integration: str, *, limit: int) -> Sequence[RunRecord]:
        """The newest runs of an integration, newest first."""

    async def begin_anew(self, integration: str) -> None:
        """Let the next run of an integration be an Initial one, because ForceManager is ahead of the ledger.

        What was written last is not known any more, of no record and no figure; which targets may hold a value of ours
        is. Interrupted passes are dropped. Records, claims, hash key, facts and archive stay.
        """

    async def release_integration(self, integration: str) -> None:
        """Release all claims of a deleted integration; its record state stays."""
