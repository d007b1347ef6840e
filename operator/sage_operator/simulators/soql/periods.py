"""Relative date literals. The simulated user lives in UTC, with weeks that begin on Sunday (the locale en_US)."""

from datetime import date, timedelta


def period(name: str, today: date) -> tuple[date, date]:
    """Return the first day of a date literal's range and the day after its last.

    Args:
        name: in upper case, such as `TODAY`, `LAST_N_DAYS:7`, `THIS_QUARTER`.
        today: what it counts from.
    """
    if name in _DAYS:
        first = today + timedelta(days=_DAYS[name])
        return first, first + timedelta(days=1)
    which, _, rest = name.partition("_")
    rest = "N_DAYS:90" if rest == "90_DAYS" else rest
    if rest.startswith("N_"):
        unit, _, count = rest.removeprefix("N_").partition(":")
        return _span(which, unit.removesuffix("S"), int(count), today)
    start = _start(rest, today)
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
    return _moved(start, rest, shift), _moved(start, rest, shift + 1)


_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}


def _span(which: str, unit: str, count: int, today: date) -> tuple[date, date]:
    """LAST_N_DAYS includes today, the other LAST_N_… end before the current unit; NEXT_N_… begin after it."""
    if unit == "DAY":
        tomorrow = today + timedelta(days=1)
        if which == "LAST":
            return today - timedelta(days=count), tomorrow
        return tomorrow, tomorrow + timedelta(days=count)
    start = _start(unit, today)
    if which == "LAST":
        return _moved(start, unit, -count), start
    return _moved(start, unit, 1), _moved(start, unit, 1 + count)


def _start(unit: str, day: date) -> date:
    if unit == "WEEK":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    if unit == "MONTH":
        return day.replace(day=1)
    if unit == "QUARTER":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def _moved(start: date, unit: str, count: int) -> date:
    if unit == "WEEK":
        return start + timedelta(weeks=count)
    months = start.year * 12 + start.month - 1 + count * {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    return date(months // 12, months % 12 + 1, 1)
