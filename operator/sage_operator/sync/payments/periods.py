"""Weeks, months, quarters and years: their names, their bounds, and what they are compared with.

Plain dates throughout: no hours, hence no daylight saving. The one place where a time zone matters is `today`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

JANUARY: Final = 1
"""The month in which fiscal years begin where neither the integration nor the company says otherwise."""

_DAY: Final = timedelta(days=1)


class PeriodKind(StrEnum):
    """How long a period is."""

    WEEK = "Week"
    MONTH = "Month"
    QUARTER = "Quarter"
    YEAR = "Year"


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


_WEEKDAYS: Final = {day: number for number, day in enumerate(Weekday)}  # as `date.weekday` counts them


class CompareWith(StrEnum):
    """What a period is compared with."""

    PREVIOUS_PERIOD = "PreviousPeriod"
    SAME_PERIOD_LAST_YEAR = "SamePeriodLastYear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A week, month, quarter or year: from its first to its last day, both included."""

    kind: PeriodKind
    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days of a period that count: all of them, or the first ones. Both ends are included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A period, the one that it is compared with, and the days of each that count."""

    period: Period
    before: Period
    counted: Span
    counted_before: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """How a company divides its time.

    Attributes:
        week_start: the first day of its weeks.
        fiscal_start: the month, 1 to 12, in which its fiscal years begin; quarters are those of the fiscal year.
    """

    week_start: Weekday = Weekday.MONDAY
    fiscal_start: int = 1

    def period(self, kind: PeriodKind, day: date) -> Period:
        """Return the period that has a day in it."""
        match kind:
            case PeriodKind.WEEK:
                return self._week(day)
            case PeriodKind.MONTH:
                return _months(kind, _month_of(day), 1, name=f"{day:%Y-%m}")
            case PeriodKind.QUARTER:
                return self._quarter(day)
            case PeriodKind.YEAR:
                first = self._fiscal_year(day)
                return _months(kind, first, 12, name=f"FY{_year_at_end(first):04}")

    def previous(self, period: Period) -> Period:
        """Return the period that ends the day before."""
        return self.period(period.kind, period.first - _DAY)

    def last_year(self, period: Period) -> Period:
        """Return the same period a year before; of a week, that of 52 weeks before."""
        if period.kind is PeriodKind.WEEK:
            return self.period(period.kind, period.first - timedelta(weeks=52))
        return self.period(period.kind, period.first.replace(year=period.first.year - 1))

    def compare(self, kind: PeriodKind, *, today: date, compare_with: CompareWith, to_date: bool) -> Comparison:
        """Return the current period and what it is compared with.

        To date means: the current period up to today, and as many days of the other one, at most to its end.
        """
        comparison = self.compare_whole(self.period(kind, today), compare_with)
        if not to_date:
            return comparison
        period, before = comparison.period, comparison.before
        return Comparison(
            period=period,
            before=before,
            counted=Span(first=period.first, last=today),
            counted_before=Span(first=before.first, last=min(before.last, before.first + (today - period.first))),
        )

    def compare_whole(self, period: Period, compare_with: CompareWith) -> Comparison:
        """Return a period and what it is compared with, all days of both."""
        before = self.previous(period) if compare_with is CompareWith.PREVIOUS_PERIOD else self.last_year(period)
        return Comparison(
            period=period,
            before=before,
            counted=Span(first=period.first, last=period.last),
            counted_before=Span(first=before.first, last=before.last),
        )

    def _week(self, day: date) -> Period:
        """A week belongs to the year of its fourth day: the one that most of its days are in, as in ISO 8601."""
        first = day - timedelta(days=(day.weekday() - _WEEKDAYS[self.week_start]) % 7)
        fourth = first + timedelta(days=3)
        number = (fourth - date(fourth.year, 1, 1)).days // 7 + 1
        return Period(
            kind=PeriodKind.WEEK,
            name=f"{fourth.year:04}-W{number:02}",
            first=first,
            last=first + timedelta(days=6),
        )

    def _quarter(self, day: date) -> Period:
        """A quarter is named by its fiscal year, with `FY` unless that is the calendar year."""
        year = self._fiscal_year(day)
        number = (_month_of(day) - year) // 3
        prefix = "" if self.fiscal_start == 1 else "FY"
        name = f"{prefix}{_year_at_end(year):04}-Q{number + 1}"
        return _months(PeriodKind.QUARTER, year + 3 * number, 3, name=name)

    def _fiscal_year(self, day: date) -> int:
        """Return the first month of the fiscal year that has a day in it."""
        month = _month_of(day)
        return month - (month - (self.fiscal_start - 1)) % 12


def today(at: datetime, time_zone: str) -> date:
    """Return the date in an IANA time zone at an aware instant.

    Raises:
        ZoneInfoNotFoundError: there is no such zone.
        ValueError: the instant has no time zone of its own.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(ZoneInfo(time_zone)).date()


def _month_of(day: date) -> int:
    """Number the months through, so that one can count over the end of a year."""
    return day.year * 12 + day.month - 1


def _start_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _months(kind: PeriodKind, first: int, length: int, *, name: str) -> Period:
    return Period(kind=kind, name=name, first=_start_of(first), last=_start_of(first + length) - _DAY)


def _year_at_end(first: int) -> int:
    """Return the calendar year in which a fiscal year of these months ends, which names it."""
    return (first + 11) // 12
