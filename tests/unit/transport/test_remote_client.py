import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from sage_operator.sync.errors import HostNotAllowed, System, Unavailable
from sage_operator.telemetry import metrics
from sage_operator.transport import Answer, HostPolicy, RemoteClient, RetryPolicy, UnclearAnswer

from .scripted_server import Behaviour, Scripted, answer, cut, cut_in_the_middle, hang, hang_in_the_middle

LOOPBACK = HostPolicy(allowed=("127.0.0.1", "localhost"), insecure_http=True)


class Remote:
    """A client with its waits recorded instead of slept."""

    def __init__(self, url: str, *, timeout: float = 60.0, connections: int = 16) -> None:
        self.waits: list[float] = []
        self.client = RemoteClient(
            system=System.FORCE_MANAGER,
            base_url=url,
            hosts=LOOPBACK,
            retry=RetryPolicy(attempts=3, base=0.5, cap=20, max_wait=60),
            timeout=timeout,
            connections=connections,
            sleep=self.sleep,
            random=lambda: 1.0,
        )

    async def sleep(self, seconds: float) -> None:
        """Record a wait."""
        self.waits.append(seconds)

    async def get(self, url: str = "/x", **options: object) -> Answer:
        """Send a repeatable GET."""
        return await self.client.send("GET", url, operation="test", repeatable=True, **options)  # type: ignore[arg-type]

    async def post(self, url: str = "/x", **options: object) -> Answer:
        """Send a POST that must not be repeated."""
        return await self.client.send("POST", url, operation="test", repeatable=False, content=b"[]", **options)  # type: ignore[arg-type]


@asynccontextmanager
async def remote(url: str, **options: float) -> AsyncIterator[Remote]:
    """A client of a server, closed at the end."""
    made = Remote(url, **options)  # type: ignore[arg-type]
    async with made.client:
        yield made


def unused_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 401, 403, 404, 405, 409, 501])
async def test_settled_answers_are_returned_at_once(server: Scripted, status: int) -> None:
    """2xx, 3xx, 4xx and 501 are the adapter's business: returned after one request, redirects not followed."""
    server.script = [answer(status, body="" if status == 204 else "{}", Location="/elsewhere")]
    async with remote(server.url) as it:
        assert (await it.post()).status == status
    assert len(server.seen) == 1


async def test_url_headers_query_and_form_arrive(server: Scripted) -> None:
    """A path is appended to the base; query, headers and form arrive as given."""
    async with remote(server.url + "/api/v4/") as it:
        await it.client.send(
            "POST",
            "/token",
            operation="login",
            repeatable=True,
            headers={"X-Key": "k"},
            params={"q": "a b&c"},
            form={"grant_type": "client credentials"},
        )
        await it.get(f"{server.url}/other?x=1")
    first, second = server.seen
    assert (first.path, first.query["q"], first.headers["X-Key"]) == ("/api/v4/token", "a b&c", "k")
    assert server.bodies[0] == b"grant_type=client+credentials"
    assert second.path_qs == "/other?x=1"
    assert first.headers["User-Agent"].startswith("sage-operator/")


async def test_json_is_exact(server: Scripted) -> None:
    """Numbers with a fraction become Decimal as they are spelled; headers are found in any case."""
    server.script = [answer(body='{"a": 1234567.10, "b": 3, "c": 0.1}', X_Thing="v"), answer(body="<html>")]
    async with remote(server.url) as it:
        got = await it.get()
        assert got.json() == {"a": Decimal("1234567.10"), "b": 3, "c": Decimal("0.1")}
        assert str(got.json()["a"]) == "1234567.10"
        assert got.headers["x-THING"] == "v"
        with pytest.raises(Unavailable, match="no JSON"):
            (await it.get()).json()


