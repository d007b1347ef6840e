"""Trade documents in Sage: formulas, payments, tags, and the many that come from a seed."""

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sage_operator.simulators import ClockSetting, ControlError, Dataset
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.soql import Calendar, execute

from .clients import SageClient

DOCUMENT, TAG = "s2cor__Sage_INV_Trade_Document__c", "s2cor__Sage_ACC_Tag__c"
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
CHANGED = f"SELECT Id FROM {DOCUMENT} WHERE SystemModstamp >= {LATER:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def account(sage: SageClient) -> str:
    """An account, at ten o'clock."""
    sage.control.set_clock(ClockSetting(frozen_at=NOW))
    return str(sage.control.records("Account")[0]["Id"])


def document(sage: SageClient, key: str) -> dict[str, Any]:
    """Return what a reader of payments sees of a document."""
    fields = (
        "Total_Amount Net_Amount Tax_Amount Paid_Amount Outstanding_Amount Is_Paid Status Date Due_Date "
        "Document_Number Foreign_Total_Amount Exchange_Rate"
    )
    names = ", ".join(f"s2cor__{name}__c" for name in fields.split())
    parents = "Document_Number_Tag__r.s2cor__Is_Reconciled__c Document_Number_Tag__r.s2cor__Reconciled_Date__c"
    more = ", ".join(f"s2cor__{name}" for name in [*parents.split(), "Trade_Document_Type__r.Name"])
    (row,) = sage.rows(f"SELECT {names}, {more} FROM {DOCUMENT} WHERE Id = '{key}'")
    return {name.removeprefix("s2cor__").removesuffix("__c"): value for name, value in row.items()}


def test_an_invoice_is_paid_without_a_stamp(sage: SageClient, account: str) -> None:
    """A payment in the ledger changes formulas and the number's tag, and moves no stamp."""
    made = sage.control.create_document(account, Decimal("121.00"), dated=date(2026, 10, 1))
    shown = document(sage, made.id)
    assert (shown["Outstanding_Amount"], shown["Is_Paid"], shown["Due_Date"]) == (121, False, "2026-10-31")
    assert (shown["Net_Amount"], shown["Tax_Amount"], shown["Trade_Document_Type__r"]["Name"]) == (
        100,
        21,
        "Sales Invoice",
    )
    sage.control.set_clock(ClockSetting(frozen_at=LATER))
    assert sage.control.pay(made.id, Decimal("20.50")) == (Decimal("100.5"), False)
    assert sage.control.pay(made.id, on=date(2026, 11, 3)) == (0, True)
    shown = document(sage, made.id)
    assert (shown["Paid_Amount"], shown["Outstanding_Amount"], shown["Is_Paid"]) == (121, 0, True)
    tag = shown["Document_Number_Tag__r"]
    assert (tag["s2cor__Is_Reconciled__c"], tag["s2cor__Reconciled_Date__c"]) == (True, "2026-11-03")
    assert sage.rows(CHANGED) == []
    assert sage.rows(CHANGED.replace(DOCUMENT, TAG)) == []
    sage.control.pay(made.id, Decimal(-21))
    shown = document(sage, made.id)
    assert (shown["Outstanding_Amount"], shown["Document_Number_Tag__r"]["s2cor__Is_Reconciled__c"]) == (
        21,
        False,
    )


def test_a_stored_payment_moves_the_stamp(sage: SageClient, account: str) -> None:
    """Where Paid_Amount is written, the document counts as changed."""
    made = sage.control.create_document(account, Decimal(50))
    sage.control.set_clock(ClockSetting(frozen_at=LATER))
    sage.control.pay(made.id, Decimal(10), how="Stored")
    assert [row["Id"] for row in sage.rows(CHANGED)] == [made.id]
    assert document(sage, made.id)["Outstanding_Amount"] == 40


def test_paid_amount_that_is_only_stored(sage: SageClient, account: str) -> None:
    """Where Paid_Amount is no formula, a payment in the ledger shows in the other two only."""
    sage.control.configure(paid_amount="Stored")
    made = sage.control.create_document(account, Decimal(50), paid=Decimal(5), discount=Decimal(1))
    sage.control.pay(made.id)
    shown = document(sage, made.id)
    assert (shown["Paid_Amount"], shown["Outstanding_Amount"], shown["Is_Paid"]) == (5, 0, True)
    fields = {field["name"]: field for field in sage.get(f"/sobjects/{DOCUMENT}/describe").json()["fields"]}
    calculated = {name for name, field in fields.items() if field["calculated"]}
    assert calculated == {"s2cor__Outstanding_Amount__c", "s2cor__Is_Paid__c"}


