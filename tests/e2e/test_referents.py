"""Watching Secrets and ConfigMaps on a real API server: told at once, and never what is in them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from sage_operator import embedded
from sage_operator.controller.kube import Kube, load_configuration
from sage_operator.controller.referent_watch import ReferentWatch, watches
from sage_operator.controller.referents import Referent, ReferentKind

from .conftest import ROOT, Kubectl, RestrictedKubeconfig


class Ears:
    """Hears what is told, in order."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seen: list[tuple[str, str]] = []
        self.lists: list[set[str]] = []
        self._news = asyncio.Event()

    async def referent_seen(self, referent: Referent, version: str) -> None:
        """Take a change."""
        self.seen.append((referent.name, version))
        self._news.set()

    async def referents_listed(self, kind: ReferentKind, namespace: str | None, found: dict[Referent, str]) -> None:
        """Take a list."""
        assert all(referent.kind is kind and referent.namespace == namespace for referent in found)
        self.lists.append({referent.name for referent in found})
        self._news.set()

    async def until(self, number: int, *, lists: int = 1) -> None:
        """Wait until so much has been told."""
        async with asyncio.timeout(20):
            while len(self.seen) < number or len(self.lists) < lists:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def watching(kubeconfig: Path, namespace: str, ears: Ears, **options: Any) -> AsyncIterator[ReferentWatch]:
    """Watch the Secrets of a namespace."""
    kube = Kube(await load_configuration(kubeconfig))
    watch = ReferentWatch(kube=kube, listener=ears, kind=ReferentKind.SECRET, namespace=namespace, **options)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await kube.aclose()


async def test_each_change_of_a_secret_is_told(
    namespace: str, kubectl: Kubectl, restricted_kubeconfig: RestrictedKubeconfig
) -> None:
    """Created, changed and deleted, with the rights of the operator's account; the ones before by the list."""
    mine, ears = f"--namespace={namespace}", Ears()
    await kubectl("create", "secret", "generic", "early", mine, "--from-literal=key=value")
    async with watching(restricted_kubeconfig(ROOT / "deploy/base"), namespace, ears):
        await ears.until(0)
        assert "early" in ears.lists[0]
        await kubectl("create", "secret", "generic", "late", mine, "--from-literal=key=value")
        await kubectl("patch", "secret", "late", mine, '--patch={"stringData": {"key": "other"}}')
        await kubectl("delete", "secret", "late", mine)
        await ears.until(3)
    (_, created), (_, changed), (_, deleted) = ears.seen
    assert [name for name, _ in ears.seen] == ["late"] * 3
    assert int(created) < int(changed)
    assert deleted == ""


async def test_no_data_of_a_secret_crosses_the_wire(
    namespace: str, kubectl: Kubectl, control_plane: embedded.KubernetesApi
) -> None:
    """Neither in the list nor in the events of the watch."""
    mine = f"--namespace={namespace}"
    await kubectl("create", "secret", "generic", "keys", mine, "--from-literal=key=unmistakable")
    kube = Kube(await load_configuration(control_plane.kubeconfig))
    try:
        listed = await kube.list_metadata("secrets", namespace)
        stream = kube.watch_metadata("secrets", namespace, version="0")
        line = await anext(stream)
        await stream.aclose()
    finally:
        await kube.aclose()
    for answer in (json.dumps(listed), line.decode()):
        assert "keys" in answer
        assert base64.b64encode(b"unmistakable").decode() not in answer
        assert '"data"' not in answer


async def test_long_lists_come_in_pages(
    namespace: str, kubectl: Kubectl, control_plane: embedded.KubernetesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And all of them are told as one list."""
    monkeypatch.setattr("sage_operator.controller.kube._PAGE", 2)
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"map-{number}"}} for number in range(5)]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": maps})
    await kubectl("apply", "--server-side", "--filename=-", f"--namespace={namespace}", stdin=listed)
    ears = Ears()
    kube = Kube(await load_configuration(control_plane.kubeconfig))
    (_, watch) = watches(kube, ears, [namespace])
    task = asyncio.create_task(watch.run())
    try:
        await ears.until(0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await kube.aclose()
    assert {f"map-{number}" for number in range(5)} <= ears.lists[0]


async def test_without_the_right_to_watch_it_says_so_and_goes_on_asking(
    namespace: str, kubectl: Kubectl, control_plane: embedded.KubernetesApi
) -> None:
    """In a warning with the remedy, at long intervals; runs read what they use in any case."""
    await kubectl("create", "serviceaccount", "powerless", f"--namespace={namespace}")
    token = (await kubectl("create", "token", "powerless", f"--namespace={namespace}")).strip()
    folder = control_plane.kubeconfig.parent
    kubeconfig = control_plane.write_kubeconfig(folder / f"{namespace}.kubeconfig", token=token, namespace=namespace)
    slept: list[float] = []
    waiting = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            waiting.set()
            await asyncio.Event().wait()

    with capture_logs() as logs:
        async with watching(kubeconfig, namespace, Ears(), sleep=sleep), asyncio.timeout(20):
            await waiting.wait()
    assert slept == [300, 300]
    assert {line["event"] for line in logs} == {"referents-not-watched"}
    assert "grant list and watch" in logs[0]["error"]
