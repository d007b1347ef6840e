from decimal import Decimal
from typing import Any

import pytest

from sage_operator.forcemanager.values import flag, moment, shows, text


@pytest.mark.parametrize(
    ("value", "read"), [(True, True), (1, True), ("1", True), ("True", True), (False, False), (0, False), ("0", False),
                        ("false", False), (None, False), ("", False)]
)  # fmt: skip
def test_flags_come_in_many_spellings(value: Any, read: bool) -> None:
    """Booleans, numbers, words and nothing are read."""
    assert flag(value) is read


def test_a_text_has_no_outer_blanks_and_is_never_null() -> None:
    """Null is empty, numbers are spelled."""
    assert [text(None), text(" a "), text(7)] == ["", "a", "7"]


@pytest.mark.parametrize(
    "value", ["2021-12-16T14:05:53.027Z", "2021-12-16T15:05:53.027+01:00", "2021-12-16 14:05:53.027"]
)
def test_times_are_read_as_utc(value: str) -> None:
    """With Z, with an offset and without either they are the same."""
    read = moment(value)
    assert read is not None
    assert read.isoformat() == "2021-12-16T14:05:53.027000+00:00"


@pytest.mark.parametrize("value", [None, "", "soon", 5])
def test_what_is_no_time_is_none(value: Any) -> None:
    """Nothing is raised."""
    assert moment(value) is None


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("ACME Ltd", "Acme  Ltd."),
        ("+34911234567", "+34 911 23 45 67"),
        ({"id": 438, "value": "Headquarter"}, 438),
        ({"id": 5, "description": "Rate"}, 5),
        (1234.5, Decimal("1234.50")),
        (Decimal("1234.56"), Decimal("1234.56")),
        ("12.50", Decimal("12.5")),
        (1, True),
        (False, False),
        (None, None),
        (None, ""),
        ("", None),
        ("2018-10-10T00:00:00.000Z", "2018-10-10 00:00:00"),
        ("2018-10-10T00:00:00Z", "2018-10-10"),
    ],
)
def test_a_written_value_is_recognised_when_it_comes_back_normalised(read: Any, written: Any) -> None:
    """References, numbers, flags, dates, empty values and tidied texts count as equal."""
    assert shows({"x": read}, {"x": written})


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("ACME", "Other"),
        ({"id": 4}, 5),
        (None, "a"),
        ("a", None),
        (0, True),
        ("2018-10-11T00:00:00Z", "2018-10-10"),
        (Decimal("1.01"), Decimal(1)),
        ("many", 5),
        (None, 0),
    ],
)
def test_another_value_is_not_taken_for_the_written_one(read: Any, written: Any) -> None:
    """A record that kept its old value shows nothing."""
    assert not shows({"x": read}, {"x": written})


def test_one_value_is_enough() -> None:
    """ForceManager may normalise any single field beyond recognition, hardly all of them."""
    assert shows({"a": "old", "b": "new"}, {"a": "x", "b": "new"})
