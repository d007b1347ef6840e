"""What speaks for or against writing a record: the decision, not the payload."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.plan import Knowledge, plan
from sage_operator.sync.records import RecordState
from sage_operator.sync.state import Claim
from sage_operator.sync.users import Associations

from .sync_examples import (
    ANA,
    BEN,
    EVE,
    FALLBACK,
    NOW,
    REP_OF_ANA,
    REP_OF_BEN,
    account,
    contact,
    context,
    plan_one,
    rep,
    there,
    written,
)

CONTACTS = context(Entity.CONTACTS)
OTHERS = Claim(mine=False, holder="crm/other")


def _unclear(sage_id: str, **changes: object) -> RecordState:
    state = RecordState(sage_id=sage_id, status=RecordStatus.PENDING, unclear_since=NOW - timedelta(hours=1))
    return replace(state, **changes)  # type: ignore[arg-type]


def test_unknown_record_is_created() -> None:
    """A record that neither the ledger nor the index knows is new."""
    assert plan_one(account()).kind is ActionKind.CREATE


def test_written_record_is_unchanged() -> None:
    """Planning what was just written gives nothing to do."""
    row = account(Phone="1")
    action = plan_one(row, state=written(plan_one(row)))
    assert action.kind is ActionKind.UNCHANGED
    assert action.payload == {}
    assert action.field_hashes == {}


def test_claimed_by_another_integration() -> None:
    """What another integration synchronises into the same tenant is rejected; the message says whose it is."""
    action = plan_one(account(), claim=OTHERS)
    assert (action.kind, action.code) == (ActionKind.REJECT, Code.CLAIMED_BY_OTHER)
    assert "crm/other" in action.message


def test_claim_of_another_stands_above_all_else() -> None:
    """Not even a record that was ours and is in ForceManager is written while another one holds it."""
    row = account()
    action = plan_one(row, state=written(plan_one(row)), claim=OTHERS, indexed=(1,))
    assert (action.kind, action.code, action.payload) == (ActionKind.REJECT, Code.CLAIMED_BY_OTHER, {})


def test_claim_passes_the_force_manager_id_on() -> None:
    """What an earlier integration left behind is taken up, not created twice."""
    action = plan_one(account(), claim=Claim(mine=True, holder="crm/acme", target_id=77))
    assert (action.kind, action.target_id) == (ActionKind.UPDATE, 77)


@pytest.mark.parametrize("indexed", [(), (5,), (5, 6)])
def test_unclear_create_stays_pending(indexed: tuple[int, ...]) -> None:
    """It is never repeated by the plan: it is looked up first, whatever an index says."""
    row = account()
    action = plan_one(row, state=_unclear(row.id), indexed=indexed)
    assert (action.kind, action.code, action.payload) == (ActionKind.PENDING, Code.UNCLEAR_OUTCOME, {})


def test_found_by_index() -> None:
    """A live record of ForceManager that bears the row's id is updated."""
    action = plan_one(account(), indexed=(42,))
    assert (action.kind, action.target_id) == (ActionKind.UPDATE, 42)


def test_ledger_knows_better_than_the_index() -> None:
    """The record that was written stays the one that is written, also when a copy of it has appeared."""
    row = account()
    state = written(plan_one(row), target_id=10)
    for indexed in ((10,), (11,), (10, 11)):
        action = plan_one(account(Phone="new"), state=state, indexed=indexed)
        assert (action.kind, action.target_id) == (ActionKind.UPDATE, 10)


def test_duplicates_in_force_manager() -> None:
    """Which of several records is the right one is not guessed: all are named, in order."""
    action = plan_one(account(), indexed=(43, 7, 42))
    assert (action.kind, action.code, action.payload) == (ActionKind.REJECT, Code.DUPLICATE_IN_FORCE_MANAGER, {})
    assert "7, 42, 43" in action.message


@pytest.mark.parametrize("parent", ["none", "unknown", "not there", "unclear", "released"])
def test_contacts_wait_for_their_account(parent: str) -> None:
    """Without an account of ours in ForceManager a contact is pending, not rejected."""
    company = account()
    states = {
        "unknown": None,
        "none": None,
        "not there": RecordState(sage_id=company.id, status=RecordStatus.ERROR),
        "unclear": _unclear(company.id),
        "released": there(company, status=RecordStatus.NOT_SYNCHRONIZED),
    }
    row = contact(of=None if parent == "none" else company)
    action = plan_one(row, CONTACTS, parent=states[parent])
    assert (action.kind, action.code) == (ActionKind.PENDING, Code.ACCOUNT_NOT_SYNCHRONIZED)
    assert action.message == Code.ACCOUNT_NOT_SYNCHRONIZED.entry.remedy


@pytest.mark.parametrize("status", [RecordStatus.SYNCHRONIZED, RecordStatus.ERROR, RecordStatus.PENDING])
def test_contacts_of_an_account_that_is_there(status: RecordStatus) -> None:
    """An account that is in ForceManager has its contacts, also while its own update is refused."""
    company = account()
    action = plan_one(contact(of=company), CONTACTS, parent=there(company, 500, status=status))
    assert action.kind is ActionKind.CREATE
    assert action.payload["accountId"] == 500


