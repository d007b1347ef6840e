"""What both simulators share about HTTP: a request read whole, an answer, and JSON with exact numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from starlette.datastructures import Headers

from sage_operator.simulators.faults import NO_EFFECT, Effect

Row = dict[str, Any]
"""A stored record: values that are JSON already, null ones left out. Never changed in place, always replaced."""

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")

dumps = _encoder.encode
"""Encode to JSON; a `Decimal` becomes a number, digit by digit."""


def loads(body: bytes) -> Any:
    """Decode JSON; a number with a fraction becomes a `Decimal`. Raises `msgspec.DecodeError`."""
    return _decoder.decode(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, read whole."""

    method: str
    path: str
    operation: str
    """The simulator's name of what is asked for, such as `query` or `accounts.bulkCreate`."""
    parameters: Mapping[str, str]
    """The variable parts of the path."""
    query: Mapping[str, str]
    headers: Headers
    body: bytes
    scheme: str = "http"
    effect: Effect = NO_EFFECT
    """What an injected fault asks the handler to do to single items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response: whole, or made piece by piece while it is sent."""

    status: int = 200
    body: bytes = b""
    stream: Iterator[bytes] | None = None
    """What is sent instead of the body, in pieces between which other requests are served."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, **headers: str) -> "Answer":
        """Encode a value; header names are given with underscores."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status=status, body=dumps(value), headers=named)


class Refusal(Exception):
    """Raised by a handler instead of returning an error answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer
