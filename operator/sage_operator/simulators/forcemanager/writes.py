"""Creating, changing and deleting records, with the checks that ForceManager makes."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sage_operator.simulators.forcemanager.columns import Column
from sage_operator.simulators.forcemanager.tenant import Tenant
from sage_operator.simulators.forcemanager.where import stamp
from sage_operator.simulators.wire import Row

_TYPES = {"text": "a string", "integer": "an integer", "number": "a number", "boolean": "a boolean",
          "moment": "a date-time", "reference": "an integer"}  # fmt: skip


class WriteError(ValueError):
    """A record that is refused; the message is for the answer."""


class Writer:
    """Writes records of one resource of a tenant, all at the same time."""

    def __init__(self, tenant: Tenant, resource: str, now: datetime) -> None:
        self._tenant = tenant
        self._resource = resource
        self._columns = tenant.columns[resource]
        self._table = tenant.tables[resource]
        self._now = stamp(now)
        self._defaults = {
            name: False for name, column in self._columns.items() if column.kind == "boolean" and not column.read_only
        }

    def checked(self, data: Any, *, creating: bool) -> Row:
        """Return values as they are stored. Raises `WriteError`."""
        if not isinstance(data, dict):
            raise WriteError("The entity is not an object")
        values: Row = {}
        for name, value in data.items():
            column = self._columns.get(name)
            if column is None:
                raise WriteError(f"Unknown field {name}")
            if column.read_only:
                raise WriteError(f"The field {name} is read-only")
            values[name] = self._value(column, value)
        for column in self._columns.values():
            if column.required and (creating or column.name in values) and values.get(column.name) in (None, ""):
                raise WriteError(f"The field {column.name} is mandatory")
        return values

    def create(self, values: Row) -> int:
        """Store a new record of checked values; return its id."""
        key = self._tenant.next_id(self._resource)
        row = {"id": key, "deleted": False, "dateCreated": self._now, **self._defaults, **values}
        self._table.put(self._derived(row))
        return key

    def writable(self, key: Any, values: Row | None) -> int:
        """Return the id of a live record if it may be changed (without values: deleted). Raises `WriteError`."""
        row = self._table.rows.get(key) if isinstance(key, int) else None
        if row is None or row["deleted"]:
            raise WriteError(f"The entity {key} does not exist")
        protected = row.get("readOnly") is True and self._tenant.settings.read_only_updates == "refuse"
        if protected and (values is None or set(values) != {"readOnly"}):
            raise WriteError(f"The entity {key} is read-only")
        return int(key)

    def update(self, key: int, values: Row) -> None:
        """Change checked values of a record."""
        self._table.put(self._derived({**self._table.rows[key], **values, "dateUpdated": self._now}))

    def delete(self, key: int) -> None:
        """Mark a record as deleted."""
        self._table.put({**self._table.rows[key], "deleted": True, "dateDeleted": self._now})

    def undelete(self, key: int) -> None:
        """Bring a record back, as the vendor's support can."""
        self._table.put({**self._table.rows[key], "deleted": False, "dateDeleted": None, "dateUpdated": self._now})

    def _derived(self, row: Row) -> Row:
        """Add to a sale the user that has its `salesRepExtId`, if there is one."""
        if self._resource != "sales":
            return row
        named = row.get("salesRepExtId")
        users = (user for user in self._tenant.tables["users"] if named and user.get("extId") == named)
        return {**row, "salesRepId": next((user["id"] for user in users), None)}

    def _value(self, column: Column, value: Any) -> Any:
        if value is None:
            return None
        if not _fits(column, value):
            raise WriteError(f"The field {column.name} must be {_TYPES[column.kind]}")
        if column.kind == "text":
            if column.length is not None and len(value) > column.length:
                raise WriteError(f"The field {column.name} must have at most {column.length} characters")
            if self._tenant.settings.normalize_phones and column.name.startswith(("phone", "fax")):
                return value.replace(" ", "")
        elif column.kind == "moment":
            try:
                return stamp(datetime.fromisoformat(value))
            except ValueError:
                raise WriteError(f"The field {column.name} must be a date-time") from None
        elif column.kind == "reference":
            row = self._tenant.tables[column.table or ""].rows.get(value)
            if row is None or row.get("deleted"):
                raise WriteError(f"The field {column.name} refers to {value}, which does not exist")
        return value


def _fits(column: Column, value: Any) -> bool:
    match column.kind:
        case "text" | "moment":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | Decimal) and not isinstance(value, bool)
        case _:
            return isinstance(value, int) and not isinstance(value, bool)
