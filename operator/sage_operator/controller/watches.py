"""Whether Kopf's watches are alive: each is renewed by a new request at least every five minutes."""

import time

import aiohttp

STALE_AFTER = 420.0
"""Seconds: `watching.server_timeout` and some slack."""


class WatchClock:
    """Notes when the API server last accepted a list or a watch of Kopf's session."""

    def __init__(self) -> None:
        """Start unset: nothing has been listed yet."""
        self._renewed: float | None = None

    def trace(self) -> aiohttp.TraceConfig:
        """Return the hook for Kopf's session."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._ended)
        return config

    async def _ended(self, _session: object, _context: object, params: aiohttp.TraceRequestEndParams) -> None:
        if params.method == "GET" and params.response.status == 200:
            self._renewed = time.monotonic()

    @property
    def started(self) -> bool:
        """Tell whether anything has been listed."""
        return self._renewed is not None

    def problem(self) -> str:
        """Say what is wrong, or nothing."""
        if self._renewed is None or time.monotonic() - self._renewed < STALE_AFTER:
            return ""
        return f"no watch was renewed for {STALE_AFTER:.0f} s"
