"""Making a value fit the target's type: exactly, or with a clear complaint, never by a silent cut."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from sage_operator.sync.codes import Code
from sage_operator.sync.fieldmap import OnProblem
from sage_operator.sync.records import Scalar
from sage_operator.sync.targets import FieldKind, TargetField

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DIGITS = 18
# The exponent is bounded: a dozen characters must not stand for a gigabyte of digits.
_LARGEST_EXPONENT = 400
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Misfit(Exception):
    """A value that cannot be written to its target; raised and caught within the planning of one record."""

    def __init__(self, code: Code, target: str, detail: str) -> None:
        """Take the code, the target's name, and what is wrong without the value itself."""
        super().__init__(code, target, detail)
        self.code = code
        self.target = target
        self.detail = detail

    def __str__(self) -> str:
        """Name the target and the trouble."""
        return f"{self.target}: {self.detail}"


def coerce(value: Scalar, field: TargetField, *, on_too_long: OnProblem) -> tuple[Scalar, str | None]:
    """Return a value as its target takes it, and a warning if a text was cut.

    Numbers and booleans become text as in JSON. Decimals keep all their digits and their scale. A date becomes midnight
    UTC, a time the same instant in UTC. Lengths are in characters. The value is not empty.

    Raises:
        Misfit: the value does not fit (`TypeMismatch`, `TooLong`); its detail does not repeat the value.
    """
    if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) <= _LARGEST_EXPONENT):
        raise Misfit(Code.TYPE_MISMATCH, field.name, "its number is beyond all bounds")
    match field.kind:
        case FieldKind.TEXT:
            return _text(value, field, on_too_long)
        case FieldKind.INTEGER | FieldKind.REFERENCE:
            return _integer(value, field), None
        case FieldKind.DECIMAL:
            return _decimal(value, field), None
        case FieldKind.BOOLEAN:
            return _boolean(value, field), None
        case FieldKind.DATE:
            return _date(value, field), None
        case FieldKind.UNKNOWN:
            return value, None


def as_text(value: Scalar) -> str:
    """Spell a value as JSON would, a text without its quotes, null as the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _text(value: Scalar, field: TargetField, on_too_long: OnProblem) -> tuple[str, str | None]:
    text = value if isinstance(value, str) else as_text(value)
    if field.max_length is None or len(text) <= field.max_length:
        return text, None
    detail = f"{len(text)} characters, {field.max_length} fit"
    if on_too_long is OnProblem.CUT:
        return text[: field.max_length], f"{field.name}: cut, {detail}"
    raise Misfit(Code.TOO_LONG, field.name, detail)


def _integer(value: Scalar, field: TargetField) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_DIGITS:
        return value
    if isinstance(value, Decimal) and value.adjusted() < _DIGITS and value == value.to_integral_value():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    wanted = f"the id of a row of {field.table}" if field.kind is FieldKind.REFERENCE and field.table else "an integer"
    raise Misfit(Code.TYPE_MISMATCH, field.name, f"{_described(value)} is not {wanted}")


def _decimal(value: Scalar, field: TargetField) -> Decimal | int:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise Misfit(Code.TYPE_MISMATCH, field.name, f"{_described(value)} is not a decimal number")


def _boolean(value: Scalar, field: TargetField) -> bool:
    if isinstance(value, bool):
        return value
    spoken = {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None
    if spoken is None:
        raise Misfit(Code.TYPE_MISMATCH, field.name, f"{_described(value)} is neither true nor false")
    return spoken


def _date(value: Scalar, field: TargetField) -> str:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return f"{date.fromisoformat(value).isoformat()}T00:00:00Z"
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        pass
    raise Misfit(Code.TYPE_MISMATCH, field.name, f"{_described(value)} is not a date")


def _described(value: Scalar) -> str:
    """Say what kind of value it is, without repeating it: it may be personal."""
    names = {str: "a text", bool: "a boolean", int: "an integer", Decimal: "a decimal number"}
    return names.get(type(value), "null")
