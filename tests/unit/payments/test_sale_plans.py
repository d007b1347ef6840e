"""What becomes of the sale of a document: written once, corrected, deleted, kept, or waiting."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.sales import SaleContext, SaleKnowledge, plan_sales, to_claim
from sage_operator.sync.payments.settings import OnVoid
from sage_operator.sync.records import Action, RecordState
from sage_operator.sync.state import Claim

ACCOUNT, INVOICE = "001000000000001AAA", "a0D000000000001AAA"
CONTEXT = SaleContext(
    signs={"Sales Invoice": 1, "Sales Credit": -1},
    on_void=OnVoid.DELETE,
    hash_key=b"a key",
    now=datetime(2026, 11, 24, 12, tzinfo=UTC),
)
DOCUMENT = Document(
    id=INVOICE,
    account_id=ACCOUNT,
    type="Sales Invoice",
    number="SI-1",
    dated=date(2026, 11, 1),
    due=None,
    net=Decimal(100),
    total=Decimal("121.305"),
    paid=Decimal(0),
    outstanding=Decimal("121.305"),
    currency="EUR",
    is_open=True,
)
THERE = RecordState(sage_id=ACCOUNT, status=RecordStatus.SYNCHRONIZED, target_id=7)
LEFT = replace(THERE, status=RecordStatus.NOT_SYNCHRONIZED)
NOTHING = SaleKnowledge(documents={INVOICE: DOCUMENT}, states={}, accounts={ACCOUNT: THERE})


def planned(known: SaleKnowledge = NOTHING, context: SaleContext = CONTEXT) -> Action:
    """Plan one sale."""
    (action,) = plan_sales([INVOICE], known, context)
    assert (action.entity, action.sage_id, action.parent_id) == (Entity.SALES, INVOICE, ACCOUNT)
    return action


def written() -> RecordState:
    """Return the state of a sale that was written as it is planned."""
    action = planned()
    return RecordState(
        sage_id=INVOICE,
        status=RecordStatus.SYNCHRONIZED,
        target_id=9,
        parent_id=ACCOUNT,
        mapped_hash=action.mapped_hash,
        field_hashes=action.field_hashes,
    )


def test_a_document_without_a_sale() -> None:
    """Expect all that ForceManager demands, the amount with all its digits."""
    assert planned(replace(NOTHING, reps={ACCOUNT: "REP"})).payload == {
        "extId": INVOICE,
        "accountId": 7,
        "accountExtId": ACCOUNT,
        "date": "2026-11-01T00:00:00Z",
        "total": Decimal("121.305"),
        "salesRepExtId": "REP",
    }
    assert planned().payload["salesRepExtId"] == ""


def test_a_credit() -> None:
    """Expect the sign of its type."""
    credit = replace(DOCUMENT, type="Sales Credit", total=Decimal(5))
    payload = planned(replace(NOTHING, documents={INVOICE: credit})).payload
    assert str(payload["total"]) == "-5.00"


def test_planning_what_was_written() -> None:
    """Expect nothing to do; of a changed document only what differs, of an account made anew its id."""
    known = replace(NOTHING, states={INVOICE: written()})
    assert (planned(known).kind, planned(known).payload) == (ActionKind.UNCHANGED, {})
    changed = replace(known, documents={INVOICE: replace(DOCUMENT, total=Decimal(1), paid=Decimal(1))})
    assert (planned(changed).kind, planned(changed).payload) == (ActionKind.UPDATE, {"total": Decimal("1.00")})
    anew = replace(known, accounts={ACCOUNT: replace(THERE, target_id=8)})
    assert planned(anew).payload == {"accountId": 8}


@pytest.mark.parametrize(
    "state",
    [
        replace(written(), mapped_hash=None),
        replace(written(), status=RecordStatus.NOT_SYNCHRONIZED),
    ],
)
def test_a_sale_of_which_it_is_not_known_what_it_says(state: RecordState) -> None:
    """Expect all of it to be written again, except its representative."""
    action = planned(replace(NOTHING, states={INVOICE: state}))
    assert (action.kind, action.target_id) == (ActionKind.UPDATE, 9)
    assert set(action.payload) == {"accountId", "accountExtId", "date", "total"}


def test_a_sale_that_is_there_already() -> None:
    """Expect the one that bears the document's id to be taken, and several to be a reject."""
    assert planned(replace(NOTHING, indexed={INVOICE: (5,)})).target_id == 5
    inherited = replace(NOTHING, claims={INVOICE: Claim(mine=True, holder="crm/acme", target_id=6)})
    assert planned(inherited).target_id == 6
    twice = planned(replace(NOTHING, indexed={INVOICE: (8, 5)}))
    assert (twice.kind, twice.code) == (ActionKind.REJECT, Code.DUPLICATE_IN_FORCE_MANAGER)
    assert "5, 8" in twice.message


