from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import structlog

from sage_operator.sage.document_fields import DocumentFields
from sage_operator.sage.document_rows import DocumentReader
from sage_operator.sync.errors import Unavailable
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.sources import SourceField, SourceKind

from . import trade

ID, ACCOUNT = "a06000000000001AAA", "001000000000001AAA"
EXPECTED = Document(
    id=ID, account_id=ACCOUNT, type="Sales Invoice", number="SI-1", dated=date(2026, 11, 1), due=date(2026, 12, 1),
    net=Decimal("100.00"), total=Decimal("121.00"), paid=Decimal("21.00"), outstanding=Decimal("99.99"),
    currency="EUR", is_open=True,
)  # fmt: skip


def record(**changed: Any) -> dict[str, Any]:
    """A document as Salesforce sends it."""
    return {
        "Id": ID, "Name": "D-1", "s2cor__Document_Number__c": "SI-1", "s2cor__Account__c": ACCOUNT,
        "s2cor__Trade_Document_Type__r": {"Name": "Sales Invoice"}, "s2cor__Date__c": "2026-11-01",
        "s2cor__Due_Date__c": "2026-12-01", "s2cor__Total_Amount__c": 121, "s2cor__Net_Amount__c": Decimal("100.0"),
        "s2cor__Tax_Amount__c": 21, "s2cor__Paid_Amount__c": Decimal("21.00"),
        "s2cor__Outstanding_Amount__c": Decimal("99.99"), "s2cor__Is_Paid__c": False,
        "s2cor__Document_Number_Tag__r": {"s2cor__Is_Reconciled__c": False, "s2cor__Reconciled_Date__c": None},
        "s2cor__Currency__r": {"s2cor__Currency_Code__c": "EUR"},
    } | changed  # fmt: skip


def read(fields: DocumentFields | None = None, query: Any = None, **changed: Any) -> Document:
    """Return the document of one record."""
    (found,) = DocumentReader(fields or trade.fields(), query or trade.asked()).records([record(**changed)])
    return found


def test_a_document() -> None:
    """Expect exact amounts, whole numbers too, dates, and the account by its long id."""
    found = read(s2cor__Account__c=ACCOUNT[:15])
    assert found == EXPECTED
    assert {type(amount) for amount in (found.net, found.total, found.paid, found.outstanding)} == {Decimal}


def test_csv_gives_the_same() -> None:
    """Expect the same document from texts in any order of columns and in any case."""
    fields = trade.fields()
    line = {
        "Id": ID, "Name": "D-1", "s2cor__Document_Number__c": "SI-1", "s2cor__Account__c": ACCOUNT,
        "s2cor__Trade_Document_Type__r.Name": "Sales Invoice", "s2cor__Date__c": "2026-11-01",
        "s2cor__Due_Date__c": "2026-12-01", "s2cor__Total_Amount__c": "121.0", "s2cor__Net_Amount__c": "100.00",
        "s2cor__Paid_Amount__c": "2.1E1", "s2cor__Outstanding_Amount__c": "99.99", "s2cor__Is_Paid__c": "false",
        "s2cor__Document_Number_Tag__r.s2cor__Is_Reconciled__c": "",
        "s2cor__Document_Number_Tag__r.s2cor__Reconciled_Date__c": "",
        "s2cor__Currency__r.s2cor__Currency_Code__c": "EUR",
    }  # fmt: skip
    header = [name.upper() for name in reversed(line)]
    assert DocumentReader(fields, trade.asked()).lines(header, [list(reversed(line.values()))]) == [EXPECTED]


def test_what_is_null() -> None:
    """Expect parents that are null to be nothing, amounts that are null to be 0, and the name for the number."""
    found = read(
        s2cor__Currency__r=None, s2cor__Document_Number_Tag__r=None, s2cor__Due_Date__c=None, s2cor__Net_Amount__c=None,
        s2cor__Paid_Amount__c=None, s2cor__Document_Number__c=None, s2cor__Outstanding_Amount__c=None,
    )  # fmt: skip
    assert found == replace(
        EXPECTED, currency="", due=None, net=Decimal(121), paid=Decimal(0), number="D-1", outstanding=Decimal(121)
    )
    assert read(s2cor__Total_Amount__c=None).total == 0


def test_settlement_is_the_reconciliation_of_the_number() -> None:
    """Expect the date of a tag that is reconciled, and not that of one that was once."""
    tag = {"s2cor__Is_Reconciled__c": True, "s2cor__Reconciled_Date__c": "2026-11-20"}
    assert read(s2cor__Document_Number_Tag__r=tag).paid_on == date(2026, 11, 20)
    assert read(s2cor__Document_Number_Tag__r=tag | {"s2cor__Is_Reconciled__c": False}).paid_on is None


