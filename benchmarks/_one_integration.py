"""The operator's side of `first_sync` and `payments`: one integration, run by run, without Kubernetes.

Told by lines on standard input, it answers each by a line of JSON on standard output. The first line has the settings;
each further one, `{"later": seconds}`, asks for a run, so much later than the last by its clock. It imports nothing
that the operator would not, so that its memory is the operator's.
"""

import asyncio
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from _processes import Usage, forget_peak
from sage_operator.forcemanager import ForceManagerAccess, Keys
from sage_operator.ledger import SqlLedger
from sage_operator.runner.ports import Remotes, Source
from sage_operator.runner.progress import Progress
from sage_operator.runner.run import Runner
from sage_operator.sage import ClientCredentials, SageAccess
from sage_operator.sync.entities import Entity, Trigger
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.periods import PeriodKind
from sage_operator.sync.payments.reading import DocumentQuery
from sage_operator.sync.payments.settings import Figure, FigureRule, Of, PaymentSettings
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

PAYMENTS = PaymentSettings(
    time_zone="Europe/Madrid",
    signs={"Sales Invoice": 1, "Sales Credit": -1},
    rules=(
        FigureRule(target="Z_PaymentStatus", figure=Figure.STATUS),
        FigureRule(target="Z_Outstanding", figure=Figure.OUTSTANDING),
        FigureRule(target="Z_Overdue", figure=Figure.OVERDUE),
        FigureRule(target="Z_OverdueDays", figure=Figure.OVERDUE_DAYS),
        FigureRule(target="Z_LastPayment", figure=Figure.LAST_PAYMENT_DATE),
        FigureRule(target="Z_CreditLimit", figure=Figure.CREDIT_LIMIT),
        FigureRule(target="Z_MonthInvoiced", figure=Figure.INVOICED, period=PeriodKind.MONTH),
        FigureRule(target="Z_MonthInvoicedBefore", figure=Figure.INVOICED, period=PeriodKind.MONTH, of=Of.COMPARISON),
        FigureRule(target="Z_QuarterInvoiced", figure=Figure.INVOICED, period=PeriodKind.QUARTER),
        FigureRule(target="Z_YearInvoiced", figure=Figure.INVOICED, period=PeriodKind.YEAR),
        FigureRule(target="Z_YearPaid", figure=Figure.PAID, period=PeriodKind.YEAR),
    ),
)
"""The figures that the simulator's tenant has fields for: of all kinds, those of three periods among them."""


class CountedSource:
    """A source that counts the documents it yields, by what was asked for."""

    def __init__(self, source: Source, read: Counter[str]) -> None:
        """Count into `read`."""
        self._source = source
        self._read = read

    def __getattr__(self, name: str) -> Any:
        """Leave all else to the source."""
        return getattr(self._source, name)

    async def documents(self, query: DocumentQuery) -> AsyncIterator[Sequence[Document]]:
        """Pass pages on."""
        named = {
            "all": query.everything,
            "changed": query.changed_since is not None,
            "open": query.open_only,
            "by id": query.ids is not None,
            "by account": query.account_ids is not None,
        }
        asked = next(name for name, holds in named.items() if holds)
        async for page in self._source.documents(query):
            self._read[asked] += len(page)
            yield page


class Clock:
    """The operator's clock; it can be moved, as that of the simulators can."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """Return the time, UTC."""
        return datetime.now(UTC) + self.ahead


now = Clock()


def memory() -> dict[str, float]:
    """Return resident memory in MiB, now and at its peak since the start or the last `forget_peak`."""
    used = Usage.of(os.getpid())
    return {"rss": used.rss, "peak": used.peak}


def cpu() -> float:
    """Return the CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def serve(told: dict[str, Any]) -> None:
    """Run the integration whenever a line comes."""
    hosts = HostPolicy(allowed=("127.0.0.1:*",), insecure_http=True)
    force_manager = ForceManagerAccess(hosts=hosts)
    settings = SETTINGS
    if told.get("payments"):
        settings = replace(SETTINGS, entities=SETTINGS.entities[:1], payments=PAYMENTS)
    read: Counter[str] = Counter()
    async with SageAccess(hosts=hosts) as sage, await SqlLedger.open(told["ledger"]) as ledger:

        @asynccontextmanager
        async def connect() -> AsyncIterator[Remotes]:
            credentials = ClientCredentials(**told["sage"]["credentials"])
            source = sage.connect(url=told["sage"]["url"], api_version="66.0", credentials=credentials)
            keys = Keys(**told["forceManager"]["keys"])
            with force_manager.connect(
                url=told["forceManager"]["url"], keys=keys, requests_per_second=told["requestsPerSecond"]
            ) as target:
                yield Remotes(source=CountedSource(source, read) if told.get("payments") else source, target=target)

        async def load() -> Settings:
            return settings

        runner = Runner(load=load, connect=connect, ledger=ledger, clock=now)
        answer(memory())
        while line := await asyncio.to_thread(sys.stdin.readline):
            now.ahead += timedelta(seconds=msgspec.json.decode(line)["later"])
            read.clear()
            answer(await run(runner) | {"documents": dict(read)})
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
    told = msgspec.json.decode(sys.stdin.readline())
    # A made-up organisation has discounts: documents whose amounts don't add up are told of as warnings.
    logging.configure(fmt="json", level="ERROR" if told.get("payments") else "WARNING")
    asyncio.run(serve(told))
