"""A real Kubernetes control plane on the loopback interface: etcd, kube-apiserver and kube-controller-manager."""

import asyncio
import contextlib
import http.client
import json
import secrets
import socket
import ssl
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sage_operator.embedded.api import KubernetesApi, write_kubeconfig
from sage_operator.embedded.processes import ProgramError, Programs

_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "disruption-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "ttl-after-finished-controller",
)
"""The controllers that need no node: with them namespaces finish deleting and have a default ServiceAccount."""

_ATTEMPTS = 3
_POLL_SECONDS = 0.05


class StartError(RuntimeError):
    """The control plane did not become ready; the message says which program failed and the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How to start a control plane.

    Attributes:
        assets: the folder with the programs, see `find_assets`.
        users: names of further users with a token and no rights.
        start_timeout: seconds until it must be ready.
        apiserver_flags: further flags of the kube-apiserver, such as those of an audit log.
    """

    assets: Path
    users: tuple[str, ...] = ()
    start_timeout: float = 60.0
    apiserver_flags: tuple[str, ...] = ()


class ControlPlane:
    """Starts a control plane; a context manager, `with` or `async with`, that yields its `KubernetesApi`.

    Everything lies in one temporary folder and on free ports, so any number can run side by side. All programs end and
    the folder goes at exit, and also when this process is killed. Where the assets have no kube-controller-manager
    (the archives of `setup-envtest`), namespaces never finish deleting and have no default ServiceAccount.

    Raises on entry:
        StartError: it did not become ready.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._programs: Programs | None = None
        self._cancelled = threading.Event()

    def __enter__(self) -> KubernetesApi:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._start()
            except _PortTakenError:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._programs is not None:
            self._programs.stop()
            self._programs = None

    async def __aenter__(self) -> KubernetesApi:
        starting = asyncio.ensure_future(asyncio.to_thread(self.__enter__))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._cancelled.set()
            with contextlib.suppress(StartError):
                await starting
                self.__exit__(None, None, None)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(asyncio.to_thread(self.__exit__, kind, error, trace))

    def _start(self) -> KubernetesApi:
        folder = Path(tempfile.mkdtemp(prefix="sage-operator-"))
        self._programs = Programs(folder)
        deadline = time.monotonic() + self._config.start_timeout
        try:
            return _Launch(self._config, self._programs, folder, deadline, self._cancelled).run()
        except ProgramError as error:
            failure = _PortTakenError if "address already in use" in str(error) else StartError
            self.__exit__(None, None, None)
            raise failure(str(error)) from error
        except BaseException:
            self.__exit__(None, None, None)
            raise


class _PortTakenError(StartError):
    """Another program took a port between our look and the server's."""


@dataclass(frozen=True, slots=True)
class _Launch:
    """One attempt to start, in `folder`."""

    config: Config
    programs: Programs
    folder: Path
    deadline: float
    cancelled: threading.Event

    def run(self) -> KubernetesApi:
        """Starts everything and waits until the API server is ready."""
        etcd_port, peer_port, api_port, manager_port = _free_ports(4)
        token, tokens = self._write_tokens()
        self._write_key()
        ca_file = self.folder / "certs" / "apiserver.crt"
        url = f"https://127.0.0.1:{api_port}"

        self.programs.start("etcd", self._etcd(etcd_port, peer_port))
        self.programs.start("kube-apiserver", self._apiserver(etcd_port, api_port))
        self._wait_until("kube-apiserver", api_port, "/readyz", ca_file, token)
        kubeconfig = write_kubeconfig(self.folder / "kubeconfig", url=url, ca_file=ca_file, token=token)
        if self._program("kube-controller-manager").exists():
            self.programs.start("kube-controller-manager", self._manager(kubeconfig, manager_port, ca_file))
            manager_ca = self.folder / "manager" / "kube-controller-manager.crt"
            self._wait_until("kube-controller-manager", manager_port, "/healthz", manager_ca)
        kubectl = self._program("kubectl")
        return KubernetesApi(
            kind="kube-apiserver",
            version=json.loads(_get(api_port, "/version", ca_file, token))["gitVersion"],
            url=url,
            ca_file=ca_file,
            token=token,
            tokens=tokens,
            kubeconfig=kubeconfig,
            kubectl=kubectl if kubectl.exists() else None,
            pids=self.programs.pids,
        )

    def _program(self, name: str) -> Path:
        return self.config.assets / name

    def _etcd(self, port: int, peer_port: int) -> list[str | Path]:
        client = f"http://127.0.0.1:{port}"
        return [
            self._program("etcd"),
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
            "--unsafe-no-fsync=true",  # the data live no longer than the process
        ]

    def _apiserver(self, etcd_port: int, port: int) -> list[str | Path]:
        command: list[str | Path] = [
            self._program("kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={self.folder / 'certs'}",
            "--endpoint-reconciler-type=none",  # the others refuse a loopback address
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder / 'sa.key'}",
            f"--service-account-signing-key-file={self.folder / 'sa.key'}",
            *self.config.apiserver_flags,
        ]
        if not self._program("kube-controller-manager").exists():
            # Nobody would make the default ServiceAccount that it waits for.
            command.append("--disable-admission-plugins=ServiceAccount")
        return command

    def _manager(self, kubeconfig: Path, port: int, ca_file: Path) -> list[str | Path]:
        return [
            self._program("kube-controller-manager"),
            f"--kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={self.folder / 'manager'}",
            "--leader-elect=false",
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            f"--root-ca-file={ca_file}",
            f"--controllers={','.join(_CONTROLLERS)}",
        ]

    def _write_tokens(self) -> tuple[str, dict[str, str]]:
        token = secrets.token_urlsafe(24)
        tokens = {user: secrets.token_urlsafe(24) for user in self.config.users}
        lines = [f'{token},admin,admin,"system:masters"', *(f"{value},{user},{user}" for user, value in tokens.items())]
        _write_private(self.folder / "tokens.csv", "\n".join(lines).encode())
        return token, tokens

    def _write_key(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        _write_private(self.folder / "sa.key", pem)

    def _wait_until(self, name: str, port: int, path: str, ca_file: Path, token: str = "") -> None:
        last: object = "no answer yet"
        while time.monotonic() < self.deadline:
            self.programs.check()
            try:
                _get(port, path, ca_file, token)
            except (OSError, http.client.HTTPException) as error:
                last = error
            else:
                return
            if self.cancelled.wait(_POLL_SECONDS):
                raise StartError("cancelled")
        raise StartError(
            f"{name} was not ready within {self.config.start_timeout:.0f} s ({last}). The end of its log:\n"
            f"{self.programs.tail(name)}"
        )


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _get(port: int, path: str, ca_file: Path, token: str) -> bytes:
    """Asks a server; raises OSError or HTTPException when it does not answer with 200."""
    context = ssl.create_default_context(cafile=ca_file)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        response = connection.getresponse()
        content = response.read()
        if response.status != http.HTTPStatus.OK:
            raise OSError(f"{path} answers {response.status}")
    return content


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago: all are bound at once, so they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]
