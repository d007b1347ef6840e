"""Both simulators as servers: in a thread of this process, or for as long as the process lives."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sage_operator.simulators.control.client import ForceManagerControl, SageControl
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.forcemanager.app import BASE, ForceManagerSimulator
from sage_operator.simulators.forcemanager.settings import TenantSettings
from sage_operator.simulators.sage.app import SageSimulator
from sage_operator.simulators.sage.settings import OrganisationSettings
from sage_operator.simulators.tls import Certificates, make_certificates

T = TypeVar("T")

CLIENT_ID, CLIENT_SECRET = "demo-client", "demo-client-secret"
PUBLIC_KEY, PRIVATE_KEY = "demo-public-key", "demo-private-key"
FIRST = "demo"
"""Name of the organisation and the tenant that are there from the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SageServer:
    """Where Sage is and how to get in."""

    url: str
    """Without a trailing slash; what `spec.sage.url` takes."""
    client_id: str
    client_secret: str
    control: SageControl
    simulator: SageSimulator
    """The state itself; touch it by `Simulators.call` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceManagerServer:
    """Where ForceManager is and how to get in."""

    url: str
    """With the path of the API version; what `spec.forceManager.url` takes."""
    public_key: str
    private_key: str
    control: ForceManagerControl
    simulator: ForceManagerSimulator
    """The state itself; touch it by `Simulators.call` only."""


class _Protocol(H11Protocol):
    """Lets applications reach the connection of a request, to break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """A server that leaves signals to its process and tells when it is ready."""

    def __init__(self, app: Any, certificates: Certificates | None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                # Longer request lines than Salesforce takes must reach us, to be refused as it does.
                h11_max_incomplete_event_size=1 << 20,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
                backlog=1024,
                ssl_certfile=certificates.certificate if certificates else None,
                ssl_keyfile=certificates.key if certificates else None,
            )
        )
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets=sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all connections, also those whose client does not answer TLS's good-bye."""
        await super().shutdown(sockets=sockets)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0.01)  # until the event loop has told them


class Simulators:
    """Sage and ForceManager, each on a port of its own, in one thread.

    A context manager, plain and asynchronous::

        with Simulators(dataset=Dataset(accounts=50, contacts=100)) as simulators:
            simulators.sage.url, simulators.sage.client_id, simulators.sage.client_secret
            simulators.forcemanager.url, simulators.forcemanager.public_key, simulators.forcemanager.private_key
            simulators.sage.control.update("Account", key, Name="New name")
            simulators.forcemanager.control.add_fault(operation="accounts.bulkCreate", cut="after", times=1)

    Args:
        dataset: records of the first organisation and users of the first tenant, both named `demo`.
        organisation_settings, tenant_settings: of all organisations and tenants made here.
        sage_port, forcemanager_port: 0 takes a free one.
        extra: how many more organisations and tenants to create: `demo-2`, `demo-3`, …, whose credentials have the
            same ending (`demo-client-2`), with data sets of other seeds.
        tls: serve https, with a certificate authority that is made now; its file `ca.pem` is put into this directory.

    Attributes:
        ca_file: what clients have to trust; None: the simulators serve http.
    """

    def __init__(
        self,
        *,
        dataset: Dataset | None = None,
        organisation_settings: OrganisationSettings | None = None,
        tenant_settings: TenantSettings | None = None,
        host: str = "127.0.0.1",
        sage_port: int = 0,
        forcemanager_port: int = 0,
        extra: int = 0,
        tls: Path | None = None,
    ) -> None:
        self.dataset = dataset or Dataset()
        certificates = make_certificates(tls, host=host) if tls else None
        self.ca_file = certificates.ca if certificates else None
        scheme = "https" if certificates else "http"
        sage, forcemanager = SageSimulator(), ForceManagerSimulator()
        forcemanager.pipeline.clock.follow(sage.pipeline.clock)
        for number in range(1, extra + 2):
            end = "" if number == 1 else f"-{number}"
            own = replace(self.dataset, seed=self.dataset.seed + number - 1, organisation=number)
            sage.add_organisation(FIRST + end, CLIENT_ID + end, CLIENT_SECRET + end, own, organisation_settings)
            forcemanager.add_tenant(FIRST + end, {PUBLIC_KEY + end: PRIVATE_KEY + end}, own, tenant_settings)
        self._sockets = [_listening(host, port) for port in (sage_port, forcemanager_port)]
        sage_url, forcemanager_url = (f"{scheme}://{host}:{sock.getsockname()[1]}" for sock in self._sockets)
        self.sage = SageServer(
            url=sage_url,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            control=SageControl(sage_url, self.ca_file),
            simulator=sage,
        )
        self.forcemanager = ForceManagerServer(
            url=forcemanager_url + BASE,
            public_key=PUBLIC_KEY,
            private_key=PRIVATE_KEY,
            control=ForceManagerControl(forcemanager_url, self.ca_file),
            simulator=forcemanager,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._servers = [_Server(sage.app, certificates), _Server(forcemanager.app, certificates)]
        self._started = threading.Event()
        self._thread: threading.Thread | None = None

    async def serve(self) -> None:
        """Serve in the running event loop until `shut_down`."""
        self._loop = asyncio.get_running_loop()
        serving = [
            asyncio.create_task(server.serve(sockets=[sock]))
            for server, sock in zip(self._servers, self._sockets, strict=True)
        ]
        await self.ready()
        self._started.set()
        await asyncio.gather(*serving)
        for simulator in (self.sage.simulator, self.forcemanager.simulator):
            await simulator.pipeline.reset()

    async def ready(self) -> None:
        """Return when both servers listen; for the event loop of `serve`."""
        for server in self._servers:
            await server.ready.wait()

    def shut_down(self) -> None:
        """Make `serve` return; may be called from any thread and from signal handlers."""
        for server in self._servers:
            server.should_exit = True

    def start(self) -> None:
        """Serve in a thread; return when both listen."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="simulators", daemon=True)
        self._thread.start()
        if not self._started.wait(30):
            raise TimeoutError("the simulators don't start")

    def stop(self) -> None:
        """Stop the thread."""
        self.shut_down()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None
        for sock in self._sockets:
            sock.close()

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the servers' thread, between requests, and return its result."""
        if self._loop is None:
            raise RuntimeError("the simulators are not running")

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


def _listening(host: str, port: int) -> socket.socket:
    # With the protocol named, asyncio disables Nagle's algorithm; without, each small answer takes 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(1024)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
