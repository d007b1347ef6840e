"""What becomes of a test whose programs are missing on this machine."""

import os
from typing import NoReturn

import pytest

REQUIRE = "SAGE_OPERATOR_TEST_REQUIRE_E2E"
"""Set to 1 where tests must not be skipped."""


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it if it must not be skipped."""
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{reason} ({REQUIRE}=1 forbids to skip)", pytrace=False)
    pytest.skip(reason)
