"""How a run comes by the value lists that its maps use, and what it says of those it can't have."""

from dataclasses import replace

import pytest

from sage_operator.runner.report import RunReport
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap, SchemaMismatch
from sage_operator.sync.fieldmap import FieldRule, FieldSource, Lookup, LookupBy, from_constant, merge
from sage_operator.sync.findings import FindingKind
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

    async def value_list(self, name: str, *, fresh: bool = False) -> ValueList:
        """Return a list; without `fresh` as it was an hour ago."""
        self.asked.append((name, fresh))
        if name == "branches":
            return ValueList(name=name, rows=(ListRow(id=MADRID, labels=frozenset({"Madrid"})),))
        if name != STATUSES.list_name:
            raise SchemaMismatch(f"ForceManager has no {name}.")
        rows = (ListRow(id=1, labels=frozenset({"Old"})), ListRow(id=2, labels=frozenset({"New"})))
        return ValueList(name=name, rows=rows if fresh else rows[:1])


class ListedWorld(World):
    """A world whose map of accounts has other rules besides."""

    rules: tuple[FieldRule, ...]

    def settings(self) -> Settings:
        """Return the spec."""
        told = super().settings()
        accounts, *others = told.entities
        return replace(told, entities=(replace(accounts, rules=merge(accounts.rules, self.rules)), *others))

    async def attempt(self, *rules: FieldRule) -> tuple[RunReport, list[tuple[str, bool]]]:
        """Run with these rules; returns the report, and which lists were asked for, each with whether afresh."""
        self.rules = rules

        def listed(world: World) -> None:
            world.target = target = ListedTarget(world.tenant, Life(world.clock))
            target.asked = asked

        asked: list[tuple[str, bool]] = []
        report = await self.run(prepare=listed)
        assert report is not None
        return report, [each for each in asked if each[0] != "branches"]


@pytest.fixture
def world() -> ListedWorld:
    """Give a world with one account."""
    world = ListedWorld()
    world.sage.add_account(owner=ANA, phone="1")
    return world


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
