"""The main thread, end to end: a resource on a real API server keeps a ForceManager tenant in step."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sage_operator.simulators import Dataset, Simulators
from support import expected, manifests
from support.cluster import Integrations
from support.operators import Operator


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Both remotes with a small organisation, some of whose accounts belong to nobody in the CRM."""
    with Simulators(dataset=Dataset(accounts=300, contacts=600, associated_share=0.8)) as both:
        yield both


def test_first_sync_and_changes(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """The first sync writes what is in scope, a request what has changed, and a quiet run costs next to nothing."""
    cluster = Integrations(kubectl, namespace)
    cluster.apply(*manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators))
    cluster.wait("Ready")
    first = cluster.status()
    assert first["lastRun"]["mode"] == "Initial", operator.log()
    expected.assert_in_step(simulators)
    assert first["synchronized"]["accounts"] == len(expected.accounts(simulators))
    assert first["users"] == {"associated": 7, "unassociated": 3, "unmatched": ""}

    sage = simulators.sage.control
    changed, moved, deleted = sorted(expected.accounts(simulators))[:3]
    sage.update("Account", changed, Name="Renamed", Phone=None)
    sage.update("Contact", min(expected.contacts(simulators)), LastName="Renamed")
    second = cluster.request_run("1")
    assert second["lastRun"]["mode"] == "Incremental"
    assert second["lastRun"]["accounts"]["modified"] == 1
    assert second["lastRun"]["contacts"]["modified"] == 1
    expected.assert_in_step(simulators)

    strangers = {row["OwnerId"] for row in sage.records("Account")} - set(_owners(simulators))
    kept = [row["Id"] for row in sage.records("Contact") if row.get("AccountId") in {moved, deleted}]
    sage.update("Account", moved, OwnerId=min(strangers))
    sage.delete("Account", deleted)
    third = cluster.request_run("2")
    assert third["lastRun"]["accounts"]["released"] == 2
    assert third["lastRun"]["contacts"]["released"] == len(kept)
    assert {moved, deleted} <= expected.held(simulators, "accounts").keys(), "what leaves is kept"

    simulators.forcemanager.control.reset_counters()
    quiet = cluster.request_run("3")
    assert simulators.forcemanager.control.counters().total == 0
    assert quiet["lastRun"]["requests"]["forceManager"] == 0
    assert quiet["lastRun"]["requests"]["sage"] <= 6


def _owners(simulators: Simulators) -> set[str]:
    """Sage users whose accounts are in scope."""
    scope = expected.accounts(simulators)
    return {row["OwnerId"] for row in simulators.sage.control.records("Account") if row["Id"] in scope}


def test_a_new_map_is_a_replan(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """A changed spec is taken in at once: all is planned anew, only differences are written, and GitOps sees it."""
    cluster = Integrations(kubectl, namespace)
    resource = manifests.integration(namespace, simulators)
    cluster.apply(*manifests.secrets(namespace, simulators), resource)
    cluster.wait("Ready")
    before = cluster.get()
    cluster.apply(resource)
    assert cluster.get()["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    resource["spec"]["accounts"] = {
        "readOnly": False,
        "fields": [{"target": "Z_SageCode", "source": "AccountNumber"}, {"target": "statusId", "value": 2}],
    }
    cluster.apply(resource)
    told = cluster.until("the generation is taken in", lambda told: told["observedGeneration"] == 2)
    cluster.wait("Ready")
    told = cluster.until("the replan has ended", lambda told: told["lastRun"]["mode"] == "Replan")
    accounts = len(expected.accounts(simulators))
    assert told["lastRun"]["accounts"]["modified"] == accounts
    assert told["lastRun"]["contacts"]["unchanged"] == len(expected.contacts(simulators))
    assert told["fields"]["accounts"] == 15
    rows = [row for row in simulators.forcemanager.control.records("accounts") if not row["deleted"]]
    assert all(row["statusId"] == 2 and not row["readOnly"] and row["Z_SageCode"] for row in rows)
    assert operator.get("/readyz") == "ok\n"
    fields = json.loads(cluster.run("get", "sageint", "acme", "-o=json", "--show-managed-fields"))
    managers = {entry["manager"] for entry in fields["metadata"]["managedFields"]}
    assert managers == {"kubectl", "sage-operator"}
    assert not cluster.get()["metadata"].get("annotations"), "Kopf leaves nothing on the object"
