from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.codes import Code
from sage_operator.sync.coerce import Misfit, coerce
from sage_operator.sync.fieldmap import OnProblem
from sage_operator.sync.records import Scalar
from sage_operator.sync.targets import FieldKind, TargetField

NUMBERS = st.integers(-(10**30), 10**30) | st.decimals(allow_nan=False, allow_infinity=False)
SCALARS = st.booleans() | NUMBERS | st.text(min_size=1)


def _field(kind: FieldKind, max_length: int | None = None, table: str | None = None) -> TargetField:
    return TargetField(name="Z_Target", kind=kind, max_length=max_length, table=table)


def _exact(kind: FieldKind, value: Scalar) -> Scalar:
    fitting, warning = coerce(value, _field(kind), on_too_long=OnProblem.REJECT)
    assert warning is None
    return fitting


def _mismatch(kind: FieldKind, value: Scalar, *, table: str | None = None) -> str:
    with pytest.raises(Misfit) as caught:
        coerce(value, _field(kind, table=table), on_too_long=OnProblem.REJECT)
    assert caught.value.code is Code.TYPE_MISMATCH
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is ", "as it is "),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (-3, "-3"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.00001"), "0.00001"),
    ],
)
def test_numbers_and_booleans_become_text_as_in_json(value: Scalar, text: str) -> None:
    """A text is left as it is; anything else is spelled as JSON would."""
    assert _exact(FieldKind.TEXT, value) == text


@given(st.text(), st.integers(1, 20), st.sampled_from([OnProblem.CUT, OnProblem.REJECT]))
def test_text_is_never_cut_in_silence(value: str, limit: int, on_too_long: OnProblem) -> None:
    """A text that fits is untouched; one that doesn't is rejected, or cut to the limit with a warning that says so."""
    field = _field(FieldKind.TEXT, limit)
    if len(value) <= limit:
        assert coerce(value, field, on_too_long=on_too_long) == (value, None)
    elif on_too_long is OnProblem.CUT:
        cut, warning = coerce(value, field, on_too_long=on_too_long)
        assert cut == value[:limit]
        assert warning == f"Z_Target: cut, {len(value)} characters, {limit} fit"
    else:
        with pytest.raises(Misfit, match=f"Z_Target: {len(value)} characters, {limit} fit") as caught:
            coerce(value, field, on_too_long=on_too_long)
        assert caught.value.code is Code.TOO_LONG


@given(NUMBERS)
def test_numbers_are_exact(value: int | Decimal) -> None:
    """A number reaches a decimal target with its value, whether it comes as a number or as a text."""
    assert _exact(FieldKind.DECIMAL, value) == value
    if abs(value) < 10**30:
        assert _exact(FieldKind.DECIMAL, f" {Decimal(value):f} ") == value


@pytest.mark.parametrize("text", ["12.50", "+12.5", "-0.1", ".5", "5.", "1e3", "1E-2", " 7 "])
def test_decimal_texts(text: str) -> None:
    """The usual spellings of a number are understood exactly."""
    assert _exact(FieldKind.DECIMAL, text) == Decimal(text.strip())


@pytest.mark.parametrize(
    "value", [True, "", "12,5", "1_000", "1 000", "NaN", "sNaN", "Infinity", "-inf", "0x1F", "1e999999999", "12 EUR"]
)
def test_what_is_no_decimal_number(value: Scalar) -> None:
    """Other spellings are refused: also programmers' ones, and a number whose digits would fill the memory."""
    assert "is not a decimal number" in _mismatch(FieldKind.DECIMAL, value)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999999", "-1E-999999999"])
@pytest.mark.parametrize("kind", FieldKind)
def test_numbers_beyond_all_bounds_are_refused(kind: FieldKind, value: str) -> None:
    """What no JSON number is, or would fill the memory when it is spelled out, reaches no target of any type."""
    assert "beyond all bounds" in _mismatch(kind, Decimal(value))


@pytest.mark.parametrize("value", [10**18, -(10**18), Decimal(10**18), "1" * 19, "١٢"])
def test_integers_have_bounds_and_plain_digits(value: Scalar) -> None:
    """Eighteen digits are what Salesforce has; digits of other scripts are texts."""
    _mismatch(FieldKind.INTEGER, value)


@given(st.integers(-(10**17), 10**17), st.sampled_from([FieldKind.INTEGER, FieldKind.REFERENCE]))
def test_integers_are_exact(value: int, kind: FieldKind) -> None:
    """An integer comes as such, as a decimal without fraction, or as a text."""
    for spelled in (value, Decimal(value), Decimal(f"{value}.00"), str(value), f" {value} "):
        result = _exact(kind, spelled)
        assert result == value
        assert type(result) is int


