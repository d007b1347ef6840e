"""`/metrics`, `/healthz` and `/readyz`."""

import asyncio
from collections.abc import Callable
from typing import Self

from aiohttp import web

from sage_operator.telemetry import metrics


class Probes:
    """The HTTP server beside the operator.

    `/healthz` answers 200 while the event loop runs and the watches are renewed, else 500 with what is wrong: the
    kubelet then restarts the pod. `/readyz` answers 200 once the operator watches and the ledger is open.
    """

    def __init__(self, *, host: str, port: int, healthy: Callable[[], str], ready: Callable[[], str]) -> None:
        """Take what to listen on (port 0: a free one); `healthy` and `ready` say what is wrong, or nothing."""
        self._host = host
        self._port = port
        app = web.Application()
        app.router.add_get("/healthz", _probe(healthy))
        app.router.add_get("/readyz", _probe(ready))
        app.router.add_get("/metrics", _metrics)
        self._runner = web.AppRunner(app, access_log=None)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def _probe(check: Callable[[], str]) -> Callable[[web.Request], "asyncio.Future[web.Response]"]:
    async def answer(_: web.Request) -> web.Response:
        problem = check()
        return web.Response(status=500 if problem else 200, text=f"{problem or 'ok'}\n")

    return answer  # type: ignore[return-value]


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=metrics.render(), headers={"Content-Type": metrics.CONTENT_TYPE})
