"""Every mistake has its condition, reason, message and remedy, writes nothing, and heals by itself once corrected."""

from collections.abc import Iterator
from typing import Any

import pytest

from sage_operator.simulators import Dataset, Simulators
from support import expected, manifests
from support.cluster import Integrations
from support.operators import Operator

# name: what is wrong with its spec, what corrects it, the reason, and words of the message and the remedy
MISTAKES: dict[str, tuple[dict[str, Any], dict[str, Any], str, tuple[str, ...]]] = {
    "host": (
        {"sage": {"url": "https://sage.example", "credentialsSecretRef": {"name": "host-sage"}}},
        {"sage": {"url": "right"}},
        "HostNotAllowed",
        ("sage.example", "--allowed-hosts"),
    ),
    "pair": (
        {"users": {"matching": "Email", "pairs": [{"sage": "nobody@acme.example", "forceManager": "1011"}]}},
        {"users": {"pairs": None}},
        "InvalidUserMap",
        ("nobody@acme.example", "matches no user", "Correct spec.users"),
    ),
    "field": (
        {"accounts": {"fields": [{"target": "colour", "source": "Name"}]}},
        {"accounts": {"fields": None}},
        "InvalidFieldMap",
        ("accounts.fields[colour]", "Correct the target"),
    ),
    "source": (
        {"accounts": {"fields": [{"target": "comment", "source": "Colour__c"}]}},
        {"accounts": {"fields": None}},
        "InvalidFieldMap",
        ("Colour__c",),
    ),
    "mandatory": (
        {"accounts": {"preset": "None", "fields": [{"target": "phone", "source": "Phone"}]}},
        {"accounts": {"preset": "Default"}},
        "InvalidFieldMap",
        ("accounts.fields[name]: ForceManager demands this field",),
    ),
    "branch": (
        {"forceManager": {"branch": "Atlantis"}},
        {"forceManager": {"branch": "Madrid"}},
        "SchemaMismatch",
        ("Atlantis", "Madrid"),
    ),
}


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """A tenant for each integration."""
    with Simulators(dataset=Dataset(accounts=8, contacts=8), extra=8) as both:
        yield both


def test_mistakes_of_the_spec(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """A wrong spec stalls with a reason and a remedy, writes nothing, and runs by itself once it is corrected."""
    cluster = Integrations(kubectl, namespace)
    for number, (name, (wrong, _, _, _)) in enumerate(MISTAKES.items(), start=2):
        cluster.apply(*manifests.secrets(namespace, simulators, end=f"-{number}", name=name))
        resource = manifests.integration(namespace, simulators, name=name)
        for section, content in wrong.items():
            resource["spec"][section] = {**resource["spec"].get(section, {}), **content}
        cluster.apply(resource)
    for name, (_, _, reason, words) in MISTAKES.items():
        cluster.wait("Stalled", name)
        stalled, ready = cluster.condition("Stalled", name), cluster.condition("Ready", name)
        assert (stalled["reason"], ready["reason"], ready["status"]) == (reason, reason, "False"), stalled
        assert all(word in stalled["message"] for word in words), stalled["message"]
        assert not cluster.condition("Reconciling", name)
        assert cluster.status(name)["phase"] == "Error"
    assert all(not tenant["records"]["accounts"] for tenant in simulators.forcemanager.control.tenants())
    for name, (_, right, _, _) in MISTAKES.items():
        cluster.patch(right if "sage" not in right else {"sage": {"url": simulators.sage.url}}, name)
    for name in MISTAKES:
        cluster.wait("Ready", name)
        assert not cluster.condition("Stalled", name)
    assert operator.get("/healthz") == "ok\n"
    events = cluster.events()
    for name, (_, _, reason, _) in MISTAKES.items():
        told = [(kind, why) for whom, kind, why in events if whom == name]
        assert told[0] == ("Warning", reason)
        assert len(told) <= 3, told


def test_mistakes_of_the_secrets(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """Missing and wrong Secrets stall; a corrected Secret starts a run by itself, long before the interval ends."""
    cluster = Integrations(kubectl, namespace)
    right = {
        name: manifests.secrets(namespace, simulators, end=f"-{number}", name=name)
        for number, name in enumerate(("missing", "keyless", "refused", "crm"), start=2)
    }
    keyless = [{**secret, "stringData": {"other": "x"}} for secret in right["keyless"]]
    sage, crm = right["refused"]
    refused = [{**sage, "stringData": {**sage["stringData"], "clientSecret": "not-the-secret"}}, crm]
    sage, crm = right["crm"]
    crm_refused = [sage, {**crm, "stringData": {**crm["stringData"], "privateKey": "not-the-key"}}]
    cluster.apply(*keyless, *refused, *crm_refused)
    cluster.apply(*(manifests.integration(namespace, simulators, name=name) for name in right))
    told = {
        "missing": ("SecretNotFound", ("missing-sage", "Create the Secret")),
        "keyless": ("CredentialsRejected", ("keyless-sage", "`clientId`", "`clientSecret`")),
        "refused": ("CredentialsRejected", ("Salesforce", "Correct clientSecret")),
        "crm": ("CredentialsRejected", ("ForceManager",)),
    }
    for name, (reason, words) in told.items():
        cluster.wait("Stalled", name)
        stalled = cluster.condition("Stalled", name)
        assert stalled["reason"] == reason
        assert all(word in stalled["message"] for word in words), stalled["message"]
        assert "not-the" not in stalled["message"]
    cluster.apply(*(secret for secrets in right.values() for secret in secrets))
    for name in right:
        cluster.wait("Ready", name, seconds=90)
    assert "not-the" not in operator.log()


def test_a_record_that_cannot_be_written(
    kubectl: Any, namespace: str, operator: Operator, simulators: Simulators
) -> None:
    """A reject is a condition with codes, counts, remedy; the rest is written; it heals with the record."""
    cluster = Integrations(kubectl, namespace)
    resource = manifests.integration(
        namespace, simulators, accounts={"fields": [{"target": "name", "source": "AccountNumber"}]}
    )
    ours = sorted(expected.accounts(simulators))
    simulators.sage.control.update("Account", ours[0], AccountNumber=None)
    cluster.apply(*manifests.secrets(namespace, simulators), resource)
    cluster.wait("Ready")
    rejected = cluster.condition("RecordsRejected")
    assert rejected["status"] == "True"
    assert "1 MissingMandatoryField" in rejected["message"]
    told = cluster.status()
    (reject,) = told["rejects"]
    assert (reject["code"], reject["count"]) == ("MissingMandatoryField", 1)
    assert "name" in reject["message"]
    assert "AccountNumber" in reject["message"]
    assert told["rejected"] == 1
    assert told["synchronized"]["accounts"] == len(ours) - 1
    assert 'sage_rejects_total{code="MissingMandatoryField"} 1.0' in operator.get("/metrics")
    simulators.sage.control.update("Account", ours[0], AccountNumber="4300009999")
    cluster.request_run("corrected")
    assert not cluster.condition("RecordsRejected")
    assert cluster.status()["synchronized"]["accounts"] == len(ours)
    assert ("acme", "Normal", "RejectsCleared") in cluster.events()