@pytest.mark.parametrize("value", [True, Decimal("1.5"), "1.5", "1e3", "one", "1_000", "9" * 19])
def test_what_is_no_integer(value: Scalar) -> None:
    """Fractions, booleans and other texts are refused; a reference says of which list it wants an id."""
    assert "is not an integer" in _mismatch(FieldKind.INTEGER, value)
    assert "is not the id of a row of countries" in _mismatch(FieldKind.REFERENCE, value, table="countries")


@pytest.mark.parametrize(("value", "truth"), [(True, True), (False, False), ("true", True), (" FALSE ", False)])
def test_booleans(value: Scalar, *, truth: bool) -> None:
    """Booleans come as such, or as the two words."""
    assert _exact(FieldKind.BOOLEAN, value) is truth


@pytest.mark.parametrize("value", [0, 1, Decimal(1), "1", "yes", "on"])
def test_what_is_no_boolean(value: Scalar) -> None:
    """Numbers and other words are refused."""
    assert "is neither true nor false" in _mismatch(FieldKind.BOOLEAN, value)


@given(st.dates())
def test_dates_become_midnight_utc(value: date) -> None:
    """A date is midnight UTC, in every year that there is."""
    assert _exact(FieldKind.DATE, value.isoformat()) == f"{value.isoformat()}T00:00:00Z"


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_moments_keep_their_instant(value: datetime, offset: int) -> None:
    """A time with an offset is the same instant in UTC, to its last digit; beyond the calendar it is refused."""
    moment = value.replace(tzinfo=timezone(timedelta(minutes=offset)))
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        _mismatch(FieldKind.DATE, moment.isoformat())
        return
    result = _exact(FieldKind.DATE, moment.isoformat())
    assert isinstance(result, str)
    assert result.endswith("Z")
    assert len(result.partition("-")[0]) == 4
    assert datetime.fromisoformat(result) == expected


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z"),
        ("0999-06-01T12:00:00Z", "0999-06-01T12:00:00Z"),
        # As Salesforce spells them.
        ("2026-11-23T10:00:00.000+0000", "2026-11-23T10:00:00Z"),
        ("2026-11-23T00:30:00.000+0100", "2026-11-22T23:30:00Z"),
    ],
)
def test_known_dates(value: str, utc: str) -> None:
    """Dates at the bounds of the calendar, and times as Salesforce writes them."""
    assert _exact(FieldKind.DATE, value) == utc


@pytest.mark.parametrize(
    "value",
    [
        *(True, 5, Decimal(5), "today", "2026-02-30", "0000-01-01", "10000-01-01", "23/11/2026"),
        *("2026-11-23T10:00:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"),
    ],
)
def test_what_is_no_date(value: Scalar) -> None:
    """Other texts, impossible dates, and times of no known zone are refused."""
    assert "is not a date" in _mismatch(FieldKind.DATE, value)


@given(SCALARS)
def test_unknown_kinds_are_sent_as_they_are(value: Scalar) -> None:
    """What the schema does not describe is not touched."""
    assert _exact(FieldKind.UNKNOWN, value) == value


@given(SCALARS, st.sampled_from(FieldKind), st.integers(1, 3))
def test_a_value_fits_or_is_complained_about(value: Scalar, kind: FieldKind, limit: int) -> None:
    """Whatever Sage gives, the answer is a value of the target's type or a misfit, never another error."""
    types = {
        FieldKind.TEXT: str,
        FieldKind.INTEGER: int,
        FieldKind.REFERENCE: int,
        FieldKind.DECIMAL: int | Decimal,
        FieldKind.BOOLEAN: bool,
        FieldKind.DATE: str,
        FieldKind.UNKNOWN: object,
    }
    try:
        fitting, _ = coerce(value, _field(kind, limit), on_too_long=OnProblem.REJECT)
    except Misfit as misfit:
        code = misfit.code
    else:
        assert isinstance(fitting, types[kind])
        return
    assert code in {Code.TYPE_MISMATCH, Code.TOO_LONG}


@pytest.mark.parametrize("kind", [kind for kind in FieldKind if kind not in {FieldKind.TEXT, FieldKind.UNKNOWN}])
def test_messages_do_not_repeat_the_value(kind: FieldKind) -> None:
    """What does not fit may be personal: it is described by its kind only."""
    assert "Maria" not in _mismatch(kind, "Maria Secreta")
    assert "a text" in _mismatch(kind, "Maria Secreta")


def test_messages_about_length_do_not_repeat_the_value() -> None:
    """Neither the complaint nor the warning quotes the text."""
    field = _field(FieldKind.TEXT, 5)
    _, warning = coerce("Maria Secreta", field, on_too_long=OnProblem.CUT)
    with pytest.raises(Misfit) as caught:
        coerce("Maria Secreta", field, on_too_long=OnProblem.REJECT)
    assert "Maria" not in f"{warning}{caught.value}"
