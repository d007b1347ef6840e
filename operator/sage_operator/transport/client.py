"""One remote, as the adapters see it: a request goes in, an answer or a domain error comes out."""

import asyncio
import random as random_module
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import httpx
import structlog

from sage_operator.sync.errors import System, Unavailable
from sage_operator.telemetry import metrics
from sage_operator.transport._http import Failure, Sent, explain, make_client
from sage_operator.transport.answer import Answer
from sage_operator.transport.errors import UnclearAnswer
from sage_operator.transport.hosts import HostPolicy, host_of
from sage_operator.transport.retry import RetryPolicy, is_transient, retry_after
from sage_operator.transport.upstreams import Upstreams

_log = structlog.get_logger(__name__)


class RemoteClient:
    """Connections to one remote; one for the whole process, closed with `aclose`.

    Args:
        base_url: paths are appended to it (`https://api.example.com/api/v4` + `/accounts`).
        timeout: seconds that an answer may take to begin, and to go on.
        connections: at most so many at a time; more requests queue.
        ca_file: PEM bundle trusted beside the system's.
        upstreams: told how each attempt went.
    """

    def __init__(
        self,
        *,
        system: System,
        base_url: str,
        hosts: HostPolicy,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        timeout: float = 60.0,
        connections: int = 16,
        ca_file: str | None = None,
        upstreams: Upstreams | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self._system = system
        self._base_url = base_url.rstrip("/")
        self._hosts = hosts
        self._retry = retry
        self._upstreams = upstreams
        self._sleep = sleep
        self._random = random
        self._client = make_client(timeout=timeout, connections=connections, ca_file=ca_file)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
        sent: Callable[[], None] | None = None,
        throttled: Callable[[float], None] | None = None,
        max_wait: float | None = None,
    ) -> Answer:
        """Send a request, again if that is safe, and return the answer: 2xx, 3xx (not followed), 4xx, or 501.

        429 and failures before anything was sent are always tried again; 408, 5xx, time-outs, cuts if `repeatable`.
        429 does not use up attempts: somebody else may share the allowance. It is borne for as long as the policy says.

        Args:
            method: GET, POST, …
            url: absolute, or a path below `base_url`.
            operation: label in metrics, of a closed set.
            repeatable: sending it twice does no harm.
            headers: beside our own.
            params: the query, if `url` has none.
            form: body as a form.
            content: body as bytes; its type is the caller's business.
            before: awaited before every attempt (pacing).
            sent: called for every attempt (a run's count of requests).
            throttled: told of the seconds to wait after a 429, so that others wait too.
            max_wait: seconds; bound of one wait between attempts instead of the policy's.

        Raises:
            HostNotAllowed: before any byte is sent.
            Unavailable: no answer within the attempts, and it surely had no effect or is repeatable.
            UnclearAnswer: it is not repeatable and may have taken effect.
        """
        target = url if "://" in url else f"{self._base_url}/{url.lstrip('/')}"
        self._hosts.check(target)
        host = host_of(target)
        request = self._client.build_request(method, target, headers=headers, params=params, data=form, content=content)
        attempt, borne = 0, 0.0
        while True:
            if before is not None:
                await before()
            if sent is not None:
                sent()
            result = await self._attempt(request, operation=operation, host=host)
            if isinstance(result, Answer) and not is_transient(result.status):
                return result
            cause = result.cause if isinstance(result, Failure) else f"answers {result.status}."
            if not repeatable and _may_have_taken_effect(result):
                raise UnclearAnswer(self._system, f"{self._system.spoken} ({host}) {cause}")
            seconds = self._pause(result, attempt, max_wait=max_wait)
            if isinstance(result, Answer) and result.status == 429:
                borne += max(seconds, 1.0)
                if borne > self._retry.patience:
                    break
                if throttled is not None:
                    throttled(seconds)
            elif attempt + 1 == self._retry.attempts or (isinstance(result, Failure) and result.hopeless):
                break
            attempt += 1
            await self._sleep(seconds)
        raise Unavailable(
            self._system,
            f"{self._system.spoken} ({host}) {cause}",
            remedy=result.remedy if isinstance(result, Failure) else None,
        )

    async def _attempt(self, request: httpx.Request, *, operation: str, host: str) -> Answer | Failure:
        """Send once; metrics and log know of it, however it ends."""
        began = time.perf_counter()
        result = await self._exchange(request, host=host)
        seconds = time.perf_counter() - began
        code = result.code if isinstance(result, Failure) else _code(result.status)
        metrics.observe_request(self._system.value, operation, code, seconds)
        if self._upstreams is not None:
            if isinstance(result, Answer) and result.status < 500:
                self._upstreams.answered(self._system, host)
            else:
                self._upstreams.failed(self._system, host, code)
        _log.debug(
            "request",
            system=self._system.value,
            method=request.method,
            host=host,
            path=request.url.path,  # without the query: it may hold names
            status=result.status if isinstance(result, Answer) else code,
            ms=round(seconds * 1000, 1),
        )
        return result

    async def _exchange(self, request: httpx.Request, *, host: str) -> Answer | Failure:
        """Send once and read the answer to its end."""
        try:
            response = await self._client.send(request)
        except httpx.HTTPError as error:
            return explain(error)
        # A response and its stream hold each other, which only the garbage collector would end; it has been read.
        response.stream = httpx.ByteStream(b"")
        return Answer(
            status=response.status_code,
            headers=response.headers,
            content=response.content,
            system=self._system,
            host=host,
        )

    def _pause(self, result: Answer | Failure, attempt: int, *, max_wait: float | None) -> float:
        """Return the seconds before the next attempt; time that the remote asks for is counted as throttling."""
        asked = retry_after(result.headers, now=datetime.now(UTC)) if isinstance(result, Answer) else None
        seconds = self._retry.wait(attempt, asked=asked, random=self._random, max_wait=max_wait)
        if asked is not None or (isinstance(result, Answer) and result.status == 429):
            metrics.observe_throttled(self._system.value, seconds)
        return seconds


def _code(status: int) -> str:
    """Return the label of a status in metrics: its class, 429 by itself."""
    return "429" if status == 429 else f"{status // 100}xx"


def _may_have_taken_effect(result: Answer | Failure) -> bool:
    """Tell whether a transient failure can have changed the remote. 429 is refused before anything is done."""
    return result.sent is Sent.MAYBE if isinstance(result, Failure) else result.status != 429
