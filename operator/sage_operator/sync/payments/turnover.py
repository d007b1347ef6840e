"""What the documents dated in a period come to, and how that compares with the period before."""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import NamedTuple, TypeAlias

from sage_operator.sync.payments.counting import EXACT, ZERO, Counted, money, one_decimal
from sage_operator.sync.payments.settings import Figure, Of

Number: TypeAlias = Decimal | int


class Turnover(NamedTuple):
    """What was invoiced in some days, how much of that has been paid by now, and by how many documents."""

    invoiced: Decimal
    paid: Decimal
    documents: int

    def value(self, figure: Figure) -> Number:
        """Return a figure of a period.

        Raises:
            ValueError: it is none of a period.
        """
        match figure:
            case Figure.INVOICED:
                return self.invoiced
            case Figure.PAID:
                return self.paid
            case Figure.DOCUMENTS:
                return self.documents
        raise ValueError(f"{figure} is no figure of a period")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The turnover of a period, and that of the period it is compared with."""

    now: Turnover
    before: Turnover

    def value(self, figure: Figure, of: Of) -> Number | None:
        """Return a number, or None: a change in percent of nothing."""
        now, before = self.now.value(figure), self.before.value(figure)
        match of:
            case Of.CURRENT:
                return _spelled(now)
            case Of.COMPARISON:
                return _spelled(before)
            case Of.CHANGE:
                with localcontext(EXACT):
                    return _spelled(now - before)
            case Of.CHANGE_PERCENT:
                return _percent(now, before)


class Adding:
    """Adds up documents. To be used within `EXACT`."""

    __slots__ = ("_documents", "_invoiced", "_paid")

    def __init__(self) -> None:
        self._invoiced = self._paid = ZERO
        self._documents = 0

    def add(self, document: Counted) -> None:
        """Take one document into account."""
        self._invoiced += document.invoiced
        self._paid += document.paid
        self._documents += 1

    def turnover(self) -> Turnover:
        """Return what they come to."""
        return Turnover(self._invoiced, self._paid, self._documents)


def _spelled(number: Number) -> Number:
    return number if isinstance(number, int) else money(number)


def _percent(now: Number, before: Number) -> Decimal | None:
    if not before:
        return None
    with localcontext(EXACT):
        return one_decimal(Decimal(now - before) * 100 / abs(Decimal(before)))
