from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.resources import format_duration, parse_duration

UNITS = {"us": 1, "µs": 1, "μs": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", timedelta()),
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("30m1h", timedelta(hours=1, minutes=30)),
        ("1m1m", timedelta(minutes=2)),
        ("1.5h", timedelta(minutes=90)),
        (".5m", timedelta(seconds=30)),
        ("1.s", timedelta(seconds=1)),
        ("-1m30s", timedelta(seconds=-90)),
        ("+5s", timedelta(seconds=5)),
        ("1500ns500ns", timedelta(microseconds=2)),
        ("2562047h47m16s", timedelta(hours=2_562_047, minutes=47, seconds=16)),
    ],
)
def test_spellings_of_go_are_read(text: str, expected: timedelta) -> None:
    """Expect what Go's documentation and tests say each spelling means."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "-",
        "+",
        "s",
        ".",
        ".s",
        "-.",
        "+.s",
        "1d",
        "1h ",
        " 1h",
        "1 h",
        "1h-1m",
        "--1h",
        "1H",
        "PT15M",
        "1e3s",
        "\u0663s",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    """Expect the errors that Go gives, with the text and a hint."""
    with pytest.raises(ValueError, match="is no duration: write numbers with their units"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "why"), [("1ns", "microsecond"), ("0.1ns", "nanosecond"), ("2562048h", "too long")])
def test_what_can_not_be_held_is_refused(text: str, why: str) -> None:
    """Expect an error rather than a rounded or overflown duration."""
    with pytest.raises(ValueError, match=why):
        parse_duration(text)


@given(st.timedeltas(min_value=timedelta(days=-100_000), max_value=timedelta(days=100_000)))
def test_formatting_and_parsing_are_inverse(duration: timedelta) -> None:
    """Expect exactly the same duration back."""
    assert parse_duration(format_duration(duration)) == duration


@given(st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 999), st.sampled_from(sorted(UNITS))), min_size=1))
def test_terms_are_added_exactly(terms: list[tuple[int, int, str]]) -> None:
    """Expect the exact sum of the terms, or an error if it is no whole number of microseconds."""
    text = "".join(f"{whole}.{thousandths:03}{unit}" for whole, thousandths, unit in terms)
    exact = sum(Fraction(f"{whole}.{thousandths:03}") * UNITS[unit] for whole, thousandths, unit in terms)
    if exact.denominator == 1:
        assert parse_duration(text) == timedelta(microseconds=int(exact))
    else:
        with pytest.raises(ValueError, match="microsecond"):
            parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(minutes=15), "15m"),
        (timedelta(hours=24), "24h"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(seconds=2.5), "2.5s"),
        (timedelta(), "0s"),
    ],
)
def test_durations_are_spelt_as_people_do(duration: timedelta, text: str) -> None:
    """Expect no superfluous zero units."""
    assert format_duration(duration) == text
