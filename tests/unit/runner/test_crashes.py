"""Whatever happens and whenever the process dies: in the end ForceManager is what it must be."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sage_operator.sync.entities import Entity
from sage_operator.sync.payments.settings import PaymentSettings

from .sage_org import ANA, EVE
from .scenarios import Step, carry_out, payment_steps, populated, settle, steps
from .trade import CREDIT, DRAFT
from .world import PAYMENTS, WITH_SALES

_histories = st.lists(steps, min_size=1, max_size=5)
_slow = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


async def _story(history: Sequence[Step], accounts: int) -> None:
    world = populated(accounts)
    for step in history:
        await carry_out(world, step)
    await settle(world)


@settings(max_examples=120, **_slow)
@given(_histories, st.integers(0, 7))
async def test_any_history_settles(history: Sequence[Step], accounts: int) -> None:
    """Whatever is edited, refused, lost, late, stopped or killed, peace brings each record once and as in Sage."""
    await _story(history, accounts)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=20_000, **_slow)
@given(_histories, st.integers(0, 7))
async def test_any_history_settles_soak(history: Sequence[Step], accounts: int) -> None:
    """The same, for an hour."""
    await _story(history, accounts)


@pytest.mark.parametrize("dies_late", [False, True])
async def test_death_at_every_moment_of_a_first_run(dies_late: bool) -> None:
    """A first run of accounts and contacts, killed at each of its moments in turn: nothing is lost, nothing twice."""
    moment, died = 0, True
    while died:
        moment += 1
        world = populated(5)
        died = await world.run(ends_at=moment, dies_late=dies_late) is None
        await settle(world)
    assert moment > 80


_trading = st.lists(payment_steps, min_size=1, max_size=5)


async def _trading_story(history: Sequence[Step], accounts: int, payments: PaymentSettings = PAYMENTS) -> None:
    world = populated(accounts, payments=payments)
    for step in history:
        await carry_out(world, step)
    world.payments = payments
    await settle(world)


@settings(max_examples=120, **_slow)
@given(_trading, st.integers(0, 5))
@example([Step(), Step(edits=[("merge", 18, 14), ("payments", 3, 21)])], 2).via("left while payments were off")
@example(
    [
        Step(edits=[("account", 16, 30)]),
        Step(edits=[("account", 17, 30)], verdicts=["lost"]),
        Step(edits=[("delete", 0, 2), ("delete", 1, 2)], after=1),
    ],
    0,
).via("left before its create was looked up")
async def test_any_history_with_payments_settles(history: Sequence[Step], accounts: int) -> None:
    """Whatever is invoiced, paid, credited, voided, moved or killed: peace brings the figures of plain loops."""
    await _trading_story(history, accounts)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=20_000, **_slow)
@given(_trading, st.integers(0, 5))
async def test_any_history_with_payments_settles_soak(history: Sequence[Step], accounts: int) -> None:
    """The same, for an hour."""
    await _trading_story(history, accounts)


@settings(max_examples=120, **_slow)
@given(_trading, st.integers(0, 5))
async def test_any_history_with_sales_settles(history: Sequence[Step], accounts: int) -> None:
    """The same with a sale a document, switched on and off: in the end each that counts is one, exactly."""
    await _trading_story(history, accounts, WITH_SALES)


async def test_death_at_every_moment_of_a_first_run_with_payments() -> None:
    """A first run with documents, figures and sales, killed at each of its moments in turn."""
    moment, died = 0, True
    while died:
        moment += 1
        world = populated(4, payments=WITH_SALES)
        died = await world.run(ends_at=moment, dies_late=bool(moment % 2)) is None
        await settle(world)
    assert moment > 90


async def test_death_at_every_moment_of_a_run_after_changes() -> None:
    """Paid, credited, voided, deleted, redated, given to another owner, left: killed at each moment in turn."""
    moment, died = 0, True
    while died:
        moment += 1
        world = populated(5, payments=WITH_SALES)
        await world.run()
        trade, papers = world.sage.trade, sorted(world.sage.trade.papers)
        trade.pay(papers[0])
        trade.edit(papers[1], deleted=True)
        trade.edit(papers[2], dated=date(2026, 10, 1), due=date(2026, 10, 31))
        trade.edit(papers[3], status=DRAFT)
        accounts = sorted(i for i, row in world.sage.rows.items() if row.entity is Entity.ACCOUNTS)
        trade.invoice(accounts[0], "10.00", dated=date(2026, 11, 22), kind=CREDIT)
        for account in accounts:
            owner = world.sage.rows[account].owner_id
            world.sage.edit(account, owner_id=EVE if owner == ANA else ANA)
        died = await world.run(ends_at=moment) is None
        await settle(world)
    assert moment > 90
