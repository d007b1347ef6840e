"""The way of a request through a simulator: counted, let in, struck by faults, handled, answered."""

import asyncio
import contextlib
import dataclasses
import socket
import struct
import traceback
from collections.abc import Callable, Iterator

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from sage_operator.simulators.clock import Clock, ClockSetting
from sage_operator.simulators.counters import Counters
from sage_operator.simulators.faults import NO_EFFECT, Effect, Faults
from sage_operator.simulators.wire import Answer, Call, Refusal

Handler = Callable[[Call], Answer]
"""Handlers never wait, so each of them is atomic."""


class Pipeline:
    """What all requests of one simulator share.

    Args:
        admit: raises `Refusal` for requests that are not let in (rate limit); runs before any fault.
        fault_body: the body of an answer that a fault gives with a status.
    """

    def __init__(self, *, admit: Callable[[Call], None], fault_body: Callable[[int], bytes]) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.counters = Counters()
        self._admit = admit
        self._fault_body = fault_body
        self._released = asyncio.Event()
        self._commits: set[asyncio.Task[None]] = set()

    @property
    def pending_commits(self) -> int:
        """How many writes wait for their late commit."""
        return len(self._commits)

    async def release_commits(self) -> int:
        """Let all late commits take effect now, and wait for that; return how many there were."""
        waiting = set(self._commits)
        if waiting:
            self._released.set()
            await asyncio.wait(waiting)
            self._released.clear()
        return len(waiting)

    async def reset(self) -> None:
        """Drop faults, counts and late commits that have not taken effect; tell the real time again."""
        self.faults.clear()
        self.clock.setting = ClockSetting()
        for task in self._commits:
            task.cancel()
        await asyncio.gather(*self._commits, return_exceptions=True)
        self.counters.reset()

    async def run(self, call: Call, handler: Handler) -> tuple[Answer | None, Effect]:
        """Carry out a request. None instead of an answer: cut the connection at once."""
        try:
            self._admit(call)
        except Refusal as refusal:
            return refusal.answer, NO_EFFECT
        effect = self.faults.pick(call.method, call.path, call.operation)
        if effect.latency_ms:
            await asyncio.sleep(effect.latency_ms / 1000)
        if effect.status is not None:
            return self._faulty(effect), effect
        if effect.cut == "before":
            return None, effect
        if effect.drop_items or effect.fail_items:
            call = dataclasses.replace(call, effect=effect)
        if effect.commit_after_ms is not None:
            task = asyncio.create_task(self._commit_later(call, handler, effect.commit_after_ms / 1000))
            self._commits.add(task)
            task.add_done_callback(self._commits.discard)
            return None, effect
        answer = self.handle(call, handler)
        return (None if effect.cut == "after" else answer), effect

    def handle(self, call: Call, handler: Handler) -> Answer:
        """Call a handler; a defect of ours is counted and answered with 500."""
        try:
            return handler(call)
        except Refusal as refusal:
            return refusal.answer
        except Exception:  # noqa: BLE001 - reported in the counters, where tests look
            self._note_defect(call)
            return Answer(status=500, body=self._fault_body(500))

    def pieces(self, call: Call, answer: Answer) -> Iterator[bytes]:
        """Return the pieces of an answer that is made while it is sent; a defect is counted, and cuts the answer."""
        try:
            yield from answer.stream or ()
        except Exception:
            self._note_defect(call)
            raise

    def _note_defect(self, call: Call) -> None:
        self.counters.internal_errors.append(f"{call.method} {call.path}\n{traceback.format_exc()}")

    def _faulty(self, effect: Effect) -> Answer:
        status = effect.status or 500
        headers = {"retry-after": effect.retry_after} if effect.retry_after is not None else {}
        body = effect.body.encode() if effect.body is not None else self._fault_body(status)
        return Answer(status=status, body=body, headers=headers)

    async def _commit_later(self, call: Call, handler: Handler, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), seconds)
        self.handle(call, handler)


class Endpoint:
    """One operation of a simulator as an ASGI application, to be given to a Starlette route."""

    def __init__(self, pipeline: Pipeline, operation: str, handler: Handler) -> None:
        self._pipeline = pipeline
        self._operation = operation
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        parameters: dict[str, str] = scope.get("path_params", {})
        query_string = scope["query_string"].decode("latin-1")
        call = Call(
            method=scope["method"],
            path=f"{scope['path']}?{query_string}" if query_string else scope["path"],
            operation=self._operation.format_map(parameters),
            parameters=parameters,
            query=request.query_params,
            headers=request.headers,
            body=body,
            scheme=scope["scheme"],
        )
        counters = self._pipeline.counters
        counters.begin(call.operation)
        status: int | None = None
        try:
            answer, effect = await self._pipeline.run(call, self._handler)
            if answer is None:
                cut_connection(scope)
                await asyncio.sleep(0)  # so that the server learns of it before we return
            elif effect.cut == "during":
                body = next(answer.stream, b"") if answer.stream else answer.body
                await send(_start(answer, self._pipeline.clock))
                await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
                cut_connection(scope, gently=True)
                await asyncio.sleep(0)
            else:
                status = answer.status
                await send(_start(answer, self._pipeline.clock))
                for piece in self._pipeline.pieces(call, answer):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    await asyncio.sleep(0)
                await send({"type": "http.response.body", "body": answer.body})
        finally:
            counters.end(status)


def _start(answer: Answer, clock: Clock) -> Message:
    headers = {
        "content-type": "application/json;charset=UTF-8",
        "date": clock.http_date(),
        **({} if answer.stream else {"content-length": str(len(answer.body))}),
        **answer.headers,
    }
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": answer.status, "headers": pairs}


def cut_connection(scope: Scope, *, gently: bool = False) -> None:
    """Break the TCP connection of a request: by a reset, or `gently` by closing after what was written."""
    transport: asyncio.Transport = scope["state"]["transport"]
    if gently:
        transport.close()
        return
    if transport.is_closing():  # the client is gone already
        return
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
