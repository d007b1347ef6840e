"""How stored rows are shown: references as objects, missing values as null."""

from collections.abc import Callable, Mapping
from typing import Any

from sage_operator.simulators.forcemanager.columns import Column
from sage_operator.simulators.wire import Row

Renderer = Callable[[Row], dict[str, Any]]
Label = Callable[[str, int], str | None]


def renderer(resource: str, columns: Mapping[str, Column], label: Label) -> Renderer:
    """Compile the rendering of a resource.

    References are `{id, value}`, but `{id, description}` in users; sales tell `deleted` as 0 or 1, others as a boolean.
    """
    key = "description" if resource == "users" else "value"
    shown = {"branchId": "branches"} if resource == "users" else {}
    plain = tuple(column.name for column in columns.values() if column.kind != "reference")
    references = tuple(
        (column.name, shown.get(column.name, column.name), column.table or "")
        for column in columns.values()
        if column.kind == "reference"
    )
    numeric = resource == "sales"

    def render(row: Row) -> dict[str, Any]:
        get = row.get
        record: dict[str, Any] = {name: get(name) for name in plain}
        for name, shown_as, table in references:
            value = get(name)
            record[shown_as] = None if value is None else {"id": value, key: label(table, value)}
        if numeric:
            record["deleted"] = int(record["deleted"])
        return record

    return render
