"""The clock of the simulated remotes: the real time, moved or stopped by the control API."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec


class ClockSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a simulator's clock differs from the real one; with neither field it is the real one."""

    offset_seconds: float = 0.0
    """Added to the time."""
    frozen_at: datetime | None = None
    """With a time zone: the clock stands still there (the offset still counts)."""


class ClockMove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A move of the clock, to a time (with a time zone) or by a span: exactly one of them. It goes on as it went."""

    to: datetime | None = None
    by_seconds: float | None = None


class Clock:
    """Tells the time of one remote, in UTC.

    Attributes:
        setting: may be replaced.
    """

    def __init__(self) -> None:
        self._leader: Clock | None = None
        self._setting = ClockSetting()

    @property
    def setting(self) -> ClockSetting:
        """How the clock differs from the real one."""
        return self._leader.setting if self._leader else self._setting

    @setting.setter
    def setting(self, setting: ClockSetting) -> None:
        if self._leader:
            self._leader.setting = setting
        else:
            self._setting = setting

    def follow(self, leader: "Clock") -> None:
        """Be one clock with another: whichever is set, both are."""
        self._leader = leader

    def now(self) -> datetime:
        """Return the remote's time, in UTC."""
        setting = self.setting
        base = setting.frozen_at or datetime.now(UTC)
        return base.astimezone(UTC) + timedelta(seconds=setting.offset_seconds)

    def move(self, move: ClockMove) -> None:
        """Move the clock. Raises `ValueError` for a move that is none, or two, or to a time without time zone."""
        if (move.to is None) == (move.by_seconds is None):
            raise ValueError("one of to and by_seconds is needed")
        if move.to is not None and move.to.tzinfo is None:
            raise ValueError("the time needs a time zone")
        seconds = move.by_seconds if move.to is None else (move.to - self.now()).total_seconds()
        offset = self.setting.offset_seconds + (seconds or 0)
        self.setting = msgspec.structs.replace(self.setting, offset_seconds=offset)

    def http_date(self) -> str:
        """Return the time as the value of a `Date` header."""
        return format_datetime(self.now(), usegmt=True)
