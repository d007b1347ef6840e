"""What a changed field map writes over the life of an integration, in a world that counts each record's writes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.fieldmap import FieldRule, WhenEmpty, from_constant, from_expression, from_field, merge
from sage_operator.sync.settings import Settings

from .sage_org import ANA, BEN
from .world import World

Value = Callable[[str, str | None], str | None]
"""What a rule gives, by hand: from the name and the telephone of a record; None if it is empty."""

PHONE: list[tuple[FieldRule, Value]] = [
    (from_field("phone", "Phone"), lambda _, phone: phone),
    (replace(from_field("phone", "Phone"), default="none"), lambda _, phone: phone or "none"),
    (from_constant("phone", "office"), lambda *_: "office"),
    (from_constant("phone", ""), lambda *_: None),
    (
        from_expression("phone", "record.Phone == null ? null : record.Phone + '!'"),
        lambda _, phone: phone and f"{phone}!",
    ),
    (from_expression("phone", "record.Name"), lambda name, _: name),
    (from_expression("phone", "user.nickname"), lambda *_: "ana"),
]
RULES = st.sampled_from(PHONE)


class MapWorld(World):
    """A world whose map of accounts has another rule for the telephone."""

    rule: FieldRule

    def settings(self) -> Settings:
        """Return the spec."""
        told = super().settings()
        accounts, contacts = told.entities
        return replace(told, entities=(replace(accounts, rules=merge(accounts.rules, [self.rule])), contacts))


@dataclass(frozen=True, slots=True)
class Customer:
    """An account in Sage."""

    name: str
    phone: str | None


CUSTOMERS = st.lists(
    st.builds(Customer, st.sampled_from(["none", "office", "1", "Acme"]), st.sampled_from([None, "1", "none", "Acme"])),
    min_size=1,
    max_size=6,
)


async def _set(world: MapWorld, rule: FieldRule) -> None:
    world.rule = rule
    report = await world.run()
    assert report is not None
    assert report.succeeded, report.error


@settings(max_examples=60, deadline=None)
@given(CUSTOMERS, RULES, RULES)
def test_a_map_that_is_changed_and_changed_back_writes_what_it_concerns_twice(
    customers: list[Customer], first: tuple[FieldRule, Value], second: tuple[FieldRule, Value]
) -> None:
    """Each record whose value differs is written by the change and by its reversal, and nothing else is."""

    async def live() -> None:
        world = MapWorld()
        by_id = {world.sage.add_account(owner=ANA, name=c.name, phone=c.phone): c for c in customers}
        contact = world.sage.add_contact(next(iter(by_id)))
        await _set(world, first[0])
        world.tenant.writes.clear()
        await _set(world, second[0])
        shown = {str(data["extId"]): data.get("phone") for data in world.tenant.records[Entity.ACCOUNTS].values()}
        assert shown == {row_id: second[1](c.name, c.phone) for row_id, c in by_id.items()}
        await _set(world, first[0])
        expected = {row_id: 2 for row_id, c in by_id.items() if first[1](c.name, c.phone) != second[1](c.name, c.phone)}
        assert dict(world.tenant.writes) == expected
        assert contact not in world.tenant.writes

    asyncio.run(live())


async def test_a_map_that_is_equal_is_no_change() -> None:
    """A rule that moves from the spec into a shared map reads nothing anew."""
    world = MapWorld()
    world.sage.add_account(owner=BEN, phone="1")
    rule = replace(from_field("phone", "Phone"), default="none")
    await _set(world, rule)
    world.rule = replace(rule, layer="ConfigMap crm-maps/accounts")
    report = await world.run()
    assert report is not None
    assert report.result.mode is Mode.INCREMENTAL


async def test_what_is_written_once_stays_what_people_make_of_it() -> None:
    """Neither an edit in Sage, nor another map, nor the removal of the value touches it again."""
    world = MapWorld()
    account = world.sage.add_account(owner=ANA, phone="1")
    once = replace(from_field("phone", "Phone"), only_on_create=True)
    await _set(world, once)
    (record,) = world.tenant.records[Entity.ACCOUNTS].values()
    assert record["phone"] == "1"
    record["phone"] = "by hand"
    for rule in (once, replace(once, default="x"), replace(from_constant("phone", "y"), only_on_create=True)):
        world.sage.edit(account, phone=None, name=f"after {rule.default}")
        await _set(world, rule)
        assert record["phone"] == "by hand"


async def test_cleared_whoever_wrote_it() -> None:
    """`Clear` empties a field of somebody else's with the first write and then leaves it until the value changes."""
    world = MapWorld()
    account = world.sage.add_account(owner=ANA)
    await _set(world, from_field("phone", "Phone"))
    (record,) = world.tenant.records[Entity.ACCOUNTS].values()
    record["phone"] = "by hand"
    clear = replace(from_field("phone", "Phone"), when_empty=WhenEmpty.CLEAR)
    await _set(world, clear)
    assert record["phone"] is None
    world.tenant.writes.clear()
    await _set(world, clear)
    assert not world.tenant.writes
    record["phone"] = "by hand"
    world.sage.edit(account, name="Renamed")
    await _set(world, replace(clear, when_empty=WhenEmpty.CLEAR_OWN))
    assert record["phone"] == "by hand"


async def test_kept_and_still_known_as_ours() -> None:
    """`Keep` leaves the value; when the map asks for it later, what we wrote is cleared."""
    world = MapWorld()
    account = world.sage.add_account(owner=ANA, phone="1")
    keep = replace(from_field("phone", "Phone"), when_empty=WhenEmpty.KEEP)
    await _set(world, keep)
    world.sage.edit(account, phone=None)
    await _set(world, keep)
    (record,) = world.tenant.records[Entity.ACCOUNTS].values()
    assert record["phone"] == "1"
    await _set(world, from_field("phone", "Phone"))
    assert record["phone"] is None
