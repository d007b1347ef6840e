"""Which remotes answer: a circuit breaker for each host, shared by all that use it.

Many integrations share a host, and when it is down each of them would find out by itself, again and again. The breaker
opens when a number of attempts in a row, of whomever, got no usable answer. While it is open only probes are let
through, at growing intervals; the first answer closes it. It blocks nothing by itself: whoever starts runs asks it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sage_operator.sync.errors import System
from sage_operator.telemetry import metrics

FAILURES = 5
"""Attempts in a row without an answer that open a breaker: as many as one request makes. A host that answers one tenant
and fails another never gets there for long."""

FIRST_PROBE = timedelta(seconds=30)
LAST_PROBE = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Outage:
    """A host that does not answer.

    Attributes:
        since: UTC, the first of the attempts that failed.
        cause: what the last of them saw, for a log line.
        probe_at: UTC, when the next attempt is let through.
    """

    system: System
    host: str
    since: datetime
    cause: str
    probe_at: datetime
    wait: timedelta = FIRST_PROBE

    @property
    def message(self) -> str:
        """What has happened, equal for as long as it lasts."""
        return f"{self.system.spoken} ({self.host}) does not answer."

    def take_probe(self, now: datetime) -> bool:
        """Tell whether the caller may try; the next one may after twice the wait, at most five minutes."""
        if now < self.probe_at:
            return False
        self.wait = min(self.wait * 2, LAST_PROBE)
        self.probe_at = now + self.wait
        return True


@dataclass(slots=True)
class _Run:
    """Attempts in a row that failed."""

    number: int
    since: datetime


@dataclass(slots=True, kw_only=True)
class Upstreams:
    """All hosts of the process.

    Attributes:
        clock: UTC now.
        opened: called with an outage when it begins.
        closed: called with an outage that has ended, and how long it lasted.
    """

    clock: Callable[[], datetime]
    opened: Callable[[Outage], None] = lambda _: None
    closed: Callable[[Outage, timedelta], None] = lambda *_: None
    _failing: dict[tuple[System, str], _Run] = field(default_factory=dict)
    _outages: dict[tuple[System, str], Outage] = field(default_factory=dict)

    def answered(self, system: System, host: str) -> None:
        """Take that an attempt got an answer, whatever it says, 5xx excepted."""
        key = (system, host)
        self._failing.pop(key, None)
        outage = self._outages.pop(key, None)
        metrics.set_upstream(system.value, host, up=True)
        if outage is not None:
            self.closed(outage, self.clock() - outage.since)

    def failed(self, system: System, host: str, cause: str) -> None:
        """Take that an attempt got none: no connection, a time-out, a cut, 5xx."""
        key, now = (system, host), self.clock()
        run = self._failing.setdefault(key, _Run(0, now))
        run.number += 1
        if run.number < FAILURES or key in self._outages:
            return
        outage = Outage(system=system, host=host, since=run.since, cause=cause, probe_at=now + FIRST_PROBE)
        self._outages[key] = outage
        metrics.set_upstream(system.value, host, up=False)
        self.opened(outage)

    def outage(self, system: System, host: str) -> Outage | None:
        """Return the outage of a host, if it is down."""
        return self._outages.get((system, host))

    def forget_unused(self, is_used: Callable[[Outage], bool]) -> None:
        """Forget the hosts that are down and that nobody uses any more: nobody would notice that they are back."""
        for key, outage in list(self._outages.items()):
            if not is_used(outage):
                del self._outages[key]
                self._failing.pop(key, None)
                metrics.drop_upstream(key[0].value, key[1])
