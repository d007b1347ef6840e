"""A real control plane for each test process, and what a user has at hand on it: kubectl, namespaces, accounts.

With SAGE_OPERATOR_TEST_KUBECONFIG it is a cluster that is there already (`make kind`); its bearer may do everything.
"""

import asyncio
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sage_operator import embedded
from sage_operator.embedded import KubernetesApi
from support.existing import existing_cluster
from support.missing import unavailable
from support.operators import Operator, running

ROOT = Path(__file__).parent.parent.parent
INSTALLATION = ROOT / "deploy" / "base"
EXISTING = "SAGE_OPERATOR_TEST_KUBECONFIG"
"""Path of the kubeconfig of a cluster to use instead of an embedded control plane."""

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks everything in this folder as e2e."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.e2e)


class KubectlError(AssertionError):
    """Kubectl ended with an error; the message has its standard error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubectl:
    """The real kubectl: `run` blocks, calling it does not, so an operator in the same event loop goes on."""

    program: Path
    kubeconfig: Path

    def run(self, *args: str, stdin: str | None = None, seconds: float = 60) -> str:
        """Runs kubectl and returns its standard output."""
        done = subprocess.run(
            self._command(args), input=stdin, capture_output=True, text=True, check=False, timeout=seconds
        )
        return self._output(args, done.returncode, done.stdout, done.stderr)

    async def __call__(self, *args: str, stdin: str | None = None, seconds: float = 60) -> str:
        """Runs kubectl without blocking the event loop and returns its standard output."""
        process = await asyncio.create_subprocess_exec(
            *self._command(args),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(seconds):
                output, errors = await process.communicate(None if stdin is None else stdin.encode())
        except BaseException:
            process.kill()
            await process.communicate()
            raise
        return self._output(args, process.returncode, output.decode(), errors.decode())

    def using(self, kubeconfig: Path) -> "Kubectl":
        """The same program with the rights of another kubeconfig."""
        return Kubectl(program=self.program, kubeconfig=kubeconfig)

    def _command(self, args: tuple[str, ...]) -> list[str]:
        return [str(self.program), f"--kubeconfig={self.kubeconfig}", *args]

    def _output(self, args: tuple[str, ...], code: int | None, output: str, errors: str) -> str:
        if code != 0:
            raise KubectlError(f"kubectl {' '.join(args)} ended with {code}: {errors.strip() or output.strip()}")
        return output


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder with the programs of a control plane, including kubectl."""
    try:
        folder = embedded.find_assets()
    except embedded.AssetsError as error:
        unavailable(str(error))
    if folder is None or not (folder / "kubectl").exists():
        unavailable(f"no kube-apiserver, etcd and kubectl: {embedded.HOW_TO_GET}")
    return folder


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesApi]:
    """A running control plane, one for each test process, with one user, `nobody`, who has no rights."""
    if existing := os.environ.get(EXISTING):
        with existing_cluster(Path(existing), tmp_path_factory.mktemp("cluster")) as api:
            yield api
        return
    assets = request.getfixturevalue("assets")
    with embedded.ControlPlane(embedded.Config(assets=assets, users=("nobody",))) as api:
        yield api


@pytest.fixture(scope="session")
def controller_manager(control_plane: KubernetesApi) -> None:
    """For tests of what only a controller does: deleting namespaces, collecting garbage, default ServiceAccounts."""
    if "kube-controller-manager" not in control_plane.pids:
        unavailable("no kube-controller-manager (an archive of setup-envtest has none, a build from Go modules has)")


@pytest.fixture(scope="session")
def kubectl(control_plane: KubernetesApi) -> Kubectl:
    """Kubectl with the rights of an administrator."""
    assert control_plane.kubectl is not None
    return Kubectl(program=control_plane.kubectl, kubeconfig=control_plane.kubeconfig)


