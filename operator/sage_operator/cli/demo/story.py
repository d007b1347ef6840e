"""What the demo shows, step by step."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from sage_operator import embedded
from sage_operator.cli.demo.cluster import NAME, NAMESPACE, Cluster
from sage_operator.cli.demo.scene import OperatorProcess, edit_sage, integration
from sage_operator.simulators import Dataset, Simulators

_POLL = 0.2
_PATIENCE = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `sage-operator demo`."""

    once: bool
    as_json: bool
    accounts: int
    contacts: int
    seed: int


async def tell(options: Options) -> None:
    """Show it all."""
    say: Callable[[str], None] = (lambda _: None) if options.as_json else click.echo
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sage-operator-demo-")))
        api = await stack.enter_async_context(embedded.kubernetes_api())
        say(f"Kubernetes API: {_described(api)} at {api.url}")
        if api.kind == "emulator":
            say(f"  {embedded.HOW_TO_GET}")
        data = Dataset(seed=options.seed, accounts=options.accounts, contacts=options.contacts, associated_share=0.9)
        simulators = await stack.enter_async_context(Simulators(dataset=data))
        say(f"Sage: {simulators.sage.url}, {options.accounts} accounts and {options.contacts} contacts")
        say(f"ForceManager: {simulators.forcemanager.url}, an empty tenant, 4 requests a second")
        cluster = await stack.enter_async_context(Cluster(api.kubeconfig))
        await cluster.install()
        await _until(cluster.serves, "the API serves the kind")
        operator = await asyncio.to_thread(OperatorProcess, folder, api.kubeconfig)
        stack.push_async_callback(asyncio.to_thread, operator.stop)
        await _until(lambda: asyncio.to_thread(operator.ready), "the operator is ready")
        say(f"Operator: {operator.probes()}/metrics\n")

        await _apply(cluster, simulators)
        say(f"Applied SageIntegration {NAMESPACE}/{NAME}: the first sync takes everything in scope.")
        runs = [await _show_run(cluster, operator, say, "")]
        say("Edited in Sage:")
        for line in await asyncio.to_thread(edit_sage, simulators):
            say(f"  {line}")
        say("Asked for a run (the next one would come by itself within 15 minutes).")
        await cluster.request_run("demo-1")
        runs.append(await _show_run(cluster, operator, say, "demo-1"))
        if options.as_json:
            click.echo(json.dumps(_document(api, runs), indent=2))
            return
        _say_status(say, await cluster.status())
        if options.once:
            say("\nWhat to look at next:")
            say("  the same without --once: it goes on living, and says how to look around with kubectl and curl")
            say("  README.md and docs/quickstart.md: an integration of your own")
            return
        _say_next(say, api, operator, simulators)
        say("\nLiving on; Ctrl-C ends everything.")
        await _forever()


async def _apply(cluster: Cluster, simulators: Simulators) -> None:
    sage, crm = simulators.sage, simulators.forcemanager
    await cluster.put_secret(f"{NAME}-sage", {"clientId": sage.client_id, "clientSecret": sage.client_secret})
    await cluster.put_secret(f"{NAME}-forcemanager", {"publicKey": crm.public_key, "privateKey": crm.private_key})
    await cluster.apply(integration(simulators))


async def _show_run(
    cluster: Cluster, operator: OperatorProcess, say: Callable[[str], None], token: str
) -> dict[str, Any]:
    """Wait for the run that answers a token, showing how far it is; return what it did."""
    shown = ""
    async for told in _statuses(cluster):
        current = told.get("currentRun") or {}
        mode = current.get("mode") or "First"
        progress = f"  {mode} run: {current.get('stage', '')}, {current.get('done', 0)} records"
        if current and progress != shown:
            say(progress)
            shown = progress
        ready: dict[str, Any] = next((c for c in told.get("conditions", []) if c["type"] == "Ready"), {})
        if ready.get("status") == "False":
            say(f"  {ready['reason']}: {ready['message']}")
        last = told.get("lastRun")
        if last and not current and told.get("lastHandledReconcileAt", "") == token:
            run = _run(last, operator)
            say(_sentence(run))
            return run
    raise AssertionError("statuses never end")


async def _statuses(cluster: Cluster) -> AsyncIterator[dict[str, Any]]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        yield await cluster.status()
        await asyncio.sleep(_POLL)
    raise click.ClickException(f"No run ended within {_PATIENCE:.0f} s.")


def _run(last: dict[str, Any], operator: OperatorProcess) -> dict[str, Any]:
    """Return a run as the JSON document shows it; its seconds are the log's, since the status has whole ones only."""
    return {
        "mode": last["mode"],
        "trigger": last["trigger"],
        "seconds": operator.seconds(last["id"]),
        "accounts": last["accounts"],
        "contacts": last["contacts"],
        "requests": last["requests"],
    }


def _sentence(run: dict[str, Any]) -> str:
    """Say what a run did."""
    parts = [
        f"{entity}: {', '.join(f'{n} {action}' for action, n in run[entity].items() if n) or 'nothing'}"
        for entity in ("accounts", "contacts")
    ]
    requests = f"{run['requests']['sage']} requests to Sage, {run['requests']['forceManager']} to ForceManager"
    return f"  {run['mode']} run, {run['seconds']} s, {requests}\n    " + "\n    ".join(parts) + "\n"


def _document(api: embedded.KubernetesApi, runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"kubernetes": {"kind": api.kind, "version": api.version}, "runs": runs}


def _described(api: embedded.KubernetesApi) -> str:
    return f"kube-apiserver {api.version}" if api.kind == "kube-apiserver" else f"emulator ({api.version})"


def _say_status(say: Callable[[str], None], told: dict[str, Any]) -> None:
    say("Its status now:")
    for condition in told["conditions"]:
        say(f"  {condition['type']}={condition['status']} ({condition['reason']}): {condition['message']}")
    for key in ("synchronized", "users", "dataAsOf", "nextSyncTime"):
        say(f"  {key}: {json.dumps(told.get(key))}")


def _say_next(
    say: Callable[[str], None], api: embedded.KubernetesApi, operator: OperatorProcess, simulators: Simulators
) -> None:
    kubectl = api.kubectl or "kubectl"
    say("\nWhat to look at next:")
    say(f"  export KUBECONFIG={api.kubeconfig}")
    say(f"  {kubectl} get sageint -o wide; {kubectl} describe sageint {NAME}")
    say(f"  {kubectl} explain sageint.spec")
    say(f"  curl -s {operator.probes()}/metrics | grep ^sage_")
    say(f"  curl -s {_origin(simulators.forcemanager.url)}/_control/records/accounts")


def _origin(url: str) -> str:
    """Return scheme and host of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + 60
    while not await condition():
        if time.monotonic() > deadline:
            raise click.ClickException(f"Not within 60 s: {what}.")
        await asyncio.sleep(_POLL)


async def _forever() -> None:
    """Wait for Ctrl-C, which cancels this."""
    await asyncio.Event().wait()
