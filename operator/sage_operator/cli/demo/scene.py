"""The processes of the demo: simulators with data, and the operator."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sage_operator.cli.demo.cluster import NAME, NAMESPACE
from sage_operator.embedded.processes import Programs
from sage_operator.resources import names
from sage_operator.simulators import Simulators


class OperatorProcess:
    """`sage-operator run` as a process of its own; it ends with the demo, however that ends."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        """Start it."""
        self._programs = Programs(folder / "programs")
        command = [
            *(sys.executable, "-m", "sage_operator", "run"),
            *("--kubeconfig", str(kubeconfig), "--namespace", NAMESPACE),
            *("--ledger", str(folder / "ledger.db")),
            *("--allowed-hosts", "127.0.0.1:*", "--insecure-http"),
            *("--listen", "127.0.0.1:0", "--heartbeat", "1"),
        ]
        self._programs.start("operator", command)

    def probes(self) -> str:
        """Return where it serves /metrics, empty until it does.

        Raises:
            ProgramError: it has ended.
        """
        self._programs.check()
        return next((str(e["probes"]) for e in self._events("operator-started")), "")

    def seconds(self, run: str) -> float | None:
        """Return how long a run took, by its id, as the log tells it."""
        return next((float(e["seconds"]) for e in self._events("run-ended") if e.get("run") == run), None)

    def _events(self, name: str) -> Iterator[dict[str, Any]]:
        """Return the log's events of one name."""
        for line in self._programs.tail("operator", lines=100_000).splitlines():
            if line.startswith("{") and (event := json.loads(line)).get("message") == name:
                yield event

    def ready(self) -> bool:
        """Tell whether it watches."""
        url = self.probes()
        if not url:
            return False
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own loopback server
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def stop(self) -> None:
        """End it in order."""
        self._programs.stop()


def integration(simulators: Simulators) -> dict[str, Any]:
    """Return the sample that the demo applies."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "sage": {"url": simulators.sage.url, "credentialsSecretRef": {"name": f"{NAME}-sage"}},
            "forceManager": {
                "url": simulators.forcemanager.url,
                "credentialsSecretRef": {"name": f"{NAME}-forcemanager"},
                "requestsPerSecond": 4,
                "branch": "Madrid",
            },
            "users": {"matching": "Email"},
        },
    }


def edit_sage(simulators: Simulators) -> list[str]:
    """Edit records in Sage as its users do all day, and say what was done."""
    sage, crm = simulators.sage.control, simulators.forcemanager.control
    accounts = [row["extId"] for row in crm.records("accounts")]
    contacts = [row["extId"] for row in crm.records("contacts")]
    for number, account in enumerate(accounts[:3]):
        sage.update("Account", account, Phone=f"+34 910 000 00{number}")
    sage.update("Contact", contacts[0], Title="Head of purchasing")
    owner = next(row["OwnerId"] for row in sage.records("Account") if row["Id"] == accounts[0])
    account = sage.create("Account", Name="Nueva Clienta, S. L.", OwnerId=owner, Type="Customer", BillingCity="Sevilla")
    sage.create("Contact", AccountId=account, FirstName="Marta", LastName="Soler", OwnerId=owner)
    sage.delete("Contact", contacts[1])
    return [
        "3 accounts: another telephone number",
        "1 contact: another title",
        "1 new account with 1 new contact",
        "1 contact deleted",
    ]
