"""The HTTP stack: httpx on aiohttp's connections, and what goes wrong there in three words.

httpx's own pool collapses above about 8 connections; aiohttp's doesn't. Two habits of that pair are undone here:
aiohttp repeats a GET, PUT or DELETE by itself when the connection is cut (past our pacing and counting), and
httpx-aiohttp calls that cut and a refused connection alike `ConnectTimeout`, as if nothing had been sent.
"""

import functools
import ssl
import urllib.request
from dataclasses import dataclass
from enum import Enum
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from sage_operator import __version__

# A host that takes no connection for this long is down; answers may take longer (`timeout`).
CONNECT_TIMEOUT = 10.0


class _CutError(aiohttp.ClientPayloadError):
    """The connection broke after the request, or a part of it, was sent."""


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Client middleware: give a cut a name that aiohttp does not retry."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError, aiohttp.ClientHttpProxyError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerConnectionError, aiohttp.ClientResponseError, OSError) as error:
        raise _CutError(str(error)) from error


@functools.cache
def _ssl_context(ca_file: str | None) -> ssl.SSLContext:
    """Return the process's one context per bundle; making one takes 20 ms and half a megabyte."""
    context = httpx.create_ssl_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def make_client(*, timeout: float, connections: int, ca_file: str | None) -> httpx.AsyncClient:
    """Make a client: no redirects, no cookies, proxies from the environment, at most `connections` at a time."""
    context = _ssl_context(ca_file)

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Looking a proxy up takes a thread hop a request: only where the environment has one.
            trust_env=bool(urllib.request.getproxies_environment()),
            middlewares=(_send_once,),
        )

    return httpx.AsyncClient(
        transport=AiohttpTransport(verify=context, client=session),
        timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT), pool=None),
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": f"sage-operator/{__version__}", "Accept-Encoding": "gzip, deflate"},
    )


class Sent(Enum):
    """Whether a request that failed can have taken effect."""

    NO = "nothing was sent"
    MAYBE = "it may have arrived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An attempt without an answer. `code` is its label in metrics, `cause` completes "Sage (host) …"."""

    sent: Sent
    code: str
    cause: str
    remedy: str | None = None
    hopeless: bool = False


_CHECK_URL = "Check the URL; it is tried again by itself."
_CHECK_CA = "Give the operator the certificate authority of that host (--ca-file), or correct the URL."


def explain(error: httpx.HTTPError) -> Failure:
    """Say what an exception means, by the one of aiohttp behind it: httpx-aiohttp's translation loses too much."""
    match error.__cause__:
        case aiohttp.ClientConnectorDNSError():
            return Failure(
                sent=Sent.NO, code="connection", cause="has a host name that is not known.", remedy=_CHECK_URL
            )
        case aiohttp.ClientSSLError():
            cause = "has no TLS that can be trusted."
            return Failure(sent=Sent.NO, code="connection", cause=cause, remedy=_CHECK_CA, hopeless=True)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return Failure(sent=Sent.NO, code="connection", cause="cannot be reached through the proxy.")
        case aiohttp.ClientConnectorError():
            return Failure(sent=Sent.NO, code="connection", cause="refuses connections.", remedy=_CHECK_URL)
        case aiohttp.ConnectionTimeoutError():
            return Failure(sent=Sent.NO, code="timeout", cause="takes no connection in time.", remedy=_CHECK_URL)
        case aiohttp.ServerTimeoutError():
            return Failure(sent=Sent.MAYBE, code="timeout", cause="gave no answer in time.")
        case _:
            return Failure(sent=Sent.MAYBE, code="connection", cause="cut the connection.")
