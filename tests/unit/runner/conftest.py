"""A small world for runs, with small batches, so that a few records make many."""

import pytest

from sage_operator.runner import entity, planning, sales, writing

from .world import World


@pytest.fixture(scope="package", autouse=True)
def _small_batches() -> object:
    """Cut batches to a few records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "BATCH", 3)
        patch.setattr(planning, "_CHUNK", 2)
        patch.setattr(entity, "_IDS", 2)
        patch.setattr(sales, "_PAGE", 3)
        yield


@pytest.fixture
def world() -> World:
    """An empty organisation, an empty tenant, an empty ledger."""
    return World()
