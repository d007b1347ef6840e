"""Sales over the runs: with their documents, with their accounts, switched on and off."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.records import OutcomeKind

from .crm_tenant import Verdict
from .sage_org import ANA, BEN, EVE
from .world import PAYMENTS, WITH_SALES, World

DAY = date(2026, 11, 2)


async def run(world: World) -> dict[ActionKind, int]:
    """Carry out a run in peace; returns what it did with sales."""
    report = await world.run()
    assert report is not None
    assert report.succeeded, report.error
    return dict(report.result.counts.get(Entity.SALES, {}))


def totals(world: World) -> dict[object, object]:
    """Return the totals of ForceManager's sales by `extId`."""
    return {sale["extId"]: sale["total"] for sale in world.tenant.records[Entity.SALES].values()}


async def test_sales_leave_and_come_back_with_their_account(world: World) -> None:
    """Kept and free for others while it is away; then corrected, and deleted where the document is gone."""
    world.payments = WITH_SALES
    account = world.sage.add_account()
    one, two, three = (world.sage.trade.invoice(account, "10", dated=DAY) for _ in range(3))
    assert await run(world) == {ActionKind.CREATE: 3}
    world.sage.edit(account, owner_id=EVE)
    assert await run(world) == {ActionKind.RELEASE: 3}
    assert set(world.statuses(Entity.SALES).values()) == {RecordStatus.NOT_SYNCHRONIZED}
    assert not world.disk.claims
    world.sage.trade.edit(one, total=Decimal(7))
    world.sage.trade.edit(two, deleted=True)
    assert await run(world) == {}
    assert totals(world) == dict.fromkeys((one, two, three), Decimal(10))
    world.sage.edit(account, owner_id=ANA)
    assert await run(world) == {ActionKind.UPDATE: 2, ActionKind.DELETE: 1}
    assert totals(world) == {one: 7, three: 10}
    assert world.statuses(Entity.SALES)[two] is RecordStatus.NOT_SYNCHRONIZED
    assert await run(world) == {}
    world.check()


async def test_a_document_moves_while_its_account_leaves(world: World) -> None:
    """Its sale goes with it."""
    world.payments = WITH_SALES
    leaving, staying = world.sage.add_account(), world.sage.add_account(owner=BEN)
    paper = world.sage.trade.invoice(leaving, "10", dated=DAY)
    await run(world)
    world.sage.trade.edit(paper, account_id=staying)
    world.sage.edit(leaving, owner_id=EVE)
    assert await run(world) == {ActionKind.RELEASE: 1, ActionKind.UPDATE: 1}
    world.check()


async def test_switched_off_and_on_again(world: World) -> None:
    """Nothing is touched or gathered meanwhile; then what differs is written, once."""
    account = world.sage.add_account()
    world.payments = WITH_SALES
    one = world.sage.trade.invoice(account, "10", dated=DAY)
    two = world.sage.trade.invoice(account, "20", dated=DAY)
    await run(world)
    for off in (PAYMENTS, None):
        world.payments = off
        world.sage.trade.edit(one, total=world.sage.trade.papers[one].total + 1)
        assert await run(world) == {}
        assert not world.disk.facts.sales_due
    world.sage.trade.edit(two, deleted=True)
    assert await run(world) == {}
    assert totals(world) == {one: 10, two: 20}
    world.payments = WITH_SALES
    assert await run(world) == {ActionKind.UPDATE: 1, ActionKind.DELETE: 1}
    world.check()


async def test_a_sign_that_changes(world: World) -> None:
    """All sales of the type are corrected, without a document being read for it."""
    world.payments = WITH_SALES
    account = world.sage.add_account()
    invoice = world.sage.trade.invoice(account, "10", dated=DAY)
    await run(world)
    world.payments = replace(WITH_SALES, signs={**WITH_SALES.signs, "Sales Invoice": -1})
    assert await run(world) == {ActionKind.UPDATE: 1}
    assert totals(world) == {invoice: -10}
    assert await run(world) == {}


async def test_sales_that_are_there_already(world: World) -> None:
    """One that bears a document's id is taken up when sales are switched on; others are left alone."""
    account = world.sage.add_account()
    paper = world.sage.trade.invoice(account, "10", dated=DAY)
    world.tenant.add(Entity.SALES, {"extId": paper, "total": 1})
    world.tenant.add(Entity.SALES, {"extId": "of-another-system", "total": 2})
    world.payments = WITH_SALES
    assert await run(world) == {ActionKind.UPDATE: 1}
    assert totals(world) == {paper: 10, "of-another-system": 2}
    assert world.target.indexes.count(Entity.SALES) == 1
    await run(world)
    assert Entity.SALES not in world.target.indexes


async def test_sales_wait_for_their_account(world: World) -> None:
    """They are pending while ForceManager refuses it, and written in the run that brings it."""
    world.payments = WITH_SALES
    account = world.sage.add_account()
    world.sage.trade.invoice(account, "10", dated=DAY)

    def refuse(entity: Entity, _: object) -> Verdict:
        return OutcomeKind.REFUSED if entity is Entity.ACCOUNTS else OutcomeKind.DONE

    report = await world.run(judge=refuse)
    assert report is not None
    assert report.result.counts[Entity.SALES] == {ActionKind.PENDING: 1}
    world.sage.edit(account, name="Better")
    assert await run(world) == {ActionKind.CREATE: 1}
    world.check()
