"""Scripted servers for the tests of the transport."""

from collections.abc import AsyncIterator

import pytest

from .scripted_server import Scripted, serve_script


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    """A scripted server."""
    async with serve_script() as state:
        yield state
