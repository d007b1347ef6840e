"""The clock of a simulated remote: the real time, moved or stopped by the control API."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec


class ClockSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a simulator's clock differs from the real one; with neither field it is the real one."""

    offset_seconds: float = 0.0
    """Added to the time."""
    frozen_at: datetime | None = None
    """With a time zone: the clock stands still there (the offset still counts)."""


class Clock:
    """Tells the time of one remote, in UTC."""

    def __init__(self) -> None:
        self.setting = ClockSetting()

    def now(self) -> datetime:
        """Return the remote's time, in UTC."""
        base = self.setting.frozen_at or datetime.now(UTC)
        return base.astimezone(UTC) + timedelta(seconds=self.setting.offset_seconds)

    def http_date(self) -> str:
        """Return the time as the value of a `Date` header."""
        return format_datetime(self.now(), usegmt=True)
