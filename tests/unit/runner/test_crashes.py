"""Whatever happens and whenever the process dies: in the end ForceManager is what it must be."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .scenarios import Step, carry_out, populated, settle, steps

_histories = st.lists(steps, min_size=1, max_size=5)
_slow = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


async def _story(history: Sequence[Step], accounts: int) -> None:
    world = populated(accounts)
    for step in history:
        await carry_out(world, step)
    await settle(world)


@settings(max_examples=120, **_slow)
@given(_histories, st.integers(0, 7))
async def test_any_history_settles(history: Sequence[Step], accounts: int) -> None:
    """Whatever is edited, refused, lost, late, stopped or killed, peace brings each record once and as in Sage."""
    await _story(history, accounts)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=20_000, **_slow)
@given(_histories, st.integers(0, 7))
async def test_any_history_settles_soak(history: Sequence[Step], accounts: int) -> None:
    """The same, for an hour."""
    await _story(history, accounts)


@pytest.mark.parametrize("dies_late", [False, True])
async def test_death_at_every_moment_of_a_first_run(dies_late: bool) -> None:
    """A first run of accounts and contacts, killed at each of its moments in turn: nothing is lost, nothing twice."""
    moment, died = 0, True
    while died:
        moment += 1
        world = populated(5)
        died = await world.run(ends_at=moment, dies_late=dies_late) is None
        await settle(world)
    assert moment > 80
