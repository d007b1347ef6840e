"""A map that a commit breaks stops the integration and nothing else; corrected, only differences are written."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sage_operator.simulators import Dataset, Simulators
from support import expected, manifests
from support.cluster import Integrations
from support.mistakes import KINDS, with_ten_mistakes
from support.operators import Operator

RIGHT: list[dict[str, Any]] = [{"target": "fax", "source": "Fax"}]
BROKEN: list[dict[str, Any]] = [
    {"target": "fax", "source": "Faxx"},
    {"target": "phnoe", "source": "Phone"},
    {"target": "Z_Nowhere", "source": "AccountNumber"},
    {"target": "comment", "expression": "record.Name +"},
]
CORRECTED: list[dict[str, Any]] = [{"target": "fax", "value": "none"}]


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """A small organisation."""
    with Simulators(dataset=Dataset(accounts=20, contacts=20)) as both:
        yield both


def test_a_map_broken_by_a_commit(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators) -> None:
    """Ready; Stalled with all findings and remedies, the CRM as it was; Ready again, each account written once."""
    cluster, crm = Integrations(kubectl, namespace), simulators.forcemanager.control

    def commit(fields: list[dict[str, Any]]) -> None:
        cluster.apply(manifests.integration(namespace, simulators, accounts={"fields": fields}))

    def records() -> list[Any]:
        return [crm.records(resource) for resource in ("accounts", "contacts")]

    cluster.apply(*manifests.secrets(namespace, simulators))
    commit(RIGHT)
    cluster.wait("Ready")
    ours = sorted(expected.accounts(simulators))
    before = records()
    assert len(before[0]) == len(ours)

    commit(BROKEN)
    cluster.wait("Stalled")
    stalled, ready = cluster.condition("Stalled"), cluster.condition("Ready")
    assert (stalled["reason"], ready["status"], ready["reason"]) == ("InvalidFieldMap", "False", "InvalidFieldMap")
    assert stalled["message"].startswith("4 findings: 1) accounts.fields[phnoe]: ")
    assert "Correct the target; `phone` is one." in stalled["message"]
    assert "2) accounts.fields[Z_Nowhere]: " in stalled["message"]
    assert "3) accounts.fields[fax]: `Faxx`: Account has no field `Faxx`" in stalled["message"]
    assert stalled["message"].endswith("and 1 more: see `sage-operator check --live`.")
    assert ready["message"] == stalled["message"]
    simulators.sage.control.update("Account", ours[0], Phone="93 111 22 33")
    handled = cluster.request_run("while it is broken")
    assert handled["lastRun"]["accounts"].get("modified", 0) == 0
    assert cluster.condition("Stalled")["message"] == stalled["message"]
    assert records() == before

    commit(CORRECTED)
    cluster.wait("Ready")
    assert not cluster.condition("Stalled")
    last = cluster.status()["lastRun"]
    assert (last["mode"], last["accounts"]["modified"]) == ("Replan", len(ours))
    assert last["accounts"].get("added", 0) == last["contacts"].get("modified", 0) == 0
    after = records()
    assert {row["fax"] for row in after[0]} == {"none"}
    assert after[1] == before[1]

    written = {row["id"]: row for row in after[0]}
    commit(CORRECTED)
    cluster.request_run("nothing is left")
    assert {row["id"]: row for row in crm.records("accounts")} == written
    assert operator.get("/healthz") == "ok\n"


def test_ten_mistakes(kubectl: Any, namespace: str, operator: Operator, simulators: Simulators, tmp_path: Path) -> None:
    """Ten findings by `check --live`; the worst three of them in the condition, with how many more there are."""
    cluster, resource = Integrations(kubectl, namespace), with_ten_mistakes(namespace, simulators)
    secrets = manifests.secrets(namespace, simulators)
    files = tmp_path / "acme.json"
    files.write_text(manifests.documents(resource, *secrets))
    options = ["--allowed-hosts=127.0.0.1:*", "--insecure-http"]
    command = [sys.executable, "-m", "sage_operator", "check", "-f", str(files), "--live", *options, "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    assert sorted(each["code"] for each in json.loads(done.stdout)["findings"]) == sorted(KINDS)

    cluster.apply(*secrets, resource)
    cluster.wait("Stalled")
    message = cluster.condition("Stalled")["message"]
    worst = ["accounts.where", "forceManager.branch", "users.pairs"]
    places = [message.index(f"{number}) {subject}") for number, subject in enumerate(worst, start=1)]
    assert message.startswith("10 findings: 1) ")
    assert places == sorted(places)
    assert message.endswith("and 7 more: see `sage-operator check --live`.")
    assert simulators.forcemanager.control.records("accounts") == []
    assert operator.get("/healthz") == "ok\n"
