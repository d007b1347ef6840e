"""What a plan promises for any records."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.plan import Knowledge, plan
from sage_operator.sync.records import Action, SourceRow

from .sync_examples import ANA, BEN, EVE, account, contact, context, there
from .sync_map import EVERYTHING, FIELDS, ROWS, RULES, desired
from .sync_world import Fate, World


def _done(_: Action) -> Fate:
    return Fate.DONE


@given(ROWS, st.data())
def test_edits_give_exactly_the_changed_fields(rows: list[SourceRow], data: st.DataObject) -> None:
    """After edits the payload has the fields whose value differs, cleared ones as null, and the rest is unchanged."""
    world = World()
    world.rows = {row.id: row for row in rows}
    world.carry_out(world.plan(EVERYTHING), EVERYTHING, _done)
    for row in rows:
        if data.draw(st.booleans()):
            world.rows[row.id] = replace(row, fields=data.draw(FIELDS))
    for before, action in zip(sorted(rows, key=lambda row: row.id), world.plan(EVERYTHING), strict=True):
        old, new = desired(before, set(RULES)), desired(world.rows[before.id], set(RULES))
        changed = {target: new.get(target) for target in RULES if old.get(target) != new.get(target)}
        assert dict(action.payload) == changed
        assert action.kind is (ActionKind.UPDATE if changed else ActionKind.UNCHANGED)


@given(ROWS, st.lists(st.sampled_from(["written", "found", "twice", "new"]), min_size=6), st.randoms())
def test_order_of_rows_does_not_matter(rows: list[SourceRow], known: list[str], random: Random) -> None:
    """The same batch in any order, with repeats, has the same plan, sorted by id."""
    how = dict(zip((row.id for row in rows), known, strict=False))
    world = World()
    world.rows = {row.id: row for row in rows if how[row.id] == "written"}
    world.carry_out(world.plan(EVERYTHING), EVERYTHING, _done)
    numbers = {"found": (1,), "twice": (1, 2)}
    indexed = {row.id: numbers[how[row.id]] for row in rows if how[row.id] in numbers}
    knowledge = Knowledge(states=world.states, claims={}, indexed=indexed)
    expected = plan(rows, knowledge, EVERYTHING)
    shuffled = [*rows, *rows[:2]]
    random.shuffle(shuffled)
    assert plan(shuffled, knowledge, EVERYTHING) == expected
    assert [action.sage_id for action in expected] == sorted(row.id for row in rows)


@given(ROWS, st.data())
def test_batches_do_not_matter(rows: list[SourceRow], data: st.DataObject) -> None:
    """Each row is planned by itself: how rows are cut into batches changes nothing."""
    cut = data.draw(st.integers(0, len(rows)))
    knowledge = Knowledge(states={}, claims={})
    parts = [*plan(rows[:cut], knowledge, EVERYTHING), *plan(rows[cut:], knowledge, EVERYTHING)]
    assert tuple(parts) == plan(rows, knowledge, EVERYTHING)


@given(st.lists(st.tuples(st.sampled_from([ANA, BEN, EVE]), st.booleans()), max_size=6))
def test_contacts_are_written_exactly_if_their_account_is_there(contacts: list[tuple[str, bool]]) -> None:
    """Once the accounts are there the pending ones are created, the others are unchanged."""
    plan_context = context(Entity.CONTACTS)
    companies = [account(number) for number in range(len(contacts))]
    rows = [contact(n, of=companies[n], owner_id=owner) for n, (owner, _) in enumerate(contacts)]
    parents = {companies[n].id: there(companies[n], 500 + n) for n, (_, present) in enumerate(contacts) if present}
    world = World()
    actions = plan(rows, Knowledge(states={}, claims={}, parents=parents), plan_context)
    assert [a.kind is ActionKind.CREATE for a in actions] == [present for _, present in contacts]
    world.carry_out(actions, plan_context, _done)
    parents = {company.id: there(company, 500 + n) for n, company in enumerate(companies)}
    again = plan(rows, Knowledge(states=world.states, claims={}, parents=parents), plan_context)
    kinds = [ActionKind.UNCHANGED if present else ActionKind.CREATE for _, present in contacts]
    assert [action.kind for action in again] == kinds
