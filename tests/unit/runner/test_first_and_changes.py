"""Which run it is, and what it reads and writes."""

from datetime import timedelta

import pytest

from sage_operator.sync.entities import ActionKind, Entity, Mode, RecordStatus
from sage_operator.sync.errors import ClockSkew, InvalidUserMap, SyncError
from sage_operator.sync.records import OutcomeKind

from .life import START
from .sage_org import ANA, BEN, EVE
from .world import World


async def settled_world() -> World:
    """Return a world after its first run: three accounts with two contacts each."""
    world = World()
    for number in range(3):
        account = world.sage.add_account(owner=(ANA, BEN, EVE)[number], name=f"Customer {number}", phone="1")
        for contact in range(2):
            world.sage.add_contact(account, name=f"Person {number}.{contact}")
    report = await world.run()
    assert report is not None
    assert report.succeeded
    return world


def of(world: World, entity: Entity, name: str) -> str:
    """Return the id of a row by its name."""
    return next(row.id for row in world.sage.rows.values() if row.entity is entity and row.name == name)


async def test_the_first_run_writes_all_in_scope_and_nothing_else() -> None:
    """An Initial run creates accounts of associated users and their contacts, and counts them."""
    world = await settled_world()
    world.check()
    assert len(world.tenant.records[Entity.ACCOUNTS]) == 2
    assert len(world.tenant.records[Entity.CONTACTS]) == 4
    assert list(world.disk.modes.values()) == [Mode.INITIAL]


async def test_an_empty_tenant_is_asked_for_accounts_only() -> None:
    """A contact can't be without an account: where there is none, contacts are not asked for."""
    world = await settled_world()
    assert world.target.indexes == [Entity.ACCOUNTS]


async def test_a_tenant_with_an_account_is_asked_for_both() -> None:
    """An account that is not ours is reason enough to look for contacts, and one that is there is not made again."""
    world = World()
    customer = world.sage.add_account(owner=ANA, name="Customer", phone="1")
    person = world.sage.add_contact(customer, name="Person")
    foreign = world.tenant.add(Entity.ACCOUNTS, {"name": "Customer"})
    known = world.tenant.add(Entity.CONTACTS, {"extId": person, "accountId": foreign})
    await world.run()
    assert world.target.indexes == [Entity.ACCOUNTS, Entity.CONTACTS]
    assert world.tenant.bearing(Entity.CONTACTS, person) == [known]


async def test_accounts_come_before_their_contacts() -> None:
    """No contact is sent before all accounts have their outcomes."""
    world = await settled_world()
    entities = [entity for _, entity, _ in world.target.calls]
    assert entities == sorted(entities)


async def test_a_run_without_changes_writes_nothing() -> None:
    """An Incremental run with nothing changed asks Sage what has changed, and ForceManager nothing but who it is."""
    world = await settled_world()
    await world.run()
    report = await world.run()
    assert report is not None
    assert report.result.mode is Mode.INCREMENTAL
    assert not world.target.calls
    assert report.result.counts == {}
    assert world.source.asked == []
    assert report.result.requests == {"sage": 3, "forceManager": 1}


async def test_an_edit_is_written_alone() -> None:
    """Only the changed field of the changed record is sent."""
    world = await settled_world()
    account = of(world, Entity.ACCOUNTS, "Customer 0")
    world.clock.advance(timedelta(hours=1))
    world.sage.edit(account, name="Renamed")
    report = await world.run()
    assert report is not None
    assert world.target.calls == [("update", Entity.ACCOUNTS, (account,))]
    assert report.result.counts[Entity.ACCOUNTS][ActionKind.UPDATE] == 1
    world.check()


async def test_the_watermark_is_the_time_of_the_first_answer() -> None:
    """What is edited while a run is on is read by the next one, however long the run takes."""
    world = await settled_world()
    account = of(world, Entity.ACCOUNTS, "Customer 0")
    world.clock.advance(timedelta(hours=1))
    world.sage.edit(account, name="Seen")

    def meanwhile(moment: int) -> None:
        if moment == 20:
            world.sage.edit(account, name="Missed")

    report = await world.run(during=meanwhile)
    assert report is not None
    assert report.result.data_as_of == world.source.clock
    await world.run(after=timedelta(hours=1))
    await world.run(after=timedelta(hours=1))
    world.check()