@pytest.fixture(scope="session")
def crds(kubectl: Kubectl) -> None:
    """The CRDs of crds/, installed and established."""
    if files := sorted((ROOT / "crds").glob("*.yaml")):
        sources = [f"--filename={file}" for file in files]
        kubectl.run("apply", "--server-side", *sources)
        kubectl.run("wait", "--for=condition=Established", "--timeout=30s", *sources)


@pytest.fixture
def namespace(control_plane: KubernetesApi, kubectl: Kubectl, crds: None) -> Iterator[str]:  # noqa: ARG001
    """The name of a fresh namespace."""
    name = f"test-{secrets.token_hex(4)}"
    kubectl.run("create", "namespace", name)
    if "kube-controller-manager" in control_plane.pids:
        kubectl.run("wait", "--for=create", "--timeout=30s", "serviceaccount/default", f"--namespace={name}")
    yield name
    kubectl.run("delete", "namespace", name, "--wait=false")


RestrictedKubeconfig = Callable[[Path], Path]

RIGHTS = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


@pytest.fixture
def restricted_kubeconfig(
    control_plane: KubernetesApi, kubectl: Kubectl, namespace: str, tmp_path: Path
) -> Iterator[RestrictedKubeconfig]:
    """Makes a kubeconfig that has the rights of an RBAC manifest alone: those of the ServiceAccount in it.

    Of a folder, which has a kustomization, it is what kustomize makes of it. What is about rights is installed for this
    test's namespace: its namespaced objects go there, its cluster-wide ones get names of their own, so that tests side
    by side don't share rights.
    """
    installed: list[str] = []

    def make(manifest: Path) -> Path:
        text = kubectl.run("kustomize", str(manifest)) if manifest.is_dir() else manifest.read_text()
        documents = [localise(item, namespace) for item in yaml.safe_load_all(text) if item and item["kind"] in RIGHTS]
        rendered = yaml.safe_dump_all(documents)
        kubectl.run("apply", "--server-side", "--filename=-", stdin=rendered)
        installed.append(rendered)
        (account,) = (item["metadata"]["name"] for item in documents if item["kind"] == "ServiceAccount")
        token = kubectl.run("create", "token", account, f"--namespace={namespace}", "--duration=1h").strip()
        return control_plane.write_kubeconfig(tmp_path / f"{account}.kubeconfig", token=token, namespace=namespace)

    yield make
    for rendered in installed:
        kubectl.run("delete", "--wait=false", "--ignore-not-found", "--filename=-", stdin=rendered)


@pytest.fixture
def operator_flags() -> dict[str, Any]:
    """Further flags of `operator`, for a module to replace."""
    return {}


@pytest.fixture
def operator(
    restricted_kubeconfig: RestrictedKubeconfig, namespace: str, tmp_path: Path, operator_flags: dict[str, Any]
) -> Iterator[Operator]:
    """The operator as `deploy/base` installs it: under its own ServiceAccount's rights, and no others."""
    kubeconfig = restricted_kubeconfig(INSTALLATION)
    with running(tmp_path / "operator", kubeconfig=kubeconfig, namespace=namespace, **operator_flags) as process:
        yield process


def localise(document: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The document for one namespace: what is cluster-wide gets the namespace's name as a suffix."""
    metadata = dict(document["metadata"])
    if document["kind"] in {"ClusterRole", "ClusterRoleBinding"}:
        metadata["name"] = f"{metadata['name']}-{namespace}"
    else:
        metadata["namespace"] = namespace
    localised = {**document, "metadata": metadata}
    if role := document.get("roleRef"):
        suffix = f"-{namespace}" if role["kind"] == "ClusterRole" else ""
        localised["roleRef"] = {**role, "name": role["name"] + suffix}
    if subjects := document.get("subjects"):
        localised["subjects"] = [
            {**subject, "namespace": namespace} if subject["kind"] == "ServiceAccount" else subject
            for subject in subjects
        ]
    return localised
