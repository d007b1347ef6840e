"""The life of an operator's process, which may end at any moment, and the time that goes by in it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Clock:
    """Time that moves only when told to."""

    def __init__(self) -> None:
        """Start on a Monday morning."""
        self.now = START

    def __call__(self) -> datetime:
        """Return the time, UTC."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let time go by."""
        self.now += by


class Life:
    """One process: every port asks `moment` before and after each of its effects.

    At its `ends_at`-th moment the process dies: nothing takes effect any more, whatever is called. `during` is called
    at each moment with its number, for what the rest of the world does meanwhile.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        ends_at: int | None = None,
        during: Callable[[int], None] = lambda _: None,
        pace: float = 0,
    ) -> None:
        """Begin; a moment takes `pace` seconds of the event loop."""
        self.clock = clock
        self._pace = pace
        self.dead = False
        self.moments = 0
        self._ends_at = ends_at
        self._during = during
        self._task: asyncio.Task[Any] | None = None

    async def moment(self) -> None:
        """Let others have their turn, or die here.

        Raises:
            asyncio.CancelledError: the process has died.
        """
        await asyncio.sleep(self._pace)
        if not self.dead:
            self.moments += 1
            self.clock.advance(timedelta(milliseconds=20))
            self._during(self.moments)
        if self.moments == self._ends_at and not self.dead:
            self.dead = True
            if self._task is not None:
                self._task.cancel()
        if self.dead:
            raise asyncio.CancelledError

    async def live(self, work: Any) -> Any:
        """Do some work until it ends, or the process does; then None is returned."""
        self._task = asyncio.ensure_future(work)
        try:
            return await self._task
        except asyncio.CancelledError:
            if not self.dead:
                raise
            return None