async def test_gzip_is_unpacked_and_a_broken_one_is_a_cut(server: Scripted) -> None:
    """A zipped body arrives unzipped; one that cannot be unzipped is tried again."""

    async def zipped(_: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"})

    async def broken(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"})

    server.script = [broken, zipped]
    async with remote(server.url) as it:
        assert (await it.get()).json() == [1]
    assert "gzip" in server.seen[0].headers["Accept-Encoding"]


@pytest.mark.parametrize(
    "failure", [answer(408), answer(500), answer(502), answer(503), answer(504), answer(429), cut, cut_in_the_middle]
)
async def test_repeatable_requests_are_repeated(server: Scripted, failure: Behaviour) -> None:
    """A repeatable request goes on until it succeeds, waiting twice as long each time."""
    server.script = [failure, failure]
    async with remote(server.url) as it:
        assert (await it.get()).status == 200
        assert it.waits == [0.5, 1.0]
    assert len(server.seen) == 3


@pytest.mark.parametrize("failure", [hang, hang_in_the_middle])
async def test_timeouts_are_repeated(server: Scripted, failure: Behaviour) -> None:
    """An answer that does not begin, or stops in the middle, is a time-out; repeatable requests are sent again."""
    server.script = [failure]
    async with remote(server.url, timeout=0.2) as it:
        assert (await it.get()).status == 200
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (answer(408), "answers 408"),
        (answer(500), "answers 500"),
        (answer(503, Retry_After="0"), "answers 503"),
        (cut, "cut the connection"),
        (cut_in_the_middle, "cut the connection"),
        (hang, "no answer in time"),
        (hang_in_the_middle, "no answer in time"),
    ],
)
async def test_unclear_answers_are_never_repeated(server: Scripted, failure: Behaviour, said: str) -> None:
    """A POST that may have taken effect is told as unclear after exactly one request."""
    server.script = [failure]
    async with remote(server.url, timeout=0.3) as it:
        with pytest.raises(UnclearAnswer, match=said):
            await it.post()
    assert len(server.seen) == 1


async def test_a_cut_on_a_used_connection_is_unclear_too(server: Scripted) -> None:
    """The HTTP stack itself repeats nothing on a kept-alive connection that is cut; each attempt is counted."""
    server.script = [answer(), cut, answer(), cut]
    sent: list[int] = []
    async with remote(server.url) as it:
        await it.get()
        with pytest.raises(UnclearAnswer):
            await it.post()
        await it.get()
        await it.get(sent=lambda: sent.append(1))
    assert len(server.seen) == 5
    assert len(sent) == 2


async def test_429_is_repeated_even_for_a_post(server: Scripted) -> None:
    """429 had no effect: a POST is sent again, after the time that the remote asks for."""
    server.script = [answer(429, Retry_After="7"), answer(429, Retry_After="3600")]
    async with remote(server.url) as it:
        assert (await it.post()).status == 200
        assert it.waits == [7, 60]
        server.script = [answer(429, Retry_After="3600")]
        await it.post(max_wait=5)
        assert it.waits[2:] == [5]


async def test_attempts_are_bounded(server: Scripted) -> None:
    """After the last attempt it is Unavailable, with cause and host; for 429, after the policy's patience."""
    server.script = [answer(503)] * 3 + [answer(429, Retry_After="50")] * 3
    async with remote(server.url) as it:
        with pytest.raises(Unavailable, match=r"ForceManager \(127\.0\.0\.1:\d+\) answers 503") as caught:
            await it.get()
        assert caught.value.reason == "ForceManagerUnavailable"
        with pytest.raises(Unavailable, match="answers 429"):
            await it.post()
        assert len(it.waits) == 4
    assert len(server.seen) == 6


async def test_refused_connections_are_repeated_even_for_a_post() -> None:
    """Where nobody listens nothing was sent: all attempts are used, then Unavailable, never unclear."""
    async with remote(f"http://127.0.0.1:{unused_port()}") as it:
        with pytest.raises(Unavailable, match="refuses connections"):
            await it.post()
        assert len(it.waits) == 2


