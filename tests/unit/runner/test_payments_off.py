"""Payments are switched off for a while: what becomes of the figures of accounts that leave meanwhile."""

from datetime import date, timedelta

import pytest

from sage_operator.sync.entities import Entity, RecordStatus
from sage_operator.sync.records import OutcomeKind

from .crm_tenant import FIGURES
from .sage_org import ANA, EVE
from .scenarios import populated
from .trade import COMPANY
from .world import PAYMENTS, World


async def left_meanwhile() -> tuple[World, str, int]:
    """Return a world in which an account left while payments were off, and its ids; they are on again."""
    world = populated(2, payments=PAYMENTS)
    await world.run()
    account = next(i for i, row in world.sage.rows.items() if row.entity is Entity.ACCOUNTS and row.owner_id == ANA)
    (target_id,) = world.tenant.bearing(Entity.ACCOUNTS, account)
    world.payments = None
    world.sage.edit(account, owner_id=EVE)
    await world.run()
    assert world.tenant.records[Entity.ACCOUNTS][target_id]["Z_Status"] == "Overdue"
    assert world.statuses(Entity.ACCOUNTS)[account] is RecordStatus.NOT_SYNCHRONIZED
    world.payments = PAYMENTS
    return world, account, target_id


def told(world: World, target_id: int) -> dict[str, object]:
    """Return what ForceManager says of an account's payments."""
    data = world.tenant.records[Entity.ACCOUNTS][target_id]
    return {target: data[target] for target in FIGURES if data.get(target) not in (None, "")}


async def test_figures_are_taken_back_when_payments_are_on_again() -> None:
    """Expect the status to say that nobody keeps them, the others empty, and all of it written once."""
    world, account, target_id = await left_meanwhile()
    await world.run()
    assert told(world, target_id) == {"Z_Status": "NotSynchronized"}
    assert world.statuses(Entity.ACCOUNTS)[account] is RecordStatus.NOT_SYNCHRONIZED
    world.payments = None
    await world.run()
    world.payments = PAYMENTS
    await world.run()
    assert not world.target.calls, "it was taken back already"


async def test_an_account_that_is_back_is_not_taken_for_one_that_left() -> None:
    """Expect the figures of today, in the one write that brings its fields."""
    world, account, target_id = await left_meanwhile()
    world.sage.edit(account, owner_id=ANA)
    await world.run()
    assert told(world, target_id)["Z_Status"] == "Overdue"
    assert [ids for _, entity, ids in world.target.calls if entity is Entity.ACCOUNTS] == [(account,)]


@pytest.mark.parametrize("outcome", [OutcomeKind.REFUSED, OutcomeKind.UNCLEAR, OutcomeKind.NOT_SENT])
async def test_what_is_not_taken_back_is_taken_back_later(outcome: OutcomeKind) -> None:
    """Expect another attempt, whatever came of the first one."""
    world, account, target_id = await left_meanwhile()
    await world.run(judge=lambda *_: outcome)
    assert told(world, target_id)["Z_Status"] == "Overdue"
    for _ in range(3):
        await world.run(after=timedelta(hours=25))
    assert told(world, target_id) == {"Z_Status": "NotSynchronized"}
    assert world.statuses(Entity.ACCOUNTS)[account] is RecordStatus.NOT_SYNCHRONIZED


async def test_the_company_is_kept() -> None:
    """Expect the ledger to know whose documents count, for who reads it beside the operator."""
    world = populated(1, payments=PAYMENTS)
    world.sage.trade.invoice(next(iter(world.sage.rows)), "1.00", dated=date(2026, 11, 1))
    await world.run()
    assert world.disk.facts.company == COMPANY