def test_new_record_of_an_owner_without_a_user_is_rejected() -> None:
    """Nobody in ForceManager could own it."""
    action = plan_one(account(owner_id=EVE))
    assert (action.kind, action.code, action.payload) == (ActionKind.REJECT, Code.USER_NOT_ASSOCIATED, {})


FALLEN_BACK = Associations(by_sage={ANA: rep(REP_OF_ANA, active=False), BEN: rep(REP_OF_BEN)}, fallback=rep(FALLBACK))
DEACTIVATED = replace(FALLEN_BACK, fallback=None)
FALLBACK_GONE = replace(FALLEN_BACK, fallback=rep(FALLBACK, active=False))


@pytest.mark.parametrize(
    ("users", "owner_id", "owns"),
    [
        pytest.param(FALLEN_BACK, BEN, REP_OF_BEN, id="active"),
        pytest.param(FALLEN_BACK, ANA, FALLBACK, id="deactivated: fallback"),
        pytest.param(FALLEN_BACK, EVE, FALLBACK, id="not associated: fallback"),
        pytest.param(DEACTIVATED, ANA, None, id="deactivated, no fallback"),
        pytest.param(FALLBACK_GONE, ANA, None, id="fallback deactivated"),
    ],
)
def test_who_owns_a_new_account(users: Associations, owner_id: str, owns: int | None) -> None:
    """The owner's user if active, else the fallback if active, else nobody: a reject."""
    action = plan_one(account(owner_id=owner_id), context(users=users))
    if owns is None:
        assert (action.kind, action.code) == (ActionKind.REJECT, Code.USER_NOT_ASSOCIATED)
    else:
        assert action.payload["salesRepId1"] == owns


@pytest.mark.parametrize(
    ("users", "owner_id", "account_owner_id", "owns"),
    [
        pytest.param(FALLEN_BACK, BEN, EVE, REP_OF_BEN, id="its own"),
        pytest.param(FALLEN_BACK, EVE, BEN, REP_OF_BEN, id="not associated: its account's"),
        pytest.param(FALLEN_BACK, EVE, ANA, FALLBACK, id="its account's deactivated: fallback"),
        pytest.param(FALLEN_BACK, EVE, EVE, FALLBACK, id="none associated: fallback"),
        pytest.param(FALLEN_BACK, ANA, BEN, FALLBACK, id="its own deactivated: fallback"),
        pytest.param(DEACTIVATED, EVE, EVE, None, id="nobody"),
        pytest.param(DEACTIVATED, ANA, BEN, None, id="its own deactivated, no fallback"),
    ],
)
def test_who_owns_a_new_contact(users: Associations, owner_id: str, account_owner_id: str, owns: int | None) -> None:
    """Its own owner's user if associated, else its account's; if that one is deactivated, the fallback."""
    company = account(owner_id=account_owner_id)
    row = contact(of=company, owner_id=owner_id)
    action = plan_one(row, context(Entity.CONTACTS, users=users), parent=there(company))
    if owns is None:
        assert (action.kind, action.code) == (ActionKind.REJECT, Code.USER_NOT_ASSOCIATED)
    else:
        assert action.payload["salesRepId"] == owns


@pytest.mark.parametrize("users", [DEACTIVATED, FALLEN_BACK, FALLBACK_GONE])
def test_existing_records_are_left_with_a_deactivated_user(users: Associations) -> None:
    """They are still kept in step, and nobody else gets them."""
    state = written(plan_one(account()))
    assert plan_one(account(), context(users=users), state=state).kind is ActionKind.UNCHANGED
    action = plan_one(account(Phone="new"), context(users=users), state=state)
    assert (action.kind, action.payload) == (ActionKind.UPDATE, {"phone": "new"})


def test_reject_names_all_problems() -> None:
    """The message has every problem of the record, the code is the first one's; the state's id goes along."""
    row = account(Name=None, Type="Alien")
    state = replace(there(row, 33), attempts=2)
    action = plan_one(row, state=state)
    assert (action.kind, action.code, action.target_id) == (ActionKind.REJECT, Code.MISSING_MANDATORY_FIELD, 33)
    assert action.message == "name: Name empty in Sage"
    assert action.payload == {}
    assert action.field_hashes == {}


@pytest.mark.parametrize(("attempts", "hours"), [(0, 1), (1, 2), (3, 8), (50, 24)])
def test_rejects_are_put_off_from_t(attempts: int, hours: int) -> None:
    """The more often in a row, the later it is due again; the clock is the context's."""
    row = account(Name=None)
    state = RecordState(sage_id=row.id, status=RecordStatus.ERROR, attempts=attempts)
    assert plan_one(row, state=state).retry_at == NOW + timedelta(hours=hours)


def test_actions_bear_the_row() -> None:
    """Every kind of action says which record it is about, for people and for the ledger."""
    company = account(5)
    row = contact(6, of=company)
    for parent in (there(company), None):
        action = plan_one(row, CONTACTS, parent=parent)
        assert (action.entity, action.sage_id, action.label) == (Entity.CONTACTS, row.id, "Contact 6")
        assert action.parent_id == company.id


def test_row_that_comes_twice_is_planned_once() -> None:
    """Pages that shift while they are read give no second create."""
    row = account()
    assert len(plan([row, account(2), row], Knowledge(states={}, claims={}), context())) == 2


def test_nothing_gives_nothing() -> None:
    """An empty batch has an empty plan."""
    assert plan([], Knowledge(states={}, claims={}), context()) == ()
