"""What the documents dated in a period come to, and how that compares with the period before."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from sage_operator.sync.payments.counting import EXACT, ZERO, Counted, money, one_decimal
from sage_operator.sync.payments.settings import OF_A_PERIOD, Figure, Of

Number: TypeAlias = Decimal | int

# Plain names: in Python 3.11 each `Figure.INVOICED` is a call, and these are asked for a million times.
_INVOICED, _PAID, _DOCUMENTS = OF_A_PERIOD
_CURRENT, _COMPARISON, _CHANGE, _ = Of


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
        if figure is _INVOICED:
            return self.invoiced
        if figure is _PAID:
            return self.paid
        if figure is _DOCUMENTS:
            return self.documents
        raise ValueError(f"{figure} is no figure of a period")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The turnover of a period, and that of the period it is compared with."""

    now: Turnover
    before: Turnover

    def value(self, figure: Figure, of: Of) -> Number | None:
        """Return a number, or None: a change in percent of nothing."""
        now = self.now.value(figure)
        if of is _CURRENT:
            return _spelled(now)
        before = self.before.value(figure)
        if of is _COMPARISON:
            return _spelled(before)
        change = EXACT.subtract(now, before)
        if of is _CHANGE:
            return int(change) if isinstance(now, int) else money(change)
        if not before:
            return None
        return one_decimal(EXACT.divide(EXACT.multiply(change, 100), EXACT.abs(before)))


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
