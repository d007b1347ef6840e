"""Times on the command line: ages such as `90d`, and moments."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_AGE = re.compile(r"([1-9]\d{0,5})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def _age(text: str) -> timedelta | None:
    parts = _AGE.fullmatch(text)
    return None if parts is None else int(parts[1]) * _UNITS[parts[2]]


class Age(click.ParamType[timedelta]):
    """A length of time: `30m`, `12h`, `90d`, `52w`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length."""
        age = value if isinstance(value, timedelta) else _age(value)
        return age if age is not None else self.fail(f"{value!r} is no length of time such as 12h or 90d.", param, ctx)


class Since(click.ParamType[datetime]):
    """A moment, or how long ago it was."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment in UTC."""
        if isinstance(value, datetime):
            return value
        if (age := _age(value)) is not None:
            return datetime.now(UTC) - age
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither an age such as 2h or 7d nor a time such as 2026-11-24T08:00Z.", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
