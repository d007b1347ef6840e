"""The image, built from the Dockerfile by buildah and started: it does a first sync on a real API server.

SAGE_OPERATOR_TEST_BASE says what it is built on: an image's name, or a tar file of a root file system with Python.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sage_operator import __version__
from sage_operator.embedded.processes import Programs
from sage_operator.simulators import Dataset, Simulators
from support import expected, manifests
from support.cluster import Integrations
from support.operators import wait_for

from .conftest import ROOT

BASE = os.environ.get("SAGE_OPERATOR_TEST_BASE", "")
IMAGE = f"localhost/sage-operator:{__version__}"
USER = 65532

pytestmark = [
    pytest.mark.skipif(not BASE, reason="SAGE_OPERATOR_TEST_BASE names no image to build on"),
    pytest.mark.skipif(BASE != "" and shutil.which("buildah") is None, reason="buildah is not installed"),
    pytest.mark.timeout(900),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildah:
    """Buildah with a store of its own; STORAGE_DRIVER=vfs where it can't mount an overlay."""

    store: Path

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        places = [f"--root={self.store / 'root'}", f"--runroot={self.store / 'run'}"]
        return ["buildah", *places, *arguments]

    def __call__(self, *arguments: str, folder: Path = ROOT) -> str:
        """Run it and return its standard output; an error has all that it said."""
        done = subprocess.run(self.command(*arguments), cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of the image."""

    buildah: Buildah
    name: str

    def command(self, *command: str, options: tuple[str, ...] = ()) -> list[str]:
        """The command line that runs something in it."""
        return self.buildah.command("run", "--isolation=chroot", *options, self.name, "--", *command)

    def __call__(self, *command: str, options: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        """Run something in it."""
        argv = self.command(*command, options=options)
        return subprocess.run(argv, capture_output=True, check=False, text=True, errors="replace", timeout=60)


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    """Buildah with an empty store."""
    store = tmp_path_factory.mktemp("store")
    yield Buildah(store=store)
    shutil.rmtree(store)  # a gigabyte and more


@pytest.fixture(scope="module")
def container(buildah: Buildah) -> Container:
    """A container of the image, which was built as the Dockerfile says, with the simulators' extra."""
    base = BASE
    if (archive := Path(BASE)).is_file():
        base = "localhost/base"
        scratch = buildah("from", "scratch")
        buildah("add", scratch, str(archive), "/")
        buildah("commit", "--rm", scratch, base)
    # The certificates of this machine, where pip needs others than those of the base.
    certificates = ("--volume=/etc/ssl/certs:/etc/ssl/certs:ro",) if Path("/etc/ssl/certs").is_dir() else ()
    arguments = (f"--build-arg=BASE={base}", "--build-arg=EXTRAS=simulators")
    buildah("build", "--isolation=chroot", *certificates, *arguments, f"--tag={IMAGE}", ".")
    return Container(buildah=buildah, name=buildah("from", "--pull-never", IMAGE))


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Both remotes."""
    with Simulators(dataset=Dataset(accounts=30, contacts=60)) as both:
        yield both


def test_says_what_it_is(buildah: Buildah, container: Container) -> None:
    """The image starts the operator as a user that is not root and is told by number, and bears its labels."""
    told = buildah("inspect", "--type=image", "--format={{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}}", IMAGE)
    assert told == f"{USER}:{USER} [sage-operator]"
    labels = buildah("inspect", "--type=image", "--format={{.OCIv1.Config.Labels}}", IMAGE)
    assert f"org.opencontainers.image.version:{__version__}" in labels
    assert container("sage-operator", "--version").stdout == f"sage-operator, version {__version__}\n"


def test_has_no_build_tools(container: Container) -> None:
    """What builds and tests the package is not in its environment, nor is the source; the simulators' extra is."""
    found = container("sh", "-c", "ls / /opt; ls /opt/sage-operator/lib/python3*/site-packages").stdout.split()
    assert {"sage-operator", "sage_operator", "starlette"} <= set(found)
    assert not {"src", "build", "pip", "hatchling", "pytest", "mypy"} & set(found)


def test_without_options_it_says_what_is_missing(container: Container) -> None:
    """Started with the image's own command alone, it ends with a message, not with a traceback."""
    done = container("sage-operator", "run")
    assert done.returncode != 0
    assert "Give either --namespace (once or several times) or --all-namespaces." in done.stderr
    assert "Traceback" not in done.stderr


def test_does_a_first_sync(
    container: Container, restricted_kubeconfig: Any, kubectl: Any, namespace: str, tmp_path: Path
) -> None:
    """The operator of the image, with the ServiceAccount's rights, syncs, writes to its volume only, and stops.

    Meanwhile its ledger is copied as install.md says.
    """
    kubeconfig = restricted_kubeconfig(ROOT / "deploy" / "base").read_text()
    volume = _volume(tmp_path / "ledger", kubeconfig=kubeconfig)
    cluster = Integrations(kubectl, namespace)
    programs = Programs(tmp_path / "programs")
    with Simulators(dataset=Dataset(accounts=30, contacts=60)) as simulators:
        cluster.apply(*manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators))
        command = (
            "sage-operator",
            "run",
            f"--namespace={namespace}",
            "--kubeconfig=/var/lib/sage-operator/kubeconfig",
            "--listen=127.0.0.1:0",
            "--allowed-hosts=127.0.0.1:*",
            "--insecure-http",
        )
        mounted = f"--volume={volume}:/var/lib/sage-operator"
        try:
            programs.start("image", container.command(*command, options=(mounted,)))
            wait_for(lambda: cluster.condition("Ready"), "it runs", tail=lambda: programs.tail("image"))
            cluster.wait("Ready")
            expected.assert_in_step(simulators)
            for line in _documented_copy():
                done = container("sh", "-c", line, options=(mounted,))
                assert done.returncode == 0, f"{line}: {done.stderr}"
            os.kill(_operator(namespace), signal.SIGTERM)
            wait_for(
                lambda: "operator-stopped" in programs.tail("image"), "it stops", tail=lambda: programs.tail("image")
            )
        finally:
            programs.stop()
    assert (volume / "ledger.db").stat().st_uid == USER
    mine = container("find", "/", "-xdev", "-user", str(USER), "-not", "-path", "/proc/*").stdout.split()
    assert mine == ["/var/lib/sage-operator"], "nothing else is its own, so a read-only root is no hindrance"


def _operator(namespace: str) -> int:
    """The operator's process id: buildah, which started it, would pass SIGKILL on to it in place of SIGTERM."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            program, *arguments = (folder / "cmdline").read_text().split("\0")
            if program.startswith("/opt/sage-operator/") and f"--namespace={namespace}" in arguments:
                return int(folder.name)
    raise AssertionError("no process of the image's operator")


def _documented_copy() -> list[str]:
    """What install.md runs in the pod to copy the ledger: make the copy, send it, remove it."""
    text = (ROOT / "docs" / "install.md").read_text()
    found = re.findall(r"^\$ kubectl .* exec deployment/sage-operator -- (.+?)(?: > .*)?$", text, re.MULTILINE)
    assert [line.split()[0] for line in found] == ["python", "cat", "rm"]
    return found


def _volume(folder: Path, **files: str) -> Path:
    """A folder as a volume is mounted: it belongs to the operator's user."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    for path in (folder, *folder.iterdir()):
        os.chown(path, USER, USER)
    return folder
