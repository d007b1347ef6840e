"""What the runbooks tell to type, on a real API server: what is read there, each command once."""

import re
import shlex
from typing import Any

from sage_operator.simulators import Dataset, Simulators
from support import manifests

from .conftest import ROOT, KubectlError

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
_TYPED = re.compile(r"^\$ kubectl (.+)$", re.MULTILINE)
_READS = {"get", "describe", "events"}
_ABSENT = re.compile(r"not ?found", re.IGNORECASE)
"""There is no operator in the cluster of this test, and no node: that something is not there is an answer."""


def commands() -> list[list[str]]:
    """Return the commands that only read from the API server, without those that need a kubelet or a shell."""
    typed = {command for page in RUNBOOKS for command in _TYPED.findall(page.read_text(encoding="utf-8"))}
    split = [shlex.split(command) for command in sorted(typed) if "|" not in command]
    return [words for words in split if _READS & set(words) and "exec" not in words]


def test_commands_of_the_runbooks_are_understood(kubectl: Any, namespace: str) -> None:
    """Each of them answers, with the integration that it asks for where it asks for one."""
    with Simulators(dataset=Dataset(accounts=0, contacts=0)) as simulators:
        body = manifests.integration(namespace, simulators)
    body["spec"] |= {"suspend": True, "suspendReason": "month end"}
    kubectl.run("apply", "--server-side", "--filename=-", stdin=manifests.documents(body))
    found = commands()
    assert len(found) >= 8
    for words in found:
        answer = _answer(kubectl, [namespace if word == "crm" else word for word in words])
        assert "{.spec.suspendReason}" not in " ".join(words) or answer == "month end"


def _answer(kubectl: Any, words: list[str]) -> str:
    """Run a command; what it asks for may be absent."""
    try:
        answer: str = kubectl.run(*words)
    except KubectlError as error:
        if not _ABSENT.search(str(error)):
            raise
        return ""
    return answer
