"""The CustomResourceDefinition on a real API server, used as its users use it: by kubectl."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from sage_operator.resources import (
    Condition,
    ConditionStatus,
    ConditionType,
    EntityCounts,
    Phase,
    Reason,
    SageIntegration,
    SageIntegrationStatus,
    crd,
    names,
)

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "deploy/samples"
MINIMAL = yaml.safe_load((SAMPLES / "minimal.yaml").read_text())
REFUSED = yaml.safe_load((ROOT / "tests/unit/resources/refused.yaml").read_text())
CRD = f"crd/{names.PLURAL}.{names.GROUP}"


class Client:
    """What a user does with kubectl, in one namespace."""

    def __init__(self, kubectl: Any, namespace: str) -> None:
        self._kubectl = kubectl
        self.namespace = namespace

    def __call__(self, *arguments: str, manifest: Any = None) -> str:
        """Run kubectl, with the manifest as its standard input."""
        stdin = None if manifest is None else json.dumps(manifest)
        output: str = self._kubectl.run(f"--namespace={self.namespace}", *arguments, stdin=stdin)
        return output

    def apply(self, manifest: Any) -> dict[str, Any]:
        """Apply a manifest on the server and return the object."""
        return json.loads(self("apply", "--server-side", "--filename=-", "--output=json", manifest=manifest))

    def get(self, name: str) -> dict[str, Any]:
        """Return an integration."""
        return json.loads(self("get", names.SHORT_NAME, name, "--output=json"))

    def write_status(self, name: str, status: SageIntegrationStatus) -> None:
        """Write a status as the operator does."""
        patch = json.dumps({"status": status.dump()})
        self("patch", names.SHORT_NAME, name, "--subresource=status", "--type=merge", f"--patch={patch}")


@pytest.fixture(scope="module")
def client(kubectl: Any, crds: None) -> Iterator[Client]:  # noqa: ARG001 - the CRD comes first
    """Give one namespace to all tests here: each uses its own names."""
    client = Client(kubectl, f"crd-{uuid4().hex[:8]}")
    client("create", "namespace", client.namespace)
    yield client
    client("delete", "namespace", client.namespace, "--wait=false")


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the minimal sample with dotted paths of its spec set; None removes."""
    body: dict[str, Any] = deepcopy(MINIMAL)
    for path, value in changes.items():
        *parents, last = path.split(".")
        node = body["spec"]
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
        if value is None:
            del node[last]
    return body


def test_definition_is_accepted_whole(client: Client) -> None:
    """Expect a structural schema with accepted names, of which the API server dropped nothing."""
    live = json.loads(client("get", CRD, "--output=json"))
    conditions = {each["type"]: each["status"] for each in live["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    assert live["spec"]["versions"] == crd.build()["spec"]["versions"]
    client("diff", "--server-side", f"--filename={ROOT / 'crds'}")


def test_defaults_appear_in_what_the_user_left_out(client: Client) -> None:
    """Expect every default in the object, and the generation that was not observed in its status."""
    created = client.apply(changed({}) | {"metadata": {"name": "defaults"}})
    assert created["status"] == {"observedGeneration": -1}
    assert created["spec"] == {
        "interval": "15m",
        "timeout": "10m",
        "suspend": False,
        "suspendReason": "",
        "sage": MINIMAL["spec"]["sage"] | {"apiVersion": "66.0", "auth": "ClientCredentials"},
        "forceManager": MINIMAL["spec"]["forceManager"]
        | {"url": "https://api.forcemanager.com/api/v4", "requestsPerSecond": 4},
        "users": MINIMAL["spec"]["users"] | {"matching": "Explicit"},
        "accounts": {"scope": "AssociatedUsers", "readOnly": True, "reassign": False, "preset": "Default"},
        "contacts": {"enabled": True, "readOnly": False, "preset": "Default"},
    }


def test_server_and_models_agree_on_the_defaults(client: Client) -> None:
    """Expect the same integration from what the user wrote and from what the API server made of it."""
    name = {"metadata": {"name": "agreed", "namespace": client.namespace}}
    served = SageIntegration.parse(client.apply(MINIMAL | name))
    assert served.spec == SageIntegration.parse(MINIMAL | name).spec
    assert served.status == SageIntegrationStatus()


@pytest.mark.parametrize("sample", ["minimal.yaml", "complete.yaml", "secrets.yaml"])
def test_samples_are_accepted(client: Client, sample: str) -> None:
    """Expect that what we tell users to start from works."""
    client("apply", "--server-side", "--dry-run=server", f"--filename={SAMPLES / sample}")


def test_applying_the_same_again_changes_nothing(client: Client) -> None:
    """Expect neither a new generation nor a write, so that GitOps tools stay quiet, with either way to apply."""
    manifest = next(yaml.safe_load_all((SAMPLES / "complete.yaml").read_text()))
    for name, apply in (("server", ("apply", "--server-side")), ("client", ("apply",))):
        manifest["metadata"] = {"name": f"again-from-the-{name}"}
        client(*apply, "--filename=-", manifest=manifest)
        # The API server stores the status' default with the second write of an object, whoever makes it.
        client.write_status(manifest["metadata"]["name"], SageIntegrationStatus(observed_generation=1))
        first = client.get(manifest["metadata"]["name"])
        client(*apply, "--filename=-", manifest=manifest)
        assert client.get(manifest["metadata"]["name"]) == first
        assert first["metadata"]["generation"] == 1
    client("diff", "--server-side", "--filename=-", manifest=manifest | {"metadata": {"name": "again-from-the-server"}})


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_bad_input_is_refused_with_its_message(client: Client, case: dict[str, Any]) -> None:
    """Expect the path and the message of the table, and no word of CEL's own."""
    with pytest.raises(AssertionError) as refused:
        client("create", "--dry-run=server", "--filename=-", manifest=changed(case["set"]))
    told = str(refused.value)
    assert case["path"] in told
    assert case["message"] in told
    assert "conversion error" not in told


@pytest.mark.parametrize(
    "changes",
    [
        {"interval": "1h30m", "timeout": "90s"},
        {"interval": "1.5h", "timeout": "0.5h"},
        {"interval": "1m", "timeout": "10s"},
        {"interval": "24h", "timeout": "23h59m60s"},
        {"sage.url": "http://127.0.0.1:8080/", "forceManager.url": "http://[::1]:8081/api/v4"},
        {"forceManager.branch": 16, "users.fallback": 51},
        {"users": {"matching": "Email"}},
        {"users": {"fallback": "office@acme.example"}, "accounts.scope": "All"},
        {"accounts.fields": [{"target": "Z_Flag", "value": "true"}, {"target": "typeId", "value": 3}]},
        {"accounts.fields": [{"target": f"Z_{number}", "value": "x" * 1024} for number in range(200)]},
        {
            "contacts.fields": [
                {"target": f"Z_{number}", "expression": "x" * 2000, "lookup": {"list": "users", "by": "email"}}
                for number in range(200)
            ]
        },
        {"accounts.fieldsFrom": [{"configMapRef": {"name": "crm-maps", "key": f"map-{n}.yaml"}} for n in range(10)]},
        {"users.pairs": [{"sage": f"user{number}", "forceManager": number} for number in range(1000)]},
    ],
    ids=lambda changes: ",".join(changes)[:40],
)
def test_good_input_is_accepted(client: Client, changes: dict[str, Any]) -> None:
    """Expect that rules and bounds refuse no sensible spec, and that the models read it as well."""
    body = changed(changes) | {"metadata": {"name": "good", "namespace": client.namespace}}
    client("apply", "--server-side", "--dry-run=server", "--filename=-", manifest=body)
    SageIntegration.parse(body)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("spec.interval", "FIELD: interval <string> DESCRIPTION: How often to look for changes in Sage"),
        ("spec.sage.credentialsSecretRef", "The Secret with the credentials for Sage, read at the start of each run."),
        ("spec.accounts.fields.target", "or a custom field with its prefix, such as `Z_SageCode`."),
        ("status.dataAsOf", "Everything that Sage showed up to this moment"),
    ],
)
def test_explain_teaches(client: Client, path: str, words: str) -> None:
    """Expect the description of the field."""
    assert words in " ".join(client("explain", f"{names.SHORT_NAME}.{path}").split())


