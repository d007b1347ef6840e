"""Lists: filter, order and pages."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from sage_operator.simulators.forcemanager.answers import refusal
from sage_operator.simulators.forcemanager.columns import Column
from sage_operator.simulators.forcemanager.tenant import Tenant
from sage_operator.simulators.forcemanager.where import (
    WhereError,
    candidates,
    fields,
    ordering,
    parse,
    predicate,
)
from sage_operator.simulators.wire import Call, Row

_DEFAULT_PAGE_SIZE = 50


def page(call: Call, tenant: Tenant, resource: str) -> list[dict[str, Any]]:
    """Return one page of a list, deleted rows included. Raises `Refusal`."""
    try:
        number, size = max(int(call.query.get("page", 0)), 0), _page_size(call)
    except ValueError:
        raise refusal(400, "Bad Request") from None
    size = min(max(size, 1), tenant.settings.max_page_size)
    try:
        rows = _matching(call, tenant, resource)
    except WhereError as error:
        raise refusal(400, str(error), code=901) from None
    chosen = islice(rows, number * size, (number + 1) * size)
    render = tenant.renderers.get(resource)
    return [render(row) if render else row for row in chosen]


def _page_size(call: Call) -> int:
    return int(call.headers.get("count") or call.headers.get("x-fm-entity-count") or _DEFAULT_PAGE_SIZE)


def _matching(call: Call, tenant: Tenant, resource: str) -> Iterable[Row]:
    table = tenant.tables[resource]
    rows: Iterable[Row] = table
    where, order = call.query.get("where"), call.query.get("order")
    if not where and not order:
        return rows
    columns = tenant.columns.get(resource) or _list_columns(table.rows.values())
    if where:
        term = parse(where)
        test = predicate(term, columns)
        if not fields(term) & set(tenant.settings.ignored_filters):
            keys = candidates(term, table)
            rows = filter(test, table if keys is None else [table.rows[key] for key in sorted(keys)])
    if order:
        name, descending = ordering(order, columns)
        # Nulls are the smallest, as in the database.
        found = list(rows)
        nulls = [row for row in found if row.get(name) is None]
        others = sorted(
            (row for row in found if row.get(name) is not None), key=lambda row: row[name], reverse=descending
        )
        return others + nulls if descending else nulls + others
    return rows


def _list_columns(rows: Iterable[Row]) -> Mapping[str, Column]:
    """The fields of a value list, told from its rows."""
    kinds = {bool: "boolean", int: "integer", str: "text"}
    found: dict[str, Column] = {}
    for row in rows:
        for name, value in row.items():
            if type(value) in kinds:
                kind: Any = "moment" if name.startswith("date") else kinds[type(value)]
                found[name] = Column(name=name, kind=kind, read_only=True)
    return found
