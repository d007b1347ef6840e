"""The operator's side of `first_sync`: one integration, run by run, without Kubernetes.

Told by lines on standard input, it answers each by a line of JSON on standard output. The first line has the settings;
each further one asks for a run. It imports nothing that the operator would not, so that its memory is the operator's.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from sage_operator.forcemanager import ForceManagerAccess, Keys
from sage_operator.ledger import SqlLedger
from sage_operator.runner.ports import Remotes
from sage_operator.runner.progress import Progress
from sage_operator.runner.run import Runner
from sage_operator.sage import ClientCredentials, SageAccess
from sage_operator.sync.entities import Entity, Trigger
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.state import RunHeader
from sage_operator.sync.ulid import ulid
from sage_operator.telemetry import logging
from sage_operator.transport import HostPolicy

SETTINGS = Settings(
    integration="bench/first-sync",
    branch="Madrid",
    pairs=(),
    match_by_email=True,
    fallback=None,
    all_accounts=False,
    reassign=False,
    entities=tuple(
        EntitySettings(entity=entity, rules=PRESETS[entity], read_only=entity is Entity.ACCOUNTS)
        for entity in (Entity.ACCOUNTS, Entity.CONTACTS)
    ),
    timeout=timedelta(minutes=5),
)


def now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


def memory() -> dict[str, float]:
    """Return resident memory in MiB, now and at its peak since the start or the last `forget_peak`."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(lines[key].split()[0]) / 1024 for name, key in (("rss", "VmRSS"), ("peak", "VmHWM"))}


def forget_peak() -> None:
    """Make the kernel measure the peak from now on (proc(5), `clear_refs`)."""
    Path("/proc/self/clear_refs").write_text("5")


def cpu() -> float:
    """Return the CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def serve(told: dict[str, Any]) -> None:
    """Run the integration whenever a line comes."""
    hosts = HostPolicy(allowed=("127.0.0.1:*",), insecure_http=True)
    force_manager = ForceManagerAccess(hosts=hosts)
    async with SageAccess(hosts=hosts) as sage, await SqlLedger.open(told["ledger"]) as ledger:

        @asynccontextmanager
        async def connect() -> AsyncIterator[Remotes]:
            credentials = ClientCredentials(**told["sage"]["credentials"])
            source = sage.connect(url=told["sage"]["url"], api_version="66.0", credentials=credentials)
            keys = Keys(**told["forceManager"]["keys"])
            with force_manager.connect(
                url=told["forceManager"]["url"], keys=keys, requests_per_second=told["requestsPerSecond"]
            ) as target:
                yield Remotes(source=source, target=target)

        async def load() -> Settings:
            return SETTINGS

        runner = Runner(load=load, connect=connect, ledger=ledger, clock=now)
        answer(memory())
        while await asyncio.to_thread(sys.stdin.readline):
            answer(await run(runner))
        await force_manager.aclose()


async def run(runner: Runner) -> dict[str, Any]:
    """Carry out one run, and measure it."""
    forget_peak()
    header = RunHeader(
        id=ulid(now(), os.urandom(10)),
        integration=SETTINGS.integration,
        trigger=Trigger.SCHEDULE,
        started_at=now(),
    )
    cpu_before, began = cpu(), time.perf_counter()
    report = await runner.run(header, Progress(clock=now), strict_users=True)
    seconds = time.perf_counter() - began
    if report.error is not None:
        raise report.error
    return {
        "mode": report.result.mode.value if report.result.mode is not None else "",
        "seconds": seconds,
        "cpu": cpu() - cpu_before,
        "requests": dict(report.result.requests),
        "counts": {
            entity.value: {kind.counted_as: number for kind, number in counts.items()}
            for entity, counts in report.result.counts.items()
        },
        "stages": dict(report.stage_seconds),
        **memory(),
    }


def answer(what: Any) -> None:
    """Write one line."""
    sys.stdout.write(msgspec.json.encode(what).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.configure(fmt="json", level="WARNING")
    asyncio.run(serve(msgspec.json.decode(sys.stdin.readline())))