def test_a_manual_due_date_that_is_set_goes_first() -> None:
    """Expect it before the computed one, and that one where it is not set."""
    fields = trade.fields(SourceField(name="s2cor__Manual_Due_Date__c", kind=SourceKind.DATE))
    assert read(fields, s2cor__Manual_Due_Date__c="2027-01-31").due == date(2027, 1, 31)
    assert read(fields, s2cor__Manual_Due_Date__c=None).due == date(2026, 12, 1)


def test_amounts_stand_for_one_another() -> None:
    """Expect what is outstanding from total and paid, paid from what is outstanding, net from tax."""
    assert read(trade.fields(without=["s2cor__Outstanding_Amount__c"])).outstanding == 100
    assert read(trade.fields(without=["s2cor__Paid_Amount__c"])).paid == Decimal("21.01")
    assert read(trade.fields(without=["s2cor__Net_Amount__c"])).net == 100


def test_open_is_what_the_first_field_says() -> None:
    """Expect Sage's word before the reconciled tag, and that before what is outstanding."""
    reconciled = {"s2cor__Is_Reconciled__c": True, "s2cor__Reconciled_Date__c": None}
    assert read(s2cor__Document_Number_Tag__r=reconciled).is_open
    without = trade.fields(without=["s2cor__Is_Paid__c"])
    assert not read(without, s2cor__Document_Number_Tag__r=reconciled).is_open
    assert read(without, s2cor__Document_Number_Tag__r=None).is_open
    bare = trade.fields(without=["s2cor__Is_Paid__c", "s2cor__Document_Number_Tag__c"])
    assert read(bare).is_open
    assert not read(bare, s2cor__Outstanding_Amount__c=Decimal("0.00")).is_open


def test_what_sage_could_not_filter_is_left_out() -> None:
    """Expect paid ones left out of open ones, and old ones unless they are open."""
    paid = record(s2cor__Is_Paid__c=True)
    assert not DocumentReader(trade.fields(), trade.asked(open_only=True)).records([paid])
    since = trade.asked(trade.scope(since=date(2026, 11, 2)))
    kept = DocumentReader(trade.fields(), since).records([paid, record()])
    assert [one.is_open for one in kept] == [True]
    assert DocumentReader(trade.fields(), trade.asked(trade.scope(since=date(2026, 11, 1)))).records([paid])


def test_types_are_spelled_as_configured() -> None:
    """Expect the configured spelling, as Salesforce compares without case and signs are looked up with it."""
    assert read(s2cor__Trade_Document_Type__r={"Name": "SALES invoice"}).type == "Sales Invoice"


def test_nobody_s_documents_are_told_of() -> None:
    """Expect documents without account or date left out, counted, and the first of them named."""
    reader = DocumentReader(trade.fields(), trade.asked())
    lost = [record(s2cor__Account__c=None, s2cor__Document_Number__c=f"SI-{number}") for number in range(6)]
    assert not reader.records([*lost, record(s2cor__Date__c=None)])
    with structlog.testing.capture_logs() as logs:
        reader.report()
        DocumentReader(trade.fields(), trade.asked()).report()
    (told,) = logs
    assert (told["count"], told["first"]) == (7, ["SI-0", "SI-1", "SI-2", "SI-3", "SI-4"])


@pytest.mark.parametrize(
    "odd", [{"s2cor__Date__c": "1.11.2026"}, {"s2cor__Account__c": "x"}, {"s2cor__Trade_Document_Type__r": 5}]
)
def test_odd_values(odd: dict[str, Any]) -> None:
    """Expect an answer that is none of ours to be Sage's fault, not a crash."""
    with pytest.raises(Unavailable, match="none of its field's type"):
        read(**odd)


def test_odd_columns() -> None:
    """Expect CSV without a column, with too short a line, or with what is no number to be Sage's fault."""
    reader = DocumentReader(trade.fields(), trade.asked())
    with pytest.raises(Unavailable, match="lacks the column"):
        reader.lines(["Id"], [[ID]])
    header = list(trade.fields().columns)
    good = ["x"] * len(header)
    for line in (good[:-1], good, [*good[:7], "NaN", *good[8:]]):
        with pytest.raises(Unavailable, match="none of its field's type"):
            reader.lines(header, [line])
