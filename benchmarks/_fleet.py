"""What a fleet needs around it: the operator as a process, a control plane, and the manifests of the integrations."""

import json
import math
import re
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import yaml

from _processes import Usage
from sage_operator import embedded
from sage_operator.embedded.processes import Programs
from sage_operator.resources import names
from sage_operator.simulators.dataset import Dataset

ROOT = Path(__file__).parent.parent
NAMESPACE = "sage-system"
AT_ONCE = 32


class Operator:
    """`sage-operator run` as a process."""

    def __init__(self, folder: Path, kubeconfig: Path, *, options: Sequence[str]) -> None:
        """Take where the ledger is, and further flags."""
        self._programs = Programs(folder / "programs")
        self._argv = [
            sys.executable, "-m", "sage_operator", "run", "--all-namespaces", f"--kubeconfig={kubeconfig}",
            f"--ledger={folder / 'ledger.db'}", "--allowed-hosts=127.0.0.1:*", "--insecure-http",
            "--listen=127.0.0.1:0", *options,
        ]  # fmt: skip
        self._starts = 0
        self.pid = 0
        self.url = ""

    def start(self) -> float:
        """Start it, and return how many seconds it took until it was ready."""
        began = time.monotonic()
        self._starts += 1
        self.pid = self._programs.start(self._name, self._argv)
        self.url = ""
        while not self._ready():
            if not Path(f"/proc/{self.pid}").exists():
                raise SystemExit(f"the operator ended:\n{self.log(20)}")
            time.sleep(0.02)
        return time.monotonic() - began

    def stop(self) -> float:
        """End it by SIGTERM, and return how many seconds it took."""
        began = time.monotonic()
        subprocess.run(["kill", "-TERM", str(self.pid)], check=True)
        while Path(f"/proc/{self.pid}").exists():
            time.sleep(0.02)
        return time.monotonic() - began

    def metrics(self) -> str:
        """Return what `/metrics` says."""
        with urlopen(f"{self.url}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    def log(self, lines: int = 100_000) -> str:
        """Return the newest log."""
        return self._programs.tail(self._name, lines=lines)

    def close(self) -> None:
        """End it, however it is."""
        self._programs.stop()

    @property
    def _name(self) -> str:
        return f"operator-{self._starts}"

    def _ready(self) -> bool:
        if not self.url:
            found = re.search(r'"probes":"([^"]+)"', self.log())
            self.url = found[1] if found else ""
        try:
            return bool(self.url) and urlopen(f"{self.url}/readyz", timeout=10).status == 200
        except OSError:
            return False


def manifests(told: dict[str, Any], dataset: Dataset, number: int) -> tuple[list[Any], list[Any]]:
    """Return what is applied beforehand (namespaces, Secrets), and the integrations, the tenants taking turns."""
    before: list[Any] = []
    integrations: list[list[Any]] = []
    credentials = list(zip(told["sage"]["organisations"], told["forceManager"]["tenants"], strict=True))
    for place, (organisation, tenant) in enumerate(credentials, start=1):
        namespace = f"tenant-{place}"
        own = replace(dataset, seed=dataset.seed + place - 1, organisation=place)
        pairs = own.user_pairs()[: math.ceil((number - place + 1) / len(credentials))]
        before += [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            _secret(namespace, "sage", clientId=organisation["clientId"], clientSecret=organisation["clientSecret"]),
            _secret(namespace, "crm", publicKey=tenant["publicKey"], privateKey=tenant["privateKey"]),
        ]
        integrations.append([
            {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "metadata": {"name": f"user-{position}", "namespace": namespace},
                "spec": {
                    "interval": "24h",  # nothing must be due while a restart is measured
                    "sage": {"url": told["sage"]["url"], "credentialsSecretRef": {"name": "sage"}},
                    "forceManager": {
                        "url": told["forceManager"]["url"],
                        "credentialsSecretRef": {"name": "crm"},
                        "requestsPerSecond": 13,
                        "branch": "Madrid",
                    },
                    "users": {
                        "matching": "Explicit",
                        "pairs": [{"sage": pair.sage_email, "forceManager": pair.forcemanager_email}],
                    },
                },
            }
            for position, pair in enumerate(pairs, start=1)
        ])  # fmt: skip
    turns = [one for turn in range(max(map(len, integrations))) for of in integrations for one in of[turn : turn + 1]]
    return before, turns


def _secret(namespace: str, name: str, **values: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


class Cluster:
    """A control plane with the operator's CRDs and rights."""

    def __init__(self, api: embedded.KubernetesApi) -> None:
        """Take a running API."""
        self._api = api

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator."""
        command = [str(self._api.kubectl), f"--kubeconfig={self._api.kubeconfig}", *args]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout

    def prepare(self, folder: Path, before: Sequence[Any]) -> Path:
        """Install CRDs, rights and what the integrations refer to; return the operator's kubeconfig."""
        crds = [f"--filename={file}" for file in sorted((ROOT / "crds").glob("*.yaml"))]
        self.kubectl("apply", "--server-side", *crds)
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *crds)
        self.kubectl("create", "namespace", NAMESPACE)
        files = [ROOT / "deploy" / part / "rbac.yaml" for part in ("base", "overlays/cluster")]
        rights = [document for file in files for document in yaml.safe_load_all(file.read_text())]
        self.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(_list([*rights, *before])))
        token = self.kubectl("create", "token", "sage-operator", f"--namespace={NAMESPACE}", "--duration=1h").strip()
        return self._api.write_kubeconfig(folder / "kubeconfig", token=token, namespace=NAMESPACE)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Open a client of the API, as the administrator."""
        headers = {"Authorization": f"Bearer {self._api.token}"}
        context = ssl.create_default_context(cafile=self._api.ca_file)
        connector = aiohttp.TCPConnector(limit=AT_ONCE + 1, ssl=context)
        async with aiohttp.ClientSession(self._api.url, headers=headers, connector=connector) as session:
            yield session

    def requests(self) -> Counter[str]:
        """Return how often the API has been asked for what concerns the operator, by verb and resource."""
        found: Counter[str] = Counter()
        for line in self.kubectl("get", "--raw", "/metrics").splitlines():
            if line.startswith("apiserver_request_total{"):
                labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
                if labels["resource"] in {names.PLURAL, "secrets", "events"} and labels["verb"] != "WATCH":
                    what = "/".join(filter(None, (labels["resource"], labels["subresource"])))
                    found[f"{labels['verb']} {what}"] += int(float(line.rpartition(" ")[2]))
        return found

    def usage(self) -> dict[str, Usage]:
        """Return what its programs have used."""
        return {name: Usage.of(pid) for name, pid in self._api.pids.items() if name != "keeper"}


def _list(items: Sequence[Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}
