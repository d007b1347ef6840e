import asyncio
from typing import Any

import pytest

from sage_operator.sync.errors import Blocked
from sage_operator.transport.cache import Cached, Remembered


class Fetch:
    """Counts fetches, which end when the test lets them."""

    def __init__(self, *results: Any) -> None:
        """Take what each fetch returns or raises."""
        self.results = list(results)
        self.begun = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> Any:
        """Fetch."""
        self.begun += 1
        await self.gate.wait()
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


async def test_many_who_ask_at_once_cause_one_fetch(clock: Any) -> None:
    """Fifty tasks get the value of a single fetch."""
    cached: Cached[str] = Cached(max_age=10, clock=clock)
    fetch = Fetch("a")
    asking = [asyncio.create_task(cached.get(fetch)) for _ in range(50)]
    await asyncio.sleep(0)
    fetch.gate.set()
    assert await asyncio.gather(*asking) == ["a"] * 50
    assert fetch.begun == 1


async def test_who_waited_shares_the_failure_and_who_comes_later_tries_anew(clock: Any) -> None:
    """Three waiters cause one failing fetch; the next one fetches again."""
    cached: Cached[str] = Cached(max_age=10, clock=clock)
    fetch = Fetch(Blocked("no"), "a")
    asking = [asyncio.create_task(cached.get(fetch)) for _ in range(3)]
    await asyncio.sleep(0)
    fetch.gate.set()
    assert [str(e) for e in await asyncio.gather(*asking, return_exceptions=True)] == ["no"] * 3
    assert fetch.begun == 1
    assert await cached.get(fetch) == "a"


async def test_a_cancelled_fetch_is_taken_over_by_the_next_in_the_queue(clock: Any) -> None:
    """The one who began is cancelled: the others are not, and the second fetches."""
    cached: Cached[str] = Cached(max_age=10, clock=clock)
    fetch = Fetch("a")
    first, second = (asyncio.create_task(cached.get(fetch)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    fetch.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == "a"
    assert fetch.begun == 2


async def test_a_value_is_kept_for_its_age_or_as_long_as_the_caller_takes_it(clock: Any) -> None:
    """At 99 seconds it is given, for a caller that wants it fresh and after 100 seconds it is fetched."""
    cached: Cached[str] = Cached(max_age=100, clock=clock)
    fetch = Fetch("a", "b", "c")
    fetch.gate.set()
    assert await cached.get(fetch) == "a"
    clock.now += 59
    assert await cached.get(fetch, fresh=True) == "a"
    clock.now += 40
    assert await cached.get(fetch) == "a"
    assert await cached.get(fetch, fresh=True) == "b"
    clock.now += 100
    assert await cached.get(fetch) == "c"


async def test_only_the_value_that_is_named_is_dropped(clock: Any) -> None:
    """Dropping a value that has been replaced already does nothing."""
    cached: Cached[str] = Cached(max_age=10, clock=clock)
    fetch = Fetch("a", "b")
    fetch.gate.set()
    await cached.get(fetch)
    cached.drop("older")
    assert await cached.get(fetch) == "a"
    cached.drop("a")
    assert await cached.get(fetch) == "b"


def test_a_finding_is_trusted_for_its_time_only(clock: Any) -> None:
    """False is a finding too; after its time there is none."""
    remembered: Remembered[bool] = Remembered(keep=10, clock=clock)
    assert remembered.value is None
    remembered.note(False)
    clock.now += 9
    assert remembered.value is False
    clock.now += 1
    assert remembered.value is None
