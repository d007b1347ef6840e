"""Programs of a control plane that fail, are missing, or are stopped; shell scripts stand for them."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sage_operator.embedded import (
    AssetsError,
    Config,
    ControlPlane,
    EmulatedApi,
    StartError,
    find_assets,
    kubernetes_api,
)
from sage_operator.embedded.assets import cache_folder
from sage_operator.embedded.processes import ProgramError, Programs

IDLE = "exec sleep 60"


def script(folder: Path, name: str, body: str = IDLE) -> Path:
    """An executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


def assets(folder: Path, **bodies: str) -> Path:
    """A folder with scripts named as the programs."""
    for name in ("etcd", "kube-apiserver"):
        script(folder, name, bodies.get(name.replace("-", "_"), IDLE))
    return folder


def alive(pid: int) -> bool:
    """Whether a process of this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_stops_in_reverse_order_and_removes_the_folder(tmp_path: Path) -> None:
    """The last started program ends first, each before the next; a second stop does nothing."""
    order = tmp_path / "order"
    body = f'trap "sleep 0.2; echo $0 >>{order}; exit 0" TERM; echo up; while :; do sleep 0.01; done'
    folder = tmp_path / "run"
    programs = Programs(folder)
    pids = [programs.start(name, [script(tmp_path / "bin", name, body)]) for name in ("first", "second")]
    deadline = time.monotonic() + 10
    while "up" not in programs.tail("first") or "up" not in programs.tail("second"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    programs.stop()
    programs.stop()
    assert [Path(line).name for line in order.read_text().splitlines()] == ["second", "first"]
    assert not any(alive(pid) for pid in pids)
    assert not folder.exists()


def test_missing_program_is_named(tmp_path: Path) -> None:
    """A program that is not there is an error that names it, and the keeper goes on."""
    folder = tmp_path / "run"
    programs = Programs(folder)
    try:
        with pytest.raises(ProgramError, match=r"etcd did not start: .*No such file"):
            programs.start("etcd", [tmp_path / "absent"])
        assert alive(programs.start("sleep", [script(tmp_path, "sleep")]))
    finally:
        programs.stop()


def test_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    """A server that ends early fails the start at once, with its name, exit code and last words."""
    folder = assets(tmp_path, kube_apiserver="echo unknown flag: --nonsense >&2; exit 3")
    started = time.monotonic()
    with pytest.raises(StartError, match=r"(?s)kube-apiserver ended with exit code 3.*unknown flag: --nonsense"):
        ControlPlane(Config(assets=folder)).__enter__()
    assert time.monotonic() - started < 20


def test_start_that_takes_too_long_fails(tmp_path: Path) -> None:
    """A server that never listens fails the start after the given time."""
    with pytest.raises(StartError, match=r"not ready within 1 s \("):
        ControlPlane(Config(assets=assets(tmp_path), start_timeout=1)).__enter__()


def test_taken_port_is_tried_again_with_others(tmp_path: Path) -> None:
    """When somebody takes a port between the look and the start, it starts again, three times at most."""
    count = tmp_path / "count"
    body = f"echo once >>{count}; echo 'listen tcp 127.0.0.1:1: bind: address already in use'; exit 1"
    with pytest.raises(StartError, match="address already in use"):
        ControlPlane(Config(assets=assets(tmp_path / "bin", kube_apiserver=body))).__enter__()
    assert count.read_text().count("once") == 3


async def test_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    """A start that is cancelled ends its programs before the cancellation goes on."""
    pid_file = tmp_path / "pid"
    folder = assets(tmp_path / "bin", kube_apiserver=f"echo $$ >{pid_file}.new; mv {pid_file}.new {pid_file}; {IDLE}")
    task = asyncio.create_task(ControlPlane(Config(assets=folder)).__aenter__())
    async with asyncio.timeout(20):
        while not pid_file.exists():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(int(pid_file.read_text()))


def test_assets_come_from_the_variable_then_the_cache(tmp_path: Path) -> None:
    """KUBEBUILDER_ASSETS goes before the cache; without both there is nothing; a wrong one is an error."""
    environ: Mapping[str, str] = {"XDG_CACHE_HOME": str(tmp_path)}
    assert find_assets(environ) is None
    cached = assets(cache_folder(environ))
    assert find_assets(environ) == cached
    named = assets(tmp_path / "named")
    assert find_assets({**environ, "KUBEBUILDER_ASSETS": str(named)}) == named
    (named / "etcd").unlink()
    with pytest.raises(AssetsError, match=r"has no etcd: unset it, or run `make envtest`"):
        find_assets({**environ, "KUBEBUILDER_ASSETS": str(named)})


def test_emulator_steps_in_without_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API is a control plane where there are programs, else the emulator."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert isinstance(kubernetes_api(), EmulatedApi)
    assets(cache_folder())
    assert isinstance(kubernetes_api(), ControlPlane)
