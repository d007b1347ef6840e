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
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from _fleet import AT_ONCE, Cluster, Operator, manifests
from _processes import Usage, machine, simulators
from sage_operator import embedded
from sage_operator.resources import names
from sage_operator.simulators.control.client import ForceManagerControl, SageControl
from sage_operator.simulators.dataset import Dataset

PER_INTEGRATION = 5


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
