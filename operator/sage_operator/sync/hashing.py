"""Keyed hashes of what was written: they tell which fields changed without keeping a value.

The key is a secret of the ledger's scope, so that short values (a telephone number, a status) can't be guessed from the
ledger, nor compared between integrations.
"""

from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b

from sage_operator.sync.records import Scalar

FIELD_BYTES = 8
RECORD_BYTES = 12


def hash_value(key: bytes, target: str, value: Scalar) -> str:
    """Hash one value of one target; equal values of different targets differ, and so do `1`, `"1"` and true."""
    return blake2b(f"{target}\0{_canonical(value)}".encode(), key=key, digest_size=FIELD_BYTES).hexdigest()


def hash_record(key: bytes, field_hashes: Mapping[str, str]) -> str:
    """Hash a record from the hashes of its fields; their order does not matter."""
    text = "\0".join(f"{target}={field_hashes[target]}" for target in sorted(field_hashes))
    return blake2b(text.encode(), key=key, digest_size=RECORD_BYTES).hexdigest()


def _canonical(value: Scalar) -> str:
    """Spell a value so that equal values, and only those, are spelled alike: 12.50 is 12.5."""
    if isinstance(value, str):
        return f"s{value}"
    if isinstance(value, bool):
        return f"b{value}"
    if isinstance(value, Decimal):
        return f"n{_digits(value)}"
    return f"n{value}" if isinstance(value, int) else "0"


def _digits(value: Decimal) -> str:
    """Spell a number with all its digits and no needless zero; `Decimal.normalize` would round it to 28 digits."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"
