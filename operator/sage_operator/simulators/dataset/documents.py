"""Trade documents from a seed, as columns of numbers.

Amounts are kept in cents; all currencies but Yen have them, and Yen are no company's base currency.
"""

import random
from array import array
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import NamedTuple

from sage_operator.simulators.dataset.trade import CURRENCIES, TYPES, base_currency, exchange_rate

DRAFT, SUBMITTED = 0, 1
INVOICE, CREDIT = 0, 1
"""Places in `trade.TYPES`."""
_TYPE_WEIGHTS = tuple(accumulate((86, 7, 2, 2, 2, 1)))
_TERMS = (30,) * 12 + (60,) * 6 + (0, 15)
_LIMITS = (0, 0, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000)
_EPOCH = date(1970, 1, 1).toordinal()


class Facts(NamedTuple):
    """One document. Days are ordinals of `datetime.date`, amounts cents in the company's currency."""

    type: int
    status: int
    company: int
    currency: int
    day: int
    due: int
    net: int
    tax: int
    foreign_net: int
    foreign_tax: int
    paid: int
    discount: int
    withheld: int
    settled: int
    """The day on which nothing was left to pay; 0: something is, or it is nothing to pay."""
    stamp: int
    """When it was changed last, in seconds since 1970."""


_SMALL = frozenset({"type", "status", "company", "currency"})
_DAYS = frozenset({"day", "due", "settled", "stamp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All documents by their number; those of an account are neighbours."""

    owners: tuple[str, ...]
    """Per account, the id of the user who owns it."""
    first: "array[int]"
    """Per account, the number of its first document; one more entry ends the last account's."""
    limit: "array[int]"
    """Per account, the credit limit; 0: none."""
    account: "array[int]"
    """Per document, the number of its account."""
    columns: dict[str, "array[int]"]
    """Per field of `Facts`, its values."""

    def __len__(self) -> int:
        return len(self.account)

    def facts(self, number: int) -> Facts:
        """Return a document."""
        return Facts(*(column[number] for column in self.columns.values()))


def make_ledger(
    *,
    seed: int,
    owners: tuple[str, ...],
    documents: int,
    companies: int,
    foreign_share: float,
    years: float,
    today: date,
) -> Ledger:
    """Make the documents of some accounts, dated in the years before today.

    Most are invoices, to pay in 30 or 60 days. Of what is due most is paid, some in part, some late; now and then with
    a settlement discount or a withheld tax, so that total less paid is not what is outstanding. Few are drafts.
    """
    rng = random.Random(f"{seed}:documents")
    accounts = len(owners)
    # A few accounts buy much, many little, some nothing.
    account = array("I", sorted(int(accounts * rng.random() ** 1.3) for _ in range(documents if accounts else 0)))
    counts = [0] * (accounts + 1)
    for one in account:
        counts[one + 1] += 1
    columns = {name: array("B" if name in _SMALL else "I" if name in _DAYS else "q") for name in Facts._fields}
    append = [column.append for column in columns.values()]
    last, span = today.toordinal() - 1, int(years * 365)
    for one in account:
        company = one % companies if rng.random() < 0.9 else int(rng.random() * companies)
        facts = _document(rng, company, day=last - int(span * rng.random()), last=last, foreign_share=foreign_share)
        for put, value in zip(append, facts, strict=True):
            put(value)
    limits = array("I", (rng.choice(_LIMITS) for _ in owners))
    return Ledger(owners=owners, first=array("I", accumulate(counts)), limit=limits, account=account, columns=columns)


def _document(rng: random.Random, company: int, *, day: int, last: int, foreign_share: float) -> Facts:
    chance = rng.random
    (kind,) = rng.choices(range(len(TYPES)), cum_weights=_TYPE_WEIGHTS)
    base = currency = base_currency(company)
    foreign_net = 100 + int(rng.lognormvariate(11, 1.2))
    if chance() < foreign_share:
        currency = int(chance() * len(CURRENCIES))
    if CURRENCIES[currency][3] == 0:
        foreign_net = foreign_net // 100 * 10_000
    foreign_tax = foreign_net * 21 // 100
    if CURRENCIES[currency][3] == 0:
        foreign_tax -= foreign_tax % 100
    when = date.fromordinal(day)
    rate = exchange_rate(currency, base, when.year * 12 + when.month)
    net, tax = (amount if currency == base else int(amount * rate) for amount in (foreign_net, foreign_tax))
    due = day + _TERMS[int(chance() * len(_TERMS))]
    status = DRAFT if chance() < (0.2 if last - day < 30 else 0.01) else SUBMITTED
    paid = discount = withheld = settled = 0
    if status == SUBMITTED and kind in {INVOICE, CREDIT}:
        late = last - due
        mood = chance()
        if mood < (0.975 if late > 60 else 0.8 if late > 0 else 0.15):
            settled = min(max(due + int(rng.gauss(4, 12)), day), last)
            if kind == INVOICE and chance() < 0.04:
                discount, withheld = ((net + tax) // 50, 0) if chance() < 0.5 else (0, net * 15 // 100)
            paid = net + tax - discount - withheld
        elif mood > 0.995 or (late > -20 and chance() < 0.3):
            paid = (net + tax) * int(1 + chance() * 9) // 10
    changed = max(day, settled) - _EPOCH
    stamp = changed * 86_400 + int((0.3 + 0.5 * chance()) * 86_400)
    return Facts(
        type=kind, status=status, company=company, currency=currency, day=day, due=due, net=net, tax=tax,
        foreign_net=foreign_net, foreign_tax=foreign_tax, paid=paid, discount=discount, withheld=withheld,
        settled=settled, stamp=stamp,
    )  # fmt: skip
