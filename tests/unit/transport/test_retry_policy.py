from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.transport.retry import RetryPolicy, is_transient, retry_after

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@given(attempt=st.integers(0, 60), random=st.floats(0, 1), asked=st.none() | st.floats(0, 1e6))
def test_wait_stays_within_its_bounds(attempt: int, random: float, asked: float | None) -> None:
    """A wait is never negative, never beyond max_wait, and without a wish of the remote never beyond the cap."""
    policy = RetryPolicy()
    wait = policy.wait(attempt, asked=asked, random=lambda: random, max_wait=None)
    assert 0 <= wait <= policy.max_wait
    if asked is None:
        assert wait <= min(policy.cap, policy.base * 2**attempt)
    else:
        assert wait == min(asked, policy.max_wait)


def test_max_wait_of_one_call_replaces_the_policys() -> None:
    """The bound that a call brings along holds instead of the policy's, in both directions."""
    policy = RetryPolicy(max_wait=60)
    assert policy.wait(0, asked=100, random=lambda: 1, max_wait=5) == 5
    assert policy.wait(0, asked=100, random=lambda: 1, max_wait=300) == 100


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 09:00:00 GMT"}, 0.0),
        # The remote's clock is an hour off: its own Date counts.
        ({"retry-after": "Mon, 23 Nov 2026 11:00:30 GMT", "date": "Mon, 23 Nov 2026 11:00:00 GMT"}, 30.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "²"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds and dates are understood, everything else is no wish."""
    assert retry_after(headers, now=NOW) == seconds


def test_transient_statuses() -> None:
    """408, 429 and 5xx may pass by themselves; 501 and the rest of 4xx don't."""
    assert {status for status in range(200, 600) if is_transient(status)} == {408, 429, *range(500, 600)} - {501}
