"""Sage as a run sees it; fills the port `Source`."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial

from sage_operator.sage import soql
from sage_operator.sage.connection import Connection
from sage_operator.sage.describe import Descriptions
from sage_operator.sage.paging import in_steps
from sage_operator.sage.payments import BulkUse, Payments
from sage_operator.sage.rows import RowReader, changed_rows, sage_users
from sage_operator.sync.entities import Entity
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.reading import Company, CreditLimit, DocumentQuery, DocumentScope, TradeView
from sage_operator.sync.records import ChangedRow, SourceRow
from sage_operator.sync.scope import RowQuery
from sage_operator.sync.sources import SourceObject
from sage_operator.sync.users import SageUser
from sage_operator.transport.cache import Cached


class SageSource:
    """Sage, for the length of one run. Made by `SageAccess.connect`.

    Everything raises errors of `sync.errors` only. The generators hold a request under way: who leaves one early closes
    it (`contextlib.aclosing`), which cancels that request.
    """

    def __init__(
        self,
        connection: Connection,
        descriptions: Descriptions,
        *,
        companies: Cached[Sequence[Company]],
        types: Cached[Sequence[str]],
        bulk_use: BulkUse,
    ) -> None:
        self._connection = connection
        # No method of ours: we would hold ourselves, and all that we have read until the garbage collector comes.
        self._describe = partial(_describe, connection, descriptions)
        self._users: Sequence[SageUser] | None = None
        self._payments = Payments(
            connection, describe=self._describe, companies=companies, types=types, bulk_use=bulk_use
        )

    @property
    def requests(self) -> int:
        """Requests that this run has sent, sign-in included."""
        return self._connection.requests

    @property
    def clock(self) -> datetime:
        """`T`: UTC, whole seconds, the `Date` of the first answer to a query of this run. Known after `identify`."""
        if self._connection.clock is None:
            raise RuntimeError("Sage has not been reached yet: identify() comes first")
        return self._connection.clock

    @property
    def quota_left(self) -> float | None:
        """What is left of the organisation's API requests of 24 hours, 0 to 1; None until an answer has told it."""
        return self._connection.quota_left

    async def identify(self) -> str:
        """Sign in if need be, read the users, and return the 18-character id of the organisation."""
        await self.users()
        return await self._connection.organisation()

    async def users(self) -> Sequence[SageUser]:
        """All internal users, active or not; read once a run."""
        if self._users is None:
            found: list[SageUser] = []
            async with aclosing(self._connection.pages([soql.users()], entity=None)) as stream:
                async for page in stream:
                    found.extend(sage_users(page))
            self._users = tuple(found)
        return self._users

    async def describe(self, sage_object: str, *, fresh: bool = False) -> SourceObject:
        """The fields of an object that the integration user may see; shared by all its runs for an hour.

        Raises:
            SchemaMismatch: there is no such object, or it is hidden.
        """
        return await self._describe(sage_object, fresh=fresh)

    async def changed(
        self, entity: Entity, *, since: datetime, sources: Sequence[str]
    ) -> AsyncGenerator[Sequence[ChangedRow], None]:
        """Pages of all rows, deleted and out of scope ones too, whose stamp, or a parent's, is at or after `since`."""
        query = soql.changed(entity, since=since, sources=sources)
        async with aclosing(self._connection.pages([query], entity=entity)) as stream:
            async for page in stream:
                yield changed_rows(page)

    async def rows(self, query: RowQuery) -> AsyncGenerator[Sequence[SourceRow], None]:
        """Pages of rows in scope, the next page fetched ahead; none of them is empty.

        Long lists are split over several queries; with `in_order` or `after_id` their rows are merged by id.
        """
        read = RowReader(query.entity, query.sources)
        steps = soql.rows(query, path=self._connection.query_path)
        in_order = query.in_order or query.after_id is not None
        found = in_steps(steps, lambda queries: self._rows(queries, query.entity, read), in_order=in_order)
        async with aclosing(found):
            async for page in found:
                yield page

    async def trade_view(self, *, limits: bool, types: Collection[str]) -> TradeView:
        """What is seen of trade documents and, with `limits`, of credit limits; as `describe` has it."""
        return await self._payments.trade_view(limits=limits, types=types)

    async def company(self, name: str | None) -> Company:
        """The company of that name, exactly or else in any case, or the only one; shared by all runs for an hour.

        Raises:
            CompanyNotFound: there is none of that name, or several and none was named; the message lists them.
        """
        return await self._payments.company(name)

    async def companies(self) -> Sequence[Company]:
        """All companies that the integration user may see, as of a minute ago at most.

        Raises:
            SchemaMismatch: there is no such object, or it is hidden.
        """
        return await self._payments.companies()

    async def versions(self) -> Sequence[str]:
        """The API versions that the organisation offers, oldest first, such as `66.0`; empty if it does not say."""
        return await self._connection.versions()

    def documents(self, query: DocumentQuery) -> AsyncGenerator[Sequence[Document], None]:
        """Pages of documents that count, the next page fetched ahead.

        Long lists are split over several queries, whose documents are merged by id where they come in order. A full
        load in any order goes by a bulk job if there are many documents; pages are empty while it is waited for, so
        that the reader sees that something moves, and can leave. `open_only` may lack an open document with
        nothing outstanding, where Sage can't filter by what it counts as paid.

        Raises:
            SchemaMismatch: fields that nothing else can stand for are missing, or hidden.
        """
        return self._payments.documents(query)

    def changed_documents(self, *, since: datetime) -> AsyncGenerator[Sequence[ChangedRow], None]:
        """Pages of all documents whose stamp is at or after `since`: deleted, of other companies, drafts among them."""
        return self._payments.changed_documents(since)

    def credit_limits(
        self, scope: DocumentScope, *, since: datetime | None = None, account_ids: Sequence[str] | None = None
    ) -> AsyncGenerator[Sequence[CreditLimit], None]:
        """Pages of credit limits: all, those of tags changed since, or those of some accounts.

        Which tag tells is said in `credit_limits`. Accounts without a tag are not among all, but among some.

        Raises:
            SchemaMismatch: fields that nothing else can stand for are missing, or hidden.
        """
        return self._payments.credit_limits(scope, since=since, account_ids=account_ids)

    async def _rows(
        self, queries: Sequence[soql.Query], entity: Entity, read: RowReader
    ) -> AsyncGenerator[Sequence[SourceRow], None]:
        async with aclosing(self._connection.pages(queries, entity=entity)) as stream:
            async for page in stream:
                yield read(page)


async def _describe(
    connection: Connection, descriptions: Descriptions, sage_object: str, *, fresh: bool = False
) -> SourceObject:
    return await descriptions.get(
        sage_object, version=connection.version, fetch=lambda: connection.describe(sage_object), fresh=fresh
    )
