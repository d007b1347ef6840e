"""Sage in memory: an organisation that people edit, and the port that a run reads it by."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import System, Unavailable
from sage_operator.sync.ids import long_id
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.reading import Company, CreditLimit, DocumentQuery, DocumentScope, TradeView
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.records import ChangedRow, SourceRow
from sage_operator.sync.scope import RowQuery, Scope
from sage_operator.sync.sources import SourceField, SourceKind, SourceObject
from sage_operator.sync.users import SageUser

from .life import Clock, Life
from .trade import COMPANY, DRAFT, SUBMITTED, Paper, Trade

ANA, BEN, EVE = (long_id(f"005000000000{name}") for name in ("ANA", "BEN", "EVE"))

PAGE = 3
"""Rows of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A Salesforce row of either object."""

    id: str
    entity: Entity
    owner_id: str
    stamp: datetime
    parent_id: str | None = None
    name: str
    phone: str | None = None
    deleted: bool = False
    merged_into: str | None = None


CONDITIONS: dict[str, Callable[[Row], bool]] = {
    "Phone != null": lambda row: row.phone is not None,
    "Name LIKE 'Customer%'": lambda row: row.name.startswith("Customer"),
}
"""What this organisation understands of SOQL."""


class Organisation:
    """Rows, and how people change them: each change moves the stamp of its own row only."""

    def __init__(self, clock: Clock) -> None:
        """Begin empty."""
        self.clock = clock
        self.rows: dict[str, Row] = {}
        self.trade = Trade(clock)
        self._numbers = 0

    def add_account(self, *, owner: str = ANA, name: str = "Customer", phone: str | None = None) -> str:
        """Add an account; returns its id."""
        return self._add(Entity.ACCOUNTS, owner=owner, name=name, phone=phone, parent_id=None)

    def add_contact(self, account: str | None, *, owner: str = ANA, name: str = "Person") -> str:
        """Add a contact of an account; returns its id."""
        return self._add(Entity.CONTACTS, owner=owner, name=name, phone=None, parent_id=account)

    def _add(self, entity: Entity, *, owner: str, name: str, phone: str | None, parent_id: str | None) -> str:
        self._numbers += 1
        # Ids of either object don't grow with time alone: a new one may come before those that a pass has read.
        prefix = {Entity.ACCOUNTS: "001", Entity.CONTACTS: "003"}[entity]
        row_id = long_id(f"{prefix}{(self._numbers * 7919) % 100_000:012d}")
        self.rows[row_id] = Row(
            id=row_id,
            entity=entity,
            owner_id=owner,
            stamp=self.clock.now,
            parent_id=parent_id,
            name=name,
            phone=phone,
        )
        return row_id

    def edit(self, row_id: str, **changes: object) -> None:
        """Change a row."""
        self.rows[row_id] = replace(self.rows[row_id], stamp=self.clock.now, **changes)  # type: ignore[arg-type]

    def delete(self, row_id: str) -> None:
        """Delete a row, an account with its contacts."""
        self.edit(row_id, deleted=True)
        for child in self.children(row_id):
            self.edit(child, deleted=True)

    def merge(self, loser: str, winner: str) -> None:
        """Merge one account into another, whose contacts go there."""
        for child in self.children(loser):
            self.edit(child, parent_id=winner)
        self.trade.move(loser, winner)
        self.edit(loser, deleted=True, merged_into=winner)

    def children(self, account: str) -> list[str]:
        """Return the ids of an account's live contacts."""
        return [row.id for row in self.rows.values() if row.parent_id == account and not row.deleted]

    def live(self, entity: Entity, owners: Iterable[str] | None, where: str | None = None) -> list[Row]:
        """Return the rows in scope, by id: accounts of these owners (None: of all) that fit, and their contacts."""
        wanted = None if owners is None else set(owners)
        fulfils = CONDITIONS[where] if where is not None else lambda _: True
        rows = [row for row in self.rows.values() if row.entity is entity and not row.deleted]
        heads = [row if entity is Entity.ACCOUNTS else self.rows.get(row.parent_id or "") for row in rows]
        inside = (
            row
            for row, head in zip(rows, heads, strict=True)
            if head is not None and not head.deleted and (wanted is None or head.owner_id in wanted) and fulfils(head)
        )
        return sorted(inside, key=lambda row: row.id)


