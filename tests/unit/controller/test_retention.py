import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from sage_operator.controller.retention import keep_pruned
from sage_operator.sync.errors import LedgerUnavailable

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was forgotten."""

    actions: int
    runs: int


@dataclass(kw_only=True)
class Archive:
    """Fails the first time."""

    asked: list[tuple[float, timedelta, timedelta]] = field(default_factory=list)

    async def prune(self, *, keep_actions: timedelta, keep_runs: timedelta) -> Forgotten:
        """Note what is asked, and when."""
        self.asked.append((asyncio.get_running_loop().time(), keep_actions, keep_runs))
        if len(self.asked) == 1:
            raise LedgerUnavailable("The disk is full.")
        return Forgotten(actions=1, runs=0)


@pytest.mark.looptime(start=0)
async def test_the_archive_forgets_at_once_and_every_hour() -> None:
    """A failure is no end: it is tried again an hour later."""
    archive = Archive()
    task = asyncio.create_task(keep_pruned(archive, keep_actions=90 * DAY, keep_runs=400 * DAY))
    await asyncio.sleep(2 * 3600 + 1)  # of the loop's own time: no waiting
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert archive.asked == [(hour * 3600, 90 * DAY, 400 * DAY) for hour in range(3)]