def test_discount_and_withholding(sage: SageClient, account: str) -> None:
    """They lessen what is outstanding, but count as not paid."""
    made = sage.control.create_document(account, Decimal(121), discount=Decimal(2), withholding=Decimal("15.5"))
    assert document(sage, made.id)["Outstanding_Amount"] == 103.5
    sage.control.pay(made.id)
    shown = document(sage, made.id)
    assert (shown["Paid_Amount"], shown["Is_Paid"]) == (103.5, True)


def test_foreign_currency(sage: SageClient, account: str) -> None:
    """A document has its own amounts and those in the company's currency."""
    made = sage.control.create_document(
        account, Decimal("100.00"), currency="USD", exchange_rate=Decimal("0.925"), company="ACME France"
    )
    shown = document(sage, made.id)
    assert (shown["Foreign_Total_Amount"], shown["Exchange_Rate"], shown["Total_Amount"]) == (100, 0.925, 92.5)


def test_drafts(sage: SageClient, account: str) -> None:
    """A draft has no number, no tag, and can't be paid; submitting it is an edit."""
    made = sage.control.create_document(account, Decimal(10), status="Unsubmitted", type="Sales Credit")
    shown = document(sage, made.id)
    assert (made.number_tag, shown["Status"], shown["Document_Number"]) == (None, "Unsubmitted", None)
    with pytest.raises(ControlError, match="draft"):
        sage.control.pay(made.id)
    sage.control.update(DOCUMENT, made.id, s2cor__Status__c="Submitted")
    assert sage.control.pay(made.id).is_paid


def test_amounts_are_corrected(sage: SageClient, account: str) -> None:
    """Formulas follow an edit; they can't be edited themselves; a deleted document is in queryAll."""
    made = sage.control.create_document(account, Decimal(10))
    sage.control.update(DOCUMENT, made.id, s2cor__Total_Amount__c=Decimal("12.34"))
    assert document(sage, made.id)["Outstanding_Amount"] == 12.34
    with pytest.raises(ControlError, match="formulas"):
        sage.control.update(DOCUMENT, made.id, s2cor__Is_Paid__c=True)
    sage.control.delete(DOCUMENT, made.id)
    text = f"SELECT IsDeleted FROM {DOCUMENT} WHERE Id = '{made.id}'"
    assert sage.rows(text) == []
    assert sage.rows(text, everything=True)[0]["IsDeleted"] is True


def test_tags(sage: SageClient, account: str) -> None:
    """The credit limit is on the account's tag; reconciling a number tag changes no document."""
    tag = sage.control.set_credit_limit(account, Decimal(5000))
    (row,) = sage.rows(
        f"SELECT Id, s2cor__Base_Credit_Limit__c, s2cor__Dimension__r.Name FROM {TAG} "
        f"WHERE s2cor__Account__c = '{account}'"
    )
    assert (row["Id"], row["s2cor__Base_Credit_Limit__c"], row["s2cor__Dimension__r"]["Name"]) == (
        tag,
        5000,
        "Customer",
    )
    made = sage.control.create_document(account, Decimal(10), dated=date(2026, 11, 1))
    sage.control.reconcile(made.id, on=date(2026, 11, 11))
    (row,) = sage.rows(f"SELECT s2cor__Days_To_Reconcile__c FROM {TAG} WHERE Id = '{made.number_tag}'")
    assert (row["s2cor__Days_To_Reconcile__c"], document(sage, made.id)["Is_Paid"]) == (10, False)


def test_merge_moves_documents(sage: SageClient, account: str) -> None:
    """The documents of an account that is merged away are the winner's afterwards."""
    made = sage.control.create_document(account, Decimal(10))
    winner = next(row["Id"] for row in sage.control.records("Account") if row["Id"] != account)
    sage.control.set_clock(ClockSetting(frozen_at=LATER))
    sage.control.merge("Account", account, winner)
    assert [row["Id"] for row in sage.rows(f"{CHANGED} AND s2cor__Account__c = '{winner}'")] == [made.id]


def test_a_clock_that_moves(sage: SageClient) -> None:
    """Time can be set, passes from there, and can be let pass; both simulators have the same."""
    assert abs(sage.control.move_clock(NOW) - NOW) < timedelta(seconds=5)
    assert timedelta() <= sage.control.now() - NOW < timedelta(minutes=1)
    after = sage.control.advance_clock(timedelta(days=40))
    assert after.date() == date(2027, 1, 3)
    with pytest.raises(ControlError, match="time zone"):
        sage.control.move_clock(datetime(2026, 1, 1))  # noqa: DTZ001


TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def many() -> Organisation:
    """Three hundred accounts with two thousand documents."""
    dataset = Dataset(accounts=300, contacts=0, documents=2000, companies=3, today=TODAY)
    return Organisation(name="m", number=1, client_id="c", client_secret="s", dataset=dataset)


