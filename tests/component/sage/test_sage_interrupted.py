import asyncio
import gc
from contextlib import aclosing

import pytest

from sage_operator.sync.errors import Unavailable

from .sage_organisation import Connect, Organisation, accounts, read, until


def others() -> set[asyncio.Task[object]]:
    """Return the tasks that run beside the test's own."""
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


@pytest.mark.parametrize("moment", ["before", "during", "after"])
async def test_a_cut_is_repeated(connect: Connect, sage: Organisation, moment: str) -> None:
    """A connection that is cut before, in or after an answer costs a request and no row."""
    sage.control.configure(page_limit=200)
    source = connect()
    await source.identify()
    sage.control.add_fault(operation="query*", cut=moment, nth=2, times=1)
    rows = await read(source, accounts())
    assert [row.id for row in rows] == sorted(sage.rows("Account"))
    assert source.requests == 2 + 4 + 1


async def test_an_outage_ends_the_run_as_unavailable(connect: Connect, sage: Organisation) -> None:
    """503 for longer than the retries last is an outage, in the middle of a query too."""
    sage.control.configure(page_limit=200)
    sage.control.add_fault(operation="queryMore", status=503, nth=2)
    with pytest.raises(Unavailable, match="answers 503") as caught:
        await read(connect(), accounts())
    assert caught.value.reason == "SageUnavailable"


async def test_a_lost_cursor_costs_no_row_and_repeats_none(connect: Connect, sage: Organisation) -> None:
    """When Salesforce forgets a cursor, the query goes on behind the last row, with all its conditions."""
    sage.control.configure(page_limit=200)
    seen: list[str] = []
    async with aclosing(connect().rows(accounts("Owner.Name"))) as pages:
        async for page in pages:
            seen.extend(row.id for row in page)
            await until(lambda: sage.control.counters().in_flight == 0)
            sage.control.expire_cursors()
    assert seen == sorted(sage.rows("Account"))
    assert sage.requests()["query"] > 1


async def test_a_cursor_that_is_always_lost_ends_the_run(connect: Connect, sage: Organisation) -> None:
    """An organisation that forgets every cursor at once is unavailable; the query is not begun for ever."""
    sage.control.configure(page_limit=200)
    lost = '[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]'
    sage.control.add_fault(operation="queryMore", status=400, body=lost)
    sage.control.add_fault(operation="query", status=400, body=lost, nth=2)
    with pytest.raises(Unavailable, match="again and again"):
        await read(connect(), accounts())
    assert sage.requests()["query"] == 1 + 3


async def test_exactly_one_page_is_fetched_ahead(connect: Connect, sage: Organisation) -> None:
    """While a page is worked on, the next one comes, and no further one."""
    sage.control.configure(page_limit=200)
    async with aclosing(connect().rows(accounts())) as pages:
        await anext(pages)
        await until(lambda: sage.requests().get("queryMore") == 1 and sage.control.counters().in_flight == 0)
        await asyncio.sleep(0.05)  # what must not come has no sign to wait for
        assert sage.requests()["queryMore"] == 1
        await anext(pages)
        await until(lambda: sage.requests()["queryMore"] == 2)


async def test_reading_and_working_overlap(connect: Connect, sage: Organisation) -> None:
    """With as much work a page as Salesforce needs to send one, both take hardly longer than one of them."""
    sage.control.configure(page_limit=100)
    source = connect()
    await source.identify()
    sage.control.add_fault(operation="query*", latency_ms=100)
    loop = asyncio.get_running_loop()
    began = loop.time()
    pages = 0
    async for _ in source.rows(accounts()):
        pages += 1
        await asyncio.sleep(0.1)  # the work: how it overlaps with the waiting is what is measured
    assert pages == 7
    assert loop.time() - began < 0.1 * (2 * pages) * 0.75


async def test_leaving_in_the_middle_cancels_the_page_under_way(connect: Connect, sage: Organisation) -> None:
    """Who stops early leaves no task, no waiting and no warning behind, and can go on reading."""
    sage.control.configure(page_limit=200)
    source = connect()
    fault = sage.control.add_fault(operation="queryMore", latency_ms=60_000)
    async with aclosing(source.rows(accounts())) as pages:
        await anext(pages)
        await until(lambda: sage.requests().get("queryMore") == 1)
    assert others() == set()
    sage.control.clear_faults(fault)
    assert len(await read(source, accounts())) == len(sage.rows("Account"))


async def test_a_stream_that_is_dropped_is_cleaned_up(connect: Connect, sage: Organisation) -> None:
    """Even without closing the stream, its request is cancelled."""
    sage.control.configure(page_limit=200)
    sage.control.add_fault(operation="queryMore", latency_ms=60_000)
    source = connect()
    async for _ in source.rows(accounts()):
        break
    gc.collect()
    await until(lambda: others() == set())


async def test_cancelling_a_run_cancels_its_request(connect: Connect, sage: Organisation) -> None:
    """A run that waits for a page ends at once when it is cancelled, and leaves no task behind."""
    sage.control.add_fault(operation="query", latency_ms=60_000, nth=2)
    source = connect()
    await source.identify()
    run = asyncio.create_task(read(source, accounts()))
    await until(lambda: sage.requests()["query"] == 2)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert others() == set()


async def test_an_error_of_the_page_ahead_is_told_when_its_turn_comes(connect: Connect, sage: Organisation) -> None:
    """A page that was read is given out although the next one fails; leaving then raises nothing."""
    sage.control.configure(page_limit=200)
    sage.control.add_fault(operation="queryMore", status=503)
    async with aclosing(connect().rows(accounts())) as pages:
        assert len(await anext(pages)) == 200
        await until(lambda: sage.requests().get("queryMore") == 3)
    assert others() == set()
