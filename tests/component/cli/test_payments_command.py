"""How `payments` finds an account and its integration, in manifests and clusters; what it says where there is none."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from component.ledger.examples import Bench, account_id
from sage_operator.sync.state import StreamState

from .payments_shown import ACME, EMPTY, LEFT, READ, TWIN, Shown, manifest


@pytest.mark.parametrize("words", [ACME, ACME[:15], "1000", "acme [iberia] $1 & $2"])
def test_an_account_is_found_by_whatever_people_know(shown: Shown, words: str) -> None:
    """Expect its Sage id, long or short, its ForceManager id, and its name in any case to do."""
    assert shown.document("--account", words)["account"]["sageId"] == ACME


def test_the_integration_may_be_named_beside_its_manifest(shown: Shown) -> None:
    """Expect all spellings to mean the same; the manifest may have others, and be standard input."""
    others = "\n---\n".join(
        yaml.safe_dump(body) for body in ({"kind": "Secret"}, manifest(), manifest() | {"metadata": {"name": "other"}})
    )
    shown.manifest.write_text(others)
    for words in (["acme"], ["crm/acme"], ["-n", "crm", "acme"]):
        assert shown.document(*words, "--account", ACME)["account"]["name"] == "acme"
    result = shown("-f", "-", "-n", "crm", "acme", "--account", ACME, manifest=False, input=others)
    assert "Integration:   crm/acme" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--account", "TWIN"), f"{TWIN}  Twin\n  {EMPTY}  twin"),
        (("--account", "iberia"), "Is it ACME [Iberia] $1 & $2?"),
        (("--account", "Twim"), "Is it twin?"),
        (("--account", LEFT), "has left the scope of crm/acme"),
        (("--account", ACME, "acne"), "has the integrations acme: name one of them"),
        (("--account", ACME, "--plot", "/nowhere/acme.svg"), "/nowhere/acme.svg can't be written"),
        (("--account", ACME, "--ledger", "/nowhere/ledger.db"), "Name the operator's file with --ledger"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(shown: Shown, words: tuple[str, ...], message: str) -> None:
    """Expect code 1, and a message that helps."""
    assert message in shown(*words, code=1).stderr


def set_manifest(**payments: Any) -> Callable[[Shown], None]:
    """Return what writes another manifest."""
    return lambda shown: shown.write(**payments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_manifest(timeZone="Europe/Atlantis"), "spec.payments: timeZone: must be an IANA time zone"),
        (set_manifest(enabled=False), "`payments.enabled: false`"),
        (lambda shown: shown.manifest.write_text("kind: SageIntegration\nmetadata: {name: acme}\n"), "no section"),
        (
            lambda shown: shown.manifest.write_text(
                "apiVersion: integrations.forcemanager.io/v1alpha1\nkind: SageIntegration\nspec: [\n"
            ),
            ".yaml:4: ",
        ),
        (lambda shown: shown.manifest.write_text("kind: Secret\n"), "has no SageIntegration"),
        (lambda shown: shown.manifest.write_bytes(b"\xff\xfe\x00"), "it is no UTF-8"),
    ],
)
def test_a_manifest_that_does_not_do_is_told(shown: Shown, change: Callable[[Shown], None], message: str) -> None:
    """Expect code 1, and what is wrong with it."""
    change(shown)
    assert message in shown("--account", ACME, code=1).stderr


async def test_no_figures_before_all_documents_are_read(shown: Shown) -> None:
    """Expect that half of the documents are not taken for all."""
    ledger = shown.bench.ledger
    other = await Bench.set_up(ledger, "crm/new", fingerprint="other", tenant="other")
    await other.write(account_id(9))
    (shown.manifest.parent / "new.yaml").write_text(yaml.safe_dump(manifest() | {"metadata": {"name": "new"}}))
    result = shown("-f", str(shown.manifest.parent / "new.yaml"), "--account", account_id(9), code=1, manifest=False)
    assert "No run of crm/new has read all documents yet" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--account", ACME, "--plot", "acme.pdf"), "must end with .svg or .png"),
        (("--account", ACME, "--periods", "0"), "0 is not in the range"),
        (("--account", ACME, "--period", "day"), "'day' is not one of"),
        ((), "Missing option '--account'"),
    ],
)
def test_wrong_usage_is_code_2(shown: Shown, words: tuple[str, ...], message: str) -> None:
    """Expect what was wrong."""
    assert message in shown(*words, code=2).stderr


class Api(BaseHTTPRequestHandler):
    """A Kubernetes API that has one integration."""

    def do_GET(self) -> None:
        """Answer with the integration, or that there is none."""
        path = "/apis/integrations.forcemanager.io/v1alpha1/namespaces/crm/sageintegrations/acme"
        found = self.path == path and self.headers["Authorization"] == "Bearer demo"
        body = json.dumps(manifest(compareWith="SamePeriodLastYear") if found else {"reason": "NotFound"}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_words: Any) -> None:  # noqa: A002 - the name of the overridden method's
        """Say nothing."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """Start the API; returns how to reach it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        parts = {
            "clusters": [{"name": "demo", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "demo", "user": {"token": "demo"}}],
            "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo"}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": "demo"} | parts))
        yield path
        server.shutdown()
        serving.join()


def test_the_cluster_knows_the_integration(shown: Shown, kubeconfig: Path) -> None:
    """Expect the settings of the resource, found by its name alone."""
    words = ("acme", "--account", ACME, "--kubeconfig", str(kubeconfig), "-o", "json")
    assert json.loads(shown(*words, manifest=False).stdout)["comparedWith"] == "SamePeriodLastYear"


async def test_an_integration_that_was_deleted_needs_its_manifest(shown: Shown, kubeconfig: Path) -> None:
    """Expect that the cluster's answer is told, and the way without."""
    other = await Bench.set_up(shown.bench.ledger, "crm/old", fingerprint="other", tenant="other")
    await other.write(account_id(9))
    await shown.bench.ledger.save_stream(other.scope, "documents", StreamState(watermark=READ))
    words = ("old", "--account", account_id(9), "--kubeconfig", str(kubeconfig))
    result = await asyncio.to_thread(shown, *words, code=1, manifest=False)
    assert "There is no SageIntegration crm/old in the cluster. Give its manifest with -f." in result.stderr


def test_without_a_manifest_the_integration_must_be_named(shown: Shown) -> None:
    """Expect both ways to be told; and where no cluster can be asked, the other one."""
    assert "give its manifest with -f" in shown("--account", ACME, code=2, manifest=False).stderr
    kubeconfig = shown.manifest.parent / "kubeconfig"
    kubeconfig.write_text("{}")
    words = ("acme", "--account", ACME, "--kubeconfig", str(kubeconfig))
    assert "Give its manifest with -f." in shown(*words, code=1, manifest=False).stderr


def test_charts_and_kubernetes_are_loaded_only_where_they_are_needed(shown: Shown) -> None:
    """Expect neither matplotlib nor Kopf in a process that prints a table."""
    words = ["payments", "-f", str(shown.manifest), "--ledger", str(shown.ledger), "--account", ACME]
    code = (
        "import sys; from sage_operator.cli import main\n"
        f"main({words!r}, standalone_mode=False)\n"
        "print({'matplotlib', 'kopf', 'kubernetes'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nset()\n")
