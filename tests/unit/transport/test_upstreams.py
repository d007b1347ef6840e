"""The circuit breakers: when they open, whom they let through, when they close."""

import itertools
from datetime import UTC, datetime, timedelta

from sage_operator.sync.errors import System
from sage_operator.telemetry import metrics
from sage_operator.transport import Outage, Upstreams
from sage_operator.transport.upstreams import FAILURES, LAST_PROBE

HOST = "api.example"


class Watched:
    """Breakers with a clock that can be moved, and what they have told."""

    def __init__(self) -> None:
        """Begin at noon."""
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)
        self.opened: list[Outage] = []
        self.closed: list[timedelta] = []
        self.upstreams = Upstreams(
            clock=lambda: self.now,
            opened=self.opened.append,
            closed=lambda _, lasted: self.closed.append(lasted),
        )

    def fail(self, times: int = FAILURES, *, host: str = HOST) -> None:
        """Let attempts fail, a second apart."""
        for _ in range(times):
            self.upstreams.failed(System.FORCE_MANAGER, host, "timeout")
            self.now += timedelta(seconds=1)

    def answer(self, *, system: System = System.FORCE_MANAGER, host: str = HOST) -> None:
        """Let an attempt succeed."""
        self.upstreams.answered(system, host)

    @property
    def down(self) -> bool:
        """Tell whether the host is down."""
        return self.upstreams.outage(System.FORCE_MANAGER, HOST) is not None


def test_it_opens_after_as_many_failures_in_a_row_as_one_request_makes() -> None:
    """Once, and counts the outage from the first of them."""
    watched = Watched()
    began = watched.now
    watched.fail(FAILURES - 1)
    assert not watched.down
    watched.fail(10)
    assert watched.down
    assert [outage.since for outage in watched.opened] == [began]


def test_an_answer_in_between_starts_the_count_anew() -> None:
    """A host that answers others is not down, however often one of them fails."""
    watched = Watched()
    for _ in range(20):
        watched.fail(FAILURES - 1)
        watched.answer()
    assert not watched.opened


def test_hosts_and_systems_are_told_apart() -> None:
    """The other system on the same host, and another host, neither open nor close it."""
    watched = Watched()
    watched.fail(FAILURES - 1)
    watched.fail(1, host="other.example")
    assert not watched.down
    watched.fail(1)
    watched.answer(system=System.SAGE)
    watched.answer(host="other.example")
    assert watched.down


def test_probes_are_let_through_at_growing_intervals() -> None:
    """The first half a minute after it opened, then one at a time, at last every five minutes."""
    watched = Watched()
    watched.fail()
    outage = watched.opened[0]
    moments = []
    for _ in range(3600):
        if outage.take_probe(watched.now):
            moments.append(watched.now)
        watched.now += timedelta(seconds=1)
    waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(moments)]
    assert waits[:4] == [60, 120, 240, 300]
    assert set(waits[4:]) == {LAST_PROBE.total_seconds()}


def test_the_first_answer_closes_it_and_tells_how_long_it_lasted() -> None:
    """Once; the next outage begins from nothing."""
    watched = Watched()
    watched.fail()
    watched.now += timedelta(minutes=12)
    watched.answer()
    watched.answer()
    assert watched.closed == [timedelta(minutes=12, seconds=FAILURES)]
    watched.fail(FAILURES - 1)
    assert not watched.down


def test_the_metric_says_what_is_up() -> None:
    """From the first attempt on: 1 while it answers, 0 while it is down."""
    watched = Watched()
    series = 'sage_upstream_up{host="api.example",system="forcemanager"}'
    watched.answer()
    assert f"{series} 1.0" in metrics.render().decode()
    watched.fail()
    assert f"{series} 0.0" in metrics.render().decode()
    watched.answer()
    assert f"{series} 1.0" in metrics.render().decode()


def test_a_host_that_nobody_uses_any_more_is_forgotten() -> None:
    """Its breaker and its series: nobody would notice that it is back. One that is used stays down."""
    watched = Watched()
    watched.fail()
    watched.upstreams.forget_unused(lambda _: True)
    assert watched.down
    watched.upstreams.forget_unused(lambda outage: outage.host != HOST)
    assert not watched.down
    assert 'host="api.example",system="forcemanager"' not in metrics.render().decode()
    assert watched.closed == [], "it has not come back"
