"""Crash safety: killed at random moments of a first sync with faults, the operator loses and doubles nothing."""

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sage_operator.simulators import Dataset, Simulators
from support import expected, manifests
from support.operators import Operator, wait_for

from .conftest import INSTALLATION

KILLS = 20
SINGLE = 15
SETTLING = 2.0


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """A slow CRM with a 2,000-record organisation behind it, which breaks in every way that creates can break."""
    data = Dataset(accounts=700, contacts=1300)
    with Simulators(dataset=data) as both:
        crm = both.forcemanager.control
        crm.add_fault(latency_ms=150)
        crm.add_fault(operation="*.bulkCreate", latency_ms=500)
        crm.add_fault(operation="*.bulkCreate", cut="after", probability=0.1, seed=1)
        crm.add_fault(operation="*.bulkCreate", cut="before", probability=0.05, seed=2)
        crm.add_fault(operation="*.bulkCreate", commit_after_ms=SETTLING * 500, probability=0.1, seed=3)
        crm.add_fault(operation="*.bulkCreate", drop_items=3, probability=0.1, seed=4)
        crm.add_fault(status=429, retry_after="1", probability=0.03, seed=5)
        crm.add_fault(status=503, probability=0.03, seed=6)
        both.sage.control.add_fault(latency_ms=100)
        both.sage.control.add_fault(operation="query*", cut="during", probability=0.05, seed=7)
        yield both


@pytest.mark.timeout(600)
def test_twenty_kills(
    kubectl: Any, restricted_kubeconfig: Any, namespace: str, tmp_path: Path, simulators: Simulators
) -> None:
    """After 20 SIGKILLs in a first sync with faults ForceManager holds exactly what it must, no extId twice."""
    seed = int(os.environ.get("SAGE_OPERATOR_TEST_SEED", time.time_ns() % 1_000_000))
    sys.stdout.write(f"replay with SAGE_OPERATOR_TEST_SEED={seed}\n")
    moments = random.Random(seed)
    operator = Operator(
        tmp_path / "operator",
        kubeconfig=restricted_kubeconfig(INSTALLATION),
        namespace=namespace,
        settling_time=SETTLING,
    )
    crm = simulators.forcemanager.control
    interrupted = unclear = 0
    try:
        resources = manifests.documents(
            *manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators)
        )
        kubectl.run("apply", "--server-side", "--filename=-", stdin=resources)
        for life in range(KILLS):
            # First record by record: slow, with many requests under way. Then in bulk.
            single = life < SINGLE
            crm.configure(bulk_refused={"accounts.bulkCreate": 404} if single else {})
            goal = _writes(simulators) + moments.randint(1, 8 if single else 2)
            operator.start()
            wait_for(
                lambda goal=goal: _writes(simulators) >= goal or _done(kubectl, namespace),
                "it writes",
                tail=operator.log,
            )
            time.sleep(moments.uniform(0, 0.4))  # the moment of death is the input of this test
            operator.kill()
            events = [line["message"] for line in operator.lines()]
            interrupted += events.count("run-started") > events.count("run-ended")
            unclear += sum(line["unclear"] for line in operator.lines() if line["message"] == "recovered")
        operator.start()
        crm.clear_faults()
        simulators.sage.control.clear_faults()
        wait_for(lambda: _settled(kubectl, namespace), "everything is settled", seconds=180, tail=operator.log)
    finally:
        operator.close()
    expected.assert_in_step(simulators)
    sys.stdout.write(f"{interrupted} of {KILLS} kills hit a run, {unclear} writes were unclear after a kill\n")
    assert interrupted >= KILLS * 3 // 4
    assert unclear >= KILLS


def _writes(simulators: Simulators) -> int:
    """Write requests that ForceManager has seen."""
    counted = simulators.forcemanager.control.counters().by_operation
    return sum(count for name, count in counted.items() if name.split(".")[-1] in {"create", "bulkCreate"})


def _done(kubectl: Any, namespace: str) -> bool:
    """Whether the first sync is complete: a late life may find nothing left to write."""
    path = "jsonpath={.status.lastSuccessTime}"
    return bool(kubectl.run("get", "sageint", "acme", f"--namespace={namespace}", f"--output={path}"))


def _settled(kubectl: Any, namespace: str) -> bool:
    """Ask for runs until one has succeeded and nothing waits any more."""
    found = json.loads(kubectl.run("get", "sageint", "acme", f"--namespace={namespace}", "-o=json"))
    told, wanted = found["status"], found["metadata"].get("annotations", {})
    token = wanted.get("integrations.forcemanager.io/requestedAt", "")
    ready = next((c["status"] for c in told.get("conditions", []) if c["type"] == "Ready"), "")
    if told.get("lastHandledReconcileAt", "") != token or ready != "True" or told.get("currentRun"):
        return False
    if token and told["pending"] == 0:
        return True
    annotation = f"integrations.forcemanager.io/requestedAt={time.time_ns()}"
    kubectl.run("annotate", "--overwrite", "sageint", "acme", f"--namespace={namespace}", annotation)
    return False
