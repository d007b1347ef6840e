"""Edges of the figures as of now, one at a time."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sage_operator.sync.payments.counting import discrepancies
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.figures import Frame, figure_values, left_values, reckon
from sage_operator.sync.payments.periods import PeriodKind
from sage_operator.sync.payments.settings import Figure, FigureRule, Of, PaymentSettings
from sage_operator.sync.records import Scalar

TODAY = date(2026, 11, 24)
SETTINGS = PaymentSettings(
    time_zone="UTC", signs={"Sales Invoice": 1, "Sales Credit": -1}, due_soon_days=7, serious_days=60
)


def ago(days: int) -> date:
    """Return a day before today; below zero, one after it."""
    return TODAY - timedelta(days=days)


def document(**changes: Any) -> Document:
    """Make an open invoice of 100.00, issued 20 days ago, due in 10."""
    amounts = {"net": Decimal(80), "total": Decimal(100), "paid": Decimal(0), "outstanding": Decimal(100)}
    rest = {"id": "a", "account_id": "b", "type": "Sales Invoice", "number": "1", "currency": "EUR", "is_open": True}
    return Document(**({"dated": ago(20), "due": ago(-10)} | amounts | rest | changes))


def settled(days: int, **changes: Any) -> Document:
    """Make an invoice that was settled some days ago."""
    paid = {"is_open": False, "paid": Decimal(100), "outstanding": Decimal(0), "paid_on": ago(days)}
    return document(**(paid | changes))


CREDIT = document(type="Sales Credit", due=ago(100))


def now(*documents: Document) -> Mapping[Figure, Scalar]:
    """Compute the figures as of now."""
    return reckon(documents, frame=Frame.of(SETTINGS, today=TODAY, company_fiscal_start=1)).now


@pytest.mark.parametrize(
    ("documents", "status"),
    [
        ([], "NoInvoices"),
        ([document(type="Quotation")], "NoInvoices"),
        ([document(due=ago(60))], "SeriouslyOverdue"),
        ([document(due=ago(59))], "Overdue"),
        ([document(due=ago(1)), CREDIT], "Overdue"),
        ([document(due=TODAY)], "DueSoon"),
        ([document(due=ago(-7))], "DueSoon"),
        ([document(due=ago(-8))], "Open"),
        ([document(due=ago(-8)), document(due=ago(-7))], "DueSoon"),
        ([document(due=None)], "Open"),
        ([document(due=TODAY), CREDIT], "Paid"),
        ([CREDIT], "Paid"),
        ([settled(3, due=ago(100))], "Paid"),
        ([document(is_open=False, due=ago(100))], "Paid"),
    ],
)
def test_status(documents: list[Document], status: str) -> None:
    """Expect the first that holds."""
    assert now(*documents)[Figure.STATUS] == status


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-1, Figure.NOT_DUE),
        (0, Figure.NOT_DUE),
        (1, Figure.D1_TO_30),
        (30, Figure.D1_TO_30),
        (31, Figure.D31_TO_60),
        (60, Figure.D31_TO_60),
        (61, Figure.D61_TO_90),
        (90, Figure.D61_TO_90),
        (91, Figure.OVER_90),
    ],
)
def test_buckets(days: int, bucket: Figure) -> None:
    """Expect an amount in one bucket, and overdue from the first day."""
    figures = now(document(due=ago(days)))
    assert figures[bucket] == figures[Figure.OUTSTANDING] == Decimal(100)
    assert figures[Figure.OVERDUE] == (100 if days > 0 else 0)
    assert figures[Figure.OVERDUE_DAYS] == max(days, 0)


def test_credits_and_what_was_paid_too_much_are_not_due() -> None:
    """Expect them in the first bucket, even a credit that was paid back too much."""
    too_much = document(due=ago(50), paid=Decimal(130), outstanding=Decimal(-30))
    paid_back_too_much = document(type="Sales Credit", due=ago(50), paid=Decimal(120), outstanding=Decimal(-20))
    figures = now(CREDIT, too_much, paid_back_too_much)
    assert figures[Figure.NOT_DUE] == figures[Figure.OUTSTANDING] == Decimal(-110)
    assert (figures[Figure.OVERDUE], figures[Figure.OVERDUE_DAYS]) == (0, 0)


@pytest.mark.parametrize(
    ("documents", "average", "last"),
    [
        ([settled(0)], "20.0", TODAY),
        ([settled(364, dated=ago(364 + 30))], "30.0", ago(364)),
        ([settled(365, dated=ago(365 + 30))], None, ago(365)),
        ([settled(-1)], None, None),
        ([settled(0, type="Sales Credit")], None, None),
        ([settled(0, is_open=True)], None, None),
        ([settled(0, paid_on=None)], None, None),
        ([settled(22)], "-2.0", ago(22)),
        ([settled(days, dated=ago(days + each)) for days, each in enumerate([1, 1, 1, 2])], "1.3", TODAY),
        ([settled(days, dated=ago(days - each)) for days, each in enumerate([1, 1, 1, 2])], "-1.3", TODAY),
    ],
)
def test_habits(documents: list[Document], average: str | None, last: date | None) -> None:
    """Expect invoices settled up to today, on average those of 365 days, halves away from zero."""
    figures = now(*documents)
    shown = figures[Figure.AVERAGE_DAYS_TO_PAY]
    assert (None if shown is None else str(shown)) == average
    assert figures[Figure.LAST_PAYMENT_DATE] == (last.isoformat() if last else None)


@pytest.mark.parametrize(
    ("amounts", "shown"),
    [
        (["0.1", "0.2"], "0.30"),
        (["1E+3"], "1000.00"),
        (["12.3400", "0.0000"], "12.34"),
        (["0.005"], "0.005"),
        (["999999999999999.99", "0.00000000000001"], "999999999999999.99000000000001"),
        (["5.00", "-5"], "0.00"),
    ],
)
def test_amounts_are_exact_and_spelled_alike(amounts: list[str], shown: str) -> None:
    """Expect all digits, at least two decimals, no exponent and no negative zero."""
    documents = [document(total=Decimal(amount), outstanding=Decimal(amount)) for amount in amounts]
    frame = Frame.of(SETTINGS, today=TODAY, company_fiscal_start=1, kinds=[PeriodKind.YEAR])
    figures = reckon(documents, frame=frame)
    assert str(figures.now[Figure.OUTSTANDING]) == shown
    year = figures.periods[PeriodKind.YEAR]
    assert str(year.value(Figure.INVOICED, Of.CURRENT)) == str(year.value(Figure.INVOICED, Of.CHANGE)) == shown


def test_nothing_is_zero_but_what_is_not_known_is_absent() -> None:
    """Expect amounts of 0 for an account without documents, and neither an average nor a change in percent."""
    rules = (
        FigureRule(target="Z_Open", figure=Figure.OUTSTANDING),
        FigureRule(target="Z_Days", figure=Figure.OVERDUE_DAYS),
        FigureRule(target="Z_Average", figure=Figure.AVERAGE_DAYS_TO_PAY),
        FigureRule(target="Z_Last", figure=Figure.LAST_PAYMENT_DATE),
        FigureRule(target="Z_Limit", figure=Figure.CREDIT_LIMIT),
        FigureRule(target="Z_Week", figure=Figure.PAID, period=PeriodKind.WEEK),
        FigureRule(target="Z_Number", figure=Figure.DOCUMENTS, period=PeriodKind.WEEK, of=Of.CHANGE),
        FigureRule(target="Z_Percent", figure=Figure.PAID, period=PeriodKind.WEEK, of=Of.CHANGE_PERCENT),
    )
    settings = PaymentSettings(time_zone="UTC", signs={}, rules=rules)
    values = figure_values([], frame=Frame.of(settings, today=TODAY, company_fiscal_start=1))
    assert values == {"Z_Open": 0, "Z_Days": 0, "Z_Week": 0, "Z_Number": 0}
    assert left_values(rules) == {}


def test_documents_older_than_since_count_while_they_are_open() -> None:
    """Expect the first day itself to count, the day before only if it is open."""
    settings = PaymentSettings(time_zone="UTC", signs={"Sales Invoice": 1}, since=ago(20))
    frame = Frame.of(settings, today=TODAY, company_fiscal_start=1, kinds=[PeriodKind.YEAR])
    old = {"dated": ago(21)}
    documents = [settled(3), settled(3, **old), document(**old)]
    assert reckon(documents, frame=frame).periods[PeriodKind.YEAR].now.documents == 2


@pytest.mark.parametrize(
    ("odd", "warned"),
    [
        (document(), False),
        (settled(0), False),
        (document(paid=Decimal("40.00"), outstanding=Decimal("60.0")), False),
        (settled(0, paid=Decimal(98)), True),
        (document(outstanding=Decimal(81)), True),
        (document(is_open=False), True),
    ],
)
def test_warnings(odd: Document, warned: bool) -> None:
    """Expect one where total less paid is not outstanding, naming type and number and no amount."""
    assert [text.split(":")[0] for text in discrepancies([odd])] == ["Sales Invoice 1"] * warned
