"""The manifests of deploy/ on a real API server. There is no kubelet: pods are admitted here, none runs."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sage_operator import __version__, embedded
from sage_operator.cli.run import run
from sage_operator.transport import HostPolicy

from .conftest import ROOT, Kubectl, KubectlError

DEPLOY = ROOT / "deploy"
INSTALLATIONS = ("base", "overlays/namespaced", "overlays/cluster", "overlays/demo")
OWN = "--namespace=sage-system"


@pytest.fixture(scope="module")
def cluster(assets: Path) -> Iterator[Kubectl]:
    """A control plane of this module's own: it has the names that the manifests have."""
    with embedded.ControlPlane(embedded.Config(assets=assets)) as api:
        assert api.kubectl is not None
        kubectl = Kubectl(program=api.kubectl, kubeconfig=api.kubeconfig)
        kubectl.run("create", "namespace", "crm")
        yield kubectl


@pytest.fixture(scope="module", params=INSTALLATIONS)
def installed(request: pytest.FixtureRequest, cluster: Kubectl) -> list[dict[str, Any]]:
    """The objects of an installation, as kustomize makes them, applied as install.md says."""
    folder = str(DEPLOY / request.param)
    cluster.run("apply", "--server-side", "-k", str(ROOT / "crds"))
    cluster.run("wait", "--for=condition=Established", "--timeout=30s", f"--filename={ROOT / 'crds'}")
    cluster.run("apply", "--server-side", "--force-conflicts", "-k", folder)
    return [item for item in yaml.safe_load_all(cluster.run("kustomize", folder)) if item]


def test_one_command_installs_it(assets: Path) -> None:
    """In a cluster that knows nothing of it, `kubectl apply -k deploy/base` alone does, client-side too."""
    with embedded.ControlPlane(embedded.Config(assets=assets)) as api:
        assert api.kubectl is not None
        kubectl = Kubectl(program=api.kubectl, kubeconfig=api.kubeconfig)
        kubectl.run("apply", "-k", str(DEPLOY / "base"))
        kubectl.run("wait", "--for=condition=Established", "--timeout=30s", f"--filename={ROOT / 'crds'}")
        assert kubectl.run("get", "sageint", OWN, "--ignore-not-found") == ""
        assert "deployment.apps/sage-operator" in kubectl.run("get", "deployments", OWN, "--output=name")


def test_a_folder_of_ones_own(cluster: Kubectl, tmp_path: Path) -> None:
    """The kustomization of install.md, with one's own image and the policy, is one that the API server takes."""
    page = (ROOT / "docs" / "install.md").read_text()
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "kustomization.yaml").write_text(block.replace("../sage-operator", os.path.relpath(ROOT, tmp_path)))
    made = [item for item in yaml.safe_load_all(cluster.run("kustomize", str(tmp_path))) if item]
    (deployment,) = (item for item in made if item["kind"] == "Deployment")
    (container,) = _pod(deployment)["spec"]["containers"]
    assert container["image"] == f"registry.example.com/crm/sage-operator:{__version__}"
    assert "NetworkPolicy" in {item["kind"] for item in made}
    cluster.run("apply", "--server-side", "--force-conflicts", "-k", str(tmp_path))


def test_applying_again_changes_nothing(cluster: Kubectl, installed: list[dict[str, Any]]) -> None:
    """What is applied a second time keeps its generation: a GitOps tool sees no difference."""

    def generations() -> list[tuple[str, int | None]]:
        text = "".join(f"---\n{yaml.safe_dump(item)}" for item in installed)
        found = json.loads(cluster.run("get", "--filename=-", "--output=json", stdin=text))["items"]
        return [(item["kind"] + item["metadata"]["name"], item["metadata"].get("generation")) for item in found]

    before = generations()
    text = "".join(f"---\n{yaml.safe_dump(item)}" for item in installed)
    cluster.run("apply", "--server-side", "--filename=-", stdin=text)
    assert generations() == before
    assert len(before) == len(installed)
    assert cluster.run("diff", "--server-side", "--filename=-", stdin=text) == ""