async def test_an_account_that_enters_brings_contacts_that_changed_long_ago() -> None:
    """A new owner who is associated brings the account and its old contacts in one run."""
    world = await settled_world()
    world.clock.advance(timedelta(days=2))
    await world.run()
    world.sage.edit(of(world, Entity.ACCOUNTS, "Customer 2"), owner_id=ANA)
    await world.run()
    world.check()
    assert len(world.tenant.records[Entity.CONTACTS]) == 6


@pytest.mark.parametrize("how", ["owner", "delete", "merge"])
async def test_an_account_that_leaves_takes_its_contacts_along(how: str) -> None:
    """Out of scope, deleted, or merged away: account and contacts are released, and stay in ForceManager."""
    world = await settled_world()
    account = of(world, Entity.ACCOUNTS, "Customer 0")
    children = world.sage.children(account)
    world.clock.advance(timedelta(hours=1))
    match how:
        case "owner":
            world.sage.edit(account, owner_id=EVE)
        case "delete":
            world.sage.delete(account)
        case "merge":
            world.sage.merge(account, of(world, Entity.ACCOUNTS, "Customer 1"))
    await world.run()
    assert world.statuses(Entity.ACCOUNTS)[account] is RecordStatus.NOT_SYNCHRONIZED
    assert (Entity.ACCOUNTS, account) not in world.disk.claims
    assert world.tenant.bearing(Entity.ACCOUNTS, account)
    ours = how == "merge"
    for child in children:
        assert (world.statuses(Entity.CONTACTS)[child] is RecordStatus.SYNCHRONIZED) is ours
        assert world.tenant.bearing(Entity.CONTACTS, child)
    world.check()


async def test_what_comes_back_takes_up_its_record() -> None:
    """An account that re-enters is updated under its old id, and so are its contacts."""
    world = await settled_world()
    account = of(world, Entity.ACCOUNTS, "Customer 0")
    (target_id,) = world.tenant.bearing(Entity.ACCOUNTS, account)
    world.sage.edit(account, owner_id=EVE)
    await world.run(after=timedelta(hours=1))
    world.sage.edit(account, owner_id=ANA, name="Back")
    await world.run(after=timedelta(hours=1))
    assert world.tenant.bearing(Entity.ACCOUNTS, account) == [target_id]
    assert {method for method, _, _ in world.target.calls} == {"update"}
    world.check()


async def test_a_row_that_is_edited_between_two_queries_does_not_leave() -> None:
    """A suspect is asked for by id before it is released."""
    world = await settled_world()
    account = of(world, Entity.ACCOUNTS, "Customer 0")
    world.clock.advance(timedelta(hours=1))
    world.sage.edit(account, owner_id=EVE)

    def meanwhile(_: int) -> None:
        queries = [query for query in world.source.asked if query.entity is Entity.ACCOUNTS]
        if len(queries) == 2 and world.sage.rows[account].owner_id == EVE:
            world.sage.edit(account, owner_id=ANA)

    await world.run(during=meanwhile)
    assert world.statuses(Entity.ACCOUNTS)[account] is RecordStatus.SYNCHRONIZED


async def test_another_map_replans_all_and_writes_the_differences() -> None:
    """A changed map reads all in scope again and sends only the changed target."""
    world = await settled_world()
    world.comment = "another"
    report = await world.run()
    assert report is not None
    assert report.result.mode is Mode.REPLAN
    assert report.result.counts[Entity.ACCOUNTS] == {ActionKind.UPDATE: 2}
    world.check()


async def test_a_smaller_scope_releases_what_is_outside() -> None:
    """A user who is no longer associated takes accounts and contacts out of the scope by a Replan."""
    world = await settled_world()
    world.associated = (ANA,)
    report = await world.run()
    assert report is not None
    assert report.result.mode is Mode.REPLAN
    assert report.result.counts[Entity.ACCOUNTS][ActionKind.RELEASE] == 1
    assert report.result.counts[Entity.CONTACTS][ActionKind.RELEASE] == 2
    world.check()


async def test_existing_records_are_found_by_their_ext_id() -> None:
    """An Initial run with an empty ledger takes up what an earlier ledger created."""
    world = await settled_world()
    world.disk = type(world.disk)()
    report = await world.run()
    assert report is not None
    assert report.result.mode is Mode.INITIAL
    assert {method for method, _, _ in world.target.calls} == {"update"}
    world.check()


