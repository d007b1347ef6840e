"""When an integration is due: pure arithmetic on its interval, its uid, and how its last run went.

The moments of an integration lie on a grid of its interval, shifted by a hash of its uid: a thousand integrations
spread evenly, each stays at its own moments, and a restart neither repeats what is not due nor starts all at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

FIRST_RETRY = timedelta(seconds=30)
"""The wait after a first failure; it doubles with each further one, up to the interval."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How the last run went.

    Attributes:
        started_at, ended_at: UTC. `ended_at` None: the process died in it.
        failures: failed runs since the last success, by causes that may pass.
        unfinished: it was cut short without an error, or by the end of the process.
        settles_at: UTC; it left creates without a known outcome, which can be looked up from then on.
    """

    started_at: datetime
    ended_at: datetime | None
    failures: int = 0
    unfinished: bool = False
    settles_at: datetime | None = None


def phase(uid: str, interval: timedelta) -> timedelta:
    """Return how far the grid of an integration is shifted: the same for the same uid and interval."""
    hashed = int.from_bytes(blake2b(uid.encode(), digest_size=8).digest(), "big")
    return timedelta(seconds=hashed % max(int(interval.total_seconds()), 1))


def next_moment(after: datetime, *, uid: str, interval: timedelta) -> datetime:
    """Return the first moment of the grid that is later than `after`."""
    start = EPOCH + phase(uid, interval)
    return start + ((after - start) // interval + 1) * interval


def due_at(past: Past | None, *, uid: str, interval: timedelta) -> datetime:
    """Return when the next run is due; a moment long gone means now.

    The first run is due at once, and so is one that was cut short. After a failure that may pass the wait doubles, but
    is never longer than the interval; up to a quarter of it is taken off, so that a thousand that failed together are
    not tried together. Otherwise it is the next moment of the grid, or sooner to look up what was left unclear.
    """
    if past is None or past.unfinished or past.ended_at is None:
        return EPOCH
    if past.failures:
        wait = min(FIRST_RETRY * (1 << min(past.failures - 1, 12)), interval)
        spread = wait / 4 * (phase(uid, interval) / interval)
        return past.ended_at + wait - spread
    moment = next_moment(past.started_at, uid=uid, interval=interval)
    return moment if past.settles_at is None else min(moment, past.settles_at)
