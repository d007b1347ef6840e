"""The operator's rights are enough and not one too many: kube-apiserver's audit log of a full life tells."""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from sage_operator import embedded
from sage_operator.resources import names
from sage_operator.simulators import Dataset, Simulators
from support import manifests
from support.cluster import Integrations
from support.operators import Operator, running, wait_for

from .conftest import ROOT, Kubectl

NAMESPACE = "sage-system"
USER = f"system:serviceaccount:{NAMESPACE}:sage-operator"
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [USER]}],
}

Right = tuple[str, str, str]
"""API group, resource with its subresource, verb."""

MAPS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "crm-maps"},
    "data": {"accounts": "[{target: phone2, source: Fax}]"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCluster:
    """A control plane with deploy/base in it, and what its API server noted of the operator's account."""

    api: embedded.KubernetesApi
    kubectl: Kubectl
    log: Path
    granted: frozenset[Right] = field(repr=False)

    def requests(self) -> list[dict[str, Any]]:
        """Requests for resources, oldest first; the last line may be half written."""
        lines = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [request for line in lines if "resource" in (request := json.loads(line)).get("objectRef", {})]

    def used(self) -> set[Right]:
        """The rights that were needed so far."""
        return {_right(request) for request in self.requests()}

    def change(self, name: str, annotations: dict[str, str]) -> None:
        """Change an integration as fast as can be: by one request of ours instead of a kubectl."""
        context = ssl.create_default_context(cafile=self.api.ca_file)
        headers = {"Authorization": f"Bearer {self.api.token}", "Content-Type": "application/merge-patch+json"}
        path = f"/apis/{names.API_VERSION}/namespaces/{NAMESPACE}/{names.PLURAL}/{name}"
        body = json.dumps({"metadata": {"annotations": annotations}})
        with closing(http.client.HTTPSConnection(urlsplit(self.api.url).netloc, context=context, timeout=10)) as link:
            link.request("PATCH", path, body, headers)
            assert link.getresponse().status == http.HTTPStatus.OK


@pytest.fixture
def cluster(assets: Path, tmp_path: Path) -> Iterator[AuditedCluster]:
    """A control plane of its own that keeps an audit log, with deploy/base applied as it is."""
    policy, log = tmp_path / "policy.yaml", tmp_path / "audit.log"
    policy.write_text(yaml.safe_dump(POLICY))
    flags = (f"--audit-policy-file={policy}", f"--audit-log-path={log}")
    with embedded.ControlPlane(embedded.Config(assets=assets, apiserver_flags=flags)) as api:
        assert api.kubectl is not None
        kubectl = Kubectl(program=api.kubectl, kubeconfig=api.kubeconfig)
        kubectl.run("apply", "--server-side", "-k", str(ROOT / "deploy" / "base"))
        kubectl.run("wait", "--for=condition=Established", "--timeout=30s", f"--filename={ROOT / 'crds'}")
        role = json.loads(kubectl.run("get", "clusterrole", "sage-operator", "--output=json"))
        yield AuditedCluster(api=api, kubectl=kubectl, log=log, granted=_rights(role["rules"]))


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Both remotes."""
    with Simulators(dataset=Dataset(accounts=20, contacts=20)) as both:
        yield both


@pytest.fixture
def operator(cluster: AuditedCluster, tmp_path: Path) -> Iterator[Operator]:
    """The operator as the Deployment's ServiceAccount."""
    token = cluster.kubectl.run("create", "token", "sage-operator", f"--namespace={NAMESPACE}").strip()
    kubeconfig = cluster.api.write_kubeconfig(tmp_path / "operator.kubeconfig", token=token, namespace=NAMESPACE)
    with running(tmp_path / "operator", kubeconfig=kubeconfig, namespace=NAMESPACE) as process:
        yield process


def test_every_right_is_needed_and_none_is_missing(
    cluster: AuditedCluster, operator: Operator, simulators: Simulators
) -> None:
    """In a life from the first sync to the deletion each granted verb is used, and no request is refused."""
    integrations = Integrations(cluster.kubectl, NAMESPACE)
    shared = {"fieldsFrom": [{"configMapRef": {"name": "crm-maps", "key": "accounts"}}]}
    integration = manifests.integration(NAMESPACE, simulators, accounts=shared)
    integrations.apply(MAPS, *manifests.secrets(NAMESPACE, simulators), integration)
    integrations.wait("Ready")
    wait_for(integrations.events, "an event is posted", tail=operator.log)
    _conflict(cluster)
    integrations.run("delete", "sageint", "acme", "--timeout=30s")

    refused = [r for r in cluster.requests() if r["annotations"]["authorization.k8s.io/decision"] != "allow"]
    assert not [(_right(request), request["requestURI"]) for request in refused]
    assert cluster.granted - cluster.used() == set(), "these rights are never used"
    reasons = {request["annotations"]["authorization.k8s.io/reason"] for request in cluster.requests()}
    assert all(f'RoleBinding "sage-operator/{NAMESPACE}"' in reason for reason in reasons), reasons


def _conflict(cluster: AuditedCluster) -> None:
    """Change the integration while the operator writes its status, until it has to read it anew."""
    count = 0

    def read_anew() -> bool:
        nonlocal count
        count += 1
        cluster.change("acme", {names.REQUESTED_AT: str(count // 10), "example.com/count": str(count)})
        return (names.GROUP, names.PLURAL, "get") in cluster.used()

    wait_for(read_anew, "a conflict makes the operator read the integration")


def _right(request: dict[str, Any]) -> Right:
    target = request["objectRef"]
    resource = "/".join(filter(None, (target["resource"], target.get("subresource"))))
    return target.get("apiGroup", ""), resource, request["verb"]


def _rights(rules: list[dict[str, Any]]) -> frozenset[Right]:
    return frozenset(
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )
