"""An operator in memory, whose tasks must all have ended with the test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from .surroundings import Surroundings

Make = Callable[..., Surroundings]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the log to ourselves: rendering the traces of what is provoked here takes longer than the tests."""
    with capture_logs():
        yield


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Make operators; at the end each is closed, and no task may be left."""
    before = asyncio.all_tasks()
    made: list[Surroundings] = []

    def _make(**arguments: object) -> Surroundings:
        made.append(Surroundings(**arguments))  # type: ignore[arg-type]
        return made[-1]

    yield _make
    for one in made:
        await one.coordinator.close(timedelta(seconds=5))
        assert one.connector.on.total() == 0
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"left: {left}"


async def proven(make: Make, **arguments: Any) -> Surroundings:
    """Return an operator with one integration whose first run went well."""
    operator = make(**arguments)
    await operator.apply()
    await operator.until(lambda: operator.reason() == "Succeeded")
    return operator
