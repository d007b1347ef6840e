"""How Python's values are stored."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode_exactly = msgspec.json.Encoder(decimal_format="number").encode
_decode_exactly = msgspec.json.Decoder(float_hook=Decimal).decode


class UtcTime(TypeDecorator[datetime]):
    """A moment, as microseconds since 1970: exact, ordered, and the same on each database; it comes back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Count microseconds.

        Raises:
            TypeError: the time has no zone.
        """
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """Names, hashes and counts as compact JSON text; enum members come back as plain texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Encode a value."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Decode a value."""
        return None if value is None else msgspec.json.decode(value)


class ExactJson(TypeDecorator[Any]):
    """Values as they went over the wire, as compact JSON text; numbers with a fraction are exact `Decimal`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Encode values."""
        return None if value is None else _encode_exactly(value).decode()

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Decode values."""
        return None if value is None else _decode_exactly(value)