async def test_a_record_gone_from_force_manager_is_made_anew_by_the_next_run() -> None:
    """An update of an unknown id leaves it pending; the next run creates it, an account with its contacts' links."""
    world = await settled_world()
    account = of(world, Entity.ACCOUNTS, "Customer 0")
    (target_id,) = world.tenant.bearing(Entity.ACCOUNTS, account)
    del world.tenant.records[Entity.ACCOUNTS][target_id]
    world.clock.advance(timedelta(hours=1))
    world.sage.edit(account, name="Renamed")
    await world.run()
    assert world.statuses(Entity.ACCOUNTS)[account] is RecordStatus.PENDING
    await world.run()
    world.check()


async def test_a_refused_record_is_tried_again_when_it_is_due_or_changes() -> None:
    """A reject waits for its hour; the rest of its batch is written."""
    world = World()
    good, bad = world.sage.add_account(name="good"), world.sage.add_account(name="bad")
    await world.run(judge=lambda _, item: OutcomeKind.REFUSED if item.key == bad else OutcomeKind.DONE)
    assert world.statuses(Entity.ACCOUNTS) == {good: RecordStatus.SYNCHRONIZED, bad: RecordStatus.ERROR}
    await world.run()
    assert not world.target.calls
    await world.run(after=timedelta(hours=1))
    assert world.target.calls == [("create", Entity.ACCOUNTS, (bad,))]
    world.check()


async def test_contacts_of_an_account_that_is_not_there_wait_for_it() -> None:
    """They are pending, not rejected, and come with their account."""
    world = World()
    account = world.sage.add_account()
    contact = world.sage.add_contact(account)
    report = await world.run(
        judge=lambda entity, _: OutcomeKind.REFUSED if entity is Entity.ACCOUNTS else OutcomeKind.DONE
    )
    assert report is not None
    assert report.result.counts[Entity.CONTACTS] == {ActionKind.PENDING: 1}
    assert world.statuses(Entity.CONTACTS)[contact] is RecordStatus.PENDING
    await world.run(after=timedelta(hours=2))
    world.check()


async def test_a_pair_that_matches_nobody_stalls_before_anything_is_written() -> None:
    """The error names the pair; no record is read."""
    world = World(associated=(ANA,))
    world.sage.add_account()

    async def nobody(*, fresh: bool = False) -> tuple[()]:
        del fresh
        return ()

    report = await world.run(prepare=lambda w: setattr(w.target, "users", nobody))
    assert report is not None
    assert isinstance(report.error, InvalidUserMap)
    assert "ana@acme.example" not in str(report.error) or "matches no user" in str(report.error)
    assert not world.source.asked
    assert not world.disk.scopes


async def test_a_clock_that_is_off_stops_the_run() -> None:
    """More than an hour between Sage's clock and ours, and nothing is read."""
    world = World()

    async def identify() -> str:
        world.source.clock = START - timedelta(hours=2)
        return "00D000000000001EAA"

    report = await world.run(prepare=lambda w: setattr(w.source, "identify", identify))
    assert report is not None
    assert isinstance(report.error, ClockSkew)


async def test_a_bug_is_a_report_too() -> None:
    """An exception that is none of ours ends the run with a message that says so, and is stored."""
    world = World()

    async def broken() -> str:
        raise ZeroDivisionError

    report = await world.run(prepare=lambda w: setattr(w.source, "identify", broken))
    assert report is not None
    assert type(report.error) is SyncError
    assert "ZeroDivisionError" in str(report.error)
    (run,) = world.disk.runs.values()
    assert run.result is not None
    assert run.result.outcome == "Failed"


async def test_what_force_manager_holds_twice_is_not_made_a_third_time() -> None:
    """A later run, which has no index, asks before it tries again; when one of the two is gone the other is taken."""
    world = World()
    customer = world.sage.add_account(owner=ANA, name="Customer", phone="1")
    one, other = (world.tenant.add(Entity.ACCOUNTS, {"extId": customer, "name": "Customer"}) for _ in range(2))
    await world.run()
    assert world.tenant.bearing(Entity.ACCOUNTS, customer) == [one, other]
    for _ in range(2):
        await world.run(after=timedelta(days=1))
        assert world.tenant.bearing(Entity.ACCOUNTS, customer) == [one, other]
        assert world.statuses(Entity.ACCOUNTS)[customer] is RecordStatus.ERROR
    del world.tenant.records[Entity.ACCOUNTS][one]
    await world.run(after=timedelta(days=1))
    assert world.tenant.bearing(Entity.ACCOUNTS, customer) == [other]
    assert world.tenant.records[Entity.ACCOUNTS][other]["phone"] == "1"
