"""ULIDs: ids of runs that sort by their time (https://github.com/ulid/spec)."""

from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(moment: datetime, randomness: bytes) -> str:
    """Return 26 characters: 48 bits of milliseconds since 1970, then 80 random bits (10 bytes)."""
    number = int(moment.timestamp() * 1000) << 80 | int.from_bytes(randomness[:10], "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
