"""The rate limit of one key pair: a token bucket."""

import time
from collections.abc import Callable


class TokenBucket:
    """Allows `rate` requests a second, and `burst` at once after a pause."""

    def __init__(self, rate: float, burst: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst if burst is not None else max(2.0, rate / 2)
        self._clock = clock
        self._tokens = self.burst
        self._at = clock()

    def take(self) -> float:
        """Take a token; return 0, or without one the seconds until there is one."""
        now = self._clock()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.rate
