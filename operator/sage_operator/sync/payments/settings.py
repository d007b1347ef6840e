"""What `spec.payments` asks for, without Kubernetes in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from sage_operator.sync.payments.periods import Calendar, CompareWith, PeriodKind, Weekday


class Figure(StrEnum):
    """A number (or word) that tells how an account pays."""

    INVOICED = "invoiced"
    PAID = "paid"
    DOCUMENTS = "documents"

    OUTSTANDING = "outstanding"
    OVERDUE = "overdue"
    OVERDUE_DAYS = "overdueDays"
    AVERAGE_DAYS_TO_PAY = "averageDaysToPay"
    LAST_PAYMENT_DATE = "lastPaymentDate"
    CREDIT_LIMIT = "creditLimit"
    CREDIT_USED = "creditUsed"
    NOT_DUE = "notDue"
    D1_TO_30 = "d1to30"
    D31_TO_60 = "d31to60"
    D61_TO_90 = "d61to90"
    OVER_90 = "over90"
    AS_OF = "asOf"
    STATUS = "status"


OF_A_PERIOD: Final = (Figure.INVOICED, Figure.PAID, Figure.DOCUMENTS)
"""Figures of the documents dated in a period; all others are as of now."""

BUCKETS: Final = (Figure.NOT_DUE, Figure.D1_TO_30, Figure.D31_TO_60, Figure.D61_TO_90, Figure.OVER_90)
"""The ageing of what is outstanding; together they are the figure `outstanding`."""


class PaymentStatus(StrEnum):
    """How an account stands, in one word."""

    NO_INVOICES = "NoInvoices"
    PAID = "Paid"
    OPEN = "Open"
    DUE_SOON = "DueSoon"
    OVERDUE = "Overdue"
    SERIOUSLY_OVERDUE = "SeriouslyOverdue"
    NOT_SYNCHRONIZED = "NotSynchronized"  # the account left the scope: nobody keeps its figures any more


class Of(StrEnum):
    """Which number of a period: its own, that of the period before, or how it changed."""

    CURRENT = "Current"
    COMPARISON = "Comparison"
    CHANGE = "Change"
    CHANGE_PERCENT = "ChangePercent"


class Amount(StrEnum):
    """Which amount of a document is invoiced."""

    NET = "Net"
    TOTAL = "Total"


class OnVoid(StrEnum):
    """What happens to the sale of a document that counts no longer."""

    DELETE = "Delete"
    KEEP = "Keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRule:
    """Fills one account field with one figure. `period` is set exactly for figures of a period."""

    target: str
    figure: Figure
    period: PeriodKind | None = None
    of: Of = Of.CURRENT

    def __post_init__(self) -> None:
        if (self.period is not None) != (self.figure in OF_A_PERIOD) or (self.period is None and self.of != Of.CURRENT):
            raise ValueError(f"{self.target}: exactly the figures {', '.join(OF_A_PERIOD)} have a period")


DEFAULT_TYPES: Final = frozenset({"Sales Invoice", "Sales Credit"})
"""The document types that count unless the spec says otherwise. An organisation may well lack one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSettings:
    """How figures are computed and where they go.

    Attributes:
        time_zone: IANA name; it decides what date it is.
        fiscal_start: the month, 1 to 12, in which fiscal years begin; None for the company's own.
        to_date: compare the part of the period gone by; otherwise whole periods.
        amount: which amount `invoiced` adds up.
        since: documents dated before it do not count unless they are open.
        signs: by document type, 1 or -1: what its stored amounts are multiplied by. Other types do not count.
        statuses: values of `s2cor__Status__c` of the documents that count.
        due_soon_days: an account is `DueSoon` if something is due within so many days, inclusive.
        serious_days: an account is `SeriouslyOverdue` if something is overdue for so many days or more.
        sales: write each document as a ForceManager sale too.
    """

    time_zone: str
    week_start: Weekday = Weekday.MONDAY
    fiscal_start: int | None = None
    compare_with: CompareWith = CompareWith.PREVIOUS_PERIOD
    to_date: bool = True
    amount: Amount = Amount.TOTAL
    since: date | None = None
    signs: Mapping[str, int]
    statuses: tuple[str, ...] = ("Submitted",)
    due_soon_days: int = 7
    serious_days: int = 60
    sales: bool = False
    on_void: OnVoid = OnVoid.DELETE
    rules: tuple[FigureRule, ...] = ()

    @property
    def uses_limits(self) -> bool:
        """Tell whether any figure needs credit limits."""
        return any(rule.figure is Figure.CREDIT_LIMIT for rule in self.rules)

    def calendar(self, company_fiscal_start: int) -> Calendar:
        """Return the calendar; the company's own fiscal year stands where the settings name none."""
        return Calendar(week_start=self.week_start, fiscal_start=self.fiscal_start or company_fiscal_start)
