"""How a run comes by the value lists that its maps use, and what it says of those it can't have."""

from dataclasses import replace
from typing import Any

import pytest

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.errors import InvalidFieldMap, SchemaMismatch
from sage_operator.sync.fieldmap import FieldRule, FieldSource, Lookup, LookupBy, OnProblem, from_constant, merge
from sage_operator.sync.findings import FindingKind
from sage_operator.sync.records import OutcomeKind
from sage_operator.sync.settings import Settings
from sage_operator.sync.targets import ListRow, ValueList

from .crm_tenant import MADRID, MemoryTarget
from .life import Life
from .sage_org import ANA
from .world import World

STATUSES = Lookup(list_name="list/statuses")


class ListedTarget(MemoryTarget):
    """A tenant with one list of its own, to which a row has been added since it was last read."""

    asked: list[tuple[str, bool]]
    world: Any

    async def value_list(self, name: str, *, fresh: bool = False) -> ValueList:
        """Return a list; without `fresh` as it was when it was last read so."""
        self.asked.append((name, fresh))
        if name == "branches":
            return ValueList(name=name, rows=(ListRow(id=MADRID, labels=frozenset({"Madrid"})),))
        if name != STATUSES.list_name:
            raise SchemaMismatch(f"ForceManager has no {name}.")
        rows = (ListRow(id=1, labels=frozenset({"Old"})), ListRow(id=2, labels=frozenset({"New"})))
        if fresh:
            self.world.cached_new = self.world.has_new
        return ValueList(name=name, rows=rows if self.world.cached_new else rows[:1])


class ListedWorld(World):
    """A world whose map of accounts has other rules besides."""

    rules: tuple[FieldRule, ...]
    has_new: bool = True
    cached_new: bool = False

    def settings(self) -> Settings:
        """Return the spec."""
        told = super().settings()
        accounts, *others = told.entities
        return replace(told, entities=(replace(accounts, rules=merge(accounts.rules, self.rules)), *others))

    async def attempt(self, *rules: FieldRule, **how: Any) -> tuple[Any, list[tuple[str, bool]]]:
        """Run with these rules; returns the report, and which lists were asked for, each with whether afresh."""
        self.rules = rules

        def listed(world: World) -> None:
            world.target = target = ListedTarget(world.tenant, Life(world.clock))
            target.asked, target.world = asked, self

        asked: list[tuple[str, bool]] = []
        report = await self.run(prepare=listed, **how)
        return report, [each for each in asked if each[0] != "branches"]


@pytest.fixture
def world() -> ListedWorld:
    """Give a world with one account."""
    world = ListedWorld()
    world.sage.add_account(owner=ANA, phone="1")
    return world


OF_RECORDS = FieldRule(target="comment", sources=(FieldSource(path="Phone"),), lookup=STATUSES)
OR_EMPTY = replace(OF_RECORDS, on_not_found=OnProblem.EMPTY)
KNOWN, ANEW = (STATUSES.list_name, False), (STATUSES.list_name, True)


def comments(world: World) -> list[object]:
    """Return what the accounts in ForceManager say."""
    return [record.get("comment") for record in world.tenant.records[Entity.ACCOUNTS].values()]


async def test_lists_are_read_once_and_anew_only_for_what_they_lack(world: ListedWorld) -> None:
    """A constant whose row was added a moment ago is found in a fresh list; one that is there asks for none."""
    report, asked = await world.attempt(FieldRule(target="phone", constant="Old", lookup=STATUSES))
    assert report.succeeded, report.error
    assert asked == [(STATUSES.list_name, False)]
    report, asked = await world.attempt(FieldRule(target="phone", constant="new", lookup=STATUSES))
    assert report.succeeded, report.error
    assert asked == [(STATUSES.list_name, False), (STATUSES.list_name, True)]
    (record,) = world.tenant.records[Entity.ACCOUNTS].values()
    assert record["phone"] == "2"


