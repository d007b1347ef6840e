"""Requests and answers held against what the vendor of ForceManager has published (`forcemanager_v4.json`).

The published document is lax: nothing but bodies of creates has mandatory fields, and unknown ones are allowed. Here
the world is closed: an answer has all the fields that are described and no others, a request none that is not.
"""

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema

PUBLISHED: Mapping[str, Any] = json.loads(Path(__file__).with_name("forcemanager_v4.json").read_text("utf-8"))

# Of HTTP itself, or of no meaning to the service.
_HEADERS = {"host", "user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length"}
_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_formats.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A place where the published document is not followed: `at` it stands `value` instead, or nothing."""

    at: tuple[str, ...]
    value: Any = None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request below the API, and its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    status: int
    answer: Any


class Contract:
    """The published document with some departures."""

    def __init__(self, departures: Iterable[Departure]) -> None:
        """Apply them, in their order."""
        self._document = copy.deepcopy(dict(PUBLISHED))
        self._validators: dict[str, jsonschema.Draft202012Validator] = {}
        for departure in departures:
            *parents, last = departure.at
            place = self._document
            for name in parents:
                place = place[name]
            if departure.value is None:
                del place[last]
            else:
                place[last] = copy.deepcopy(departure.value)

    def complaints(self, exchange: Exchange) -> Iterator[str]:
        """Tell what of a request and its answer is not as described."""
        name = f"{exchange.method} {self._pattern(exchange)}"
        operation = self._document["operations"].get(name)
        if operation is None:
            yield f"{name}: no such operation"
            return
        for sort, given, known in (
            ("query", exchange.query, operation["query"]),
            ("header", {key.lower() for key in exchange.headers} - _HEADERS, operation["headers"]),
        ):
            yield from (f"{name}: unknown {sort} {key}" for key in given if key not in known)
        if "body" in operation:
            yield from self._check(f"{name} request", operation["body"], self._request, exchange.body)
        elif exchange.body is not None:
            yield f"{name}: a body, where none is described"
        answer = operation["answers"].get(str(exchange.status))
        if answer is None:
            yield f"{name}: status {exchange.status} is not described"
        else:
            yield from self._check(f"{name} {exchange.status}", answer, self._answer, exchange.answer)

    def _pattern(self, exchange: Exchange) -> str:
        head, _, last = exchange.path.rpartition("/")
        return f"{head}/{{id}}" if last.isdecimal() else exchange.path

    def _check(self, what: str, schema: Any, close: Callable[[Any], dict[str, Any]], value: Any) -> Iterator[str]:
        if what not in self._validators:
            self._validators[what] = jsonschema.Draft202012Validator(close(schema), format_checker=_formats)
        for error in self._validators[what].iter_errors(value):
            yield f"{what}: {'/'.join(map(str, error.path))}: {error.message}"

    def _resolved(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        if "$ref" not in schema:
            return dict(schema)
        found = self._document["definitions"][schema["$ref"].rpartition("/")[2]]
        return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}

    def _answer(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        found = self._resolved(schema)
        if "properties" in found:
            # Null wherever there is no value, as in the vendor's own samples.
            found["properties"] = {name: _nullable(self._answer(one)) for name, one in found["properties"].items()}
            optional = found.pop("optional", ())
            found["required"] = [name for name in found["properties"] if name not in optional]
            found.setdefault("additionalProperties", False)
        if "items" in found:
            found["items"] = self._answer(found["items"])
        return found

    def _request(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        found = self._resolved(schema)
        if "properties" in found:
            required = found.get("required", ())
            # Null clears a field.
            found["properties"] = {
                name: self._request(one) if name in required else _nullable(self._request(one))
                for name, one in found["properties"].items()
            }
            found.setdefault("additionalProperties", False)
        if "items" in found:
            found["items"] = self._request(found["items"])
        return found


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]} if isinstance(schema.get("type"), str) else schema
