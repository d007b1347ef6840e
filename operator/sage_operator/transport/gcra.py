"""The generic cell rate algorithm: pacing with one number as its state.

The number is the theoretical arrival time: when the next request would come if all came evenly. A request may be early
by `burst - 1` intervals (ITU-T I.371, annex A). Unlike a counter per second it has no edges at which two bursts meet:
in any window of t seconds at most `rate * t + burst` requests start.
"""


def earliest(arrival: float, *, rate: float, burst: int) -> float:
    """Return the time from which the next request may start."""
    return arrival - (burst - 1) / rate


def advance(arrival: float, *, now: float, rate: float) -> float:
    """Return the new theoretical arrival time after a request that starts `now`."""
    return max(arrival, now) + 1 / rate
