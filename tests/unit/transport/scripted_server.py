"""A real HTTP server that does what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(status: int = 200, body: str = "{}", **headers: str) -> Behaviour:
    """Answer as told; header names are spelled with underscores."""

    async def behave(_: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, text=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return behave


async def cut(request: web.Request) -> web.StreamResponse:
    """Take the request and cut the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    await asyncio.sleep(0)
    return web.Response()


async def cut_in_the_middle(request: web.Request) -> web.StreamResponse:
    """Send half of the promised body and cut the connection."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"x" * 500)
    assert request.transport is not None
    request.transport.abort()
    return response


async def hang(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def hang_in_the_middle(request: web.Request) -> web.StreamResponse:
    """Send half of the promised body and nothing more."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"x" * 500)
    return await hang(request)


@dataclass(kw_only=True)
class Scripted:
    """The server: `script` is worked off request by request, then it answers 200. `seen` are the requests."""

    url: str
    script: list[Behaviour] = field(default_factory=list)
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serve_script() -> AsyncIterator[Scripted]:
    """Run the server on a free port."""
    state = Scripted(url="")

    async def handle(request: web.Request) -> web.StreamResponse:
        state.seen.append(request)
        state.bodies.append(await request.read())
        return await (state.script.pop(0) if state.script else answer())(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    state.url = f"http://{host}:{port}"
    try:
        yield state
    finally:
        await runner.cleanup()
