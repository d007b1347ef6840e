"""What the coordinator does when it sees an integration for the first time."""

import asyncio
from collections.abc import Sequence

import pytest

from sage_operator.sync.state import RunRecord

from .conftest import Make


@pytest.mark.looptime
async def test_a_record_that_is_read_slowly_keeps_no_other_integration_waiting(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is seen later is run meanwhile; the slow one, when its record has been read."""
    operator = make()
    reading, read = asyncio.Event(), asyncio.Event()
    last_runs = operator.ledger.last_runs

    async def slow(integration: str, *, limit: int) -> Sequence[RunRecord]:
        if integration == "crm/slow":
            reading.set()
            await read.wait()
        return await last_runs(integration, limit=limit)

    monkeypatch.setattr(operator.ledger, "last_runs", slow)
    operator.kube.apply("slow")
    operator.kube.apply("other")
    look = asyncio.create_task(operator.look("slow"))
    try:
        await reading.wait()
        async with asyncio.timeout(60):
            await operator.look("other")
        await operator.until(lambda: operator.reason("other") == "Succeeded")
        assert operator.runs("slow") == []
    finally:
        read.set()
        await look
    await operator.until(lambda: operator.reason("slow") == "Succeeded")
    assert operator.runs("slow") == operator.runs("other") == ["Succeeded"]
