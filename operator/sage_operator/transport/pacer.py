"""Pacing of requests that share one allowance."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from sage_operator.transport import gcra


class Pacer:
    """Lets at most `rate` requests a second start, `burst` of them at once; shared by all users of one key pair.

    `on_wait` is told the seconds that each caller had to wait, if any.
    """

    def __init__(
        self,
        rate: float,
        *,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        if burst < 1:
            raise ValueError("burst must be at least 1")
        self.rate = rate
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._on_wait = on_wait
        self._turn = asyncio.Lock()  # wakes waiters in the order in which they came
        self._arrival = -math.inf
        self._paused_until = -math.inf

    @property
    def rate(self) -> float:
        """Requests a second; holds from the next request on, also for those who wait already."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        if not rate > 0:
            raise ValueError("rate must be above 0")
        self._rate = rate

    async def wait(self) -> None:
        """Return when the caller may send; first come, first served. A caller that is cancelled uses nothing up."""
        began = self._clock()
        waited = self._turn.locked()
        async with self._turn:
            # Asked again after each sleep: a pause may have come, and timers may fire a little early.
            while (delay := self._delay()) > 0:
                waited = True
                await self._sleep(delay)
            self._arrival = gcra.advance(self._arrival, now=self._clock(), rate=self._rate)
        if waited and self._on_wait is not None:
            self._on_wait(self._clock() - began)

    def pause(self, seconds: float) -> None:
        """Let nobody send before `seconds` from now; a longer pause that runs already stays."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _delay(self) -> float:
        """Return the seconds until the next request may start."""
        allowed = gcra.earliest(self._arrival, rate=self._rate, burst=self._burst)
        return max(allowed, self._paused_until) - self._clock()
