"""The quickstart, typed as it is printed, on a real API server.

No kubelet runs here, so no pod does: where the page waits for the Deployment, the operator is started as a process with
the token of the Deployment's ServiceAccount, and what is run in its pod is run beside it. The simulators stand in for
both remotes. All that is replaced is in `IN_THE_MANIFEST` and `IN_COMMANDS`; the rest is typed to the letter, and what
the commands answer is held against what the page shows, numbers aside.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sage_operator import embedded
from sage_operator.embedded import KubernetesApi
from sage_operator.simulators import Dataset, Simulators
from support.operators import Operator

from .conftest import ROOT

PAGE = ROOT / "docs" / "quickstart.md"

ROLLOUT = "kubectl --namespace sage-system rollout status deployment/sage-operator --timeout 5m"
"""Here the operator is started."""

HERE = f"{sys.executable} -m sage_operator"

IN_COMMANDS = {
    "kubectl --namespace sage-system exec deployment/sage-operator -- sage-operator": HERE,
    ".venv/bin/sage-operator": HERE,
}
"""What a pod would run is run here, with the same ledger."""

IN_THE_MANIFEST: dict[str, Callable[[Simulators], str]] = {
    "https://acme.my.salesforce.com": lambda both: both.sage.url,
    "https://api.forcemanager.com/api/v4": lambda both: both.forcemanager.url,
    "ana.garcia@acme.example": lambda both: both.dataset.user_pairs()[0].sage_email,
    "ana@acme.example": lambda both: both.dataset.user_pairs()[0].forcemanager_email,
}
"""The remotes, and somebody whom both know."""

_TESTED = re.compile(r"^<!-- tested(?:: (?P<file>\S+))? -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_VARIES = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b|\d+")
"""Ids of runs, and numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of the page that is tested: a file to write, or commands with what they answer."""

    file: str | None
    text: str

    @property
    def commands(self) -> list[str]:
        """What is typed."""
        return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]

    @property
    def answers(self) -> list[str]:
        """What is shown."""
        return [line for line in self.text.splitlines() if not line.startswith("$ ")]


def blocks() -> list[Block]:
    """The tested blocks of the page, in their order."""
    return [Block(file=match["file"], text=match["text"]) for match in _TESTED.finditer(PAGE.read_text())]


def pattern(line: str) -> str:
    """A line of the page as a regular expression: numbers, ids of runs and the widths of columns may differ."""
    words = (r"\w+".join(map(re.escape, _VARIES.split(word))) for word in line.split())
    return r"\s+".join(words)


@pytest.fixture
def cluster(assets: Path) -> Iterator[KubernetesApi]:
    """A control plane of this test's own, as new as the reader's: it has the names that the page has."""
    with embedded.ControlPlane(embedded.Config(assets=assets)) as api:
        yield api


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Both remotes, small."""
    with Simulators(dataset=Dataset(accounts=40, contacts=80)) as both:
        yield both


class Reader:
    """Somebody who follows the page, in a folder with a checkout's `crds` and `deploy`."""

    def __init__(self, folder: Path, cluster: KubernetesApi, simulators: Simulators) -> None:
        """Prepare the folder and what the page takes for granted: kubectl, and the keys in variables."""
        assert cluster.kubectl is not None
        self._folder = folder
        self._cluster = cluster
        for name in ("crds", "deploy"):
            shutil.copytree(ROOT / name, folder / name)
        sage, crm = simulators.sage, simulators.forcemanager
        self._in_the_manifest = {shown: here(simulators) for shown, here in IN_THE_MANIFEST.items()}
        self._environment = {
            **os.environ,
            "PATH": f"{cluster.kubectl.parent}:{os.environ['PATH']}",
            "KUBECONFIG": str(cluster.kubeconfig),
            "SAGE_OPERATOR_LEDGER": str(folder / "operator" / "ledger.db"),
            "CLIENT_ID": sage.client_id,
            "CLIENT_SECRET": sage.client_secret,
            "PUBLIC_KEY": crm.public_key,
            "PRIVATE_KEY": crm.private_key,
        }
        self.operator: Operator | None = None

    def follow(self, block: Block) -> None:
        """Do what a block says, and see that it answers as shown."""
        if block.file is not None:
            (self._folder / block.file).write_text(self._replaced(block.text))
        elif block.commands == [ROLLOUT]:
            self._start()
        else:
            told = self.type(block.commands)
            for line in block.answers:
                found = re.search(f"^{pattern(line)}\\s*$", told, re.MULTILINE)
                assert found, f"the page shows:\n{line}\nthere was:\n{told}"

    def type(self, commands: list[str]) -> str:
        """Type the commands of a block into one shell; each has to succeed."""
        script = "\n".join(commands)
        for shown, here in IN_COMMANDS.items():
            script = script.replace(shown, here)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        log = "" if self.operator is None else self.operator.log()
        assert done.returncode == 0, f"{script}\nended with {done.returncode}:\n{done.stdout}\n{log}"
        return done.stdout

    def _start(self) -> None:
        token = self.type(["kubectl --namespace sage-system create token sage-operator --duration 1h"]).strip()
        kubeconfig = self._cluster.write_kubeconfig(
            self._folder / "operator.kubeconfig", token=token, namespace="sage-system"
        )
        self.operator = Operator(self._folder / "operator", kubeconfig=kubeconfig, namespace="crm")
        self.operator.start()

    def _replaced(self, text: str) -> str:
        for shown, here in self._in_the_manifest.items():
            assert text.count(shown) == 1, shown
            text = text.replace(shown, here)
        return text


@pytest.fixture
def reader(tmp_path: Path, cluster: KubernetesApi, simulators: Simulators) -> Iterator[Reader]:
    """A reader, whose operator ends with the test."""
    one = Reader(tmp_path, cluster, simulators)
    yield one
    if one.operator is not None:
        one.operator.close()


def test_the_page_works_as_it_is_printed(reader: Reader, simulators: Simulators) -> None:
    """Each tested block, from top to bottom, does what the page says; in the end the records are in ForceManager."""
    for block in blocks():
        reader.follow(block)
    live = [row for row in simulators.forcemanager.control.records("accounts") if not row["deleted"]]
    assert len(live) == 40


def test_what_is_left_out_is_little() -> None:
    """All blocks of the page but the simulators' are tested, and what is replaced stands on it."""
    page = PAGE.read_text()
    tested = blocks()
    assert len(re.findall(r"^```\w+$", page, re.MULTILINE)) == len(tested) + 1
    assert [block for block in tested if block.commands == [ROLLOUT]]
    assert all(shown in page for shown in IN_COMMANDS)
