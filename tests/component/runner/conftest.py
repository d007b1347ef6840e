"""An integration between the simulators of the module whose test asks for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sage_operator.simulators import Simulators

from .integrations import Integration


@pytest.fixture
async def integration(simulators: Simulators, tmp_path: Path) -> AsyncIterator[Integration]:
    """An integration that has not run yet, between the simulators of the module, as they were at first."""
    async with Integration.opened(simulators, tmp_path / "ledger.db") as opened:
        yield opened
