"""Credit limits that go: by a tag that is deleted, or given to another account."""

from datetime import timedelta

from sage_operator.sync.entities import Entity

from .scenarios import populated
from .world import PAYMENTS, World

HOURS = timedelta(hours=1)


async def limited() -> tuple[World, str]:
    """Return a world in which an account has a credit limit that ForceManager knows, and the account's id."""
    world = populated(2, payments=PAYMENTS)
    account = next(i for i, row in world.sage.rows.items() if row.entity is Entity.ACCOUNTS)
    world.sage.trade.limit(account, "5000")
    await world.run()
    assert told(world, account) is not None
    return world, account


def told(world: World, account: str) -> object:
    """Return the credit limit that ForceManager shows."""
    (target_id,) = world.tenant.bearing(Entity.ACCOUNTS, account)
    return world.tenant.records[Entity.ACCOUNTS][target_id].get("Z_CreditLimit")


async def test_a_deleted_tag_is_noticed_at_once() -> None:
    """Expect the field to be cleared by the next run: the deletion is a change of the tag."""
    world, account = await limited()
    world.sage.trade.limit(account, None)
    await world.run()
    assert told(world, account) is None


async def test_a_tag_that_went_to_another_account_is_noticed_on_the_next_day() -> None:
    """Expect the limit to stay for the day, as nothing tells that it is gone, and to go with the first of the next."""
    world, account = await limited()
    world.sage.trade.untag(account)
    await world.run(after=HOURS)
    assert told(world, account) is not None
    await world.run(after=24 * HOURS)
    assert told(world, account) is None
    assert world.disk.facts.limits == {}


async def test_limits_are_read_anew_once_a_day() -> None:
    """Expect all of them in the first run of a day only."""
    world, _ = await limited()
    asked: list[bool] = []
    for hours in (1, 1, 24, 1):
        await world.run(after=hours * HOURS)
        asked.append(world.source.asked_limits == [None])
    assert asked == [False, False, True, False]
