from decimal import Decimal
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.hashing import hash_record, hash_value
from sage_operator.sync.records import Scalar

KEY, OTHER_KEY = b"one", b"two"
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40)
SCALARS = st.none() | st.booleans() | st.integers() | DECIMALS | st.text(st.characters(codec="utf-8"))


def _kind(value: Scalar) -> str:
    """Name what JSON would tell apart: a text, a boolean, a number, null."""
    if isinstance(value, bool | str) or value is None:
        return type(value).__name__
    return "number"


@given(SCALARS, SCALARS)
def test_equal_values_and_only_those_hash_alike(one: Scalar, other: Scalar) -> None:
    """Hashes are equal exactly if kind and value are."""
    alike = _kind(one) == _kind(other) and one == other
    assert (hash_value(KEY, "phone", one) == hash_value(KEY, "phone", other)) == alike


def test_types_differ() -> None:
    """No two of the values that look like one, nothing or a word hash alike."""
    values: list[Scalar] = [1, "1", True, "True", "true", "bTrue", "n1", "s1", 0, "0", False, None, "", "None", "null"]
    for one, other in combinations(values, 2):
        assert hash_value(KEY, "phone", one) != hash_value(KEY, "phone", other), (one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("12.50", "12.5"), ("100", "1E+2"), ("0.00", "0"), ("-0", "0"), ("-0.0", "0"), ("-1.10", "-1.1")],
)
def test_spellings_of_a_number_hash_alike(one: str, other: str) -> None:
    """A decimal is its value, not its digits."""
    assert hash_value(KEY, "total", Decimal(one)) == hash_value(KEY, "total", Decimal(other))


def test_integers_and_decimals_of_one_value_hash_alike() -> None:
    """JSON has one kind of number."""
    assert hash_value(KEY, "total", 100) == hash_value(KEY, "total", Decimal("100.00"))


def test_every_digit_counts() -> None:
    """Numbers of more digits than the decimal context's precision are told apart."""
    long = "1234567890123456789012345678.90"
    assert hash_value(KEY, "total", Decimal(f"{long}1")) != hash_value(KEY, "total", Decimal(f"{long}2"))


def test_key_and_target_matter() -> None:
    """Without the key nothing can be compared, and equal values of different targets differ."""
    hashes = {hash_value(key, target, "+34 91") for key in (KEY, OTHER_KEY) for target in ("phone", "fax")}
    assert len(hashes) == 4
    assert hash_record(KEY, {"a": "0"}) != hash_record(OTHER_KEY, {"a": "0"})


def test_value_cannot_be_read_from_its_hash() -> None:
    """A hash has a fixed length and no trace of the value."""
    short, long = hash_value(KEY, "phone", "abc"), hash_value(KEY, "phone", "abc" * 1000)
    assert len(short) == len(long) == 16
    assert "616263" not in short + long


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["00", "11"])), st.randoms())
def test_order_of_fields_does_not_matter(hashes: dict[str, str], random: Random) -> None:
    """A record's hash depends on its fields, not on their order."""
    items = list(hashes.items())
    random.shuffle(items)
    assert hash_record(KEY, dict(items)) == hash_record(KEY, hashes)


FIELDS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["00", "11"]))


@given(FIELDS, FIELDS)
def test_any_other_field_is_another_record(one: dict[str, str], other: dict[str, str]) -> None:
    """Records hash alike exactly if all their fields do."""
    assert (hash_record(KEY, one) == hash_record(KEY, other)) == (one == other)
