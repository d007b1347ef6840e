"""The process's way to all ForceManager tenants."""

import asyncio
import random as random_module
import time
from collections.abc import Awaitable, Callable

from sage_operator.forcemanager.session import Keys
from sage_operator.forcemanager.target import ForceManagerTarget
from sage_operator.forcemanager.tenant import DAY, Tenant
from sage_operator.sync.errors import System
from sage_operator.telemetry import metrics
from sage_operator.transport import HostPolicy, Pacer, RemoteClient, RetryPolicy, Upstreams
from sage_operator.transport.cache import Clock

Sleep = Callable[[float], Awaitable[object]]


class ForceManagerAccess:
    """One for the process: connections by URL, and by URL and key pair what its runs share. Closed with `aclose`.

    Args:
        hosts: the operator's allow-list.
        retry: how requests are repeated.
        timeout: seconds that an answer may take; a bulk call of 200 may well take ten.
        connections: to one URL at a time, over all its tenants.
        ca_file: PEM bundle trusted beside the system's.
        clock: seconds that only grow.
        sleep: waits for seconds.
        random: for jitter.
    """

    def __init__(
        self,
        *,
        hosts: HostPolicy,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        timeout: float = 60.0,
        connections: int = 128,
        ca_file: str | None = None,
        upstreams: Upstreams | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self._hosts = hosts
        self._retry = retry
        self._timeout = timeout
        self._connections = connections
        self._ca_file = ca_file
        self._upstreams = upstreams
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._clients: dict[str, RemoteClient] = {}
        self._tenants: dict[tuple[str, str], Tenant] = {}

    async def aclose(self) -> None:
        """Close all connections and forget all sessions."""
        self._tenants.clear()
        while self._clients:
            await self._clients.popitem()[1].aclose()

    def connect(self, *, url: str, keys: Keys, requests_per_second: float) -> ForceManagerTarget:
        """Return ForceManager for one run; nothing is sent yet. Its pace is the slowest that its tenant's runs ask for.

        Args:
            url: of the API, such as `https://api.forcemanager.com/api/v4`.
            keys: of the tenant.
            requests_per_second: at most so many.

        Raises:
            HostNotAllowed: the URL is not on the operator's allow-list.
        """
        url = url.rstrip("/")
        self._hosts.check(url)
        self._forget_idle()
        key = (url, keys.public_key)
        if key not in self._tenants:
            self._tenants[key] = self._tenant(url, requests_per_second)
        tenant = self._tenants[key]
        return ForceManagerTarget(tenant, tenant.session(keys), requests_per_second=requests_per_second)

    def _tenant(self, url: str, rate: float) -> Tenant:
        if url not in self._clients:
            self._clients[url] = RemoteClient(
                system=System.FORCE_MANAGER,
                base_url=url,
                hosts=self._hosts,
                retry=self._retry,
                timeout=self._timeout,
                connections=self._connections,
                ca_file=self._ca_file,
                upstreams=self._upstreams,
                sleep=self._sleep,
                random=self._random,
            )
        pacer = Pacer(rate, clock=self._clock, sleep=self._sleep, on_wait=_throttled)
        return Tenant(client=self._clients[url], pacer=pacer, clock=self._clock, sleep=self._sleep)

    def _forget_idle(self) -> None:
        """Drop tenants that no run has used for more than a day (the longest interval): their keys have changed."""
        now = self._clock()
        for key, tenant in list(self._tenants.items()):
            if not tenant.in_use and now - tenant.last_used > 1.1 * DAY:
                del self._tenants[key]


def _throttled(seconds: float) -> None:
    metrics.observe_throttled(System.FORCE_MANAGER.value, seconds)
