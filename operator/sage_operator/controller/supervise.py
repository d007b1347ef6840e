"""Watching a run: it is stopped when nothing moves, and ended by force if it does not stop."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sage_operator.runner.progress import Progress
from sage_operator.runner.report import RunReport
from sage_operator.sync.errors import NoProgress

GRACE = timedelta(seconds=30)
"""How long a run that was told to stop may take for its batches in hand."""

_TICK = 5.0


async def supervise(
    run: "asyncio.Task[RunReport]",
    progress: Progress,
    *,
    patience: timedelta,
    clock: Callable[[], datetime],
    tell: Callable[[], Awaitable[None]],
) -> RunReport:
    """Wait for a run; tell how far it has come every 5 s. It is stopped when nothing has moved for `patience`.

    Raises:
        asyncio.CancelledError: it did not stop within the grace and was ended; what it had sent is unclear in the
            ledger, and looked up by a later run.
    """
    stopped_at: datetime | None = None
    try:
        while True:
            done, _ = await asyncio.wait({run}, timeout=_TICK)
            if done:
                return run.result()
            now = clock()
            if stopped_at is None and now - progress.moved_at > patience:
                progress.stop(NoProgress("Nothing moved for as long as spec.timeout allows."))
            if stopped_at is None and progress.stopped is not None:
                stopped_at = now
            if stopped_at is not None and now - stopped_at > GRACE:
                run.cancel()
            await tell()
    finally:
        if not run.done():
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
