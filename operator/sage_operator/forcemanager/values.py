"""Values as ForceManager spells them, read leniently."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sage_operator.sync.records import Scalar

_TRUE_WORDS = {"1", "true", "yes"}


def flag(value: Any) -> bool:
    """Read a boolean that comes as a boolean, as 0 or 1, as a word, or not at all."""
    return value.strip().lower() in _TRUE_WORDS if isinstance(value, str) else bool(value)


def text(value: Any) -> str:
    """Read a text that may be null or a number; outer blanks go."""
    return "" if value is None else str(value).strip()


def moment(value: Any) -> datetime | None:
    """Read an ISO 8601 time as UTC (without an offset it is taken for UTC); None if it is none."""
    try:
        read = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def shows(record: Mapping[str, Any], written: Mapping[str, Scalar]) -> bool:
    """Tell whether a record that was read back bears at least one of the values that were written.

    One is enough, and compared with tolerance: ForceManager normalises telephone numbers, addresses and the like.
    """
    return any(_same(record.get(name), value) for name, value in written.items())


def _same(read: Any, written: Scalar) -> bool:
    if isinstance(read, Mapping):  # a reference: {"id", "value"} or {"id", "description"}
        read = read.get("id")
    if read in (None, "") or written in (None, ""):
        return read in (None, "") and written in (None, "")
    if isinstance(read, bool) or isinstance(written, bool):
        return flag(read) == flag(written)
    if isinstance(written, int | Decimal):
        number = _number(read)
        return number is not None and number == written
    if (at := moment(written)) is not None and at == moment(read):
        return True
    return _folded(read) == _folded(written)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _folded(value: Any) -> str:
    return "".join(character for character in str(value).casefold() if character.isalnum())