class MemorySource:
    """One run's view of an organisation. `faults` names calls, each of which fails once."""

    def __init__(self, organisation: Organisation, life: Life, *, faults: Sequence[str] = ()) -> None:
        """Begin a run."""
        self.requests = 0
        self.clock = life.clock.now
        self.open_streams = 0
        self.asked: list[RowQuery] = []
        self.asked_documents: list[DocumentQuery] = []
        self.asked_limits: list[datetime | None] = []
        self.described: list[tuple[str, bool]] = []
        self._organisation = organisation
        self._life = life
        self._faults = list(faults)

    async def _call(self, name: str) -> None:
        self.requests += 1
        await self._life.moment()
        if name in self._faults:
            self._faults.remove(name)
            raise Unavailable(System.SAGE, "Sage answered 503.")

    @property
    def quota_left(self) -> float | None:
        """Tell of plenty."""
        return 0.9

    async def identify(self) -> str:
        """Reach Sage."""
        await self._call("identify")
        self.clock = self._life.clock.now
        return "00D000000000001EAA"

    async def users(self) -> Sequence[SageUser]:
        """Return Ana, Ben and Eve."""
        return tuple(
            SageUser(id=i, username=f"{name}@acme.example", email=f"{name}@acme.example", name=name, active=True)
            for i, name in ((ANA, "ana"), (BEN, "ben"), (EVE, "eve"))
        )

    async def describe(self, sage_object: str, *, fresh: bool = False) -> SourceObject:
        """Describe what an account has."""
        self.described.append((sage_object, fresh))
        presets = {source.path for rules in PRESETS.values() for rule in rules for source in rule.sources}
        names = sorted({"Name", "Phone", "LastName"} | {path for path in presets if "." not in path})
        fields = (SourceField(name=name, kind=SourceKind.TEXT) for name in names)
        return SourceObject.of(name=sage_object, label=sage_object, fields=fields)

    async def changed(
        self, entity: Entity, *, since: datetime, sources: Sequence[str]
    ) -> AsyncIterator[Sequence[ChangedRow]]:
        """Page through changed rows, deleted ones and those out of scope too."""
        assert sources
        await self._call("changed")
        rows = [
            ChangedRow(id=row.id, deleted=row.deleted, merged_into=row.merged_into)
            for row in self._organisation.rows.values()
            if row.entity is entity and row.stamp >= since
        ]
        async with aclosing(self._pages(rows)) as pages:
            async for page in pages:
                yield page

    async def rows(self, query: RowQuery) -> AsyncIterator[Sequence[SourceRow]]:
        """Page through rows in scope, as they were when the query was sent."""
        self.asked.append(query)
        await self._call("rows")
        found = [
            row
            for row in self._organisation.live(query.entity, query.scope.owner_ids, _where(query.scope))
            if (query.since is None or row.stamp >= query.since)
            and (query.after_id is None or row.id > query.after_id)
            and (query.ids is None or row.id in query.ids)
            and (query.parent_ids is None or row.parent_id in query.parent_ids)
        ]
        rows = [self._source_row(row) for row in (found if query.in_order else reversed(found))]
        async with aclosing(self._pages(rows)) as pages:
            async for page in pages:
                yield page

    def _source_row(self, row: Row) -> SourceRow:
        parent = self._organisation.rows.get(row.parent_id or "")
        return SourceRow(
            id=row.id,
            owner_id=row.owner_id,
            parent_id=row.parent_id,
            parent_owner_id=parent.owner_id if parent is not None else None,
            label=row.name,
            fields={"Name": row.name, "Phone": row.phone, "LastName": row.name},
        )

    async def trade_view(self, *, limits: bool, types: Collection[str]) -> TradeView:
        """Show everything."""
        assert types
        return TradeView(statuses=(SUBMITTED, DRAFT) if limits else (SUBMITTED,))

    async def company(self, name: str | None) -> Company:
        """Return the only company."""
        assert name is None
        return COMPANY

    async def companies(self) -> Sequence[Company]:
        """Return the only company."""
        return [COMPANY]

    async def versions(self) -> Sequence[str]:
        """Return none: it does not say."""
        return []

    async def documents(self, query: DocumentQuery) -> AsyncIterator[Sequence[Document]]:
        """Page through documents that count, as they were when the query was sent."""
        self.asked_documents.append(query)
        await self._call("documents")
        since = query.changed_since
        found = [
            paper
            for paper in self._counting(query.scope)
            if (since is None or self._stamp(paper) >= since)
            and (not query.open_only or paper.document.is_open)
            and (query.ids is None or paper.id in query.ids)
            and (query.account_ids is None or paper.account_id in query.account_ids)
            and (query.after_id is None or paper.id > query.after_id)
        ]
        papers = found if query.after_id is not None else list(reversed(found))
        async with aclosing(self._pages([paper.document for paper in papers])) as pages:
            async for page in pages:
                yield page

    async def changed_documents(self, *, since: datetime) -> AsyncIterator[Sequence[ChangedRow]]:
        """Page through all documents that changed themselves."""
        await self._call("changed_documents")
        papers = [paper for paper in self._organisation.trade.papers.values() if paper.stamp >= since]
        async with aclosing(self._pages([ChangedRow(id=p.id, deleted=p.deleted) for p in papers])) as pages:
            async for page in pages:
                yield page

    async def credit_limits(
        self, scope: DocumentScope, *, since: datetime | None = None, account_ids: Sequence[str] | None = None
    ) -> AsyncIterator[Sequence[CreditLimit]]:
        """Page through credit limits."""
        self.asked_limits.append(since)
        await self._call("credit_limits")
        assert scope.company_id == COMPANY.id
        tags = self._organisation.trade.limits
        changed = [i for i, (_, stamp) in tags.items() if since is None or stamp >= since]
        asked = changed if account_ids is None else account_ids
        limits = [CreditLimit(account_id=i, amount=tags[i][0] if i in tags else None) for i in asked]
        async with aclosing(self._pages(limits)) as pages:
            async for page in pages:
                yield page

    def _counting(self, scope: DocumentScope) -> list[Paper]:
        accounts = self._organisation.live(Entity.ACCOUNTS, scope.accounts.owner_ids, _where(scope.accounts))
        return self._organisation.trade.counting(scope, [row.id for row in accounts])

    def _stamp(self, paper: Paper) -> datetime:
        return max(paper.stamp, paper.tag_stamp, self._organisation.rows[paper.account_id].stamp)

    async def _pages(self, rows: Sequence[object]) -> AsyncIterator[Sequence[object]]:
        self.open_streams += 1
        try:
            for start in range(0, len(rows), PAGE):
                if start:
                    await self._call("page")
                yield tuple(rows[start : start + PAGE])
        finally:
            self.open_streams -= 1


def _where(scope: Scope) -> str | None:
    return scope.where.text if scope.where is not None else None