async def test_what_is_no_http_is_a_cut() -> None:
    """An answer that is not HTTP is unclear for a POST: the request was sent."""

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server, remote(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as it:
        with pytest.raises(UnclearAnswer, match="cut the connection"):
            await it.post()


async def test_unknown_host_is_unavailable_with_a_remedy() -> None:
    """A name that does not resolve says so and what to do."""
    hosts = HostPolicy(allowed=("*",), insecure_http=True)
    async with RemoteClient(
        system=System.SAGE, base_url="http://no.such.host.invalid", hosts=hosts, retry=RetryPolicy(attempts=1)
    ) as client:
        with pytest.raises(Unavailable, match=r"host name that is not known. Check the URL"):
            await client.send("POST", "/", operation="test", repeatable=False)


async def test_a_server_without_trusted_tls_is_told_at_once(server: Scripted) -> None:
    """TLS that cannot be spoken is not tried again and names the remedy."""
    async with remote(server.url.replace("http:", "https:")) as it:
        with pytest.raises(Unavailable, match="--ca-file"):
            await it.post()
        assert it.waits == []


async def test_hosts_are_checked_before_anything_is_sent(server: Scripted) -> None:
    """An absolute URL of another host is refused, nothing is sent and nothing counted."""
    sent: list[int] = []
    async with remote(server.url) as it:
        with pytest.raises(HostNotAllowed):
            await it.get("https://evil.example/x", sent=lambda: sent.append(1))
        await it.get("//evil.example/x")  # a path, however it looks
    assert sent == []
    assert server.seen[0].host.startswith("127.0.0.1")


async def test_pacing_and_counting_see_every_attempt(server: Scripted) -> None:
    """`before` is awaited and `sent` called once for each request that goes out, in this order."""
    server.script = [answer(500), answer(429)]
    calls: list[str] = []

    async def before() -> None:
        calls.append("before")

    async with remote(server.url) as it:
        await it.get(before=before, sent=lambda: calls.append("sent"))
    assert calls == ["before", "sent"] * 3


async def test_every_attempt_is_measured(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics learn system, operation and class of each attempt, and the time that the remote made us wait."""
    attempts: list[tuple[str, str, str]] = []
    throttled: list[tuple[str, float]] = []
    monkeypatch.setattr(metrics, "observe_request", lambda s, o, c, seconds: attempts.append((s, o, c)) or seconds)
    monkeypatch.setattr(metrics, "observe_throttled", lambda s, seconds: throttled.append((s, seconds)))
    server.script = [answer(500), answer(429, Retry_After="2"), answer(404), hang, cut]
    async with remote(server.url, timeout=0.2) as it:
        await it.get()
        await it.get()
    assert attempts == [
        ("forcemanager", "test", code) for code in ("5xx", "429", "4xx", "timeout", "connection", "2xx")
    ]
    assert throttled == [("forcemanager", 2.0)]


async def test_log_keeps_secrets_out(server: Scripted) -> None:
    """The log of a request names method, host, path, status; no query, header or body."""
    with capture_logs() as logs:
        async with remote(server.url) as it:
            await it.post("/path", params={"q": "hidden1"}, headers={"Authorization": "hidden2"})
    (entry,) = logs
    assert (entry["method"], entry["path"], entry["status"], entry["log_level"]) == ("POST", "/path", 200, "debug")
    assert "hidden" not in str(logs)


async def test_no_cookies_are_kept(server: Scripted) -> None:
    """A cookie that one integration got is not sent for the next one."""
    server.script = [answer(Set_Cookie="sid=1; Path=/")]
    async with remote(server.url.replace("127.0.0.1", "localhost")) as it:
        await it.get()
        await it.get()
    assert "Cookie" not in server.seen[1].headers


async def test_connections_are_limited(server: Scripted) -> None:
    """No more requests are under way than there are connections; the others wait their turn."""
    running = peak = 0

    async def count(_: web.Request) -> web.StreamResponse:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.01)
        running -= 1
        return web.Response()

    server.script = [count] * 20
    async with remote(server.url, connections=3) as it:
        await asyncio.gather(*(it.get() for _ in range(20)))
    assert peak == 3


async def test_cancelling_a_request_frees_its_connection(server: Scripted) -> None:
    """A cancelled request raises CancelledError and the next one gets through, with a single connection."""
    arrived = asyncio.Event()

    async def arrive(request: web.Request) -> web.StreamResponse:
        arrived.set()
        return await hang(request)

    async with remote(server.url, connections=1) as it:
        server.script = [arrive]
        task = asyncio.create_task(it.get())
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await it.get()).status == 200
