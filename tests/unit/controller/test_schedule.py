"""When an integration is due."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.controller.history import LOOK_BACK
from sage_operator.controller.schedule import EPOCH, FIRST_RETRY, Past, due_at, next_moment, phase

uids = st.uuids().map(str)
intervals = st.integers(60, 86_400).map(lambda seconds: timedelta(seconds=seconds))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001

DAY = timedelta(days=1)


@given(uids, intervals)
def test_the_phase_lies_within_the_interval(uid: str, interval: timedelta) -> None:
    """It is less than the interval, in whole seconds, and the same each time."""
    found = phase(uid, interval)
    assert timedelta(0) <= found < interval
    assert found.microseconds == 0
    assert phase(uid, interval) == found


def test_a_heartbeat_of_less_than_a_second_has_a_phase_too() -> None:
    """The heartbeat's spread uses the same arithmetic, and may be quick in tests."""
    assert phase("a", timedelta(milliseconds=200)) == timedelta(0)


@given(moments, uids, intervals)
def test_the_next_moment_is_the_first_one_after(after: datetime, uid: str, interval: timedelta) -> None:
    """It is later, by at most the interval, and lies on the integration's grid."""
    moment = next_moment(after, uid=uid, interval=interval)
    assert after < moment <= after + interval
    assert (moment - EPOCH - phase(uid, interval)) % interval == timedelta(0)


@given(moments, uids, intervals, st.integers(1, 50))
def test_the_moments_are_always_the_same(start: datetime, uid: str, interval: timedelta, runs: int) -> None:
    """A run that begins late does not shift those that follow."""
    moment = next_moment(start, uid=uid, interval=interval)
    for _ in range(runs):
        late = moment + interval / 3
        past = Past(started_at=late, ended_at=late + interval / 3)
        following = due_at(past, uid=uid, interval=interval)
        assert following == moment + interval
        moment = following


@given(moments, uids, intervals, st.floats(0, 0.999))
def test_a_restart_runs_nothing_that_is_not_due(start: datetime, uid: str, interval: timedelta, share: float) -> None:
    """Between its moments an integration that went well is not due, whenever the operator starts."""
    moment = next_moment(start, uid=uid, interval=interval)
    past = Past(started_at=moment, ended_at=moment + timedelta(seconds=1))
    restart = moment + interval * share
    assert due_at(past, uid=uid, interval=interval) > restart


@pytest.mark.parametrize("interval", [timedelta(minutes=1), timedelta(minutes=15), DAY])
def test_a_thousand_integrations_are_spread_evenly(interval: timedelta) -> None:
    """No tenth of the interval has much more than its share, and nobody has many at the same second."""
    space = UUID(int=0)
    phases = [phase(str(uuid5(space, str(n))), interval) for n in range(1000)]
    tenths = Counter(int(10 * (found / interval)) for found in phases)
    assert max(tenths.values()) < 140
    assert min(tenths.values()) > 65
    seconds = interval.total_seconds()
    assert max(Counter(phases).values()) <= 1000 / seconds + 5 * (1000 / seconds) ** 0.5 + 3


@given(moments, uids, intervals)
def test_the_wait_after_failures_doubles_up_to_the_interval(end: datetime, uid: str, interval: timedelta) -> None:
    """It begins below half a minute, grows with each failure, and is never longer than the interval."""

    def wait(failures: int) -> timedelta:
        past = Past(started_at=end, ended_at=end, failures=failures)
        return due_at(past, uid=uid, interval=interval) - end

    waits = [wait(n) for n in range(1, 30)]
    assert FIRST_RETRY * 0.75 <= waits[0] <= FIRST_RETRY
    for shorter, longer in itertools.pairwise(waits):
        assert longer >= shorter
        assert longer > shorter * 1.4 or longer >= interval * 0.75
    assert interval * 0.75 <= waits[-1] <= interval


def test_the_look_back_is_long_enough_for_the_longest_wait() -> None:
    """After a restart the wait is what it was before: the ledger is asked for as many runs as count."""

    def wait(failures: int) -> timedelta:
        return due_at(Past(started_at=EPOCH, ended_at=EPOCH, failures=failures), uid="a", interval=DAY) - EPOCH

    assert wait(LOOK_BACK) == wait(LOOK_BACK + 1) == wait(1000)
    assert wait(LOOK_BACK - 1) < wait(LOOK_BACK)


@pytest.mark.parametrize(
    "past",
    [
        None,
        Past(started_at=EPOCH, ended_at=None),
        Past(started_at=EPOCH, ended_at=EPOCH, unfinished=True),
        Past(started_at=EPOCH, ended_at=None, failures=4, unfinished=True),
    ],
)
def test_what_never_ran_or_was_cut_short_is_due_at_once(past: Past | None) -> None:
    """It does not wait for its moment."""
    assert due_at(past, uid="a", interval=DAY) == EPOCH


def test_the_clocks_of_people_play_no_part() -> None:
    """The moments of a day are as far apart when the clocks change as on any other day."""
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    interval = timedelta(hours=6)
    found = [next_moment(before + interval * n, uid="a", interval=interval) for n in range(8)]
    assert {later - earlier for earlier, later in itertools.pairwise(found)} == {interval}
