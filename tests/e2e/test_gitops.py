"""A whole life by GitOps: what a pipeline applies, what it waits for, and what the CRM holds meanwhile."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sage_operator.simulators import Dataset, Simulators
from support import expected, manifests
from support.cluster import Integrations
from support.operators import Operator, wait_for


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Both remotes with a small organisation."""
    with Simulators(dataset=Dataset(accounts=40, contacts=40)) as both:
        yield both


@pytest.fixture
def operator_flags() -> dict[str, Any]:
    """A short settling time."""
    return {"settling_time": 1}


def _writes(simulators: Simulators) -> int:
    counted = simulators.forcemanager.control.counters().by_operation
    return sum(number for operation, number in counted.items() if "reate" in operation or "pdate" in operation)


def _crm(simulators: Simulators) -> str:
    control = simulators.forcemanager.control
    return json.dumps({name: control.records(name) for name in ("accounts", "contacts")}, sort_keys=True, default=str)


def test_a_life_by_gitops(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """Applied, broken by a commit, fixed, its Secret rotated, suspended for a day, resumed, deleted, applied again."""
    cluster = Integrations(kubectl, namespace)
    resource = manifests.integration(namespace, simulators)
    cluster.apply(*manifests.secrets(namespace, simulators), resource)
    cluster.wait("Ready")
    expected.assert_in_step(simulators)

    # A broken map is committed: it stalls with a remedy, and the CRM stays untouched.
    before, writes = _crm(simulators), _writes(simulators)
    broken = [{"target": "colour", "source": "Name"}, {"target": "comment", "source": "Colour__c"}]
    cluster.apply({**resource, "spec": {**resource["spec"], "accounts": {"fields": broken}}})
    cluster.wait("Stalled")
    stalled = cluster.condition("Stalled")
    assert stalled["reason"] == "InvalidFieldMap"
    assert "accounts.fields[colour]" in stalled["message"]
    assert "Correct the target" in stalled["message"]
    assert (_crm(simulators), _writes(simulators)) == (before, writes)

    # Fixed by another commit: only what differs is written.
    fixed = [{"target": "comment", "value": "From Sage"}]
    resource["spec"]["accounts"] = {"fields": fixed}
    cluster.apply(resource)
    cluster.wait("Ready=True")
    told = cluster.until("the fix is in force", lambda status: status["lastRun"]["mode"] == "Replan")
    assert told["lastRun"]["accounts"]["modified"] == len(expected.accounts(simulators))
    assert told["lastRun"]["contacts"]["modified"] == 0
    assert {row["comment"] for row in simulators.forcemanager.control.records("accounts")} == {"From Sage"}

    # The client secret is rotated: the new one is used at once, by a run that nobody asked for.
    runs = told["lastRun"]["id"]
    simulators.sage.control.rotate_secret("rotated")
    simulators.sage.control.expire_sessions()
    sage, crm = manifests.secrets(namespace, simulators)
    sage["stringData"]["clientSecret"] = "rotated"
    cluster.apply(sage, crm)
    told = cluster.until("the new secret is used", lambda status: status["lastRun"]["id"] != runs)
    assert told["lastRun"]["trigger"] == "Secret"
    assert cluster.condition("Ready")["status"] == "True"

    # Suspended until tomorrow, resumed by a commit.
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    paused = {"suspend": True, "suspendUntil": tomorrow, "suspendReason": "Year end"}
    cluster.apply({**resource, "spec": {**resource["spec"], **paused}})
    cluster.wait("Suspended")
    assert cluster.condition("Suspended")["reason"] == "Scheduled"
    assert cluster.status()["nextSyncTime"] == tomorrow
    cluster.wait("Ready=True")
    cluster.apply(resource)
    wait_for(lambda: not cluster.condition("Suspended"), "it is resumed", tail=operator.log)
    cluster.wait("Ready=True")

    # Deleted, then applied again: it goes on where it was, and nothing is there twice.
    cluster.run("delete", "sageint", "acme", "--timeout=30s")
    sage_account = min(expected.accounts(simulators))
    simulators.sage.control.update("Account", sage_account, Name="Renamed meanwhile")
    writes = _writes(simulators)
    cluster.apply(resource)
    cluster.wait("Ready=True")
    told = cluster.until("it has run", lambda status: "lastRun" in status)
    assert told["lastRun"]["accounts"]["modified"] == 1
    assert _writes(simulators) == writes + 1
    names = [row["name"] for row in simulators.forcemanager.control.records("accounts")]
    assert names.count("Renamed meanwhile") == 1
    assert len(names) == len(expected.accounts(simulators))


def test_applying_the_same_again_changes_nothing(
    kubectl: Any, namespace: str, operator: Operator, simulators: Simulators
) -> None:
    """No new generation or resource version, no difference, and two field managers each keep their part."""
    cluster = Integrations(kubectl, namespace)
    resource = manifests.integration(namespace, simulators)
    cluster.apply(*manifests.secrets(namespace, simulators), resource)
    cluster.wait("Ready")
    version = cluster.get()["metadata"]["resourceVersion"]
    cluster.apply(resource)
    assert cluster.get()["metadata"]["resourceVersion"] == version
    assert cluster.run("diff", "--server-side", "--force-conflicts", "--filename=-", stdin=json.dumps(resource)) == ""

    # Somebody else owns `suspend`; the pipeline, which does not name it, leaves it alone.
    paused = {key: resource[key] for key in ("apiVersion", "kind")}
    paused |= {"metadata": {"name": "acme"}, "spec": {"suspend": True, "suspendReason": "On call"}}
    options = ("--server-side", "--field-manager=on-call", "--filename=-")
    cluster.run("apply", *options, stdin=json.dumps(paused))
    cluster.wait("Suspended")
    cluster.apply(resource)
    told = json.loads(cluster.run("get", "sageint", "acme", "--show-managed-fields", "-o=json"))
    assert told["spec"]["suspend"] is True
    managers = {entry["manager"] for entry in told["metadata"]["managedFields"]}
    assert {"kubectl", "on-call", "sage-operator"} <= managers
    assert operator.get("/healthz") == "ok\n"


def test_what_people_see(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """`kubectl get` has the columns, `describe` the conditions and events in words, `-o wide` the message."""
    cluster = Integrations(kubectl, namespace)
    cluster.apply(*manifests.secrets(namespace, simulators), manifests.integration(namespace, simulators))
    cluster.wait("Ready")
    head, row = cluster.run("get", "sageint").splitlines()
    columns = "NAME READY PHASE REASON LAST SUCCESS ACCOUNTS CONTACTS REJECTED SUSPENDED"
    assert " ".join(head.split()) == columns
    assert row.split()[:4] == ["acme", "True", "Functioning", "Succeeded"]
    assert "In step with Sage." in cluster.run("get", "sageint", "-o", "wide")
    described = cluster.run("describe", "sageint", "acme")
    for words in ("In step with Sage.", "Synchronized", "Last Success Time", "Events:"):
        assert words in described
    assert "managedFields" not in described
    assert operator.get("/readyz") == "ok\n"
