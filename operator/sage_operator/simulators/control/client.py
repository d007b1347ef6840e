"""Clients of the control API: what tests, the demo and benchmarks call."""

from collections.abc import Mapping
from typing import Any

import msgspec

from sage_operator.simulators.control.base import ControlError, SimulatorControl
from sage_operator.simulators.control.sage_client import SageControl
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.forcemanager.edits import Edit as CrmEdit
from sage_operator.simulators.forcemanager.schema_edits import SchemaEdit
from sage_operator.simulators.forcemanager.settings import CustomField, TenantSettings
from sage_operator.simulators.wire import Row

__all__ = ["ControlError", "ForceManagerControl", "SageControl", "SimulatorControl"]


class ForceManagerControl(SimulatorControl):
    """Control of the ForceManager simulator; without `tenant` the first one is meant."""

    def records(self, resource: str, *, tenant: str | None = None) -> list[Row]:
        """Return all rows of a resource as stored: deleted ones included, references as ids, null values left out."""
        rows: list[Row] = self._call("GET", f"records/{resource}", tenant=tenant)
        return rows

    def edit(self, resource: str, *edits: CrmEdit, tenant: str | None = None) -> list[int]:
        """Edit records of a resource as its users do; return their ids."""
        return msgspec.convert(self._call("POST", f"records/{resource}", edits, tenant=tenant), list[int])

    def create(self, resource: str, *, tenant: str | None = None, **fields: Any) -> int:
        """Create a record; return its id."""
        return self.edit(resource, CrmEdit(op="create", fields=fields), tenant=tenant)[0]

    def update(self, resource: str, key: int, *, tenant: str | None = None, **fields: Any) -> None:
        """Change fields of a record."""
        self.edit(resource, CrmEdit(op="update", id=key, fields=fields), tenant=tenant)

    def delete(self, resource: str, *keys: int, tenant: str | None = None) -> None:
        """Delete records."""
        self.edit(resource, *(CrmEdit(op="delete", id=key) for key in keys), tenant=tenant)

    def put_field(
        self, resource: str, name: str, field: CustomField | None = None, *, tenant: str | None = None
    ) -> None:
        """Add an own field (`Z_…`) to a resource, or replace it; by default a text of 255 characters."""
        self._edit_schema(resource, SchemaEdit(op="put", name=name, field=field or CustomField()), tenant)

    def drop_field(self, resource: str, name: str, *, tenant: str | None = None) -> None:
        """Remove a field from a resource, an own one with its values."""
        self._edit_schema(resource, SchemaEdit(op="drop", name=name), tenant)

    def restore_field(self, resource: str, name: str, *, tenant: str | None = None) -> None:
        """Bring a standard field back that was dropped."""
        self._edit_schema(resource, SchemaEdit(op="restore", name=name), tenant)

    def demand_field(self, resource: str, name: str, *, demanded: bool = True, tenant: str | None = None) -> None:
        """Make a field, own or standard, mandatory in creates (`required_via_api`), or no longer."""
        self._edit_schema(resource, SchemaEdit(op="demand" if demanded else "excuse", name=name), tenant)

    def deactivate_user(self, key: int, *, tenant: str | None = None) -> None:
        """Take a user's access away; the user stays listed. Rename one by `update`, delete one by `delete`."""
        self.update("users", key, isActive=False, tenant=tenant)

    def add_list_row(self, name: str, *, tenant: str | None = None, **labels: str) -> int:
        """Add a row to a value list, its labels by language (`EN="North", ES="Norte"`); return its id."""
        return self.create(name, tenant=tenant, **_label_columns(name, labels))

    def rename_list_row(self, name: str, key: int, *, tenant: str | None = None, **labels: str) -> None:
        """Change labels of a row of a value list, by language; other languages keep theirs. Delete it by `delete`."""
        self.update(name, key, tenant=tenant, **_label_columns(name, labels))

    def add_tenant(
        self, name: str, *, keys: dict[str, str], dataset: Dataset | None = None, settings: TenantSettings | None = None
    ) -> None:
        """Create a tenant; `keys` are its private keys by public key."""
        new = {"name": name, "keys": keys, "dataset": dataset or Dataset(), "settings": settings or TenantSettings()}
        self._call("POST", "tenants", new)

    def add_keys(self, keys: dict[str, str], *, tenant: str | None = None) -> None:
        """Give a tenant more key pairs, each with a rate limit of its own."""
        self._call("POST", f"tenants/{tenant or self.tenants()[0]['name']}/keys", keys)

    def tenants(self) -> list[dict[str, Any]]:
        """Return name, public keys and numbers of records of each tenant."""
        found: list[dict[str, Any]] = self._call("GET", "tenants")
        return found

    def configure(self, *, tenant: str | None = None, **settings: Any) -> None:
        """Change settings, named as in `TenantSettings`; those that are not named stay."""
        path = f"tenants/{tenant or self.tenants()[0]['name']}/settings"
        now = msgspec.convert(self._call("GET", path), TenantSettings, strict=False)
        self._call("PUT", path, msgspec.structs.replace(now, **settings))

    def expire_sessions(self, *, tenant: str | None = None) -> int:
        """Make session keys worthless, of one tenant or all; return how many."""
        return int(self._call("POST", "sessions/expire", tenant=tenant)["expired"])

    def _edit_schema(self, resource: str, edit: SchemaEdit, tenant: str | None) -> None:
        self._call("POST", f"schema/{resource}", [edit], tenant=tenant)


def _label_columns(name: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Name the columns of labels; `description`, the one without a language, is that in Spanish."""
    if name.startswith("list/"):
        columns = {f"descripcion_{language.lower()}": text for language, text in labels.items()}
        plain = "descripcion"
    else:
        columns = {f"description{language}": text for language, text in labels.items()}
        plain = "description"
    return columns | ({plain: labels["ES"]} if "ES" in labels else {})
