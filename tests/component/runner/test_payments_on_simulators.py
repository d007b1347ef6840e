"""Payments from Sage to ForceManager: all real but the two remotes, which are simulated, and the time."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sage_operator.forcemanager import ForceManagerAccess, Keys
from sage_operator.ledger import SqlLedger
from sage_operator.runner.ports import Remotes
from sage_operator.runner.progress import Progress
from sage_operator.runner.report import RunReport
from sage_operator.runner.run import Runner
from sage_operator.sage import ClientCredentials, SageAccess
from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.entities import ActionKind, Entity, Mode, Trigger
from sage_operator.sync.payments.settings import Figure, FigureRule, OnVoid, PaymentSettings
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.state import RunHeader
from sage_operator.transport import HostPolicy

HOSTS = HostPolicy(allowed=("127.0.0.1",), insecure_http=True)
STATUS, OUTSTANDING, OVERDUE = "Z_PaymentStatus", "Z_Outstanding", "Z_Overdue"
PAYMENTS = PaymentSettings(
    time_zone="Europe/Madrid",
    signs={"Sales Invoice": 1, "Sales Credit": -1},
    rules=(
        FigureRule(target=STATUS, figure=Figure.STATUS),
        FigureRule(target=OUTSTANDING, figure=Figure.OUTSTANDING),
        FigureRule(target=OVERDUE, figure=Figure.OVERDUE),
    ),
)


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    """A small organisation without documents, and an empty tenant."""
    with Simulators(dataset=Dataset(accounts=40, contacts=40)) as running:
        yield running


class Integration:
    """An integration with payments, run by run, some time ahead of the machine's clock."""

    def __init__(self, simulators: Simulators, ledger: SqlLedger, sage: SageAccess, crm: ForceManagerAccess) -> None:
        """Begin without a run."""
        self.simulators, self.ledger, self.sage, self.crm = simulators, ledger, sage, crm
        self.runs = 0
        self.ahead = timedelta()
        self.payments = PAYMENTS

    def advance(self, by: timedelta) -> None:
        """Let time go by, for Sage and for the operator."""
        self.ahead += by
        self.simulators.sage.control.advance_clock(by)

    @property
    def today(self) -> date:
        """The date in the integration's time zone."""
        return self._clock().astimezone(ZoneInfo(PAYMENTS.time_zone)).date()

    def _clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def run(self) -> RunReport:
        """Carry out a run."""
        self.runs += 1
        self.simulators.sage.control.reset_counters()
        self.simulators.forcemanager.control.reset_counters()

        async def load() -> Settings:
            return Settings(
                integration="crm/acme",
                branch="Madrid",
                pairs=(),
                match_by_email=True,
                fallback=None,
                all_accounts=False,
                reassign=False,
                entities=tuple(
                    EntitySettings(entity=entity, rules=PRESETS[entity], read_only=False)
                    for entity in (Entity.ACCOUNTS, Entity.CONTACTS)
                ),
                timeout=timedelta(minutes=1),
                payments=self.payments,
            )

        header = RunHeader(
            id=f"run-{self.runs:04}", integration="crm/acme", trigger=Trigger.SCHEDULE, started_at=self._clock()
        )
        runner = Runner(load=load, connect=self._connect, ledger=self.ledger, clock=self._clock)
        report = await runner.run(header, Progress(clock=self._clock), strict_users=True)
        assert report.error is None, report.error
        return report

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Remotes]:
        sage, crm = self.simulators.sage, self.simulators.forcemanager
        credentials = ClientCredentials(client_id=sage.client_id, client_secret=sage.client_secret)
        source = self.sage.connect(url=sage.url, api_version="66.0", credentials=credentials)
        keys = Keys(public_key=crm.public_key, private_key=crm.private_key)
        with self.crm.connect(url=crm.url, keys=keys, requests_per_second=13) as target:
            yield Remotes(source=source, target=target)

    def figures(self) -> dict[str, tuple[Any, ...]]:
        """Return what ForceManager's accounts say of payments, by `extId`."""
        rows = self.simulators.forcemanager.control.records("accounts")
        return {
            row["extId"]: tuple(row.get(field) for field in (STATUS, OUTSTANDING, OVERDUE))
            for row in rows
            if row.get("extId")
        }

    def sales(self) -> dict[str, tuple[str, Any]]:
        """Return account and total of ForceManager's live sales, by `extId`."""
        rows = self.simulators.forcemanager.control.records("sales")
        return {row["extId"]: (row["accountExtId"], row["total"]) for row in rows if not row["deleted"]}

    def written(self) -> dict[str, int]:
        """Return how many writing requests the last run has sent, by operation."""
        counted = self.simulators.forcemanager.control.counters().by_operation
        return {
            name: number
            for name, number in counted.items()
            if any(verb in name for verb in ("create", "update", "delete"))
        }


