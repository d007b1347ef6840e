"""Bodies of writes, and how their answers are read. Pure.

Numbers go out digit by digit (`Decimal` as a JSON number), references as integers, and clearing is `null`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

import msgspec

from sage_operator.forcemanager.errors import shortened
from sage_operator.forcemanager.values import moment, text
from sage_operator.sync.records import OutcomeKind, Scalar, WriteItem, WriteOutcome

_encode = msgspec.json.Encoder(decimal_format="number").encode

NOT_TOLD = "ForceManager's answer does not say what became of the record."


class Method(StrEnum):
    """What is done with records; the value is part of the operation's name in metrics."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"

    @property
    def verb(self) -> str:
        """The HTTP method."""
        return _VERBS[self]

    @property
    def most_together(self) -> int:
        """How many records a bulk call takes at most."""
        return 120 if self is Method.DELETE else 200


_VERBS = {Method.CREATE: "POST", Method.UPDATE: "PUT", Method.DELETE: "DELETE"}


def as_sale(item: WriteItem) -> WriteItem:
    """Return a sale with its date as it is documented for sales (`2018-10-10 00:00:00`), not as for other entities."""
    at = moment(item.data.get("date"))
    return item if at is None else replace(item, data={**item.data, "date": f"{at:%Y-%m-%d %H:%M:%S}"})


def single_body(data: Mapping[str, Scalar]) -> bytes:
    """Encode the body of a write of one record."""
    return _encode(dict(data))


def bulk_body(method: Method, items: Sequence[WriteItem]) -> bytes:
    """Encode the body of a bulk call. `guid` is the item's key and comes back with its outcome.

    That the values are called `data` in an update too is not documented, therefore the probe (`writes`).
    """
    return _encode([_bulk_item(method, item) for item in items])


def _bulk_item(method: Method, item: WriteItem) -> dict[str, Any]:
    match method:
        case Method.CREATE:
            return {"guid": item.key, "data": dict(item.data)}
        case Method.UPDATE:
            return {"guid": item.key, "id": item.target_id, "data": dict(item.data)}
        case Method.DELETE:
            return {"guid": item.key, "id": item.target_id}


def outcomes(items: Iterable[WriteItem], kind: OutcomeKind, message: str = "") -> list[WriteOutcome]:
    """Return the same outcome for several items; that of a done update or delete bears its id."""
    done = kind is OutcomeKind.DONE
    return [
        WriteOutcome(key=item.key, kind=kind, target_id=item.target_id if done else None, message=message)
        for item in items
    ]


def read_single(content: bytes, item: WriteItem) -> WriteOutcome:
    """Read the answer to a create that was accepted: `{"Message": "entity created", "id": 1}`."""
    body = _decoded(content)
    return _done(item, body.get("id") if isinstance(body, Mapping) else None)


def read_bulk(content: bytes, items: Sequence[WriteItem]) -> list[WriteOutcome]:
    """Read the answer to a bulk call that was accepted: `[{"code": 1, "guid": …, "id": …, "message": …}]`.

    Code 1 is success, anything else a refusal of that item. An item that the answer lacks is unclear.
    """
    body = _decoded(content)
    results = {text(row.get("guid")): row for row in body if isinstance(row, Mapping)} if isinstance(body, list) else {}
    return [_outcome(item, results.get(item.key)) for item in items]


def _outcome(item: WriteItem, result: Mapping[str, Any] | None) -> WriteOutcome:
    if result is None or "code" not in result:
        return WriteOutcome(key=item.key, kind=OutcomeKind.UNCLEAR, message=NOT_TOLD)
    if text(result["code"]) == "1":
        return _done(item, result.get("id"))
    message = shortened(text(result.get("message") or result.get("Message")))
    return WriteOutcome(
        key=item.key, kind=OutcomeKind.REFUSED, message=message or f"ForceManager gave the code {text(result['code'])}."
    )


def _done(item: WriteItem, told: Any) -> WriteOutcome:
    target_id = told if item.target_id is None else item.target_id
    if not isinstance(target_id, int) or target_id <= 0:
        return WriteOutcome(key=item.key, kind=OutcomeKind.UNCLEAR, message=NOT_TOLD)
    return WriteOutcome(key=item.key, kind=OutcomeKind.DONE, target_id=target_id)


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
