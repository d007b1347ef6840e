import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from sage_operator.forcemanager.merge import merged


async def test_all_results_of_all_streams_come() -> None:
    """Nothing is lost or doubled, however many streams there are."""

    async def stream(number: int) -> AsyncGenerator[int, None]:
        for step in range(3):
            await asyncio.sleep(0)
            yield number * 10 + step

    found = [result async for result in merged((stream(n) for n in range(7)), limit=2)]
    assert sorted(found) == [n * 10 + step for n in range(7) for step in range(3)]


async def test_no_more_streams_run_than_allowed() -> None:
    """With a limit of 3 of 9 streams, 3 run at a time."""
    running: list[int] = []
    most = 0

    async def stream(number: int) -> AsyncGenerator[int, None]:
        nonlocal most
        running.append(number)
        most = max(most, len(running))
        await asyncio.sleep(0)
        yield number
        running.remove(number)

    assert len([r async for r in merged((stream(n) for n in range(9)), limit=3)]) == 9
    assert most == 3


async def test_a_failure_is_raised_when_the_others_have_ended() -> None:
    """Results of the other streams are not lost by it."""

    async def stream(number: int) -> AsyncGenerator[int, None]:
        await asyncio.sleep(0)
        if number == 0:
            raise RuntimeError("broken")
        yield number

    found: list[int] = []

    async def listen() -> None:
        async for result in merged((stream(n) for n in range(5)), limit=2):
            found.append(result)  # noqa: PERF401 - what came before the failure counts

    with pytest.raises(RuntimeError, match="broken"):
        await listen()
    assert sorted(found) == [1, 2, 3, 4]


async def test_leaving_early_stops_all_streams() -> None:
    """Whoever stops listening leaves nothing running."""
    stopped = []

    async def stream(number: int) -> AsyncGenerator[int, None]:
        try:
            yield number
            await asyncio.Event().wait()
        finally:
            stopped.append(number)

    async with aclosing(merged((stream(n) for n in range(3)), limit=3)) as results:
        async for _ in results:
            break
    assert sorted(stopped) == [0, 1, 2]