@pytest.fixture
async def integration(simulators: Simulators, tmp_path: Path) -> AsyncIterator[Integration]:
    """An integration that has not run yet."""
    simulators.sage.control.reset()
    simulators.forcemanager.control.reset()
    crm = ForceManagerAccess(hosts=HOSTS)
    async with SageAccess(hosts=HOSTS) as sage, await SqlLedger.open(tmp_path / "ledger.db") as ledger:
        yield Integration(simulators, ledger, sage, crm)
    await crm.aclose()


async def test_an_invoice_from_issue_to_payment(integration: Integration) -> None:
    """Expect each run to write exactly the accounts whose figures changed, and to read no account for it."""
    sage = integration.simulators.sage.control
    await integration.run()
    nothing = integration.figures()
    assert set(nothing.values()) == {("NoInvoices", 0, 0)}
    one, two, three = sorted(nothing)[:3]

    today = integration.today
    invoices = {
        account: sage.create_document(account, 121, dated=today, due=today + timedelta(days=9)).id
        for account in (one, two, three)
    }
    report = await integration.run()
    open_now = integration.figures()
    assert open_now == nothing | dict.fromkeys(invoices, ("Open", 121, 0))
    assert report.result.counts[Entity.ACCOUNTS] == {ActionKind.UPDATE: 3}

    integration.advance(timedelta(hours=1))
    sage.pay(invoices[one])
    report = await integration.run()
    assert integration.figures() == open_now | {one: ("Paid", 0, 0)}
    assert report.result.counts[Entity.ACCOUNTS] == {ActionKind.UPDATE: 1}

    integration.advance(timedelta(minutes=15))
    idle = await integration.run()
    assert idle.result.counts == {}
    assert integration.written() == {}
    # Three queries for payments: what has changed, whatever has changed or was deleted, what is open.
    assert integration.simulators.sage.control.counters().by_operation == {"query": 3, "queryAll": 3}
    assert idle.result.requests == {"sage": 6, "forceManager": 0}

    integration.advance(timedelta(days=10))
    overdue = await integration.run()
    assert overdue.result.mode is Mode.INCREMENTAL
    late = ("Overdue", 121, 121)
    assert integration.figures() == open_now | {one: ("Paid", 0, 0), two: late, three: late}
    assert overdue.result.counts == {Entity.ACCOUNTS: {ActionKind.UPDATE: 2}}


async def test_a_name_and_a_figure_change_in_one_write(integration: Integration) -> None:
    """Expect one item in one request, with both."""
    sage, crm = integration.simulators.sage.control, integration.simulators.forcemanager.control
    await integration.run()
    account = min(integration.figures())
    sage.update("Account", account, Name="Renamed")
    sage.create_document(account, 50)
    report = await integration.run()
    assert report.result.counts[Entity.ACCOUNTS][ActionKind.UPDATE] == 1
    (row,) = [row for row in crm.records("accounts") if row.get("extId") == account]
    assert (row["name"], row[OUTSTANDING]) == ("Renamed", 50)
    assert integration.written() == {"accounts.update": 1}


async def test_who_leaves_and_comes_back(integration: Integration) -> None:
    """Expect the status to say so, the other figures cleared, and all of them back later."""
    sage = integration.simulators.sage.control
    await integration.run()
    account = min(integration.figures())
    owner = next(row["OwnerId"] for row in sage.records("Account") if row["Id"] == account)
    sage.create_document(account, 50)
    await integration.run()
    assert integration.figures()[account] == ("Open", 50, 0)
    stranger = sage.create("User", Username="eve@elsewhere.example", Email="eve@elsewhere.example", Name="Eve")
    sage.update("Account", account, OwnerId=stranger)
    await integration.run()
    assert integration.figures()[account] == ("NotSynchronized", None, None)
    integration.advance(timedelta(days=1))
    await integration.run()
    assert integration.figures()[account] == ("NotSynchronized", None, None)
    sage.update("Account", account, OwnerId=owner)
    await integration.run()
    assert integration.figures()[account] == ("Open", 50, 0)


