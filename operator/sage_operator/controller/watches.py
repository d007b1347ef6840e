"""Whether Kopf's watches are alive: each is renewed by a new request at least every five minutes."""

import time
from collections.abc import Callable

import aiohttp

STALE_AFTER = 420.0
"""Seconds: `watching.server_timeout` and some slack."""


class WatchClock:
    """Notes when the API server last accepted each watch of Kopf's session: one a namespace, or one for all."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start unset: nothing has been listed yet."""
        self._monotonic = monotonic
        self._renewed: dict[str, float] = {}
        self.started = False

    def trace(self) -> aiohttp.TraceConfig:
        """Return the hook for Kopf's session."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._ended)
        return config

    async def _ended(self, _session: object, _context: object, params: aiohttp.TraceRequestEndParams) -> None:
        if params.method != "GET" or params.response.status != 200:
            return
        self.started = True
        if params.url.query.get("watch") == "true":
            self._renewed[params.url.path] = self._monotonic()

    def problem(self) -> str:
        """Say what is wrong, or nothing. One dead watch among many is enough: its namespace is not looked after."""
        now = self._monotonic()
        stale = sorted(path for path, renewed in self._renewed.items() if now - renewed >= STALE_AFTER)
        return f"no watch was renewed for {STALE_AFTER:.0f} s: {', '.join(stale)}" if stale else ""
