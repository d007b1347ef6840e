"""A query job of the Bulk API 2.0: made, asked after until it is complete, read as CSV, deleted.

(https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm). A job costs a handful of
requests where a query costs one for each 2,000 rows.
"""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from itertools import islice

import msgspec

from sage_operator.sage.connection import Connection
from sage_operator.sage.errors import read_refusal
from sage_operator.sage.soql import Query
from sage_operator.sync.errors import SyncError, System, Unavailable
from sage_operator.transport import Answer

Sleep = Callable[[float], Awaitable[object]]

_PAGE = 10_000
"""Rows of one answer: some 2.5 MB of documents. Two are held at a time, the next one comes while one is worked on."""

_PART = 2_000
"""Rows that are given out at once, as many as a page of a query has."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_PATIENCE = 20 * 60.0
"""Seconds that a job may take until it is complete."""

_PATIENCE_AT_END = 10.0


class BulkRefusedError(Exception):
    """The organisation does not run the job; its argument says why. Nothing has been given out yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A part of a job's result: the names of the columns, and rows of texts."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


class _Job(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    state: str
    error_message: str | None = None


_JOB = msgspec.json.Decoder(_Job)


async def result(connection: Connection, query: Query, *, sleep: Sleep) -> AsyncGenerator[Lines, None]:
    """Run a query as a job and yield its rows, in no order. Whatever happens, the job is deleted at the end.

    While the job is on, what is yielded has no rows: who waits sees that it lives, and can leave.

    Raises:
        BulkRefusedError: the organisation does not run it, or not to its end, or not in time.
        SyncError: the result can't be read.
    """
    made = await connection.job("POST", body={"operation": "query", "query": query.text})
    if made.status // 100 != 2:
        # Whatever the reason, a query over REST does, or it fails and tells it in words that are known.
        raise BulkRefusedError(read_refusal(made).code or str(made.status))
    job = _read(made)
    try:
        async with aclosing(_asked_after(connection, job, sleep=sleep)) as states:
            async for _ in states:
                yield Lines(header=(), rows=())
        async with aclosing(_lines(connection, job.id)) as found:
            async for lines in found:
                yield lines
    finally:
        await _delete(connection, job.id)


async def _asked_after(connection: Connection, job: _Job, *, sleep: Sleep) -> AsyncGenerator[str, None]:
    """Ask after a job, less and less often, until it is complete; yield the states on the way."""
    pause, waited = _FIRST_PAUSE, 0.0
    while job.state != "JobComplete":
        if job.state in {"Failed", "Aborted"}:
            raise BulkRefusedError(f"{job.state}: {job.error_message or 'no reason given'}")
        if waited >= _PATIENCE:
            raise BulkRefusedError(f"not complete after {_PATIENCE / 60:.0f} minutes")
        yield job.state
        await sleep(pause)
        waited, pause = waited + pause, min(pause * 1.5, _LONGEST_PAUSE)
        answer = await connection.job("GET", f"/{job.id}")
        if answer.status != 200:
            raise await connection.refused(answer)
        job = _read(answer)


async def _lines(connection: Connection, job_id: str) -> AsyncGenerator[Lines, None]:
    """Yield the result of a complete job, the next page under way while one is worked on."""

    def page(locator: str) -> asyncio.Task[Answer]:
        at = f"&locator={locator}" if locator else ""
        asked = connection.job("GET", f"/{job_id}/results?maxRecords={_PAGE}{at}", accept="text/csv")
        return asyncio.create_task(asked)

    coming: asyncio.Task[Answer] | None = page("")
    try:
        while coming is not None:
            answer = await coming
            if answer.status != 200:
                raise await connection.refused(answer)
            locator = answer.headers.get("sforce-locator", "null")
            coming = page(locator) if locator != "null" else None
            for lines in _read_csv(answer):
                yield lines
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


def _read_csv(answer: Answer) -> Iterator[Lines]:
    """Yield the rows of one answer in parts.

    Raises:
        Unavailable: it is no CSV, or has other rows than it says.
    """
    said, count = answer.headers.get("sforce-numberofrecords"), 0
    try:
        reader = csv.reader(io.StringIO(answer.content.decode(), newline=""), strict=True)
        header = next(reader, [])
        while rows := list(islice(reader, _PART)):
            count += len(rows)
            yield Lines(header=header, rows=rows)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _odd(answer) from error
    if said is not None and said != str(count):
        raise _odd(answer)


async def _delete(connection: Connection, job_id: str) -> None:
    """Delete a job, which is stopped first if it is still on; what is left Salesforce deletes after seven days."""
    with suppress(SyncError, TimeoutError):
        async with asyncio.timeout(_PATIENCE_AT_END):
            answer = await connection.job("DELETE", f"/{job_id}")
            if answer.status // 100 != 2:
                await connection.job("PATCH", f"/{job_id}", body={"state": "Aborted"})
                await connection.job("DELETE", f"/{job_id}")


def _read(answer: Answer) -> _Job:
    try:
        return _JOB.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _odd(answer) from error


def _odd(answer: Answer) -> Unavailable:
    return Unavailable(System.SAGE, f"Sage ({answer.host}) answers about a bulk job with something that is none.")
