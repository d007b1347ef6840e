"""The main thread, end to end: a resource on a real API server keeps a ForceManager tenant in step."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sage_operator.simulators import Dataset, Simulators
from support import expected, manifests
from support.operators import Operator, running, wait_for

RBAC = Path(__file__).parents[2] / "deploy" / "base" / "rbac.yaml"


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Both remotes with a small organisation, some of whose accounts belong to nobody in the CRM."""
    with Simulators(dataset=Dataset(accounts=300, contacts=600, associated_share=0.8)) as both:
        yield both


@pytest.fixture
def operator(restricted_kubeconfig: Any, namespace: str, tmp_path: Path) -> Iterator[Operator]:
    """The operator under its own ServiceAccount's rights."""
    with running(tmp_path / "operator", kubeconfig=restricted_kubeconfig(RBAC), namespace=namespace) as process:
        yield process


def status(kubectl: Any, namespace: str, name: str = "acme") -> dict[str, Any]:
    """The status as the API server has it."""
    found: dict[str, Any] = json.loads(kubectl.run("get", "sageint", name, f"--namespace={namespace}", "-o=json"))
    return found["status"]


def request_run(kubectl: Any, namespace: str, token: str) -> dict[str, Any]:
    """Ask for a run and return the status once it has ended."""
    annotation = f"integrations.forcemanager.io/requestedAt={token}"
    kubectl.run("annotate", "--overwrite", "sageint", "acme", f"--namespace={namespace}", annotation)
    wait_for(
        lambda: status(kubectl, namespace).get("lastHandledReconcileAt") == token,
        f"run {token} has ended",
        tail=lambda: json.dumps(status(kubectl, namespace), indent=1),
    )
    return status(kubectl, namespace)


def test_first_sync_and_changes(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """The first sync writes what is in scope, a request what has changed, and a quiet run costs next to nothing."""
    resources = manifests.documents(
        *manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators)
    )
    kubectl.run("apply", "--server-side", "--filename=-", stdin=resources)
    kubectl.run("wait", "--for=condition=Ready", "--timeout=60s", "sageint/acme", f"--namespace={namespace}")
    first = status(kubectl, namespace)
    assert first["lastRun"]["mode"] == "Initial", operator.log()
    print(json.dumps(first, indent=1), operator.log())
    expected.assert_in_step(simulators)
    assert first["synchronized"]["accounts"] == len(expected.accounts(simulators))

    sage = simulators.sage.control
    sage.update("Account", min(expected.accounts(simulators)), Name="Renamed", Phone=None)
    sage.update("Contact", min(expected.contacts(simulators)), LastName="Renamed")
    second = request_run(kubectl, namespace, "1")
    assert second["lastRun"]["mode"] == "Incremental"
    assert second["lastRun"]["accounts"]["modified"] == 1
    assert second["lastRun"]["contacts"]["modified"] == 1
    expected.assert_in_step(simulators)

    simulators.forcemanager.control.reset_counters()
    quiet = request_run(kubectl, namespace, "2")
    assert quiet["lastRun"]["accounts"].get("modified", 0) == 0
    assert simulators.forcemanager.control.counters().total == 0
    assert quiet["lastRun"]["requests"]["sage"] <= 6
