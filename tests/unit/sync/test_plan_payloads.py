"""What is sent: everything, or exactly what changed; never what is not ours."""

from dataclasses import replace

import pytest

from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.fieldmap import from_field
from sage_operator.sync.records import RecordState
from sage_operator.sync.users import Associations

from .sync_examples import (
    ANA,
    BEN,
    EVE,
    REP_OF_ANA,
    REP_OF_BEN,
    USERS,
    account,
    contact,
    context,
    plan_one,
    rep,
    there,
    written,
)

NAME, PHONE, FAX = from_field("name", "Name"), from_field("phone", "Phone"), from_field("fax", "Fax")
MAP = context(rules=[NAME, PHONE, FAX])


def test_account_is_created_with_all_that_is_ours() -> None:
    """Mapped values that are not empty, and what the operator writes itself."""
    row = account(Phone="1", Fax="")
    assert plan_one(row, MAP).payload == {
        "name": "Account 1",
        "phone": "1",
        "extId": row.id,
        "branchId": 7,
        "salesRepId1": REP_OF_ANA,
        "readOnly": True,
    }


def test_contact_is_created_with_all_that_is_ours() -> None:
    """A contact belongs to its account and to one sales rep; without a branch in the schema it has none."""
    company = account()
    row = contact(of=company)
    plan_context = context(Entity.CONTACTS, branch_id=None, read_only=False)
    assert plan_one(row, plan_context, parent=there(company, 500)).payload == {
        "firstName": "Kim",
        "lastName": "Lee 1",
        "extId": row.id,
        "accountId": 500,
        "salesRepId": REP_OF_ANA,
        "readOnly": False,
    }


def test_change_sends_the_changed_field_only() -> None:
    """What did not change is not sent again."""
    state = written(plan_one(account(Phone="1", Fax="2"), MAP))
    action = plan_one(account(Phone="1", Fax="3"), MAP, state=state)
    assert (action.kind, action.payload) == (ActionKind.UPDATE, {"fax": "3"})


@pytest.mark.parametrize("empty", [None, ""])
def test_field_that_we_wrote_is_cleared(empty: str | None) -> None:
    """A value that Sage no longer has is removed from ForceManager; once, not in every run."""
    state = written(plan_one(account(Phone="1"), MAP))
    action = plan_one(account(Phone=empty), MAP, state=state)
    assert (action.kind, action.payload) == (ActionKind.UPDATE, {"phone": None})
    assert plan_one(account(Phone=empty), MAP, state=written(action)).kind is ActionKind.UNCHANGED


def test_field_that_we_never_wrote_is_not_cleared() -> None:
    """A mapped field that is empty in Sage keeps what somebody else wrote into it."""
    state = written(plan_one(account(), MAP))
    assert plan_one(account(Phone=""), MAP, state=state).kind is ActionKind.UNCHANGED
    assert "fax" not in plan_one(account(Phone="1"), MAP, state=state).payload
    assert "phone" not in plan_one(account(), MAP, indexed=(5,)).payload


def test_field_that_left_the_map_is_not_touched() -> None:
    """It keeps its value, and is forgotten: whoever maps it again later writes it anew."""
    smaller = context(rules=[NAME, FAX])
    state = written(plan_one(account(Phone="1", Fax="2"), MAP))
    left = plan_one(account(Phone="", Fax="2"), smaller, state=state)
    assert (left.kind, left.payload) == (ActionKind.UNCHANGED, {})
    assert set(left.field_hashes) == set(state.field_hashes) - {"phone"}

    forgotten = replace(state, field_hashes=left.field_hashes, mapped_hash=left.mapped_hash)
    assert plan_one(account(Fax="2"), smaller, state=forgotten).field_hashes == {}
    assert plan_one(account(Phone="", Fax="2"), MAP, state=forgotten).kind is ActionKind.UNCHANGED
    assert plan_one(account(Phone="1", Fax="2"), MAP, state=forgotten).payload == {"phone": "1"}


def test_field_that_leaves_the_map_with_a_change_of_another() -> None:
    """The update touches the other field only, and forgets the one that left."""
    state = written(plan_one(account(Phone="1", Fax="2"), MAP))
    action = plan_one(account(Fax="3"), context(rules=[NAME, FAX]), state=state)
    assert action.payload == {"fax": "3"}
    assert "phone" not in action.field_hashes


def test_field_that_enters_the_map_is_written() -> None:
    """A new entry of the map is sent for every record that has a value, alone."""
    state = written(plan_one(account(Phone="1"), context(rules=[NAME])))
    assert plan_one(account(Phone="1"), MAP, state=state).payload == {"phone": "1"}


def test_found_record_gets_everything() -> None:
    """What is in a record that we did not write is not known: all mapped values are sent, and nothing is cleared."""
    action = plan_one(account(Phone="1"), MAP, indexed=(5,))
    assert {"name": "Account 1", "phone": "1", "readOnly": True}.items() <= action.payload.items()
    assert "fax" not in action.payload
    assert "branchId" not in action.payload


def test_record_that_comes_back_gets_everything() -> None:
    """While it was not ours anything may have happened to it; what we had written and Sage no longer has is cleared."""
    state = replace(written(plan_one(account(Phone="1", Fax="2"), MAP)), status=RecordStatus.NOT_SYNCHRONIZED)
    action = plan_one(account(Fax="2"), MAP, state=state)
    assert action.kind is ActionKind.UPDATE
    assert action.payload == {"name": "Account 1", "fax": "2", "readOnly": True, "phone": None}


