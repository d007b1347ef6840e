"""Sage as the operator reaches it: a running simulator and an access to it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from sage_operator.sage import SageAccess
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


@pytest.fixture
async def access() -> AsyncIterator[SageAccess]:
    """What a process shares; quick to try again."""
    hosts = HostPolicy(allowed=("127.0.0.1", "*.invalid"), insecure_http=True)
    async with SageAccess(hosts=hosts, retry=RetryPolicy(attempts=3, base=0.001), timeout=5) as made:
        yield made


@pytest.fixture
def connect(access: SageAccess, sage: Organisation) -> Connect:
    """Begin a run; what is not given is right."""
    return Connect(access, sage)
