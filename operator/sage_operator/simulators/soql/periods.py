"""Relative date literals, as the user's time zone and locale mean them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What date literals depend on; by default a user in UTC with the locale en_US.

    Attributes:
        today: in the user's time zone.
        week_start: 0 is Monday, 6 Sunday.
        fiscal_start_month: the month with which the organisation's fiscal year begins.
    """

    today: date
    zone: tzinfo = UTC
    week_start: int = 6
    fiscal_start_month: int = 1

    def midnight(self, day: date) -> datetime:
        """Return when a day begins for the user."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)


def period(name: str, calendar: Calendar) -> tuple[date, date]:
    """Return the first day of a date literal's range and the day after its last.

    Args:
        name: in upper case, such as `TODAY`, `LAST_N_DAYS:7`, `N_MONTHS_AGO:2`, `THIS_FISCAL_QUARTER`.
        calendar: what it counts from.
    """
    today = calendar.today
    if name in _DAYS:
        first = today + timedelta(days=_DAYS[name])
        return first, first + timedelta(days=1)
    if name.startswith("N_"):
        unit, _, count = name.removeprefix("N_").partition("S_AGO:")
        start = _moved(_start(unit, calendar), unit, -int(count))
        return start, _moved(start, unit, 1)
    which, _, rest = name.partition("_")
    rest = "N_DAYS:90" if rest == "90_DAYS" else rest
    if rest.startswith("N_"):
        unit, _, count = rest.removeprefix("N_").partition(":")
        return _span(which, unit.removesuffix("S"), int(count), calendar)
    start = _start(rest, calendar)
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
    return _moved(start, rest, shift), _moved(start, rest, shift + 1)


_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def _span(which: str, unit: str, count: int, calendar: Calendar) -> tuple[date, date]:
    """LAST_N_DAYS includes today, the other LAST_N_… end before the current unit; NEXT_N_… begin after it."""
    if unit == "DAY":
        tomorrow = calendar.today + timedelta(days=1)
        if which == "LAST":
            return calendar.today - timedelta(days=count), tomorrow
        return tomorrow, tomorrow + timedelta(days=count)
    start = _start(unit, calendar)
    if which == "LAST":
        return _moved(start, unit, -count), start
    return _moved(start, unit, 1), _moved(start, unit, 1 + count)


def _start(unit: str, calendar: Calendar) -> date:
    day = calendar.today
    if unit == "DAY":
        return day
    if unit == "WEEK":
        return day - timedelta(days=(day.weekday() - calendar.week_start) % 7)
    first = calendar.fiscal_start_month if unit.startswith("FISCAL") else 1
    months = _MONTHS[unit.removeprefix("FISCAL_")]
    return _moved(day.replace(day=1), "MONTH", -((day.month - first) % months))


def _moved(start: date, unit: str, count: int) -> date:
    if unit in {"DAY", "WEEK"}:
        return start + timedelta(days=count * (7 if unit == "WEEK" else 1))
    months = start.year * 12 + start.month - 1 + count * _MONTHS[unit.removeprefix("FISCAL_")]
    return date(months // 12, months % 12 + 1, 1)
