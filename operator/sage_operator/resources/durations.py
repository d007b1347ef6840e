"""Durations as Go and CEL's `duration()` spell them: `15m`, `1h30m`, `2.5s`.

Grammar and bounds are those of Go's `time.ParseDuration` (https://pkg.go.dev/time#ParseDuration).
"""

import re
from datetime import timedelta
from typing import Final

_NANOSECONDS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, micro sign
    "\u03bcs": 1_000,  # Greek small letter mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_TERM: Final = re.compile(r"(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?(?P<unit>ns|us|µs|\u03bcs|ms|s|m|h)")
_LONGEST: Final = 2**63 - 1  # Go counts nanoseconds in an int64


def parse_duration(text: str) -> timedelta:
    """Read a duration exactly.

    Raises:
        ValueError: it is no duration, or not a whole number of microseconds (all that a `timedelta` holds), or longer
            than Go allows (292 years).
    """
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return timedelta()
    nanoseconds, position = 0, 0
    while term := _TERM.match(rest, position):
        whole, fraction, unit = term["whole"], term["fraction"] or "", _NANOSECONDS[term["unit"]]
        if not whole and not fraction:
            break
        value, remainder = divmod(int(whole + fraction) * unit, 10 ** len(fraction))
        if remainder:
            raise ValueError(f"the duration {text!r} is finer than a nanosecond")
        nanoseconds, position = nanoseconds + value, term.end()
    if not position or position != len(rest):
        raise ValueError(f"{text!r} is no duration: write numbers with their units, such as `15m` or `1h30m`")
    if nanoseconds > _LONGEST:
        raise ValueError(f"the duration {text!r} is too long")
    microseconds, remainder = divmod(nanoseconds, 1_000)
    if remainder:
        raise ValueError(f"the duration {text!r} is finer than a microsecond")
    return sign * timedelta(microseconds=microseconds)


def format_duration(duration: timedelta) -> str:
    """Spell a duration as people write it: `15m`, `1h30m`, `0s`; `parse_duration` reads it back exactly."""
    microseconds = duration // timedelta(microseconds=1)
    sign, microseconds = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    seconds, microseconds = divmod(microseconds, 1_000_000)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m")) if number]
    if seconds or microseconds or not parts:
        fraction = f".{microseconds:06}".rstrip("0") if microseconds else ""
        parts.append(f"{seconds}{fraction}s")
    return sign + "".join(parts)