@pytest.mark.parametrize("account", [None, LEFT, replace(THERE, target_id=None)])
def test_an_account_that_is_not_there(account: RecordState | None) -> None:
    """Expect its sales to wait for it, and not to be claimed unless it is ours."""
    known = replace(NOTHING, accounts={ACCOUNT: account} if account is not None else {})
    assert (planned(known).kind, planned(known).code) == (ActionKind.PENDING, Code.ACCOUNT_NOT_SYNCHRONIZED)
    assert to_claim([INVOICE], known) == ((INVOICE,) if account is not None and account.is_ours else ())


def test_a_sale_of_another_integration_and_an_unclear_one() -> None:
    """Expect neither to be written."""
    other = replace(NOTHING, claims={INVOICE: Claim(mine=False, holder="crm/other")})
    assert planned(other).code is Code.CLAIMED_BY_OTHER
    unclear = RecordState(sage_id=INVOICE, status=RecordStatus.PENDING, parent_id=ACCOUNT, unclear_since=CONTEXT.now)
    assert planned(replace(NOTHING, states={INVOICE: unclear})).code is Code.UNCLEAR_OUTCOME
    assert plan_sales([INVOICE], replace(NOTHING, documents={}, states={INVOICE: unclear}), CONTEXT) == ()


def test_a_document_that_counts_no_longer() -> None:
    """Expect its sale deleted, or kept; released if it never came to be, or has left with its account."""
    void = replace(NOTHING, documents={}, states={INVOICE: written()})
    assert (planned(void).kind, planned(void).target_id) == (ActionKind.DELETE, 9)
    assert planned(void, replace(CONTEXT, on_void=OnVoid.KEEP)).kind is ActionKind.RELEASE
    assert planned(replace(void, accounts={ACCOUNT: LEFT})).kind is ActionKind.RELEASE
    never = replace(void, states={INVOICE: replace(written(), target_id=None)})
    assert planned(never).kind is ActionKind.RELEASE
    assert plan_sales([INVOICE], replace(void, states={}), CONTEXT) == ()


def test_a_sale_that_was_kept_and_whose_document_is_gone() -> None:
    """Expect it deleted where its account is there and `onVoid` says so, by whoever has its claim, and nothing else."""
    kept = replace(written(), status=RecordStatus.NOT_SYNCHRONIZED)
    void = replace(NOTHING, documents={}, states={INVOICE: kept})
    assert to_claim([INVOICE], void) == (INVOICE,)
    assert planned(void).kind is ActionKind.DELETE
    assert plan_sales([INVOICE], void, replace(CONTEXT, on_void=OnVoid.KEEP)) == ()
    assert plan_sales([INVOICE], replace(void, accounts={ACCOUNT: LEFT}), CONTEXT) == ()
    others = replace(void, claims={INVOICE: Claim(mine=False, holder="crm/other")})
    assert plan_sales([INVOICE], others, CONTEXT) == ()
