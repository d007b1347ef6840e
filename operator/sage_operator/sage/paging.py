"""Following a query from page to page, with the next page under way while the last one is worked on."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from operator import attrgetter
from typing import Protocol, TypeVar

from sage_operator.sage.rows import Page, Record
from sage_operator.sage.soql import Query
from sage_operator.sync.errors import System, Unavailable

_RESTARTS = 3
"""A query is begun anew so often without a page in between."""


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


_Row = TypeVar("_Row", bound=_Identified)


class CursorLostError(Exception):
    """Salesforce no longer knows the cursor of a query (two days old, or lost in maintenance)."""


async def pages(
    queries: Sequence[Query],
    *,
    first: Callable[[Query], Awaitable[Page]],
    following: Callable[[str], Awaitable[Page]],
) -> AsyncGenerator[Sequence[Record], None]:
    """Yield the records of queries, one after the other, page by page; exactly one page is fetched ahead.

    A lost cursor is no reason to repeat rows: queries are ordered by id and go on after the last one.

    Raises:
        Unavailable: the cursor is lost again and again.
        Exception: whatever `first` and `following` raise.
    """
    waiting = iter(queries)
    query = next(waiting, None)
    coming = asyncio.ensure_future(first(query)) if query else None
    restarts = 0
    try:
        while query and coming:
            try:
                page = await coming
            except CursorLostError:
                restarts += 1
                if restarts > _RESTARTS:
                    raise Unavailable(System.SAGE, "Salesforce loses the cursor of a query again and again.") from None
                coming = asyncio.ensure_future(first(query))
                continue
            restarts = 0
            if page.next_url is not None:
                query = query.beyond(page.records[-1]["Id"]) if page.records else query
                coming = asyncio.ensure_future(following(page.next_url))
            else:
                query = next(waiting, None)
                coming = asyncio.ensure_future(first(query)) if query else None
            if page.records:
                yield page.records
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def in_steps(
    steps: Sequence[Sequence[Query]],
    read: Callable[[Sequence[Query]], AsyncGenerator[Sequence[_Row], None]],
    *,
    in_order: bool,
) -> AsyncGenerator[Sequence[_Row], None]:
    """Yield what `read` makes of queries, pages in the order of ids if that is asked for.

    `steps` follow one another in that order; the rows of the queries of one step have to be merged.
    """
    if in_order and any(len(step) > 1 for step in steps):
        streams = [merged([read([one]) for one in step]) for step in steps]
    else:
        streams = [read([one for step in steps for one in step])]
    for stream in streams:
        async with aclosing(stream):
            async for page in stream:
                yield page


async def merged(
    streams: Sequence[AsyncGenerator[Sequence[_Row], None]],
) -> AsyncGenerator[Sequence[_Row], None]:
    """Merge streams of pages, each in the order of ids, into one in that order.

    Each round gives out what no later page can precede: the rows up to the smallest of the pages' last ids.
    """
    async with AsyncExitStack() as stack:
        heads: dict[int, Sequence[_Row]] = {}
        for stream in streams:
            await stack.enter_async_context(aclosing(stream))
        waiting = set(range(len(streams)))
        while True:
            for index in sorted(waiting):
                if page := await anext(streams[index], None):
                    heads[index] = page
            if not heads:
                return
            bound = min(page[-1].id for page in heads.values())
            ready: list[_Row] = []
            waiting = set()
            for index, page in list(heads.items()):
                cut = bisect_right(page, bound, key=_ID)
                ready.extend(page[:cut])
                if cut == len(page):
                    waiting.add(index)
                    del heads[index]
                else:
                    heads[index] = page[cut:]
            ready.sort(key=_ID)
            yield ready


_ID = attrgetter("id")
