"""A fleet on a real API server: how long until a thousand integrations are Ready, and what that takes.

kube-apiserver and etcd (`sage_operator.embedded`), the operator as a process under its own ServiceAccount's rights, the
simulators as a process. The integrations share 20 tenants; those of one tenant have a user each, so that none claims
another one's records: about 5 accounts and 5 contacts. They are created through the API, many at a time, while the
operator watches. Then the operator is stopped and started again: nothing must be run that is not due.
"""

import argparse
import asyncio
import json
import math
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import msgspec
import yaml

from _processes import Usage, machine, simulators
from sage_operator import embedded
from sage_operator.embedded.processes import Programs
from sage_operator.resources import names
from sage_operator.simulators.control.client import ForceManagerControl, SageControl
from sage_operator.simulators.dataset import Dataset

ROOT = Path(__file__).parent.parent
NAMESPACE = "sage-system"
PER_INTEGRATION = 5
AT_ONCE = 32


class Condition(msgspec.Struct):
    """Of a status."""

    type: str
    status: str


class Status(msgspec.Struct, rename="camel"):
    """What the benchmark looks at."""

    conditions: list[Condition] = []
    history: list[Any] = []

    @property
    def ready(self) -> bool:
        """Whether the condition Ready is True."""
        return any(one.type == "Ready" and one.status == "True" for one in self.conditions)


class Metadata(msgspec.Struct):
    """Of an object."""

    name: str = ""
    namespace: str = ""


class Object(msgspec.Struct):
    """An integration."""

    metadata: Metadata
    status: Status = msgspec.field(default_factory=Status)


class Event(msgspec.Struct):
    """Of a watch."""

    type: str
    object: Object


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
        files = [ROOT / "deploy" / folder / "rbac.yaml" for folder in ("base", "overlays/cluster")]
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


_PATH = f"/apis/{names.API_VERSION}/{names.PLURAL}"


async def create_all(session: aiohttp.ClientSession, integrations: Sequence[Any], created: dict[str, float]) -> None:
    """Create the integrations, `AT_ONCE` at a time; notes when each was sent."""
    waiting = iter(integrations)

    async def work() -> None:
        for body in waiting:
            metadata = body["metadata"]
            created[f"{metadata['namespace']}/{metadata['name']}"] = time.monotonic()
            path = f"/apis/{names.API_VERSION}/namespaces/{metadata['namespace']}/{names.PLURAL}"
            async with session.post(path, json=body) as answer:
                if answer.status != 201:
                    raise SystemExit(f"an integration was refused: {await answer.text()}")

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def watch(session: aiohttp.ClientSession, wanted: int, ready: dict[str, float]) -> None:
    """Note when each integration is Ready; return when all are. A stream that ends is opened again."""
    decode = msgspec.json.Decoder(Event).decode
    timeout = aiohttp.ClientTimeout(total=None)
    while True:
        async with session.get(_PATH, params={"watch": "true"}, timeout=timeout, read_bufsize=1 << 20) as stream:
            async for line in stream.content:
                if stream.status != 200:  # the storage of a new kind takes a moment
                    break
                found = decode(line).object
                if found.status.ready:
                    ready.setdefault(f"{found.metadata.namespace}/{found.metadata.name}", time.monotonic())
                    if len(ready) == wanted:
                        return
        await asyncio.sleep(0.1)


async def first_syncs(cluster: Cluster, integrations: Sequence[Any], *, limit: float) -> dict[str, Any]:
    """Create all, and measure until all are Ready."""
    created: dict[str, float] = {}
    ready: dict[str, float] = {}
    async with cluster.session() as session:
        watching = asyncio.create_task(watch(session, len(integrations), ready))
        began = time.monotonic()
        await create_all(session, integrations, created)
        creating = time.monotonic() - began
        try:
            async with asyncio.timeout(limit):
                await watching
        except TimeoutError:
            raise SystemExit(f"after {limit:.0f} s {len(ready)} of {len(integrations)} are Ready") from None
        seconds = time.monotonic() - began
    took = sorted(ready[key] - created[key] for key in ready)
    return {
        "seconds": seconds,
        "creating": creating,
        "each": {"median": statistics.median(took), "p99": took[int(len(took) * 0.99)], "most": took[-1]},
    }


def runs(operator: Operator) -> int:
    """Return how many runs have ended since its start."""
    return sum(int(float(n)) for n in re.findall(r"^sage_runs_total\{[^}]*\} (\S+)$", operator.metrics(), re.MULTILINE))


def known(operator: Operator) -> int:
    """Return how many integrations it has taken up."""
    return len(re.findall(r"^sage_integration_info\{", operator.metrics(), re.MULTILINE))


def taken_up(operator: Operator, number: int) -> float:
    """Return how many seconds it takes until all integrations have been looked at."""
    began = time.monotonic()
    while known(operator) < number:
        time.sleep(0.1)
    return time.monotonic() - began


