"""The archive forgets what is old, while the operator runs."""

import asyncio
from datetime import timedelta
from typing import Protocol

import structlog

from sage_operator.sync.errors import SyncError

log = structlog.get_logger(__name__)

_EVERY = timedelta(hours=1)


class Forgotten(Protocol):
    """How much was forgotten."""

    @property
    def actions(self) -> int:
        """Actions of runs."""

    @property
    def runs(self) -> int:
        """Runs."""


class Archive(Protocol):
    """What the ledger offers for it."""

    async def prune(self, *, keep_actions: timedelta, keep_runs: timedelta) -> Forgotten:
        """Forget what is older, in small transactions."""


async def keep_pruned(archive: Archive, *, keep_actions: timedelta, keep_runs: timedelta) -> None:
    """Let the archive forget at once and then every hour, for ever; a failure waits for the next time."""
    while True:
        try:
            forgotten = await archive.prune(keep_actions=keep_actions, keep_runs=keep_runs)
        except SyncError as error:
            log.warning("archive-not-pruned", error=str(error))
        else:
            if forgotten.actions or forgotten.runs:
                log.info("archive-pruned", actions=forgotten.actions, runs=forgotten.runs)
        await asyncio.sleep(_EVERY.total_seconds())