async def test_a_document_as_a_sale(integration: Integration) -> None:
    """Expect it created with its document, corrected when its amount changes, deleted with it; a credit is negative."""
    sage, crm = integration.simulators.sage.control, integration.simulators.forcemanager.control
    await integration.run()
    account = min(integration.figures())
    before = sage.create_document(account, 10).id
    integration.payments = replace(PAYMENTS, sales=True)
    report = await integration.run()
    assert integration.sales() == {before: (account, 10)}
    assert report.result.counts[Entity.SALES] == {ActionKind.CREATE: 1}

    integration.advance(timedelta(hours=1))
    invoice = sage.create_document(account, Decimal("121.30")).id
    credit = sage.create_document(account, 20, type="Sales Credit").id
    await integration.run()
    whole = {before: (account, 10), invoice: (account, Decimal("121.30")), credit: (account, -20)}
    assert integration.sales() == whole
    (sale,) = [row for row in crm.records("sales") if row["extId"] == invoice]
    (there,) = [row for row in crm.records("accounts") if row.get("extId") == account]
    assert (sale["accountId"], sale["date"]) == (there["id"], f"{integration.today}T00:00:00.000Z")

    integration.advance(timedelta(hours=1))
    sage.update(Entity.SALES.sage_object, invoice, s2cor__Total_Amount__c=99)
    sage.delete(Entity.SALES.sage_object, credit)
    report = await integration.run()
    assert integration.sales() == {before: (account, 10), invoice: (account, 99)}
    assert report.result.counts[Entity.SALES] == {ActionKind.UPDATE: 1, ActionKind.DELETE: 1}

    integration.advance(timedelta(hours=1))
    idle = await integration.run()
    assert (idle.result.counts, integration.written()) == ({}, {})
    assert idle.result.requests == {"sage": 6, "forceManager": 0}


async def test_the_sale_of_a_void_document_is_kept_if_so_told(integration: Integration) -> None:
    """Expect nothing of ForceManager's touched by `Keep`, nor while sales are off; `Delete` takes up what is left."""
    sage = integration.simulators.sage.control
    await integration.run()
    account = min(integration.figures())
    kept, voided, stays = (sage.create_document(account, amount).id for amount in (10, 20, 30))
    integration.payments = replace(PAYMENTS, sales=True, on_void=OnVoid.KEEP)
    await integration.run()
    whole = integration.sales()
    assert len(whole) == 3

    integration.advance(timedelta(hours=1))
    sage.delete(Entity.SALES.sage_object, kept)
    report = await integration.run()
    assert report.result.counts[Entity.SALES] == {ActionKind.RELEASE: 1}

    integration.advance(timedelta(hours=1))
    integration.payments = PAYMENTS
    sage.delete(Entity.SALES.sage_object, voided)
    report = await integration.run()
    assert Entity.SALES not in report.result.counts
    assert integration.sales() == whole

    integration.advance(timedelta(hours=1))
    integration.payments = replace(PAYMENTS, sales=True)
    await integration.run()
    assert integration.sales() == {stays: (account, 30)}


async def test_a_tenant_that_wants_representatives(integration: Integration) -> None:
    """Expect rejects with its own words, tried again later; where users have an `extId` it is sent."""
    sage, crm = integration.simulators.sage.control, integration.simulators.forcemanager.control
    crm.configure(sales_need_representative=True)
    await integration.run()
    account = min(integration.figures())
    sage.create_document(account, 10)
    integration.payments = replace(PAYMENTS, sales=True)
    report = await integration.run()
    assert report.result.counts[Entity.SALES] == {ActionKind.REJECT: 1}
    assert report.summary is not None
    (rejects,) = report.summary.rejects
    assert "salesRepExtId" in rejects.message

    for user in crm.records("users"):
        crm.update("users", user["id"], extId=f"REP{user['id']}")
    integration.advance(timedelta(days=1))
    await integration.crm.aclose()
    integration.crm = ForceManagerAccess(hosts=HOSTS)  # users are kept for an hour
    await integration.run()
    (sale,) = crm.records("sales")
    (there,) = [row for row in crm.records("accounts") if row.get("extId") == account]
    assert sale["salesRepExtId"] == f"REP{there['salesRepId1']}"
    await integration.crm.aclose()
