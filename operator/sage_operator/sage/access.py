"""What the process shares of Sage: connections by URL; sessions, descriptions, companies by URL and credentials."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from sage_operator.sage.auth import ClientCredentials, Session
from sage_operator.sage.connection import Connection
from sage_operator.sage.describe import Descriptions
from sage_operator.sage.payments import BulkUse
from sage_operator.sage.source import SageSource
from sage_operator.sync.errors import System
from sage_operator.sync.payments.reading import Company
from sage_operator.transport import HostPolicy, RemoteClient, RetryPolicy, Upstreams
from sage_operator.transport.cache import Cached

_HOUR = 3600.0
_IDLE = 2 * 3600.0
"""Seconds after which an unused session is forgotten: by default Salesforce has ended it by then. So the tokens of
credentials that were replaced don't stay in memory."""


@dataclass(slots=True)
class _Used:
    session: Session
    descriptions: Descriptions
    companies: Cached[Sequence[Company]]
    types: Cached[Sequence[str]]
    at: float


class SageAccess:
    """One for the process; closed with `aclose`. Nothing is sent before a run asks.

    Args:
        hosts: which hosts may be reached.
        retry, timeout, connections, ca_file, upstreams: as of `RemoteClient`, per organisation.
        bulk_use: when documents are read by bulk jobs.
    """

    def __init__(
        self,
        *,
        hosts: HostPolicy,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        timeout: float = 60.0,
        connections: int = 16,
        ca_file: str | None = None,
        upstreams: Upstreams | None = None,
        bulk_use: BulkUse = BulkUse(sleep=asyncio.sleep),  # noqa: B008 - frozen
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_client = partial(
            RemoteClient,
            system=System.SAGE,
            hosts=hosts,
            retry=retry,
            timeout=timeout,
            connections=connections,
            ca_file=ca_file,
            upstreams=upstreams,
        )
        self._bulk_use = bulk_use
        self._monotonic = monotonic
        self._clients: dict[str, RemoteClient] = {}
        self._sessions: dict[tuple[str, ClientCredentials], _Used] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections and forget all sessions."""
        while self._sessions:
            _, used = self._sessions.popitem()
            await used.session.aclose()
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()

    def connect(self, *, url: str, api_version: str, credentials: ClientCredentials) -> SageSource:
        """Return Sage for one run; other credentials, even of the same client id, sign in anew.

        Args:
            url: the organisation's My Domain URL, `https://<name>.my.salesforce.com`.
            api_version: `66.0`.
            credentials: from the integration's Secret.
        """
        url = url.rstrip("/")
        client = self._clients.get(url)
        if client is None:
            client = self._clients[url] = self._make_client(base_url=url)
        used = self._used(url, client, credentials)
        connection = Connection(client=client, session=used.session, api_version=api_version)
        return SageSource(
            connection, used.descriptions, companies=used.companies, types=used.types, bulk_use=self._bulk_use
        )

    def _used(self, url: str, client: RemoteClient, credentials: ClientCredentials) -> _Used:
        now = self._monotonic()
        self._sessions = {key: used for key, used in self._sessions.items() if now - used.at < _IDLE}
        if (url, credentials) not in self._sessions:
            descriptions = Descriptions(clock=self._monotonic)
            companies: Cached[Sequence[Company]] = Cached(max_age=_HOUR, clock=self._monotonic)
            types: Cached[Sequence[str]] = Cached(max_age=_HOUR, clock=self._monotonic)
            session = Session(client, credentials)
            self._sessions[url, credentials] = _Used(session, descriptions, companies, types, now)
        used = self._sessions[url, credentials]
        used.at = now
        return used
