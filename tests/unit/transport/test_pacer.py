import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.transport import Pacer, gcra


class FakeTime:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass, and others run."""
        assert seconds > 0
        self.now += seconds
        await asyncio.sleep(0)


def pacer(time: FakeTime, rate: float, *, burst: int = 1) -> Pacer:
    """A pacer on a fake clock."""
    return Pacer(rate, burst=burst, clock=time.clock, sleep=time.sleep)


@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 20),
    idle=st.lists(st.floats(0, 10), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_rate_and_burst(rate: float, burst: int, idle: list[float]) -> None:
    """Whatever the arrivals, any window of t seconds holds at most rate * t + burst starts."""
    now, arrival, starts = 0.0, float("-inf"), []
    for pause in idle:
        now = max(now + pause, gcra.earliest(arrival, rate=rate, burst=burst))
        arrival = gcra.advance(arrival, now=now, rate=rate)
        starts.append(now)
    for first in range(len(starts)):
        for last in range(first, len(starts)):
            assert last - first + 1 <= rate * (starts[last] - starts[first]) + burst + 1e-6


@given(rate=st.floats(0.1, 100), burst=st.integers(1, 20))
def test_a_busy_pacer_uses_the_whole_rate(rate: float, burst: int) -> None:
    """Under load nothing of the allowance is lost: n starts take (n - burst) / rate seconds."""
    now, arrival = 0.0, float("-inf")
    for _ in range(100):
        now = max(now, gcra.earliest(arrival, rate=rate, burst=burst))
        arrival = gcra.advance(arrival, now=now, rate=rate)
    assert now == pytest.approx(max(0, 100 - burst) / rate, rel=1e-6)


async def test_callers_go_in_the_order_in_which_they_came() -> None:
    """Waiters are served first come, first served, one interval apart."""
    time, served = FakeTime(), []
    shared = pacer(time, 4)

    async def call(name: int) -> None:
        await shared.wait()
        served.append((name, time.now))

    await asyncio.gather(*(call(name) for name in range(8)))
    assert [name for name, _ in served] == list(range(8))
    assert [b - a for (_, a), (_, b) in pairwise(served)] == pytest.approx([0.25] * 7)


async def test_burst_goes_at_once() -> None:
    """An idle pacer lets a burst through at once, then paces."""
    time = FakeTime()
    shared = pacer(time, 2, burst=3)
    starts = []
    for _ in range(5):
        await shared.wait()
        starts.append(time.now - 100)
    assert starts == pytest.approx([0, 0, 0, 0.5, 1.0])


async def test_pause_holds_everybody_back_also_those_who_wait() -> None:
    """After pause(5) nobody starts for 5 seconds, nor who sleeps already; a shorter pause changes nothing."""
    time = FakeTime()
    shared = pacer(time, 4)
    await shared.wait()
    waiter = asyncio.create_task(shared.wait())
    await asyncio.sleep(0)
    shared.pause(5)
    shared.pause(1)
    await waiter
    assert time.now == pytest.approx(105.25)  # its first sleep had taken 0.25
    await shared.wait()
    assert time.now == pytest.approx(105.5)


async def test_rate_can_change() -> None:
    """A new rate holds from the next request on; nonsense is refused."""
    time = FakeTime()
    shared = pacer(time, 10)
    await shared.wait()
    shared.rate = 1
    await shared.wait()
    await shared.wait()
    assert time.now == pytest.approx(101.1)  # the first gap was given at the old rate
    with pytest.raises(ValueError, match="rate"):
        shared.rate = 0
    with pytest.raises(ValueError, match="burst"):
        Pacer(1, burst=0)


async def test_a_cancelled_caller_uses_nothing_up() -> None:
    """Cancelling waiters leaves neither a gap nor a stuck queue."""
    shared = Pacer(1000)
    await shared.wait()
    shared.pause(60)
    waiters = [asyncio.create_task(shared.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    for waiter in waiters:
        waiter.cancel()
    assert all(isinstance(r, asyncio.CancelledError) for r in await asyncio.gather(*waiters, return_exceptions=True))
    assert not shared._turn.locked()


async def test_waits_are_told() -> None:
    """on_wait hears how long each caller had to wait, and nothing of those who had not to."""
    time, waits = FakeTime(), []
    shared = Pacer(4, clock=time.clock, sleep=time.sleep, on_wait=waits.append)
    await shared.wait()
    assert waits == []
    await shared.wait()
    await shared.wait()
    assert waits == pytest.approx([0.25, 0.25])
