"""Reading, watched: each page counts as progress, and as a moment at which the run may be stopped."""

from collections.abc import AsyncIterator
from time import perf_counter
from typing import TypeVar

from sage_operator.runner.context import RunContext

Page = TypeVar("Page")


async def timed(run: RunContext, pages: AsyncIterator[Page]) -> AsyncIterator[Page]:
    """Pass pages on, adding the time that they were waited for to the stage `read`.

    Raises:
        Stopped: the run was told to stop.
    """
    started = perf_counter()
    async for page in pages:
        run.progress.stage_seconds["read"] += perf_counter() - started
        run.progress.moved()
        run.progress.check()
        yield page
        started = perf_counter()
    run.progress.stage_seconds["read"] += perf_counter() - started
