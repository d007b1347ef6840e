"""Bulk writes: many items in a request, each with an outcome of its own."""

from typing import Any

from sage_operator.simulators.faults import Effect
from sage_operator.simulators.forcemanager.answers import refusal
from sage_operator.simulators.forcemanager.writes import WriteError, Writer
from sage_operator.simulators.wire import Row

LIMITS = {"POST": 200, "PUT": 200, "DELETE": 120}
_DONE = {"POST": "Entity create success", "PUT": "Entity update success", "DELETE": "Entity delete success"}
_Checked = tuple[int | None, Row | None]
"""Id of an existing record, and the values to be written."""


def bulk(method: str, items: Any, writer: Writer, effect: Effect, *, all_or_nothing: bool) -> list[dict[str, Any]]:
    """Carry out a batch; return an outcome for each item, but for those that a fault leaves out.

    Raises:
        Refusal: the batch as a whole is no good.
    """
    if not isinstance(items, list) or not items:
        raise refusal(400, "The body must be a list of items")
    if len(items) > LIMITS[method]:
        raise refusal(400, f"At most {LIMITS[method]} items are allowed")
    if all_or_nothing:
        for item in items:
            try:
                _checked(method, item, writer)
            except WriteError as error:
                raise refusal(400, str(error)) from None
    outcomes = []
    for place, item in enumerate(items):
        guid = item.get("guid") if isinstance(item, dict) else None
        try:
            checked = _checked(method, item, writer, fail=place < effect.fail_items)
        except WriteError as error:
            same = item.get("id") if isinstance(item, dict) else None
            outcomes.append({"code": 0, "guid": guid, "id": same, "message": str(error)})
        else:
            key = _write(method, checked, writer)
            outcomes.append({"code": 1, "guid": guid, "id": key, "message": _DONE[method]})
    return outcomes[: len(outcomes) - effect.drop_items] if effect.drop_items else outcomes


def _checked(method: str, item: Any, writer: Writer, *, fail: bool = False) -> _Checked:
    if fail:
        raise WriteError("Internal data error")
    if not isinstance(item, dict):
        raise WriteError("The item is not an object")
    if method == "POST":
        return None, writer.checked(item.get("data"), creating=True)
    values = writer.checked(item.get("data"), creating=False) if method == "PUT" else None
    return writer.writable(item.get("id"), values), values


def _write(method: str, checked: _Checked, writer: Writer) -> int:
    key, values = checked
    if key is None:
        return writer.create(values or {})
    if method == "PUT":
        writer.update(key, values or {})
    else:
        writer.delete(key)
    return key
