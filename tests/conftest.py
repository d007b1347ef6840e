"""What holds for all tests."""

import asyncio


def pytest_configure() -> None:
    """Leave the main thread without an event loop of its own.

    Before its first test pytest-asyncio asks for the current loop, to restore it later. Where none was ever set, Python
    makes one for the question, and nobody closes it: a ResourceWarning in whichever test is on when it is collected.
    """
    asyncio.set_event_loop(None)
