"""The embedded control plane itself: it starts, holds its promises about rights, and leaves nothing behind."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sage_operator import embedded

if TYPE_CHECKING:
    from conftest import Kubectl, RestrictedKubeconfig

RBAC = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [namespaces], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: elsewhere}]
"""

CHILD = """
import json, signal, sys
from pathlib import Path
from sage_operator import embedded
with embedded.ControlPlane(embedded.Config(assets=Path(sys.argv[1]))) as api:
    print(json.dumps({"pids": dict(api.pids), "folder": str(api.kubeconfig.parent)}), flush=True)
    signal.pause()
"""


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """Waits for a condition; fails if it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come in time"
        time.sleep(0.05)


def all_gone(pids: Collection[int]) -> Callable[[], bool]:
    """A condition: none of the processes runs."""
    return lambda: not any(alive(pid) for pid in pids)


@pytest.fixture
def child(assets: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A Python process that has started a control plane, and what it says of it."""
    with subprocess.Popen([sys.executable, "-c", CHILD, str(assets)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield process, said
        process.kill()
        wait_until(all_gone(said["pids"].values()))
        shutil.rmtree(said["folder"], ignore_errors=True)


async def test_two_run_side_by_side(assets: Path, control_plane: embedded.KubernetesApi) -> None:
    """A second control plane starts within 30 s on ports of its own; at exit its processes and its folder are gone."""
    started = time.monotonic()
    async with embedded.ControlPlane(embedded.Config(assets=assets)) as second:
        assert time.monotonic() - started < 30
        assert second.kind == "kube-apiserver"
        assert second.version.startswith("v1.")
        assert second.url != control_plane.url
        pids, folder = dict(second.pids), second.kubeconfig.parent
        assert {"keeper", "etcd", "kube-apiserver"} <= pids.keys()
        assert all(alive(pid) for pid in pids.values())
    assert not any(alive(pid) for pid in pids.values())
    assert not folder.exists()
    assert all(alive(pid) for pid in control_plane.pids.values())


def test_ends_with_a_killed_parent(child: tuple[subprocess.Popen[str], dict[str, Any]]) -> None:
    """When the process that started it is killed by SIGKILL, all programs end and the folder goes."""
    process, said = child
    assert all(alive(pid) for pid in said["pids"].values())
    process.kill()
    process.wait()
    wait_until(all_gone(said["pids"].values()))
    assert not Path(said["folder"]).exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux's")
def test_ends_with_a_killed_keeper(child: tuple[subprocess.Popen[str], dict[str, Any]]) -> None:
    """When the keeper is killed by SIGKILL, the kernel kills the programs."""
    _, said = child
    os.kill(said["pids"]["keeper"], signal.SIGKILL)
    wait_until(all_gone(said["pids"].values()))


def test_service_account_has_the_rights_of_its_manifest(
    kubectl: "Kubectl", namespace: str, restricted_kubeconfig: "RestrictedKubeconfig", tmp_path: Path
) -> None:
    """The kubeconfig of an RBAC manifest is the ServiceAccount's: it may do what is written there and nothing else."""
    manifest = tmp_path / "rbac.yaml"
    manifest.write_text(RBAC)
    reader = kubectl.using(restricted_kubeconfig(manifest))
    assert f"system:serviceaccount:{namespace}:reader" in reader.run("auth", "whoami")
    assert namespace in reader.run("get", "namespaces", "--output=name")
    with pytest.raises(AssertionError, match="Forbidden"):
        reader.run("get", "secrets")


def test_further_users_have_no_rights(
    kubectl: "Kubectl", control_plane: embedded.KubernetesApi, tmp_path: Path
) -> None:
    """A further user is known by name and may do nothing."""
    kubeconfig = control_plane.write_kubeconfig(tmp_path / "nobody", token=control_plane.tokens["nobody"])
    assert kubeconfig.stat().st_mode & 0o077 == 0
    nobody = kubectl.using(kubeconfig)
    assert "nobody" in nobody.run("auth", "whoami")
    with pytest.raises(AssertionError, match="Forbidden"):
        nobody.run("get", "namespaces")


@pytest.mark.usefixtures("controller_manager")
async def test_namespace_finishes_deleting(kubectl: "Kubectl", namespace: str) -> None:
    """A namespace with something in it is gone soon after its deletion, and the event loop runs on meanwhile."""
    await kubectl("create", "configmap", "something", f"--namespace={namespace}")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    await kubectl("delete", "namespace", namespace, "--timeout=30s")
    ticking.cancel()
    assert ticks > 10
    assert namespace not in await kubectl("get", "namespaces", "--output=name")
    await kubectl("create", "namespace", namespace)  # for the fixture to delete
