import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.ids import is_id, long_id

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
SHORT = st.text(ALPHABET, min_size=15, max_size=15)


@pytest.mark.parametrize(
    ("short", "full"),
    [
        # Published examples, of Salesforce's own documentation and of others.
        ("001D000000IqhSL", "001D000000IqhSLIAZ"),
        ("001D000000Iomaz", "001D000000IomazIAB"),
        ("0013k00002crTPa", "0013k00002crTPaAAM"),
        ("0010i0000046cD3", "0010i0000046cD3AAI"),
        ("0019000000B98de", "0019000000B98deAAB"),
        # The ends of the alphabet: no capital, capitals only.
        ("000000000000000", "000000000000000AAA"),
        ("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaAAA"),
        ("AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA555"),
    ],
)
def test_known_ids(short: str, full: str) -> None:
    """Each published id gets its three last characters, and keeps them."""
    assert long_id(short) == full
    assert long_id(full) == full


@given(SHORT)
def test_suffix_spells_the_case_out(short: str) -> None:
    """The suffix alone restores the case of an id that lost it."""
    full = long_id(short)
    bits = [("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".index(c) >> i) & 1 for c in full[15:] for i in range(5)]
    assert "".join(c.upper() if bit else c for c, bit in zip(short.lower(), bits, strict=True)) == short


@given(SHORT, SHORT)
def test_ids_that_differ_by_case_only_stay_different(one: str, other: str) -> None:
    """Two ids are equal in the long form, case apart, only if they are the same."""
    assert (long_id(one).lower() == long_id(other).lower()) == (one == other)


@given(SHORT)
def test_case_is_part_of_an_id(short: str) -> None:
    """Another case is another id."""
    assert (long_id(short.swapcase()) == long_id(short)) == short.isdecimal()


@pytest.mark.parametrize(
    "text",
    [
        *("", "001", "001D000000IqhS", "001D000000IqhSLI", "001D000000IqhSLIA", "001D000000IqhSLIAZ0"),
        *("001D000000Iqh-L", "001D000000IqhSL\n", " 001D000000IqhSL", "001D000000IqhSÑ", "001D000000Iqh٣L"),
    ],
)
def test_what_is_no_id(text: str) -> None:
    """Other lengths and characters are refused, also those that only look like digits or end in a line feed."""
    assert not is_id(text)
    with pytest.raises(ValueError, match="no Salesforce id"):
        long_id(text)
