"""A client of the control calls that both simulators have. Blocking; one connection a call."""

import http.client
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from sage_operator.simulators.clock import ClockMove, ClockSetting
from sage_operator.simulators.counters import CountersReport
from sage_operator.simulators.faults import FaultReport, Rule
from sage_operator.simulators.wire import dumps, loads


class ControlError(Exception):
    """A control call that was refused; the message says why."""


class SimulatorControl:
    """Control calls that both simulators have.

    Args:
        url: of the simulator; its path is ignored.
        ca_file: the certificate authority to trust, for a simulator that serves https.
    """

    def __init__(self, url: str, ca_file: Path | str | None = None) -> None:
        parts = urlsplit(url)
        self._tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if self._tls else 80)

    def add_fault(self, **rule: Any) -> int:
        """Add a fault, with the fields of `faults.Rule`; return its id."""
        return int(self._call("POST", "faults", Rule(**rule))["id"])

    def faults(self) -> list[FaultReport]:
        """Return all rules, with how often they were applicable and struck."""
        return msgspec.convert(self._call("GET", "faults"), list[FaultReport], strict=False)

    def clear_faults(self, fault: int | None = None) -> None:
        """Remove one rule, or all."""
        self._call("DELETE", "faults" if fault is None else f"faults/{fault}")

    def set_clock(self, setting: ClockSetting | None = None) -> None:
        """Move or stop the clock; without a setting, tell the real time again."""
        self._call("PUT", "clock", setting or ClockSetting())

    def move_clock(self, to: datetime) -> datetime:
        """Make it a time (with a time zone) now; a clock that stands still stays so. Return the time."""
        return self._moved(ClockMove(to=to))

    def advance_clock(self, by: timedelta) -> datetime:
        """Let time pass, or with a negative span take it back; return the time."""
        return self._moved(ClockMove(by_seconds=by.total_seconds()))

    def now(self) -> datetime:
        """Return the simulators' time, in UTC."""
        return msgspec.convert(self._call("GET", "clock")["now"], datetime)

    def _moved(self, move: ClockMove) -> datetime:
        return msgspec.convert(self._call("POST", "clock/move", move)["now"], datetime)

    def counters(self) -> CountersReport:
        """Return what was counted since the start or `reset_counters`."""
        return msgspec.convert(self._call("GET", "counters"), CountersReport)

    def reset_counters(self) -> None:
        """Count anew."""
        self._call("DELETE", "counters")

    def release_commits(self) -> int:
        """Let the late commits take effect now; return how many there were."""
        return int(self._call("POST", "commits/release")["released"])

    def reset(self) -> None:
        """Restore the initial records and settings; no faults, real clock, no counts, no sessions."""
        self._call("POST", "reset")

    def _call(self, method: str, path: str, payload: Any = None, **query: str | None) -> Any:
        chosen = urlencode({name: value for name, value in query.items() if value is not None})
        connection = (
            http.client.HTTPSConnection(self._host, self._port, timeout=60, context=self._tls)
            if self._tls
            else http.client.HTTPConnection(self._host, self._port, timeout=60)
        )
        try:
            body = None if payload is None else dumps(payload)
            connection.request(method, f"/_control/{quote(path)}?{chosen}", body=body)
            response = connection.getresponse()
            answer = loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ControlError(f"{method} {path}: {answer}")
        return answer
