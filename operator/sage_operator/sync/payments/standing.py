"""How an account stands today: what it owes, since when, and how it used to pay."""

from bisect import bisect_left
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sage_operator.sync.payments.counting import ZERO, Counted, money, one_decimal
from sage_operator.sync.payments.settings import BUCKETS, Figure, PaymentSettings, PaymentStatus
from sage_operator.sync.records import Scalar

_BUCKET_ENDS: Final = (0, 30, 60, 90)
"""The last day overdue of each ageing bucket but the last."""

_PAYING_HABITS: Final = timedelta(days=365)
"""How far back `averageDaysToPay` looks, today included."""


class Standing:
    """Adds up the documents of one account, in any order, as of one day."""

    __slots__ = (
        "_buckets",
        "_days_to_pay",
        "_documents",
        "_last_payment",
        "_next_due",
        "_oldest_due",
        "_paid",
        "_today",
    )

    def __init__(self, today: date) -> None:
        self._today = today
        self._documents = 0
        self._buckets = [ZERO] * len(BUCKETS)
        self._oldest_due: date | None = None  # of what is overdue
        self._next_due: date | None = None  # of what is not
        self._last_payment: date | None = None
        self._days_to_pay = self._paid = 0

    def add(self, document: Counted) -> None:
        """Take one document into account."""
        self._documents += 1
        if document.open:
            self._add_open(document)
        settled_on = document.settled_on
        if settled_on is None or document.credit or settled_on > self._today:
            return
        if self._last_payment is None or settled_on > self._last_payment:
            self._last_payment = settled_on
        if self._today - settled_on < _PAYING_HABITS:
            self._paid += 1
            self._days_to_pay += (settled_on - document.dated).days

    def _add_open(self, document: Counted) -> None:
        """Age an open amount. Only what a customer has to pay falls due: neither credits nor what was paid too much."""
        due, days_overdue = document.due, 0
        if due is not None and document.open > 0 and not document.credit:
            if due < self._today:
                days_overdue = (self._today - due).days
                if self._oldest_due is None or due < self._oldest_due:
                    self._oldest_due = due
            elif self._next_due is None or due < self._next_due:
                self._next_due = due
        self._buckets[bisect_left(_BUCKET_ENDS, days_overdue)] += document.open

    def figures(self, settings: PaymentSettings, credit_limit: Decimal | None) -> dict[Figure, Scalar]:
        """Return all figures as of now; None are those that are not known, or of nothing."""
        outstanding = sum(self._buckets, ZERO)
        overdue_days = (self._today - self._oldest_due).days if self._oldest_due else 0
        figures: dict[Figure, Scalar] = {
            figure: money(amount) for figure, amount in zip(BUCKETS, self._buckets, strict=True)
        }
        figures[Figure.OUTSTANDING] = figures[Figure.CREDIT_USED] = money(outstanding)
        figures[Figure.OVERDUE] = money(sum(self._buckets[1:], ZERO))
        figures[Figure.OVERDUE_DAYS] = overdue_days
        figures[Figure.AVERAGE_DAYS_TO_PAY] = (
            one_decimal(Decimal(self._days_to_pay) / self._paid) if self._paid else None
        )
        figures[Figure.LAST_PAYMENT_DATE] = self._last_payment.isoformat() if self._last_payment else None
        figures[Figure.CREDIT_LIMIT] = None if credit_limit is None else money(credit_limit)
        figures[Figure.AS_OF] = self._today.isoformat()
        figures[Figure.STATUS] = self._status(settings, outstanding, overdue_days).value
        return figures

    def _status(self, settings: PaymentSettings, outstanding: Decimal, overdue_days: int) -> PaymentStatus:
        """Return the first that holds: what is overdue is worse than what is open."""
        if not self._documents:
            return PaymentStatus.NO_INVOICES
        if overdue_days and overdue_days >= settings.serious_days:
            return PaymentStatus.SERIOUSLY_OVERDUE
        if overdue_days:
            return PaymentStatus.OVERDUE
        if outstanding <= 0:
            return PaymentStatus.PAID
        if self._next_due is not None and (self._next_due - self._today).days <= settings.due_soon_days:
            return PaymentStatus.DUE_SOON
        return PaymentStatus.OPEN