def test_columns_tell_the_state_at_a_glance(client: Client) -> None:
    """Expect the columns of the contract, filled from a status that the operator's models wrote."""
    now = datetime.now(UTC)
    status = SageIntegrationStatus(
        observed_generation=1,
        phase=Phase.FUNCTIONING,
        conditions=(
            Condition(
                type=ConditionType.READY,
                status=ConditionStatus.TRUE,
                reason=Reason.SUCCEEDED,
                message="All is well",
                last_transition_time=now,
                observed_generation=1,
            ),
        ),
        last_success_time=now,
        next_sync_time=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        synchronized=EntityCounts(accounts=1204, contacts=3310),
        rejected=7,
    )
    client.apply(MINIMAL | {"metadata": {"name": "columns"}})
    client.write_status("columns", status)

    columns = ["NAME", "READY", "PHASE", "REASON", "LAST SUCCESS", "ACCOUNTS", "CONTACTS", "REJECTED", "SUSPENDED"]
    head, row = client("get", names.SHORT_NAME, "columns").splitlines()
    assert [each.strip() for each in head.split("  ") if each.strip()] == columns
    assert row.split()[:4] == ["columns", "True", "Functioning", "Succeeded"]
    assert row.split()[5:] == ["1204", "3310", "7", "false"]

    head, row = client("get", names.SHORT_NAME, "columns", "--output=wide").splitlines()
    wide = [each.strip() for each in head.split("  ") if each.strip()]
    assert wide == [*columns, "INTERVAL", "NEXT", "AGE", "MESSAGE"]
    assert row.split()[9:11] == ["15m", "2030-01-02T03:04:05Z"]
    assert row.endswith("All is well")


def test_status_is_written_apart_from_the_spec(client: Client) -> None:
    """Expect that a status write moves no generation, that an apply leaves the status alone, and that null removes."""
    manifest = MINIMAL | {"metadata": {"name": "apart"}}
    client.apply(manifest)

    def write(status: SageIntegrationStatus) -> SageIntegrationStatus:
        client.write_status("apart", status)
        return SageIntegration.parse(client.get("apart")).status

    full = SageIntegrationStatus(observed_generation=1, phase=Phase.SYNCHRONIZING, last_sync_time=datetime.now(UTC))
    assert write(full) == full
    assert client.apply(manifest)["metadata"]["generation"] == 1
    assert SageIntegration.parse(client.get("apart")).status == full
    bare = SageIntegrationStatus(observed_generation=1)
    assert write(bare) == bare


def test_suspended_integrations_can_be_selected(client: Client) -> None:
    """Expect that the API server itself finds them."""
    client.apply(changed({"suspend": True}) | {"metadata": {"name": "paused"}})
    found = client("get", names.SHORT_NAME, "--field-selector=spec.suspend=true", "--output=name")
    assert found.split() == [f"{names.SINGULAR}.{names.GROUP}/paused"]


def test_integrations_are_listed_by_category(client: Client) -> None:
    """Expect them in `kubectl get sage`."""
    client.apply(MINIMAL | {"metadata": {"name": "categorised"}})
    for category in names.CATEGORIES:
        assert f"{names.SINGULAR}.{names.GROUP}/categorised" in client("get", category, "--output=name").split()
