"""When a request is repeated, and how long to wait before: arithmetic only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Full jitter: before attempt n + 1 a wait of `uniform(0, min(cap, base * 2**n))` seconds.

    Full jitter spreads clients that failed together best
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

    Attributes:
        attempts: how often a request is sent at most, answers of 429 left aside.
        patience: seconds; how long in all a request bears answers of 429.
        base: seconds.
        cap: seconds; bound of the jitter.
        max_wait: seconds; bound of any one wait, also of one that the remote asks for by Retry-After.
    """

    attempts: int = 5
    patience: float = 120.0
    base: float = 0.5
    cap: float = 20.0
    max_wait: float = 60.0

    def wait(self, attempt: int, *, asked: float | None, random: Callable[[], float], max_wait: float | None) -> float:
        """Return the seconds to wait after an attempt (the first is 0); what the remote asked for beats the jitter."""
        wanted = random() * min(self.cap, self.base * 2.0**attempt) if asked is None else asked
        return min(wanted, self.max_wait if max_wait is None else max_wait)


def is_transient(status: int) -> bool:
    """Tell whether the same request may succeed later.

    501 is left out: the remote says that it never does this, and did nothing.
    """
    return status in {408, 429} or (status >= 500 and status != 501)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait (RFC 9110, 10.2.3), or None.

    A date is taken relative to the answer's own `Date`, so that a wrong clock on either side does no harm; `now` (UTC)
    stands in for a missing one.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until = http_date(value)
    if until is None:
        return None
    return max(0.0, (until - (http_date(headers.get("date", "")) or now)).total_seconds())


def http_date(value: str) -> datetime | None:
    """Read an HTTP date as an aware UTC time; None if it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
