"""Fills the cache with the programs of a control plane: an archive of `setup-envtest`, or built from Go modules."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from sage_operator.embedded.assets import REQUIRED, VARIABLE, cache_folder, host_platform, missing

VERSION = "1.37.0"
"""The Kubernetes version of the archives."""

_URL = (
    "https://github.com/kubernetes-sigs/controller-tools/releases/download/"
    "envtest-v{version}/envtest-v{version}-{platform}.tar.gz"
)

SHA512 = {
    "darwin-amd64": "19a2a5376a8aa57a7b25ec5198834db29bf2ba0d6ff572d7f45ba683b13fb14c"
    "3ebec8069e92db66c39f1c7a9cff1bc2be879e2aacdc9fa8b8a7e861959bdf7b",
    "darwin-arm64": "fb38cfacdd71b5e97a4d4cceac861af5f55069cf783f0e49cf181bfc32eb3e55"
    "7c2091a534dc5d38f1b92c5ba142bc1979f215a5385b3630ea6a661be6fa161b",
    "linux-amd64": "1d1c453633b72c161a5d5a886cde7ac850be1a2ac796a9e1d4ffacacc6486829"
    "5bdd2d57aa66cd0c158f5ce510f5dfe3fbc61ac21bd3dcfb875bd70658aa663a",
    "linux-arm64": "ae6a670502988200b0131c943758cfd3d3a58cf4e6247ef7f0e6a6467f1cd9a3"
    "33c802e86101f0446b1b92a0e327387224e1e44fe1a4693da0929c6e529cfe9a",
}
"""The digests of the archives, as `envtest-releases.yaml` of kubernetes-sigs/controller-tools lists them."""

PROGRAMS = (*REQUIRED, "kubectl", "kube-controller-manager")
"""The programs that are kept; an archive has no kube-controller-manager, a build from Go modules has."""

_GO_SOURCE = Path(__file__).parent / "go"
_CHUNK = 1 << 20

Say = Callable[[str], None]


class FetchError(RuntimeError):
    """The programs could not be had; the message says why and what to do."""


class UnreachableError(FetchError):
    """The archive's host could not be reached or does not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What the cache holds now.

    Attributes:
        folder: where the programs are.
        source: how they came there in this call.
        kubernetes: the version that kube-apiserver says, such as `v1.37.0`.
        programs: their names.
    """

    folder: Path
    source: Literal["cache", "archive", "go"]
    kubernetes: str
    programs: tuple[str, ...]


def fetch(*, force: bool = False, say: Say = print, url: str | None = None, sha512: str | None = None) -> Fetched:
    """Makes sure that the cache has the programs.

    Args:
        force: fetch them again even if they are there.
        say: takes one line of progress at a time.
        url: another place of the archive.
        sha512: the digest of that one.

    Raises:
        FetchError: neither way works, the archive is not what it should be, or a program does not run.
    """
    folder = cache_folder()
    if not force and not missing(folder):
        return _describe(folder, "cache")
    folder.parent.mkdir(parents=True, exist_ok=True)
    platform = host_platform()
    digest = sha512 or SHA512.get(platform)
    with _replacing(folder) as new:
        try:
            with tempfile.TemporaryFile() as archive:
                _download(url or _URL.format(version=VERSION, platform=platform), digest, archive, say)
                _unpack(archive, new)
            source: Literal["archive", "go"] = "archive"
        except UnreachableError as error:
            say(f"{error}; building from Go modules instead")
            _build(new, say, reason=str(error))
            source = "go"
        _describe(new, source)  # what does not run must not replace what does
    return _describe(folder, source)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A new folder beside the old one that takes its place at the end, unless something went wrong."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        new.rename(folder)


def _download(url: str, digest: str | None, archive: IO[bytes], say: Say) -> None:
    if digest is None:
        raise UnreachableError(f"there is no archive for {host_platform()}")
    say(f"downloading {url}")
    seen = hashlib.sha512()
    try:
        with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310 - our own https URL, verified by its digest
            total = int(response.headers.get("Content-Length", 0))
            done, told = 0, 0
            while chunk := response.read(_CHUNK):
                seen.update(chunk)
                archive.write(chunk)
                done += len(chunk)
                if total and done * 10 // total > told:
                    told = done * 10 // total
                    say(f"  {told * 10} % of {total / 1e6:.0f} MB")
    except (OSError, urllib.error.URLError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # an answer is an open connection
        raise UnreachableError(f"the archive can't be had ({getattr(error, 'reason', error)})") from error
    if seen.hexdigest() != digest:
        raise FetchError(
            f"the archive is not the one that was published: its sha512 is {seen.hexdigest()}, expected {digest}. "
            "Nothing was unpacked. A proxy may have changed it: try another network"
        )
    archive.seek(0)


def _unpack(archive: IO[bytes], folder: Path) -> None:
    """Writes the known programs and nothing else: names, links and modes of the archive are not followed."""
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        for member in tar:
            name = Path(member.name).name
            content = tar.extractfile(member) if member.isreg() and name in PROGRAMS else None
            if content is not None:
                with (folder / name).open("wb") as program:
                    shutil.copyfileobj(content, program)
                (folder / name).chmod(0o755)


def _build(folder: Path, say: Say, *, reason: str) -> None:
    go = shutil.which("go")
    if go is None:
        raise FetchError(
            f"{reason}, and there is no `go` to build the programs with. Allow this machine to reach github.com, "
            f"install Go, or set {VARIABLE} to a folder that has kube-apiserver and etcd"
        )
    version = _required_kubernetes()
    say(f"building Kubernetes v{version} with {go}: 5 to 10 minutes on 2 cores, 3 GB of memory")
    major, minor, _ = version.split(".")
    stamps = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    flags = ["-s", "-w", *(f"-X {package}.{key}={value}" for package in packages for key, value in stamps.items())]
    with tempfile.TemporaryDirectory(prefix="sage-operator-go-") as source:
        for file in ("main.go", "go.mod", "go.sum"):
            shutil.copy(_GO_SOURCE / file, source)
        command = [go, "build", "-trimpath", "-ldflags", " ".join(flags), "-o", str(folder / "kube"), "."]
        _run_go(command, Path(source), say)
    for name in PROGRAMS:
        (folder / name).symlink_to("kube")


def _run_go(command: list[str], folder: Path, say: Say) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    seconds = 0
    with (folder / "build.log").open("w+") as log:
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as build:  # noqa: S603 - go itself
            try:
                while build.poll() is None:
                    try:
                        build.wait(30)
                    except subprocess.TimeoutExpired:
                        seconds += 30
                        say(f"  still building after {seconds} s")
            except BaseException:
                build.kill()
                raise
        if build.returncode != 0:
            log.seek(0)
            tail = "".join(log.readlines()[-15:])
            raise FetchError(
                f"go build failed; it needs Go 1.26 or newer and Go's module proxy. The end of its output:\n{tail}"
            )


def _required_kubernetes() -> str:
    found = re.search(r"k8s\.io/kubernetes v(\S+)", (_GO_SOURCE / "go.mod").read_text())
    if found is None:
        raise FetchError("go.mod names no version of Kubernetes")
    return found[1]


def _describe(folder: Path, source: Literal["cache", "archive", "go"]) -> Fetched:
    if absent := missing(folder):
        raise FetchError(f"the archive has no {' and no '.join(absent)}")
    try:
        run = subprocess.run(  # noqa: S603 - the program just fetched
            [folder / "kube-apiserver", "--version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise FetchError(f"kube-apiserver does not run on this machine: {error}") from error
    return Fetched(
        folder=folder,
        source=source,
        kubernetes=run.stdout.split()[-1],
        programs=tuple(name for name in PROGRAMS if (folder / name).exists()),
    )
