"""An integration's life: suspended, resumed, deleted while a run is on, applied again; and the operator's own."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sage_operator.simulators import Dataset, Simulators
from support import expected, manifests
from support.cluster import Integrations
from support.operators import Operator, wait_for


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Both remotes; ForceManager refuses bulk calls, so that a first sync takes a while."""
    with Simulators(dataset=Dataset(accounts=60, contacts=30)) as both:
        both.forcemanager.control.configure(bulk_refused={"accounts.bulkCreate": 404})
        yield both


@pytest.fixture
def operator_flags() -> dict[str, Any]:
    """A short settling time."""
    return {"settling_time": 1}


def _creates(simulators: Simulators) -> int:
    return simulators.forcemanager.control.counters().by_operation.get("accounts.create", 0)


def test_suspend_and_resume(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """Suspending stops after the batch in hand and says why; resuming goes on where it was and finishes."""
    cluster = Integrations(kubectl, namespace)
    cluster.apply(*manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators))
    wait_for(lambda: _creates(simulators) >= 5, "the first sync writes", tail=operator.log)
    cluster.patch({"suspend": True, "suspendReason": "month end"})
    cluster.wait("Suspended")
    told = cluster.get()
    assert told["status"]["phase"] == "Paused"
    assert told["status"]["observedGeneration"] == told["metadata"]["generation"]
    assert cluster.condition("Suspended")["message"] == "month end"
    assert cluster.condition("Ready")["reason"] == "Suspended"
    assert "nextSyncTime" not in told["status"]
    written = _creates(simulators)
    assert written < 60
    cluster.run("annotate", "sageint", "acme", "integrations.forcemanager.io/requestedAt=while-suspended")
    cluster.patch({"suspend": False})
    cluster.until("the request is answered", lambda t: t.get("lastHandledReconcileAt") == "while-suspended")
    cluster.wait("Ready=True")
    assert cluster.status()["lastRun"]["mode"] == "Initial"
    expected.assert_in_step(simulators)
    assert _creates(simulators) == 60, "nothing was sent twice"
    assert [reason for _, _, reason in cluster.events()] == ["Suspended", "Resumed", "Synchronized"]


def test_deleting_while_a_run_is_on(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """The finalizer goes only when the run has stopped; applied again, the integration goes on without duplicates."""
    cluster = Integrations(kubectl, namespace)
    resource = manifests.integration(namespace, simulators)
    cluster.apply(*manifests.secrets(namespace, simulators), resource)
    wait_for(lambda: _creates(simulators) >= 5, "the first sync writes", tail=operator.log)
    assert cluster.get()["metadata"]["finalizers"] == ["integrations.forcemanager.io/operator"]
    cluster.run("delete", "sageint", "acme", "--timeout=30s")
    written = _creates(simulators)
    ended = [line for line in operator.lines() if line["message"] == "run-ended"]
    assert [line["outcome"] for line in ended] == ["Stopped"]
    wait_for(lambda: 'name="acme"' not in operator.get("/metrics"), "a deleted integration leaves no series")
    cluster.apply(resource)
    cluster.wait("Ready")
    expected.assert_in_step(simulators)
    assert _creates(simulators) == 60
    assert written < 60


def test_sigterm_in_a_run(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """SIGTERM ends the process after the requests in hand; the next one goes on at once and sends nothing twice."""
    cluster = Integrations(kubectl, namespace)
    cluster.apply(*manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators))
    wait_for(lambda: _creates(simulators) >= 5, "the first sync writes", tail=operator.log)
    assert operator.terminate() < 20
    assert [line["outcome"] for line in operator.lines() if line["message"] == "run-ended"] == ["Stopped"]
    held = expected.held(simulators, "accounts")
    assert 5 <= len(held) < 60
    operator.start()
    cluster.wait("Ready")
    expected.assert_in_step(simulators)
    assert _creates(simulators) == 60


def test_a_restart_repeats_nothing(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """An operator that starts anew runs nothing that is not due, and knows what it told before."""
    cluster = Integrations(kubectl, namespace)
    simulators.forcemanager.control.configure(bulk_refused={})
    cluster.apply(*manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators))
    cluster.wait("Ready")
    before = cluster.get()
    operator.terminate()
    operator.start()
    wait_for(lambda: 'name="acme"' in operator.get("/metrics"), "it has seen the integration", tail=operator.log)
    time.sleep(2)  # two heartbeats, in which a run would have begun
    assert not [line for line in operator.lines() if line["message"] == "run-started"]
    assert cluster.get()["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_two_integrations_of_one_organisation(
    kubectl: Any, namespace: str, operator: Operator, simulators: Simulators
) -> None:
    """A record belongs to one integration; the other one rejects it, and takes it over when the first is deleted."""
    cluster = Integrations(kubectl, namespace)
    simulators.forcemanager.control.configure(bulk_refused={})
    cluster.apply(*manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators))
    cluster.wait("Ready")
    cluster.apply(
        *manifests.secrets(namespace, simulators, name="other"),
        manifests.integration(namespace, simulators, name="other"),
    )
    cluster.wait("Ready", "other")
    told = cluster.status("other")
    assert told["synchronized"]["accounts"] == 0
    assert told["rejects"][0]["code"] == "ClaimedByOther"
    assert f"{namespace}/acme" in told["rejects"][0]["message"]
    cluster.run("delete", "sageint", "acme", "--timeout=30s")
    cluster.patch({"accounts": {"readOnly": False}}, "other")
    cluster.until("the other one has it all", lambda t: t["synchronized"]["accounts"] == 60, "other")
    assert {row["readOnly"] for row in simulators.forcemanager.control.records("accounts")} == {False}
    assert len(simulators.forcemanager.control.records("accounts")) == 60
    assert operator.get("/healthz") == "ok\n"


def test_sigterm_while_it_starts(control_plane: Any, tmp_path: Path, namespace: str) -> None:
    """An operator without rights, which waits for the API server to let it in, ends at once when it is told to."""
    kubeconfig = control_plane.write_kubeconfig(tmp_path / "nobody", token=control_plane.tokens["nobody"])
    operator = Operator(tmp_path / "operator", kubeconfig=kubeconfig, namespace=namespace)
    try:
        operator.launch()
        assert operator.terminate() < 15
    finally:
        operator.close()