def test_update_of_unknown_outcome_is_sent_again_whole() -> None:
    """Either version may be there: all values are sent, and what either of them wrote and Sage lacks now is cleared."""
    first = plan_one(account(Phone="1"), MAP)
    second = plan_one(account(Phone="", Fax="2"), MAP, state=written(first))
    state = replace(written(first), mapped_hash=None, field_hashes={**first.field_hashes, **second.field_hashes})
    action = plan_one(account(), MAP, state=state)
    assert action.kind is ActionKind.UPDATE
    assert action.payload == {"name": "Account 1", "readOnly": True, "phone": None, "fax": None}
    assert plan_one(account(), MAP, state=written(action)).kind is ActionKind.UNCHANGED


def test_unknown_outcome_does_not_clear_what_left_the_map() -> None:
    """A field that is not mapped is never touched, whatever became of earlier writes."""
    state = replace(written(plan_one(account(Phone="1"), MAP)), mapped_hash=None)
    assert "phone" not in plan_one(account(), context(rules=[NAME, FAX]), state=state).payload


@pytest.mark.parametrize("read_only", [True, False])
def test_read_only_flips(*, read_only: bool) -> None:
    """Another setting is written to records that are otherwise unchanged, and only that."""
    before, after = (context(rules=[NAME, PHONE], read_only=value) for value in (not read_only, read_only))
    state = written(plan_one(account(Phone="1"), before))
    action = plan_one(account(Phone="1"), after, state=state)
    assert (action.kind, action.payload) == (ActionKind.UPDATE, {"readOnly": read_only})
    assert plan_one(account(Phone="1"), after, state=written(action)).kind is ActionKind.UNCHANGED


@pytest.mark.parametrize(("reassign", "payload"), [(True, {"salesRepId1": REP_OF_BEN}), (False, {})])
def test_owner_changes_in_sage(*, reassign: bool, payload: dict[str, int]) -> None:
    """With `reassign` the sales rep follows to the other user; else it stays as it was created."""
    plan_context = context(rules=[NAME], reassign=reassign)
    state = written(plan_one(account(owner_id=ANA), plan_context))
    action = plan_one(account(owner_id=BEN), plan_context, state=state)
    assert action.payload == payload


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True)])
def test_reassign_is_switched(*, before: bool, after: bool) -> None:
    """Switched on it sets the sales rep once, switched off it touches nothing."""
    contexts = [context(rules=[NAME], reassign=reassign) for reassign in (before, after)]
    state = written(plan_one(account(), contexts[0]))
    action = plan_one(account(), contexts[1], state=state)
    assert action.payload == ({"salesRepId1": REP_OF_ANA} if after else {})


def test_reassign_leaves_records_whose_owner_nobody_follows() -> None:
    """An owner who is not associated, or a user who is deactivated, takes no record away without a fallback."""
    plan_context = context(rules=[NAME], reassign=True)
    state = written(plan_one(account(), plan_context))
    gone = context(rules=[NAME], reassign=True, users=Associations(by_sage={ANA: rep(REP_OF_ANA, active=False)}))
    assert plan_one(account(owner_id=EVE), plan_context, state=state).payload == {}
    assert plan_one(account(), gone, state=state).payload == {}


def test_contact_moves_to_another_account() -> None:
    """The contact follows its account in Sage, whatever the map says."""
    old, new = account(1), account(2)
    plan_context = context(Entity.CONTACTS)
    state = written(plan_one(contact(of=old), plan_context, parent=there(old, 500)))
    action = plan_one(contact(of=new), plan_context, state=state, parent=there(new, 501))
    assert action.payload == {"accountId": 501}


def test_record_that_is_gone_from_force_manager_is_created_whole() -> None:
    """A known record without a ForceManager id is made anew, with what only a create writes."""
    first = plan_one(account(Phone="1"), MAP)
    state = replace(written(first), target_id=None)
    assert plan_one(account(Phone="1"), MAP, state=state).payload == first.payload


@pytest.mark.parametrize("hash_key", [b"another key"])
def test_hashes_depend_on_the_scopes_secret(hash_key: bytes) -> None:
    """The ledger of one scope says nothing about the values of another."""
    row = account(Phone="1")
    one, other = plan_one(row, MAP), plan_one(row, replace(MAP, hash_key=hash_key))
    assert one.payload == other.payload
    assert one.mapped_hash != other.mapped_hash
    assert not set(one.field_hashes.values()) & set(other.field_hashes.values())


def test_warnings_go_with_every_action_and_are_told_with_a_write() -> None:
    """What was left empty is counted in each run; the message that people read comes with what was written."""
    row = account(Type="Alien")
    created = plan_one(row)
    assert created.warnings == ("typeId: left empty, no row of accountTypes for Type",)
    assert created.message == created.warnings[0]
    unchanged = plan_one(row, state=written(created))
    assert unchanged.kind is ActionKind.UNCHANGED
    assert unchanged.warnings == created.warnings


def test_a_state_that_was_never_written_has_nothing_to_clear() -> None:
    """A record that was rejected until now is created like any other."""
    row = account(Phone="1")
    state = RecordState(sage_id=row.id, status=RecordStatus.ERROR, attempts=3)
    assert plan_one(row, MAP, state=state).payload == plan_one(row, MAP).payload


def test_associations_of_the_context_are_not_changed() -> None:
    """Planning is pure: what it is given stays as it is."""
    before = dict(USERS.by_sage)
    plan_one(account(), MAP)
    assert before == USERS.by_sage
