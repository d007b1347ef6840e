"""Payments from Sage to ForceManager: all real but the two remotes, which are simulated, and the time."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from sage_operator.runner.report import RunReport
from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.entities import ActionKind, Entity, Mode
from sage_operator.sync.payments.settings import Figure, FigureRule, OnVoid, PaymentSettings

from .integrations import Integration

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


class PaymentsIntegration(Integration):
    """An integration with payments, some time ahead of the machine's clock, whose runs must succeed."""

    def __init__(self, *given: Any) -> None:
        """Begin without a run."""
        super().__init__(*given)
        self.edit(payments=PAYMENTS)

    def advance(self, by: timedelta) -> None:
        """Let time go by, for Sage and for the operator."""
        self.ahead += by
        self.simulators.sage.control.advance_clock(by)

    @property
    def today(self) -> date:
        """The date in the integration's time zone."""
        return self.now().astimezone(ZoneInfo(PAYMENTS.time_zone)).date()

    async def run(self, *, strict_users: bool = True) -> RunReport:
        """Carry out a run, and count its requests alone."""
        self.simulators.sage.control.reset_counters()
        self.simulators.forcemanager.control.reset_counters()
        report = await super().run(strict_users=strict_users)
        assert report.error is None, report.error
        return report

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
async def integration(simulators: Simulators, tmp_path: Path) -> AsyncIterator[PaymentsIntegration]:
    """An integration that has not run yet."""
    async with PaymentsIntegration.opened(simulators, tmp_path / "ledger.db") as opened:
        yield opened


async def test_an_invoice_from_issue_to_payment(integration: PaymentsIntegration) -> None:
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


async def test_a_name_and_a_figure_change_in_one_write(integration: PaymentsIntegration) -> None:
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


async def test_amounts_that_do_not_add_up_are_warned_of(integration: PaymentsIntegration) -> None:
    """Expect the document's type and number, without its amounts, and what Sage says to be outstanding in the CRM."""
    sage = integration.simulators.sage.control
    await integration.run()
    account = min(integration.figures())
    sage.create_document(account, 100, discount=10, number="SI-77")
    with capture_logs() as logs:
        report = await integration.run()
    (told,) = [line for line in logs if line["event"] == "amounts-differ"]
    assert told["log_level"] == "warning"
    assert told["warning"].startswith("Sales Invoice SI-77: ")
    assert not {"100", "90", "10"} & set(re.findall(r"\d+", told["warning"].partition(": ")[2]))
    assert report.warnings == 1
    assert integration.figures()[account][1] == 90


async def test_who_leaves_and_comes_back(integration: PaymentsIntegration) -> None:
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


async def test_a_document_as_a_sale(integration: PaymentsIntegration) -> None:
    """Expect it created with its document, corrected when its amount changes, deleted with it; a credit is negative."""
    sage, crm = integration.simulators.sage.control, integration.simulators.forcemanager.control
    await integration.run()
    account = min(integration.figures())
    before = sage.create_document(account, 10).id
    integration.edit(payments=replace(PAYMENTS, sales=True))
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


async def test_the_sale_of_a_void_document_is_kept_if_so_told(integration: PaymentsIntegration) -> None:
    """Expect nothing of ForceManager's touched by `Keep`, nor while sales are off; `Delete` takes up what is left."""
    sage = integration.simulators.sage.control
    await integration.run()
    account = min(integration.figures())
    kept, voided, stays = (sage.create_document(account, amount).id for amount in (10, 20, 30))
    integration.edit(payments=replace(PAYMENTS, sales=True, on_void=OnVoid.KEEP))
    await integration.run()
    whole = integration.sales()
    assert len(whole) == 3

    integration.advance(timedelta(hours=1))
    sage.delete(Entity.SALES.sage_object, kept)
    report = await integration.run()
    assert report.result.counts[Entity.SALES] == {ActionKind.RELEASE: 1}

    integration.advance(timedelta(hours=1))
    integration.edit(payments=PAYMENTS)
    sage.delete(Entity.SALES.sage_object, voided)
    report = await integration.run()
    assert Entity.SALES not in report.result.counts
    assert integration.sales() == whole

    integration.advance(timedelta(hours=1))
    integration.edit(payments=replace(PAYMENTS, sales=True))
    await integration.run()
    assert integration.sales() == {stays: (account, 30)}


async def test_a_tenant_that_wants_representatives(integration: PaymentsIntegration) -> None:
    """Expect rejects with its own words, tried again later; where users have an `extId` it is sent."""
    sage, crm = integration.simulators.sage.control, integration.simulators.forcemanager.control
    crm.configure(sales_need_representative=True)
    await integration.run()
    account = min(integration.figures())
    sage.create_document(account, 10)
    integration.edit(payments=replace(PAYMENTS, sales=True))
    report = await integration.run()
    assert report.result.counts[Entity.SALES] == {ActionKind.REJECT: 1}
    assert report.summary is not None
    (rejects,) = report.summary.rejects
    assert "salesRepExtId" in rejects.message

    for user in crm.records("users"):
        crm.update("users", user["id"], extId=f"REP{user['id']}")
    integration.advance(timedelta(days=1))
    integration.clock.now += 3601  # users are kept for an hour
    await integration.run()
    (sale,) = crm.records("sales")
    (there,) = [row for row in crm.records("accounts") if row.get("extId") == account]
    assert sale["salesRepExtId"] == f"REP{there['salesRepId1']}"