def measure(number: int, tenants: int, *, limit: float, options: Sequence[str]) -> dict[str, Any]:
    """Measure a fleet from nothing to Ready, at rest, and through a restart."""
    per_tenant = math.ceil(number / tenants)
    size: dict[str, Any] = {"accounts": per_tenant * PER_INTEGRATION, "contacts": per_tenant * PER_INTEGRATION}
    dataset = Dataset(owners=math.ceil((per_tenant + 1) / 0.7), **size)
    assets = embedded.find_assets()
    if assets is None:
        raise SystemExit(f"no kube-apiserver and etcd: {embedded.HOW_TO_GET}")
    with (
        tempfile.TemporaryDirectory() as name,
        simulators(tenants=tenants, owners=dataset.owners, **size) as (told, simulators_pid),
        embedded.ControlPlane(embedded.Config(assets=assets)) as api,
    ):
        folder, cluster = Path(name), Cluster(api)
        before, integrations = manifests(told, dataset, number)
        operator = Operator(folder, cluster.prepare(folder, before), options=options)
        try:
            result: dict[str, Any] = {"integrations": len(integrations), "tenants": tenants, "start": operator.start()}
            result["idle"] = msgspec.to_builtins(Usage.of(operator.pid))
            asked_before = cluster.requests()
            at_first = {"simulators": Usage.of(simulators_pid), "operator": Usage.of(operator.pid), **cluster.usage()}
            result["first"] = asyncio.run(first_syncs(cluster, integrations, limit=limit))
            after = {"simulators": Usage.of(simulators_pid), "operator": Usage.of(operator.pid), **cluster.usage()}
            result["kubernetes"] = dict((cluster.requests() - asked_before).most_common())
            result["cpu"] = {name: after[name].cpu - at_first[name].cpu for name in after}
            result["runs"] = runs(operator)
            result["remotes"] = _remotes(told)
            _check(told, dataset, number)
            time.sleep(10)
            quiet = Usage.of(operator.pid)
            time.sleep(20)
            later = Usage.of(operator.pid)
            result["rest"] = {"cores": (later.cpu - quiet.cpu) / 20}
            result["memory"] = {"peak": later.peak, "after": later.rss}
            result["stop"] = operator.stop()
            again = {"ready": operator.start(), "takenUp": taken_up(operator, number)}
            time.sleep(15)
            used = Usage.of(operator.pid)
            result["restart"] = {**again, "runs": runs(operator), "cpu": used.cpu, "rss": used.rss, "peak": used.peak}
            result["ledger"] = sum(file.stat().st_size for file in folder.glob("ledger.db*")) / (1 << 20)
        finally:
            operator.close()
    return result


def _remotes(told: dict[str, Any]) -> dict[str, Any]:
    """Return what the remotes were asked."""
    remotes = {
        "sage": SageControl(told["sage"]["url"]).counters(),
        "forceManager": ForceManagerControl(told["forceManager"]["url"]).counters(),
    }
    for name, counters in remotes.items():
        if counters.internal_errors:
            raise SystemExit(f"{name}: {counters.internal_errors}")
    return {
        name: {"requests": counters.total, "throttled": counters.throttled, "operations": counters.by_operation}
        for name, counters in remotes.items()
    }


def _check(told: dict[str, Any], dataset: Dataset, number: int) -> None:
    """End the benchmark unless every tenant has the accounts and contacts of its integrations' users, each once."""
    crm = ForceManagerControl(told["forceManager"]["url"])
    tenants = told["forceManager"]["tenants"]
    for place, tenant in enumerate(tenants, start=1):
        own = replace(dataset, seed=dataset.seed + place - 1, organisation=place)
        users = {pair.sage_id for pair in own.user_pairs()[: math.ceil((number - place + 1) / len(tenants))]}
        rows = own.sage()
        accounts = {row["Id"] for row in rows["Account"] if row["OwnerId"] in users}
        contacts = {row["Id"] for row in rows["Contact"] if row.get("AccountId") in accounts}
        for name, wanted in (("accounts", accounts), ("contacts", contacts)):
            present = sorted(row["extId"] for row in crm.records(name, tenant=tenant["name"]))
            if present != sorted(wanted):
                raise SystemExit(f"{tenant['name']} has {len(present)} {name}, expected {len(wanted)}, each once")


def _text(result: dict[str, Any]) -> str:
    first, restart, remotes = result["first"], result["restart"], result["remotes"]
    crm, sage = remotes["forceManager"], remotes["sage"]
    cpu = ", ".join(f"{name} {seconds:.1f}" for name, seconds in result["cpu"].items())
    asked = ", ".join(f"{what} {number}" for what, number in result["kubernetes"].items())
    each = first["each"]
    return "\n".join((
        f"{result['integrations']} integrations on {result['tenants']} tenants",
        f"  operator ready {result['start']:.1f} s after its start, {result['idle']['rss']:.0f} MiB",
        f"  all Ready {first['seconds']:.1f} s after the first was created (creating took {first['creating']:.1f} s)",
        f"  each after its creation: median {each['median']:.1f} s, 99 % {each['p99']:.1f}, last {each['most']:.1f}",
        f"  runs {result['runs']}",
        f"  requests: ForceManager {crm['requests']} (429: {crm['throttled']}), Sage {sage['requests']}",
        f"  requests: Kubernetes {sum(result['kubernetes'].values())} ({asked})",
        f"  CPU seconds: {cpu}",
        f"  operator's memory: peak {result['memory']['peak']:.0f} MiB, afterwards {result['memory']['after']:.0f} MiB",
        f"  ledger {result['ledger']:.0f} MiB",
        f"  at rest {result['rest']['cores'] * 100:.1f} % of a core",
        f"  stopped in {result['stop']:.1f} s; restarted: ready in {restart['ready']:.1f} s",
        f"  all taken up {restart['takenUp']:.1f} s later, runs {restart['runs']}, peak {restart['peak']:.0f} MiB",
    ))  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--integrations", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--tenants", type=int, default=20, help="that they share (default: 20)")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which it is given up (default: 300)")
    parser.add_argument("--option", action="append", default=[], help="flag of the operator, such as --max-runs=32")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args()
    result = measure(args.integrations, args.tenants, limit=args.limit, options=args.option)
    if args.json:
        print(json.dumps({"machine": machine(), **result}, indent=1))
    else:
        print(machine())
        print(_text(result))


if __name__ == "__main__":
    main()
