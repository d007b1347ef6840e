"""The definitions of docs/payments.md again: plain loops over days and documents, fractions, no cleverness.

Written from the definitions, not from the code: it shares with it the words and the documents, and no computation.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.settings import PaymentSettings

Days = tuple[date, ...]
DAY = timedelta(days=1)


def begins(day: date, zone: str) -> datetime:
    """Return the instant at which a date begins somewhere; of a date that was skipped, that of the next one."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def date_at(at: datetime, zone: str) -> date:
    """Return the last date that has begun."""
    day = at.date() + 3 * DAY
    while begins(day, zone) > at:
        day -= DAY
    return day


@cache
def week_of(day: date, start: str) -> tuple[str, Days]:
    """Return the name and the days of a week: the n-th of those that have most days in its year."""
    first = day
    while f"{first:%A}" != start:
        first -= DAY
    days = tuple(first + n * DAY for n in range(7))

    def year_of(monday: date) -> int:
        ((year, _),) = Counter((monday + n * DAY).year for n in range(7)).most_common(1)
        return year

    number = 1
    while year_of(first - number * 7 * DAY) == year_of(first):
        number += 1
    return f"{year_of(first)}-W{number:02}", days


@cache
def year_of(day: date, start: int) -> tuple[str, Days]:
    """Return the name and the days of a fiscal year."""
    first = day
    while (first.month, first.day) != (start, 1):
        first -= DAY
    days = [first]
    while ((days[-1] + DAY).month, (days[-1] + DAY).day) != (start, 1):
        days.append(days[-1] + DAY)
    return f"FY{days[-1].year}", tuple(days)


@cache
def quarter_of(day: date, start: int) -> tuple[str, Days]:
    """Return the name and the days of a quarter of a fiscal year."""
    name, days = year_of(day, start)
    months = list(dict.fromkeys((each.year, each.month) for each in days))
    number = months.index((day.year, day.month)) // 3
    mine = months[number * 3 : number * 3 + 3]
    shown = name.removeprefix("FY") if start == 1 else name
    return f"{shown}-Q{number + 1}", tuple(each for each in days if (each.year, each.month) in mine)


@cache
def month_of(day: date) -> tuple[str, Days]:
    """Return the name and the days of a month."""
    name = day.isoformat()[:7]
    around = (day + n * DAY for n in range(-31, 32))
    return name, tuple(each for each in around if each.isoformat()[:7] == name)


def period_of(kind: str, day: date, settings: PaymentSettings, start: int) -> tuple[str, Days]:
    """Return the name and the days of the period that has a day in it."""
    if kind == "Week":
        return week_of(day, settings.week_start.value)
    if kind == "Month":
        return month_of(day)
    return quarter_of(day, start) if kind == "Quarter" else year_of(day, start)


def before(kind: str, days: Days, settings: PaymentSettings, start: int) -> tuple[str, Days]:
    """Return the name and the days of what a period is compared with."""
    if settings.compare_with == "PreviousPeriod":
        return period_of(kind, days[0] - DAY, settings, start)
    if kind == "Week":
        return period_of(kind, days[0] - 52 * 7 * DAY, settings, start)
    return period_of(kind, date(days[0].year - 1, days[0].month, 1), settings, start)


def counting(documents: Sequence[Document], settings: PaymentSettings) -> list[Document]:
    """Return the documents that count."""
    known = [each for each in documents if each.type in settings.signs]
    return [each for each in known if each.is_open or settings.since is None or each.dated >= settings.since]


def turnover(documents: Sequence[Document], days: Days, settings: PaymentSettings) -> dict[str, Fraction]:
    """Return the figures of the documents that are dated on some days."""
    sums = {"invoiced": Fraction(0), "paid": Fraction(0), "documents": Fraction(0)}
    wanted = set(days)
    for document in counting(documents, settings):
        if document.dated in wanted:
            sign = settings.signs[document.type]
            sums["invoiced"] += sign * Fraction(document.net if settings.amount == "Net" else document.total)
            sums["paid"] += sign * Fraction(document.paid)
            sums["documents"] += 1
    return sums


def compared(now: Fraction, then: Fraction) -> dict[str, Fraction | None]:
    """Return the four numbers of a figure."""
    percent = None if then == 0 else one_decimal((now - then) * 100 / abs(then))
    return {"Current": now, "Comparison": then, "Change": now - then, "ChangePercent": percent}


def one_decimal(number: Fraction) -> Fraction:
    """Round to tenths; a half goes away from zero."""
    tenths = int(abs(number) * 10 + Fraction(1, 2))
    return Fraction(tenths if number >= 0 else -tenths, 10)


def standing(
    documents: Sequence[Document], limit: Fraction | None, settings: PaymentSettings, today: date
) -> dict[str, Fraction | str | None]:
    """Return the figures as of now."""
    mine = counting(documents, settings)

    def open_amount(document: Document) -> Fraction:
        return settings.signs[document.type] * Fraction(document.outstanding) if document.is_open else Fraction(0)

    def is_credit(document: Document) -> bool:
        return settings.signs[document.type] * Fraction(document.total) < 0

    payable = [each for each in mine if not is_credit(each) and open_amount(each) > 0 and each.due is not None]
    days_over = {each.id: (today - each.due).days for each in payable if each.due is not None and each.due < today}
    amounts = {each.id: open_amount(each) for each in mine}
    outstanding = sum(amounts.values(), Fraction(0))

    def aged(least: int, most: int) -> Fraction:
        return sum((amounts[each] for each, days in days_over.items() if least <= days <= most), Fraction(0))

    settled = [
        (each.paid_on, (each.paid_on - each.dated).days)
        for each in mine
        if each.paid_on is not None and not each.is_open and not is_credit(each) and each.paid_on <= today
    ]
    lately = [days for on, days in settled if on > today - 365 * DAY]
    oldest = max(days_over.values(), default=0)
    soon = [each for each in payable if each.due is not None and 0 <= (each.due - today).days <= settings.due_soon_days]
    if not mine:
        status = "NoInvoices"
    elif days_over:
        status = "SeriouslyOverdue" if oldest >= settings.serious_days else "Overdue"
    elif outstanding <= 0:
        status = "Paid"
    else:
        status = "DueSoon" if soon else "Open"
    return {
        "outstanding": outstanding,
        "creditUsed": outstanding,
        "overdue": aged(1, 10**9),
        "overdueDays": Fraction(oldest),
        "notDue": outstanding - aged(1, 10**9),
        "d1to30": aged(1, 30),
        "d31to60": aged(31, 60),
        "d61to90": aged(61, 90),
        "over90": aged(91, 10**9),
        "averageDaysToPay": one_decimal(Fraction(sum(lately), len(lately))) if lately else None,
        "lastPaymentDate": max(on for on, _ in settled).isoformat() if settled else None,
        "creditLimit": limit,
        "asOf": today.isoformat(),
        "status": status,
    }
