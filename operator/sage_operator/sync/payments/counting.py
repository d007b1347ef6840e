"""Which documents count, and with what: signs, settled amounts, credits."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final, NamedTuple

from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.settings import Amount, PaymentSettings

EXACT: Final = Context(prec=80)
"""Sums of a company's amounts need some 30 digits. Nothing of them is ever rounded."""

ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")
_TENTH: Final = Decimal("0.1")


def money(amount: Decimal) -> Decimal:
    """Spell an amount with two decimals, or with more if it has them: equal amounts are then spelled alike."""
    cents = amount.quantize(_CENT, context=EXACT)
    return EXACT.add(cents if cents == amount else amount.normalize(EXACT), ZERO)  # -0.00 becomes 0.00


def one_decimal(number: Decimal) -> Decimal:
    """Round to one decimal, a half away from zero."""
    return EXACT.add(number.quantize(_TENTH, ROUND_HALF_UP, EXACT), ZERO)


class Counted(NamedTuple):
    """What one document adds to the figures. Amounts have their sign: those of a credit are below zero.

    Attributes:
        open: what is still to be paid of it; 0 if Sage counts it as paid.
        credit: its total is below zero.
        settled_on: when it was paid in full; None while it is open, or if that is not known.
    """

    dated: date
    due: date | None
    invoiced: Decimal
    paid: Decimal
    open: Decimal
    credit: bool
    settled_on: date | None


def counted(documents: Iterable[Document], settings: PaymentSettings) -> Iterator[Counted]:
    """Yield the documents that count. To be consumed within `EXACT`."""
    signs, since, net = settings.signs, settings.since, settings.amount is Amount.NET
    for document in documents:
        is_open = document.is_open
        sign = signs.get(document.type)
        if sign is None or (since is not None and document.dated < since and not is_open):
            continue
        yield Counted(
            document.dated,
            document.due,
            sign * (document.net if net else document.total),
            sign * document.paid,
            sign * document.outstanding if is_open else ZERO,
            sign * document.total < 0,
            None if is_open else document.paid_on,
        )


def discrepancies(documents: Iterable[Document]) -> Iterator[str]:
    """Yield a warning for each document whose total less what is paid is not what Sage says is outstanding.

    The usual causes are a discount for early payment, and tax that the customer withheld. It tells no amount.
    """
    for document in documents:
        outstanding = document.outstanding if document.is_open else ZERO
        if EXACT.subtract(document.total, document.paid) != outstanding:
            yield (
                f"{document.type} {document.number}: total less paid is not what Sage has as outstanding"
                " (a discount, or tax withheld?); the figures use the latter"
            )
