import asyncio
import time as real_time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sage_operator.forcemanager import ForceManagerAccess, Keys
from sage_operator.sync.entities import Entity
from sage_operator.sync.records import OutcomeKind
from sage_operator.transport import HostPolicy

NO_BULK = {"accounts.bulkCreate": 404}


@pytest.fixture
async def real() -> AsyncIterator[ForceManagerAccess]:
    """Access in real time."""
    access = ForceManagerAccess(hosts=HostPolicy(allowed=("127.0.0.1",), insecure_http=True))
    yield access
    await access.aclose()


async def test_eight_writers_never_exceed_the_limit(crm: Any, real: ForceManagerAccess) -> None:
    """Single calls at 50 a second by eight runs at the same time: none is refused, and the pace is used.

    The server counts arrivals: a busy machine may deliver a few at once that were sent in their time.
    """
    crm.control.configure(requests_per_second=50, burst=10, bulk_refused=NO_BULK)
    keys = Keys(public_key=crm.server.public_key, private_key=crm.server.private_key)
    targets = [real.connect(url=crm.server.url, keys=keys, requests_per_second=50) for _ in range(8)]
    began = real_time.monotonic()
    calls = [
        crm.tell(target.create(Entity.ACCOUNTS, crm.make(12, p))) for target, p in zip(targets, "abcdefgh", strict=True)
    ]
    told = await asyncio.gather(*calls)
    seconds = real_time.monotonic() - began
    assert [t.kinds for t in told] == [{OutcomeKind.DONE: 12}] * 8
    counters = crm.control.counters()
    assert counters.throttled == 0
    assert counters.peak_per_second <= 60
    assert counters.total / 50 - 0.1 <= seconds < 3 * counters.total / 50
    assert sum(target.requests for target in targets) == counters.total


def test_the_pace_is_the_slowest_of_those_who_share_it_now(crm: Any) -> None:
    """It rises when the slow run ends, however it ends; other key pairs have their own."""
    fast = crm.connect(rate=13)
    pacer = fast._tenant.pacer
    assert pacer.rate == 13
    slow = crm.connect(rate=4)
    other = crm.connect(rate=2, public_key="other")
    assert (pacer.rate, other._tenant.pacer.rate) == (4, 2)
    slow.release()
    slow.release()
    assert pacer.rate == 13
    with crm.connect(rate=5):
        fast.release()
        assert pacer.rate == 5
    assert pacer.rate == 5
    assert crm.connect(rate=13)._tenant.pacer.rate == 13
