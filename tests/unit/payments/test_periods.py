"""Names and bounds of periods, by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.payments.periods import Calendar, CompareWith, Period, PeriodKind, Weekday, today

WEEK, MONTH, QUARTER, YEAR = PeriodKind


def day(text: str) -> date:
    """Read a date."""
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "of", "name", "first", "last"),
    [
        ("Monday", "2026-11-24", "2026-W48", "2026-11-23", "2026-11-29"),
        ("Monday", "2027-01-03", "2026-W53", "2026-12-28", "2027-01-03"),
        ("Monday", "2027-01-04", "2027-W01", "2027-01-04", "2027-01-10"),
        ("Monday", "2024-12-30", "2025-W01", "2024-12-30", "2025-01-05"),
        ("Sunday", "2026-01-03", "2025-W53", "2025-12-28", "2026-01-03"),
        ("Sunday", "2026-01-04", "2026-W01", "2026-01-04", "2026-01-10"),
        ("Sunday", "2025-01-01", "2025-W01", "2024-12-29", "2025-01-04"),
        ("Saturday", "2026-01-02", "2025-W52", "2025-12-27", "2026-01-02"),
        ("Saturday", "2025-01-01", "2024-W53", "2024-12-28", "2025-01-03"),
        ("Saturday", "2024-12-27", "2024-W52", "2024-12-21", "2024-12-27"),
    ],
)
def test_weeks(start: str, of: str, name: str, first: str, last: str) -> None:
    """Expect seven days from the configured one, in the year of the fourth day."""
    week = Calendar(week_start=Weekday(start)).period(WEEK, day(of))
    assert week == Period(kind=WEEK, name=name, first=day(first), last=day(last))


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_weeks_from_monday_are_those_of_iso_8601(of: date) -> None:
    """Expect what the standard library has for them."""
    year, week, weekday = of.isocalendar()
    period = Calendar().period(WEEK, of)
    assert (period.name, period.first) == (f"{year}-W{week:02}", of - timedelta(days=weekday - 1))


@pytest.mark.parametrize(
    ("kind", "start", "of", "name", "days"),
    [
        (MONTH, 7, "2024-02-29", "2024-02", ("2024-02-01", "2024-02-29")),
        (QUARTER, 1, "2026-12-31", "2026-Q4", ("2026-10-01", "2026-12-31")),
        (QUARTER, 4, "2026-04-01", "FY2027-Q1", ("2026-04-01", "2026-06-30")),
        (QUARTER, 4, "2027-03-31", "FY2027-Q4", ("2027-01-01", "2027-03-31")),
        (QUARTER, 12, "2026-02-28", "FY2026-Q1", ("2025-12-01", "2026-02-28")),
        (YEAR, 1, "2026-11-24", "FY2026", ("2026-01-01", "2026-12-31")),
        (YEAR, 4, "2026-04-01", "FY2027", ("2026-04-01", "2027-03-31")),
        (YEAR, 4, "2026-03-31", "FY2026", ("2025-04-01", "2026-03-31")),
        (YEAR, 12, "2026-12-01", "FY2027", ("2026-12-01", "2027-11-30")),
    ],
)
def test_months_quarters_and_years(kind: PeriodKind, start: int, of: str, name: str, days: tuple[str, str]) -> None:
    """Expect fiscal years named by their end, and quarters by their fiscal year."""
    period = Calendar(fiscal_start=start).period(kind, day(of))
    assert period == Period(kind=kind, name=name, first=day(days[0]), last=day(days[1]))


@given(
    st.sampled_from(PeriodKind),
    st.sampled_from(Weekday),
    st.integers(1, 12),
    st.dates(date(1900, 1, 1), date(2200, 1, 1)),
)
def test_periods_leave_no_day_out(kind: PeriodKind, week_start: Weekday, fiscal_start: int, of: date) -> None:
    """Expect that a period has its day, that all its days give it, and that the one before ends the day before."""
    calendar = Calendar(week_start=week_start, fiscal_start=fiscal_start)
    period = calendar.period(kind, of)
    assert period.first <= of <= period.last
    assert calendar.period(kind, period.first) == calendar.period(kind, period.last) == period
    before = calendar.previous(period)
    assert before.last == period.first - timedelta(days=1)
    assert before.name < period.name
    assert calendar.last_year(period).name < period.name


@pytest.mark.parametrize(
    ("kind", "of", "against", "counted_before"),
    [
        (MONTH, "2026-03-31", "PreviousPeriod", ("2026-02-01", "2026-02-28")),
        (MONTH, "2026-03-28", "PreviousPeriod", ("2026-02-01", "2026-02-28")),
        (MONTH, "2026-03-27", "PreviousPeriod", ("2026-02-01", "2026-02-27")),
        (MONTH, "2026-02-28", "PreviousPeriod", ("2026-01-01", "2026-01-28")),
        (MONTH, "2024-02-29", "SamePeriodLastYear", ("2023-02-01", "2023-02-28")),
        (YEAR, "2024-12-31", "PreviousPeriod", ("2023-01-01", "2023-12-31")),
        (YEAR, "2024-03-01", "PreviousPeriod", ("2023-01-01", "2023-03-02")),
        (WEEK, "2027-01-03", "SamePeriodLastYear", ("2025-12-29", "2026-01-04")),
        (WEEK, "2026-11-23", "PreviousPeriod", ("2026-11-16", "2026-11-16")),
    ],
)
def test_to_date(kind: PeriodKind, of: str, against: str, counted_before: tuple[str, str]) -> None:
    """Expect as many days as have gone by, at most all of the other period."""
    comparison = Calendar().compare(kind, today=day(of), compare_with=CompareWith(against), to_date=True)
    assert comparison.counted.last == day(of)
    assert (comparison.counted_before.first, comparison.counted_before.last) == tuple(map(day, counted_before))


@pytest.mark.parametrize(
    ("zone", "before", "on"),
    [
        ("Europe/Madrid", "2026-12-31T22:59:59", "2026-12-31"),
        ("Europe/Madrid", "2026-12-31T23:00:00", "2027-01-01"),
        ("Europe/Madrid", "2026-07-31T22:00:00", "2026-08-01"),
        ("Asia/Kathmandu", "2026-11-24T18:14:59", "2026-11-24"),
        ("Asia/Kathmandu", "2026-11-24T18:15:00", "2026-11-25"),
        ("Australia/Lord_Howe", "2026-01-01T12:59:59", "2026-01-01"),
        ("Australia/Lord_Howe", "2026-01-01T13:00:00", "2026-01-02"),
        ("Australia/Lord_Howe", "2026-07-01T13:29:59", "2026-07-01"),
        ("Australia/Lord_Howe", "2026-07-01T13:30:00", "2026-07-02"),
        ("Pacific/Apia", "2011-12-30T09:59:59", "2011-12-29"),
        ("Pacific/Apia", "2011-12-30T10:00:00", "2011-12-31"),
        ("America/Sao_Paulo", "2018-11-04T02:59:59", "2018-11-03"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00", "2018-11-04"),
        ("America/Sao_Paulo", "2018-02-18T02:59:59", "2018-02-17"),
        ("America/Sao_Paulo", "2018-02-18T03:00:00", "2018-02-18"),
        ("America/Havana", "2026-11-01T04:00:00", "2026-11-01"),
        ("America/Havana", "2026-11-01T05:00:00", "2026-11-01"),
    ],
)
def test_today(zone: str, before: str, on: str) -> None:
    """Expect the date of the zone, right to the second, where clocks are changed at midnight and days are skipped."""
    assert today(datetime.fromisoformat(before).replace(tzinfo=UTC), zone) == day(on)


def test_today_needs_an_instant() -> None:
    """Expect an error for a time that could be any."""
    with pytest.raises(ValueError, match="time zone"):
        today(datetime(2026, 11, 24), "UTC")  # noqa: DTZ001
