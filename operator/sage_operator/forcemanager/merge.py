"""Several streams at the same time, as one."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import TypeVar

T = TypeVar("T")


async def merged(streams: Iterable[AsyncGenerator[T, None]], *, limit: int) -> AsyncGenerator[T, None]:
    """Yield what the streams yield, as it comes. At most `limit` of them run at a time; the next begins when one ends.

    Raises what a stream raises, after all others have ended. Closing it early cancels them.
    """
    results: asyncio.Queue[T | None] = asyncio.Queue()
    pending = iter(streams)

    async def work() -> None:
        try:
            for stream in pending:
                async for result in stream:
                    results.put_nowait(result)
        finally:
            results.put_nowait(None)

    workers = [asyncio.create_task(work()) for _ in range(limit)]
    try:
        working = len(workers)
        while working:
            result = await results.get()
            if result is None:
                working -= 1
            else:
                yield result
        for worker in workers:
            await worker
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
