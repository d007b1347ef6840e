"""An emulated Kubernetes API, for where no kube-apiserver can be had: enough for the demo, no more."""

import asyncio
import contextlib
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType

from aiohttp import web

from sage_operator.embedded.api import KubernetesApi, write_kubeconfig
from sage_operator.embedded.emulator.server import VERSION, Emulator
from sage_operator.embedded.emulator.store import Store


class EmulatedApi:
    """Starts an emulator; a context manager, `with` or `async with`, that yields its `KubernetesApi`.

    It runs in a thread of its own: Kopf waits for servers of its own event loop when it stops. It speaks plain HTTP on
    the loopback interface and asks nobody for a token, since what it holds is the demo's data alone.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> KubernetesApi:
        port: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(port,), name="kubernetes-emulator", daemon=True)
        self._thread.start()
        url = f"http://127.0.0.1:{port.result()}"
        folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="sage-operator-")))
        return KubernetesApi(
            kind="emulator",
            version=VERSION,
            url=url,
            ca_file=None,
            token="",
            tokens={},
            kubeconfig=write_kubeconfig(folder / "kubeconfig", url=url, ca_file=None, token=""),
            kubectl=None,
            pids={},
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._cleanup.close()

    async def __aenter__(self) -> KubernetesApi:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(asyncio.to_thread(self.__exit__, kind, error, trace))

    def _run(self, port: Future[int]) -> None:
        try:
            asyncio.run(self._serve(port))
        except Exception as error:
            if port.done():
                raise
            port.set_exception(error)

    async def _serve(self, port: Future[int]) -> None:
        async with Emulator(Store()) as emulator:
            # Watches last long: they are cut when it stops.
            runner = web.ServerRunner(web.Server(emulator, handler_cancellation=True), shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._loop = asyncio.get_running_loop()
            port.set_result(runner.addresses[0][1])
            await self._stop.wait()
            await runner.cleanup()
