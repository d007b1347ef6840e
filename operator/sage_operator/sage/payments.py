"""What payments are computed from, as Sage has it: the company, its documents, credit limits."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog

from sage_operator.sage import bulk, document_soql
from sage_operator.sage.company import COMPANY, CompanyFields
from sage_operator.sage.connection import Connection
from sage_operator.sage.credit_limits import Chosen, LimitFields, changed_tags, limit_fields, tags
from sage_operator.sage.document_fields import (
    CURRENCY,
    DOCUMENT,
    DOCUMENT_TYPE,
    STATUS,
    TAG,
    DocumentFields,
    document_fields,
)
from sage_operator.sage.document_rows import DocumentReader
from sage_operator.sage.paging import in_steps
from sage_operator.sage.rows import Record
from sage_operator.sage.soql import Query
from sage_operator.sync.errors import CompanyNotFound, SchemaMismatch
from sage_operator.sync.ids import long_id
from sage_operator.sync.payments.companies import choose
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.reading import Company, CreditLimit, DocumentQuery, DocumentScope, TradeView
from sage_operator.sync.records import ChangedRow
from sage_operator.sync.sources import SourceObject
from sage_operator.transport.cache import Cached

_log = structlog.get_logger(__name__)
_PART = 2_000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkUse:
    """When documents are read by a bulk job, and how it is waited for.

    `beyond`: a full load of more documents goes by a job: below that it costs no more requests than a job does.
    """

    sleep: bulk.Sleep
    beyond: int = 20_000


class Payments:
    """Reads for one run. Runs with the same credentials share `companies` and the names of document `types`."""

    def __init__(
        self,
        connection: Connection,
        *,
        describe: Callable[[str], Awaitable[SourceObject]],
        companies: Cached[Sequence[Company]],
        types: Cached[Sequence[str]],
        bulk_use: BulkUse,
    ) -> None:
        self._connection = connection
        self._describe = describe
        self._companies = companies
        self._types = types
        self._bulk = bulk_use
        self._fields: DocumentFields | None = None

    async def company(self, name: str | None) -> Company:
        """Return the company of a name, or the only one; they are asked for once an hour, and before one is missed.

        Raises:
            CompanyNotFound: there is none of that name, or several and none was named.
        """
        try:
            return choose(await self._companies.get(self._read_companies), name)
        except CompanyNotFound:
            return choose(await self._companies.get(self._read_companies, fresh=True), name)

    async def companies(self) -> Sequence[Company]:
        """Return all companies, as of a minute ago at most."""
        return await self._companies.get(self._read_companies, fresh=True)

    async def trade_view(self, *, limits: bool, types: Collection[str]) -> TradeView:
        """Return what is seen of documents, their types and credit limits.

        Beside descriptions the names of types are asked for once an hour, and before one of those named is missed.
        """
        lacking: list[SchemaMismatch] = []
        statuses: tuple[str, ...] = ()
        try:
            await self._document_fields()
            status = (await self._describe(DOCUMENT)).field(STATUS)
            statuses = tuple(choice.value for choice in status.picklist) if status is not None else ()
        except SchemaMismatch as mismatch:
            lacking.append(mismatch)
        if limits:
            try:
                limit_fields(await self._describe(TAG), await self._seen(DOCUMENT_TYPE))
            except SchemaMismatch as mismatch:
                lacking.append(mismatch)
        return TradeView(
            lacking=tuple((each.message, each.remedy) for each in lacking),
            statuses=statuses,
            types=() if lacking else await self._type_names(types),
        )

    async def _type_names(self, wanted: Collection[str]) -> tuple[str, ...]:
        if await self._seen(DOCUMENT_TYPE) is None:
            return ()
        names = await self._types.get(self._read_types)
        if {name.casefold() for name in wanted} - {name.casefold() for name in names}:
            names = await self._types.get(self._read_types, fresh=True)
        return tuple(names)

    async def _read_types(self) -> Sequence[str]:
        found: list[str] = []
        async with aclosing(self._pages([Query(sage_object=DOCUMENT_TYPE, columns=("Id", "Name"))])) as stream:
            async for page in stream:
                found.extend(record["Name"] or "" for record in page)
        return tuple(sorted(set(filter(None, found))))

    async def documents(self, query: DocumentQuery) -> AsyncGenerator[Sequence[Document], None]:
        """Pages of documents that count; empty ones while a bulk job is waited for."""
        fields = await self._document_fields()
        read = DocumentReader(fields, query)
        any_order = query.everything and query.any_order and query.after_id is None
        found = self._loaded(query, fields, read) if any_order else self._queried(query, fields, read)
        async with aclosing(found):
            async for page in found:
                yield page
        read.report()

    async def changed_documents(self, since: datetime) -> AsyncGenerator[Sequence[ChangedRow], None]:
        """Pages of documents whose own stamp is at or after `since`, whether they count or not."""
        async with aclosing(self._pages([document_soql.changed(since)])) as found:
            async for page in found:
                yield [ChangedRow(id=record["Id"], deleted=record["IsDeleted"]) for record in page]

    async def credit_limits(
        self, scope: DocumentScope, *, since: datetime | None, account_ids: Sequence[str] | None
    ) -> AsyncGenerator[Sequence[CreditLimit], None]:
        """Pages of limits by account.

        Without `since` and `account_ids` those of all accounts that have a tag; an account without one is not among
        them. Of accounts that were asked for, or whose tags changed, each is.
        """
        fields = limit_fields(await self._describe(TAG), await self._seen(DOCUMENT_TYPE))
        if since is None:
            parts = [account_ids] if account_ids is None else _parts(account_ids)
            for part in parts:
                for limits in _parts(await self._limits(scope, fields, part)):
                    yield limits
            return
        asked = None if account_ids is None else frozenset(account_ids)
        queries = changed_tags(scope, fields, since=since, path=self._connection.query_path)
        async with aclosing(self._pages(queries)) as found:
            async for page in found:
                changed = {long_id(record[fields.account]): None for record in page}
                wanted = [one for one in changed if asked is None or one in asked]
                if wanted:
                    yield await self._limits(scope, fields, wanted)

    async def _limits(
        self, scope: DocumentScope, fields: LimitFields, account_ids: Sequence[str] | None
    ) -> Sequence[CreditLimit]:
        chosen = Chosen(scope, fields)
        queries = tags(scope, fields, path=self._connection.query_path, account_ids=account_ids)
        async with aclosing(self._pages(queries)) as found:
            async for page in found:
                chosen.add(page)
        limits = chosen.limits
        return [CreditLimit(account_id=one, amount=limits.get(one)) for one in account_ids or limits]

    async def _loaded(
        self, query: DocumentQuery, fields: DocumentFields, read: DocumentReader
    ) -> AsyncGenerator[Sequence[Document], None]:
        """Yield all documents in any order, by bulk jobs if there are many and the organisation runs them."""
        steps = document_soql.documents(query, fields, path=self._connection.query_path)
        if await self._many([one for step in steps for one in step]):
            try:
                for job in document_soql.bulk(query, fields):
                    async with aclosing(bulk.result(self._connection, job, sleep=self._bulk.sleep)) as parts:
                        async for part in parts:
                            yield read.lines(part.header, part.rows) if part.rows else ()
            except bulk.BulkRefusedError as refused:
                _log.warning("Sage runs no bulk job; documents are read by queries", reason=str(refused))
            else:
                return
        async with aclosing(self._queried(query, fields, read)) as found:
            async for page in found:
                yield page

    async def _many(self, queries: Sequence[Query]) -> bool:
        """Tell whether queries find so many documents that a bulk job is cheaper."""
        count = 0
        for one in queries:
            count += await self._connection.count(document_soql.count(one))
            if count > self._bulk.beyond:
                return True
        return False

    async def _queried(
        self, query: DocumentQuery, fields: DocumentFields, read: DocumentReader
    ) -> AsyncGenerator[Sequence[Document], None]:
        """Yield documents by queries; in the order of their ids if that is asked for."""
        in_order = query.after_id is not None or (query.everything and not query.any_order)
        steps = document_soql.documents(query, fields, path=self._connection.query_path)
        async with aclosing(in_steps(steps, lambda queries: self._read(queries, read), in_order=in_order)) as found:
            async for page in found:
                yield page

    async def _read(self, queries: Sequence[Query], read: DocumentReader) -> AsyncGenerator[Sequence[Document], None]:
        async with aclosing(self._pages(queries)) as found:
            async for page in found:
                if documents := read.records(page):
                    yield documents

    def _pages(self, queries: Sequence[Query]) -> AsyncGenerator[Sequence[Record], None]:
        return self._connection.pages(queries, entity=None)

    async def _read_companies(self) -> Sequence[Company]:
        fields = CompanyFields(await self._describe(COMPANY), await self._seen(CURRENCY))
        found: list[Company] = []
        async with aclosing(self._pages([fields.query()])) as stream:
            async for page in stream:
                found.extend(map(fields.company, page))
        return tuple(found)

    async def _document_fields(self) -> DocumentFields:
        if self._fields is None:
            document = await self._describe(DOCUMENT)
            tag, currency = await self._seen(TAG), await self._seen(CURRENCY)
            self._fields = document_fields(document, tag=tag, currency=currency)
            if self._fields.unknown:
                _log.info("some facts of documents can't be seen in Sage", unknown=self._fields.unknown)
        return self._fields

    async def _seen(self, sage_object: str) -> SourceObject | None:
        """Describe an object that payments can do without; None if the integration user may not see it."""
        try:
            return await self._describe(sage_object)
        except SchemaMismatch:
            return None


def _parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[at : at + _PART] for at in range(0, len(items), _PART))