def found(organisation: Organisation, where: str, *, name: str = DOCUMENT) -> set[str]:
    """Return the ids of the rows that fulfil a condition."""
    result = execute(f"SELECT Id FROM {name} WHERE {where}", organisation, calendar=Calendar(today=TODAY))
    return {row["Id"] for row in result.rows}


def test_documents_from_a_seed(many: Organisation) -> None:
    """Most are invoices and paid; some not due, overdue, paid in part, credits, drafts, foreign, discounted."""
    rows = list(many.table(DOCUMENT))
    assert len(rows) == 2000
    kinds = Counter(row["s2cor__Classification__c"] for row in rows)
    assert kinds["Invoice"] > 1500
    assert min(kinds.values()) > 5
    posted = [row for row in rows if row["s2cor__Status__c"] == "Submitted" and to_be_paid(row)]
    assert 0.85 < sum(row["s2cor__Is_Paid__c"] for row in posted) / len(posted) < 0.98
    open_ones = [row for row in posted if not row["s2cor__Is_Paid__c"]]
    assert {row["s2cor__Due_Date__c"] < TODAY.isoformat() for row in open_ones} == {True, False}
    assert any(row["s2cor__Paid_Amount__c"] > 0 for row in open_ones)
    assert any(row["s2cor__Discount_Amount__c"] or row["s2cor__Withholding_Amount__c"] for row in posted)
    assert any(row["s2cor__Exchange_Rate__c"] != 1 for row in rows)
    assert max(row["s2cor__Date__c"] for row in rows) < TODAY.isoformat()
    per_account = Counter(row["s2cor__Account__c"] for row in rows)
    assert max(per_account.values()) > 10
    assert len(per_account) < 300
    for row in rows:
        left = row["s2cor__Total_Amount__c"] - row["s2cor__Discount_Amount__c"] - row["s2cor__Withholding_Amount__c"]
        assert left - row["s2cor__Paid_Amount__c"] == row["s2cor__Outstanding_Amount__c"]
        assert row["s2cor__Net_Amount__c"] + row["s2cor__Tax_Amount__c"] == row["s2cor__Total_Amount__c"]


def to_be_paid(row: dict[str, Any]) -> bool:
    """Tell whether a document is one that is paid at all."""
    return row["s2cor__Classification__c"] in {"Invoice", "Credit"}


def test_tags_from_a_seed(many: Organisation) -> None:
    """A settled document has a reconciled tag; one tag an account, some with a credit limit."""
    tags = many.table(TAG).rows
    for row in many.table(DOCUMENT):
        if key := row.get("s2cor__Document_Number_Tag__c"):
            assert tags[key]["Name"] == row["s2cor__Document_Number__c"]
            assert tags[key]["s2cor__Is_Reconciled__c"] is row["s2cor__Is_Paid__c"]
    limits = found(many, "s2cor__Base_Credit_Limit__c > 0", name=TAG)
    assert 150 < len(limits) < 280


def test_indexes_of_columns(many: Organisation) -> None:
    """An index finds what a scan finds, before and after edits; an edited row is found as it is now."""
    account = next(iter(many.table(DOCUMENT)))["s2cor__Account__c"]
    conditions = [
        "s2cor__Is_Paid__c = false",
        f"s2cor__Account__c = '{account}'",
        "SystemModstamp >= 2026-11-01T00:00:00Z",
    ]
    table = many.table(DOCUMENT)
    chosen = min(found(many, conditions[1]))
    for _ in range(2):
        for where in conditions:
            indexed = found(many, where)
            assert indexed == found(many, f"({where}) OR Name = 'nobody'")
            assert found(many, f"Id = '{chosen}' AND {where}") == indexed & {chosen}
        stamp = "2026-11-24T10:00:00.000+0000"
        table.put({**table.rows[chosen], "s2cor__Is_Paid__c": True, "SystemModstamp": stamp})
    assert len(table) == 2000
    table.purge(chosen)
    assert len(table) == 1999
    assert found(many, f"Id = '{chosen}'") == set()
    many.reset()
    assert chosen in many.table(DOCUMENT).rows


def test_a_found_row_keeps_what_it_was(many: Organisation) -> None:
    """Rows that a query found don't change by later edits."""
    table = many.table(DOCUMENT)
    row = next(iter(table))
    before = dict(row)
    table.put({**row, "Name": "edited"})
    assert dict(row) == before
    assert table.rows[before["Id"]]["Name"] == "edited"
    many.reset()


def test_documents_are_made_fast() -> None:
    """Ten thousand documents take less than two seconds of processor time, also on a busy machine."""
    begin = time.process_time()
    Dataset(accounts=100, contacts=0, documents=10_000).sage()
    assert time.process_time() - begin < 2
