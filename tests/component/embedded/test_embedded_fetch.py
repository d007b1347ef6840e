"""Fetching the programs of a control plane: from an archive on a server of this test, or by a `go` of this test."""

import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from sage_operator.embedded.__main__ import main
from sage_operator.embedded.assets import cache_folder, find_assets
from sage_operator.embedded.fetch import FetchError, fetch

PROGRAM = b"#!/bin/sh\necho Kubernetes v9.9.9\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and writes no log."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a path with no `go` on it."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return cache_folder()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a server of the files in `served`."""
    (tmp_path / "served").mkdir()
    handler = partial(Quiet, directory=tmp_path / "served")
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def archive(folder: Path, members: dict[str, bytes], link: str | None = None) -> tuple[str, str]:
    """Writes an archive with the members; its name and its sha512."""
    with tarfile.open(folder / "envtest.tar.gz", "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        if link is not None:
            member = tarfile.TarInfo("controller-tools/envtest/kubectl")
            member.type, member.linkname = tarfile.SYMTYPE, link
            tar.addfile(member)
    return "envtest.tar.gz", hashlib.sha512((folder / "envtest.tar.gz").read_bytes()).hexdigest()


GOOD = {f"controller-tools/envtest/{name}": PROGRAM for name in ("etcd", "kube-apiserver", "kubectl")}


def test_archive_is_verified_and_unpacked(tmp_path: Path, server: str, cache: Path) -> None:
    """The programs of the archive, executable, are found afterwards; a second call finds them in the cache."""
    name, digest = archive(tmp_path / "served", GOOD)
    said: list[str] = []
    fetched = fetch(url=f"{server}/{name}", sha512=digest, say=said.append)
    assert (fetched.source, fetched.kubernetes) == ("archive", "v9.9.9")
    assert fetched.programs == ("etcd", "kube-apiserver", "kubectl")
    assert find_assets() == fetched.folder == cache
    assert said[0] == f"downloading {server}/{name}"
    assert "100 %" in said[-1]
    assert fetch().source == "cache"


def test_changed_archive_is_refused(tmp_path: Path, server: str, cache: Path) -> None:
    """An archive with another digest is an error that says so; the cache stays as it was, even with `force`."""
    name, digest = archive(tmp_path / "served", GOOD)
    fetch(url=f"{server}/{name}", sha512=digest, say=lambda _: None)
    archive(tmp_path / "served", {**GOOD, "controller-tools/envtest/etcd": b"changed"})
    with pytest.raises(FetchError, match=r"is not the one that was published.*Nothing was unpacked"):
        fetch(force=True, url=f"{server}/{name}", sha512=digest, say=lambda _: None)
    assert (cache / "etcd").read_bytes() == PROGRAM
    assert [item.name for item in cache.parent.iterdir()] == [cache.name]


def test_force_replaces_what_is_there(tmp_path: Path, server: str, cache: Path) -> None:
    """With `force` the programs are fetched again and take the place of the old ones."""
    name, digest = archive(tmp_path / "served", GOOD)
    fetch(url=f"{server}/{name}", sha512=digest, say=lambda _: None)
    (cache / "leftover").touch()
    assert fetch(force=True, url=f"{server}/{name}", sha512=digest, say=lambda _: None).source == "archive"
    assert not (cache / "leftover").exists()


def test_archive_can_write_nowhere_else(tmp_path: Path, server: str, cache: Path) -> None:
    """Paths and links of an archive are not followed: only files by a program's name are written, into the cache."""
    hostile = {**GOOD, "../../../outside": PROGRAM, "controller-tools/envtest/other": PROGRAM}
    name, digest = archive(tmp_path / "served", hostile, link="../../../outside")
    fetch(url=f"{server}/{name}", sha512=digest, say=lambda _: None)
    assert sorted(item.name for item in cache.iterdir()) == ["etcd", "kube-apiserver", "kubectl"]
    assert not any(tmp_path.rglob("outside"))


def test_program_that_does_not_run_is_refused(tmp_path: Path, server: str, cache: Path) -> None:
    """Programs that don't run on this machine are an error and are not kept."""
    broken = dict.fromkeys(GOOD, b"not a program")
    name, digest = archive(tmp_path / "served", broken)
    with pytest.raises(FetchError, match="does not run on this machine"):
        fetch(url=f"{server}/{name}", sha512=digest, say=lambda _: None)
    assert not cache.exists()


def test_without_network_and_go_it_says_what_to_do(server: str, cache: Path) -> None:
    """Where neither way works, the error has the reason and every remedy."""
    with pytest.raises(FetchError, match=r"File not found.*no `go`.*install Go.*KUBEBUILDER_ASSETS"):
        fetch(url=f"{server}/absent", sha512="0", say=lambda _: None)
    assert not cache.exists()


def test_go_builds_what_can_not_be_downloaded(tmp_path: Path, server: str) -> None:
    """Without the archive the program of ours is built, at the pinned version, and is every program by its name."""
    go = tmp_path / "bin" / "go"
    go.write_text(
        "#!/bin/sh\n"
        'for argument; do [ "$previous" = -o ] && output=$argument; previous=$argument; done\n'
        f'/bin/cp main.go go.mod go.sum {tmp_path}; echo "$@" >{tmp_path}/arguments\n'
        f'printf "#!/bin/sh\\necho Kubernetes v9.9.9\\n" >"$output"; /bin/chmod 755 "$output"\n'
    )
    go.chmod(0o755)
    fetched = fetch(url=f"{server}/absent", sha512="0", say=lambda _: None)
    assert fetched.source == "go"
    assert "kube-controller-manager" in fetched.programs
    assert "gitVersion=v1.37." in (tmp_path / "arguments").read_text()
    assert "k8s.io/kubernetes v1.37." in (tmp_path / "go.mod").read_text()


def test_failed_build_shows_the_end_of_its_output(tmp_path: Path, server: str, cache: Path) -> None:
    """A build that fails is an error with what the compiler said; nothing is kept."""
    go = tmp_path / "bin" / "go"
    go.write_text("#!/bin/sh\necho main.go:7:2: cannot find module >&2; exit 1\n")
    go.chmod(0o755)
    with pytest.raises(FetchError, match=r"(?s)go build failed.*cannot find module"):
        fetch(url=f"{server}/absent", sha512="0", say=lambda _: None)
    assert not cache.exists()


def test_command_prints_one_json_document(tmp_path: Path, server: str) -> None:
    """`fetch -o json` prints where the programs are as one JSON document."""
    name, digest = archive(tmp_path / "served", GOOD)
    fetch(url=f"{server}/{name}", sha512=digest, say=lambda _: None)
    result = CliRunner().invoke(main, ["fetch", "-o", "json"])
    assert json.loads(result.stdout) == {
        "folder": str(cache_folder()),
        "source": "cache",
        "kubernetes": "v9.9.9",
        "programs": ["etcd", "kube-apiserver", "kubectl"],
    }