def test_pods_are_admitted_at_the_restricted_level(cluster: Kubectl, installed: list[dict[str, Any]]) -> None:
    """The API server, which enforces Pod Security's level `restricted`, takes each pod template, without a warning."""
    level = cluster.run("get", "namespace", "sage-system", "--output=jsonpath={.metadata.labels}")
    assert json.loads(level)["pod-security.kubernetes.io/enforce"] == "restricted"
    pods = [_pod(item) for item in installed if item["kind"] == "Deployment"]
    assert pods
    for pod in pods:
        cluster.run("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod))
        del pod["spec"]["securityContext"]["runAsNonRoot"]
        with pytest.raises(KubectlError, match='violates PodSecurity "restricted'):
            cluster.run("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod))


def test_the_root_file_system_is_read_only(installed: list[dict[str, Any]]) -> None:
    """No container writes outside of its volumes: Pod Security does not ask for that, we do."""
    containers = [c for item in installed if item["kind"] == "Deployment" for c in _pod(item)["spec"]["containers"]]
    assert all(c["securityContext"]["readOnlyRootFilesystem"] for c in containers)


@pytest.mark.usefixtures("controller_manager")
def test_the_deployment_makes_its_pod(cluster: Kubectl, installed: list[dict[str, Any]]) -> None:
    """The controllers of the cluster make one pod of the Deployment; nothing runs it here."""
    (name,) = (i["metadata"]["name"] for i in installed if i["kind"] == "Deployment" and _is_operator(i))
    label = f"--selector=app.kubernetes.io/name={name}"
    cluster.run("wait", "--for=create", "--timeout=30s", "pod", OWN, label)
    cluster.run("wait", "--for=jsonpath={.status.phase}=Pending", "--timeout=30s", "pod", OWN, label)


def test_the_options_are_what_the_operator_takes(
    installed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments and variables of the Deployment are options that `sage-operator run` knows, and fit the rest of it."""
    (operator,) = (_pod(item)["spec"] for item in installed if item["kind"] == "Deployment" and _is_operator(item))
    (container,) = operator["containers"]
    for variable in container["env"]:
        monkeypatch.setenv(variable["name"], variable.get("value", "sage-system"))
    command, *arguments = container["args"]
    options = run.make_context(command, arguments).params
    assert {v["name"] for v in container["env"]} <= {o.envvar for o in run.params}
    granted = {i["metadata"]["namespace"] for i in installed if i["kind"] == "RoleBinding"}
    assert set(options["namespace"]) == granted
    assert options["all_namespaces"] is any(i["kind"] == "ClusterRoleBinding" for i in installed)
    assert bool(options["namespace"]) is not options["all_namespaces"]
    assert operator["terminationGracePeriodSeconds"] >= options["grace_period"] + 10
    assert str(options["ledger"].parent) in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert options["listen"].endswith(f":{container['ports'][0]['containerPort']}")
    assert operator["enableServiceLinks"] is False, "variables of Services would look like options"
    hosts = HostPolicy(allowed=options["allowed_hosts"], insecure_http=options["insecure_http"])
    for item in installed:
        if item["kind"] == "SageIntegration":
            hosts.check(item["spec"]["sage"]["url"])
            hosts.check(item["spec"]["forceManager"]["url"])


def test_one_process_writes_the_ledger(installed: list[dict[str, Any]]) -> None:
    """There is never a second pod, not even while the Deployment is changed."""
    (spec,) = (item["spec"] for item in installed if item["kind"] == "Deployment" and _is_operator(item))
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_the_image_has_the_version_of_the_code(installed: list[dict[str, Any]]) -> None:
    """The tag in the manifests and the label in the Dockerfile are the package's version."""
    pods = [_pod(item)["spec"] for item in installed if item["kind"] == "Deployment"]
    images = {container["image"] for pod in pods for container in pod["containers"]}
    assert images == {f"sage-operator:{__version__}"}
    assert f"ARG VERSION={__version__}\n" in (ROOT / "Dockerfile").read_text()


def _is_operator(deployment: dict[str, Any]) -> bool:
    return bool(deployment["metadata"]["name"] == "sage-operator")


def _pod(deployment: dict[str, Any]) -> dict[str, Any]:
    """A pod as the Deployment would make it."""
    template = json.loads(json.dumps(deployment["spec"]["template"]))
    metadata = {**template["metadata"], "name": "probe", "namespace": deployment["metadata"]["namespace"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
