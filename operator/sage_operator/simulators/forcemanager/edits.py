"""Edits of a tenant's records, as its users make them."""

from typing import Any, Literal

import msgspec

from sage_operator.simulators.clock import Clock
from sage_operator.simulators.forcemanager.columns import ENTITIES
from sage_operator.simulators.forcemanager.tenant import Tenant
from sage_operator.simulators.forcemanager.where import stamp
from sage_operator.simulators.forcemanager.writes import Writer
from sage_operator.simulators.wire import Row


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edit of one record. Values are as they are written by the API; `purge` removes without a trace.

    Users and rows of value lists can be edited too; nothing is checked there.
    """

    op: Literal["create", "update", "delete", "undelete", "purge"]
    id: int | None = None
    fields: dict[str, Any] = {}


def apply(tenant: Tenant, resource: str, edit: Edit, clock: Clock) -> int:
    """Apply an edit; return the id of the record. Raises `WriteError` (a `ValueError`) or `KeyError`."""
    if resource not in ENTITIES:
        return _edit_freely(tenant, resource, edit, stamp(clock.now()))
    writer = Writer(tenant, resource, clock.now())
    if edit.op == "create":
        return writer.create(writer.checked(edit.fields, creating=True))
    key = int(tenant.tables[resource].rows[edit.id or 0]["id"])
    match edit.op:
        case "update":
            writer.update(key, writer.checked(edit.fields, creating=False))
        case "delete":
            writer.delete(key)
        case "undelete":
            writer.undelete(key)
        case _:
            tenant.tables[resource].purge(key)
    return key


def _edit_freely(tenant: Tenant, resource: str, edit: Edit, now: str) -> int:
    table = tenant.tables[resource]
    key = edit.id if edit.id is not None else max(table.rows, default=0) + 1
    if edit.op == "purge":
        table.purge(key)
        return key
    old: Row = {"deleted": False} if edit.op == "create" else table.rows[key]
    row = {**old, **edit.fields, "id": key, ("dateCreated" if edit.op == "create" else "dateUpdated"): now}
    if edit.op in {"delete", "undelete"}:
        row |= {"deleted": edit.op == "delete", "dateDeleted": now if edit.op == "delete" else None}
    table.put(row)
    return key
