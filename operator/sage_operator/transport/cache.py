"""Values that many runs share: fetched once, kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from sage_operator.sync.errors import SyncError

T = TypeVar("T")
FRESH = 60.0
"""Seconds: what is fresh is at most so old."""

Clock = Callable[[], float]
"""Seconds that only ever grow, such as `time.monotonic`."""


class Cached(Generic[T]):
    """A value with an age. Whoever asks while it is being fetched waits for that one fetch, and shares its failure.

    The fetch belongs to the task that asks first. If that one is cancelled, the next in the queue fetches.
    """

    def __init__(self, *, max_age: float, clock: Clock) -> None:
        """Take the age in seconds beyond which the value is fetched anew."""
        self._max_age = max_age
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: tuple[T, float] | None = None
        self._attempts = 0
        self._asking = 0
        self._failure: SyncError | None = None

    async def get(self, fetch: Callable[[], Awaitable[T]], *, fresh: bool = False) -> T:
        """Return the value if it is young enough, else fetch it; `fresh`: a minute old at most.

        Raises:
            SyncError: what `fetch` raises.
        """
        self._asking += 1
        try:
            return await self._get(fetch, max_age=FRESH if fresh else self._max_age)
        finally:
            self._asking -= 1
            if not self._asking:  # it was for those who waited, and holds all that was under way when it was raised
                self._failure = None

    async def _get(self, fetch: Callable[[], Awaitable[T]], *, max_age: float) -> T:
        attempts_before = self._attempts
        async with self._lock:
            if self._held is not None and self._clock() - self._held[1] < max_age:
                return self._held[0]
            if self._attempts != attempts_before and self._failure is not None:
                raise self._failure
            try:
                value = await fetch()
            except SyncError as failure:
                self._failure = failure
                self._attempts += 1
                raise
            self._held, self._failure = (value, self._clock()), None
            self._attempts += 1
            return value

    def drop(self, value: T) -> None:
        """Forget the value, unless it has been replaced by another one already."""
        if self._held is not None and self._held[0] == value:
            self._held = None


class Remembered(Generic[T]):
    """A finding about the tenant that is trusted for a while; `lock` is held by whoever finds it out."""

    def __init__(self, *, keep: float, clock: Clock) -> None:
        """Take for how many seconds a finding is trusted."""
        self._keep = keep
        self._clock = clock
        self.lock = asyncio.Lock()
        self._held: tuple[T, float] | None = None

    @property
    def value(self) -> T | None:
        """The finding; None if there is none or it is too old."""
        if self._held is None or self._clock() - self._held[1] >= self._keep:
            return None
        return self._held[0]

    def note(self, value: T) -> None:
        """Remember a finding from now on."""
        self._held = (value, self._clock())
