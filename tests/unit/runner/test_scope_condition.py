import pytest

from sage_operator.sync.entities import ActionKind, Entity, Mode, RecordStatus
from sage_operator.sync.errors import InvalidScope
from sage_operator.sync.findings import FindingKind

from .sage_org import ANA, BEN
from .world import World


async def settled_world(where: str | None) -> World:
    """Return a world after its first run: an account with a phone and one without, each with a contact."""
    world = World(where=where)
    for owner, name, phone in ((ANA, "Customer reached", "1"), (BEN, "Customer mute", None)):
        world.sage.add_contact(world.sage.add_account(owner=owner, name=name, phone=phone), name=f"Person {name}")
    report = await world.run()
    assert report is not None
    assert report.succeeded
    return world


def statuses(world: World) -> dict[str, RecordStatus]:
    """Return what the ledger says of each record, by its name in Sage."""
    return {world.sage.rows[i].name: s for entity in Entity for i, s in world.statuses(entity).items()}


async def test_only_what_fulfils_the_condition_is_written() -> None:
    """Expect the accounts that fulfil it, with their contacts, and no others."""
    world = await settled_world("Phone != null")
    world.check()
    assert set(statuses(world)) == {"Customer reached", "Person Customer reached"}


async def test_an_edit_of_the_condition_replans_and_releases_what_leaves() -> None:
    """Expect a Replan for another condition; what it leaves out is released with its contacts, and kept."""
    world = await settled_world("Name LIKE 'Customer%'")
    assert len(world.tenant.records[Entity.ACCOUNTS]) == 2
    world.where = "Phone != null"
    report = await world.run()
    assert report is not None
    assert report.result.mode is Mode.REPLAN
    assert report.result.counts[Entity.ACCOUNTS][ActionKind.RELEASE] == 1
    assert report.result.counts[Entity.CONTACTS][ActionKind.RELEASE] == 1
    assert statuses(world) == {
        "Customer reached": RecordStatus.SYNCHRONIZED,
        "Person Customer reached": RecordStatus.SYNCHRONIZED,
        "Customer mute": RecordStatus.NOT_SYNCHRONIZED,
        "Person Customer mute": RecordStatus.NOT_SYNCHRONIZED,
    }
    assert len(world.tenant.records[Entity.ACCOUNTS]) == 2
    world.check()


async def test_an_account_leaves_and_enters_by_a_change_in_sage() -> None:
    """Expect that losing what the condition wants releases an account, and getting it back takes it up again."""
    world = await settled_world("Phone != null")
    account = next(row.id for row in world.sage.rows.values() if row.name == "Customer reached")
    world.sage.edit(account, phone=None)
    await world.run()
    assert set(statuses(world).values()) == {RecordStatus.NOT_SYNCHRONIZED}
    world.sage.edit(account, phone="2")
    await world.run()
    assert set(statuses(world).values()) == {RecordStatus.SYNCHRONIZED}
    assert len(world.tenant.records[Entity.ACCOUNTS]) == 1
    world.check()


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("Phone = Name", "accounts.where: column 9: `Name` is a field"),
        ("Phone != null AND Nme = 'x'", "accounts.where: column 19: Account has no field `Nme`"),
    ],
)
async def test_a_mistake_stops_the_run_before_anything_is_read(where: str, place: str) -> None:
    """Expect InvalidScope with the column; no row is asked for, and a field is looked for in a fresh description."""
    world = World(where=where)
    world.sage.add_account()
    report = await world.run()
    assert report is not None
    assert isinstance(report.error, InvalidScope)
    assert str(report.error).startswith(place)
    assert str(report.error).endswith("^\nCorrect spec.accounts.where.")
    assert [finding.kind for finding in report.error.findings] == [FindingKind.INVALID_CONDITION]
    assert world.source.asked == []
    assert world.tenant.records[Entity.ACCOUNTS] == {}
    expected = {("Account", False), ("Account", True)} if "Nme" in where else {("Account", False)}
    assert {(name, fresh) for name, fresh in world.source.described if name == "Account"} >= expected