async def test_all_that_is_wrong_with_all_maps_is_found_by_one_run(world: ListedWorld) -> None:
    """A list that the tenant lacks is a finding among the others, and nothing is written."""
    report, _ = await world.attempt(
        FieldRule(target="phone", sources=(FieldSource(path="Phone"),), lookup=Lookup(list_name="list/none")),
        FieldRule(target="comment", constant="Odd", lookup=STATUSES),
        from_constant("colour", "red"),
    )
    assert isinstance(report.error, InvalidFieldMap)
    assert [(finding.kind, finding.subject) for finding in report.error.findings] == [
        (FindingKind.UNKNOWN_TARGET, "accounts.fields[colour]"),
        (FindingKind.UNKNOWN_LIST, "accounts.fields[phone]"),
        (FindingKind.INVALID_VALUE, "accounts.fields[comment]"),
    ]
    assert not world.tenant.records[Entity.ACCOUNTS]


async def test_users_are_looked_up_in_the_directory(world: ListedWorld) -> None:
    """They are no value list of the tenant's API: what the run knows of them is used."""
    lookup = Lookup(list_name="users", by=LookupBy.EMAIL)
    report, asked = await world.attempt(FieldRule(target="phone", constant="ben@acme.example", lookup=lookup))
    assert report.succeeded, report.error
    assert asked == []
    (record,) = world.tenant.records[Entity.ACCOUNTS].values()
    assert record["phone"] == "52"


@pytest.mark.parametrize("rule", [OF_RECORDS, OR_EMPTY])
async def test_a_row_that_was_just_added_is_found_by_the_run_that_needs_it(world: ListedWorld, rule: FieldRule) -> None:
    """Five records in several batches need it: the list is read afresh once, and nothing is rejected or left empty."""
    for _ in range(5):
        world.sage.add_account(owner=ANA, phone="New")
    report, asked = await world.attempt(rule)
    assert report.succeeded, report.error
    assert asked == [KNOWN, ANEW]
    assert comments(world).count("2") == 5


@pytest.mark.parametrize("rule", [OF_RECORDS, OR_EMPTY])
async def test_a_row_that_is_nowhere_costs_one_request_and_no_further_run(world: ListedWorld, rule: FieldRule) -> None:
    """The list is the same: the record stays a reject, or empty, and the configuration is what it was."""
    world.has_new = False
    report, asked = await world.attempt(rule)
    assert report.succeeded, report.error
    assert asked == [KNOWN, ANEW]
    assert comments(world) == ([] if rule is OF_RECORDS else [None])
    report, asked = await world.attempt(rule)
    assert report.result.mode is Mode.INCREMENTAL
    assert asked == [KNOWN]


async def test_a_list_that_changed_in_a_run_means_one_more_pass(world: ListedWorld) -> None:
    """Others may refer to the new row, which this run did not look at: the next run plans all, the one after not."""
    world.has_new = False
    await world.attempt(OF_RECORDS)
    await world.attempt(OF_RECORDS)
    world.has_new = True
    world.sage.add_account(owner=ANA, phone="New")
    modes = []
    for _ in range(3):
        report, _asked = await world.attempt(OF_RECORDS)
        modes.append(report.result.mode)
    assert modes == [Mode.INCREMENTAL, Mode.REPLAN, Mode.INCREMENTAL]
    assert comments(world) == ["2"]


async def test_a_row_that_is_taken_back_is_not_left_in_the_crm(world: ListedWorld) -> None:
    """The next run finds the list, and so the configuration, as before: it plans all the same, and says what is wrong.

    The digest is dropped before anything is written, so that it does not matter whether that run was completed.
    """
    world.has_new = False
    await world.attempt(OF_RECORDS)
    world.has_new = True
    world.sage.add_account(owner=ANA, phone="New")

    def judge(_entity: Entity, _item: object) -> OutcomeKind:
        assert world.disk.scope.digest is None, "written before the digest was dropped"
        return OutcomeKind.DONE

    await world.attempt(OF_RECORDS, judge=judge)
    assert world.disk.scope.digest == ""
    world.has_new = world.cached_new = False
    report, _asked = await world.attempt(OF_RECORDS)
    assert report.result.mode is Mode.REPLAN
    assert report.codes == {Code.LOOKUP_NOT_FOUND: 2}
