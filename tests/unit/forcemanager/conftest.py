"""Time that passes when it is told to."""

import pytest


class Clock:
    """Seconds; `now` is set by the test."""

    def __init__(self) -> None:
        """Begin far from zero, as the real one does."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()
