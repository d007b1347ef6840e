"""How an account pays: as text for people, as a document for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

import click
from rich import box
from rich.table import Table
from rich.text import Text

from sage_operator.cli._table import iso, natural_width, print_facts, print_rich, shown, terminal, terminal_width
from sage_operator.sync.payments.periods import CompareWith, PeriodKind
from sage_operator.sync.payments.series import SeriesRow
from sage_operator.sync.payments.settings import BUCKETS, OF_A_PERIOD, Figure, Of
from sage_operator.sync.records import Scalar

if TYPE_CHECKING:
    from sage_operator.ledger import ArchivedRecord

BUCKET_NAMES: Final = dict(
    zip(BUCKETS, ("not due", "1 to 30 days", "31 to 60 days", "61 to 90 days", "over 90 days"), strict=True)
)
"""What people call the ageing of what is outstanding."""

_BAR: Final = 24
"""Cells of the longest bar, if there is room for it."""
_SHORTEST: Final = 6
"""Cells of the longest bar that still tell something; in a narrower terminal there are none."""
_NUMBERS: Final = ("invoiced", "paid", "docs", "change", "%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """How an account pays.

    Attributes:
        company: whose documents these are; None if no run has told yet.
        currency: the ISO code of its base currency, in which all amounts are; None if it is not known.
        today: in `time_zone`; what the figures are as of.
        read_until: UTC on Sage's clock, up to which documents have been read.
        now: figures as of now.
        rows: periods, oldest first, the current one last.
        to_date: the current period counts up to today, and so many days of the one it is compared with.
    """

    account: "ArchivedRecord"
    company: str | None
    currency: str | None
    time_zone: str
    today: date
    read_until: datetime
    now: Mapping[Figure, Scalar]
    kind: PeriodKind
    compared_with: CompareWith
    rows: Sequence[SeriesRow]
    to_date: bool


def document(payments: Payments) -> dict[str, Any]:
    """Return all of it for programs; figures bear the names that `spec.payments.fields` knows them by."""
    namespace, _, name = payments.account.integration.partition("/")
    return {
        "account": {
            "namespace": namespace,
            "name": name,
            "sageId": payments.account.sage_id,
            "forceManagerId": payments.account.target_id,
            "label": payments.account.label,
        },
        "company": payments.company,
        "currency": payments.currency,
        "timeZone": payments.time_zone,
        "today": payments.today.isoformat(),
        "readUntil": iso(payments.read_until),
        "figures": {figure.value: value for figure, value in payments.now.items()},
        "period": payments.kind.value,
        "comparedWith": payments.compared_with.value,
        "toDate": payments.to_date,
        "periods": [_period(row) for row in payments.rows],
    }


def _period(row: SeriesRow) -> dict[str, Any]:
    def values(of: Of) -> dict[str, Scalar]:
        return {figure.value: row.compared.value(figure, of) for figure in OF_A_PERIOD}

    counted, before = row.comparison.counted, row.comparison.counted_before
    return {
        "name": row.comparison.period.name,
        "first": counted.first.isoformat(),
        "last": counted.last.isoformat(),
        **values(Of.CURRENT),
        "comparison": {
            "name": row.comparison.before.name,
            "first": before.first.isoformat(),
            "last": before.last.isoformat(),
            **values(Of.COMPARISON),
        },
        "change": values(Of.CHANGE),
        "changePercent": values(Of.CHANGE_PERCENT),
    }


def print_payments(payments: Payments) -> None:
    """Print what stands as of now, then a line a period."""
    now = payments.now
    overdue = money(now[Figure.OVERDUE])
    if now[Figure.OVERDUE_DAYS]:
        overdue += f", the oldest for {now[Figure.OVERDUE_DAYS]} days"
    print_facts(
        [
            ("Account", payments.account.label),
            ("Sage id", payments.account.sage_id),
            ("Integration", payments.account.integration),
            ("Company", _company(payments)),
            ("Today", f"{payments.today} in {payments.time_zone}; Sage was read until {shown(payments.read_until)}"),
            ("Status", now[Figure.STATUS]),
            ("Outstanding", money(now[Figure.OUTSTANDING])),
            ("Overdue", overdue),
            ("By age", ", ".join(f"{name} {money(now[figure])}" for figure, name in BUCKET_NAMES.items())),
            ("Days to pay", now[Figure.AVERAGE_DAYS_TO_PAY]),
            ("Last payment", now[Figure.LAST_PAYMENT_DATE]),
            ("Credit", _credit(now)),
        ]
    )
    click.echo()
    _print_periods(payments)


def _company(payments: Payments) -> str | None:
    if payments.company is None or payments.currency is None:
        return payments.company
    return f"{payments.company}; amounts are in {payments.currency}"


def _credit(now: Mapping[Figure, Scalar]) -> str | None:
    limit = now[Figure.CREDIT_LIMIT]
    return None if limit is None else f"{money(now[Figure.CREDIT_USED])} used of {money(limit)}"


def _print_periods(payments: Payments) -> None:
    longest = _BAR
    if (width := terminal_width()) is not None:
        longest = min(_BAR, width - natural_width(_table(payments, longest=0)))
    print_rich(_table(payments, longest=longest if longest >= _SHORTEST else 0))
    paid, unpaid, credit = _cells()
    click.echo(f"\n{paid} paid by now, {unpaid} not paid, {credit} more credits than invoices")
    if payments.to_date:
        counted = payments.rows[-1].comparison
        click.echo(
            f"* up to {counted.counted.last}, compared with {counted.counted_before.first} to"
            f" {counted.counted_before.last}"
        )


def _table(payments: Payments, *, longest: int) -> Table:
    """Return a line a period; the longest bar has so many cells. Amounts are folded where they don't fit, never cut."""
    table = Table(box=box.SIMPLE_HEAD if terminal() else None, pad_edge=False, show_edge=False, collapse_padding=True)
    for head in (payments.kind.value, "invoiced", "", "paid", "docs", "against", "invoiced", "change", "%"):
        justify: Literal["left", "right"] = "right" if head in _NUMBERS else "left"
        table.add_column(head.upper(), justify=justify, overflow="fold")
    most = max((abs(row.compared.now.invoiced) for row in payments.rows), default=Decimal(0))
    for row in payments.rows:
        compared = row.compared
        percent = compared.value(Figure.INVOICED, Of.CHANGE_PERCENT)
        table.add_row(
            row.comparison.period.name + ("*" if payments.to_date and row is payments.rows[-1] else ""),
            money(compared.value(Figure.INVOICED, Of.CURRENT)),
            bar(compared.now.invoiced, compared.now.paid, most, longest=longest),
            money(compared.value(Figure.PAID, Of.CURRENT)),
            str(compared.now.documents),
            row.comparison.before.name,
            money(compared.value(Figure.INVOICED, Of.COMPARISON)),
            money(compared.value(Figure.INVOICED, Of.CHANGE), sign="+"),
            "" if percent is None else f"{percent:+}",
        )
    return table


def _cells() -> tuple[str, str, str]:
    """Return what bars are made of: of what is paid, what is not, and of credits. Plain without a terminal."""
    return ("█", "░", "▒") if terminal() else ("#", ".", "-")


def bar(invoiced: Decimal, paid: Decimal, most: Decimal, *, longest: int) -> Text:
    """Draw an amount against the largest one, the part of it that is paid first."""
    if not most or not longest:
        return Text()
    paid_cell, unpaid_cell, credit_cell = _cells()
    length = _cells_of(abs(invoiced), most, longest)
    if invoiced < 0:
        return Text(credit_cell * length, style="magenta")
    done = min(_cells_of(paid, most, longest), length) if paid > 0 else 0
    return Text.assemble((paid_cell * done, "blue"), (unpaid_cell * (length - done), "yellow"))


def _cells_of(amount: Decimal, most: Decimal, longest: int) -> int:
    """Return how many cells an amount has: what is not nothing has one at least."""
    return max(int((amount * longest / most).to_integral_value()), 1) if amount else 0


def money(amount: object, *, sign: str = "") -> str:
    """Spell an amount with all its digits, thousands apart; nothing has no sign."""
    return f"{amount:{sign if amount else ''},}" if isinstance(amount, Decimal) else ""
