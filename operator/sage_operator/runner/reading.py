"""Reading, watched: each page counts as progress, and as a moment at which the run may be stopped."""

from collections.abc import AsyncGenerator, AsyncIterator
from time import perf_counter
from typing import TypeVar

from sage_operator.runner.context import RunContext

Page = TypeVar("Page")


async def timed(run: RunContext, pages: AsyncIterator[Page]) -> AsyncGenerator[Page, None]:
    """Pass pages on, adding the time that they were waited for to the stage `read`.

    To be used with `aclosing`: the pages are closed with it, and with them what an adapter has fetched ahead.

    Raises:
        Stopped, NoProgress: the run was told to stop.
    """
    started = perf_counter()
    try:
        async for page in pages:
            run.progress.stage_seconds["read"] += perf_counter() - started
            run.progress.moved()
            run.progress.check()
            yield page
            started = perf_counter()
    finally:
        await close(pages)
    run.progress.stage_seconds["read"] += perf_counter() - started


async def close(stream: AsyncIterator[object]) -> None:
    """Close a stream that may have been left before its end, now and not when its garbage is collected."""
    if isinstance(stream, AsyncGenerator):
        await stream.aclose()
