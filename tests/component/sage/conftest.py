"""Sage as the operator reaches it: a running simulator and an access to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from sage_operator.sage import SageAccess
from sage_operator.sage.payments import BulkUse
from sage_operator.simulators import Dataset, Simulators
from sage_operator.transport import HostPolicy, RetryPolicy

from .sage_organisation import Connect, Organisation


@pytest.fixture(scope="session")
def running() -> Iterator[Simulators]:
    """Simulators with a few thousand records, for all tests."""
    with Simulators(dataset=Dataset(accounts=700, contacts=1500, owners=12, private_share=0.02)) as simulators:
        yield simulators


@pytest.fixture
def sage(running: Simulators) -> Iterator[Organisation]:
    """The first organisation in its initial state; a defect of the simulator fails the test."""
    running.sage.control.reset()
    running.sage.control.reset_counters()
    yield Organisation(running)
    assert running.sage.control.counters().internal_errors == []


@pytest.fixture(scope="session")
def merchant() -> Iterator[Simulators]:
    """Simulators with a thousand trade documents of two companies."""
    data = Dataset(accounts=60, contacts=0, owners=6, companies=2, documents=1200)
    with Simulators(dataset=data) as simulators:
        yield simulators


@pytest.fixture
def trading(merchant: Simulators) -> Iterator[Organisation]:
    """An organisation that trades, in its initial state; a defect of the simulator fails the test."""
    merchant.sage.control.reset()
    merchant.sage.control.reset_counters()
    yield Organisation(merchant)
    assert merchant.sage.control.counters().internal_errors == []


@pytest.fixture
async def access() -> AsyncIterator[SageAccess]:
    """What a process shares; quick to try again."""
    hosts = HostPolicy(allowed=("127.0.0.1", "*.invalid"), insecure_http=True)
    jobs = BulkUse(sleep=lambda _: asyncio.sleep(0), beyond=150)
    async with SageAccess(hosts=hosts, retry=RetryPolicy(attempts=3, base=0.001), timeout=5, bulk_use=jobs) as made:
        yield made


@pytest.fixture
def connect(access: SageAccess, sage: Organisation) -> Connect:
    """Begin a run; what is not given is right."""
    return Connect(access, sage)


@pytest.fixture
def trade(access: SageAccess, trading: Organisation) -> Connect:
    """Begin a run with the organisation that trades."""
    return Connect(access, trading)
