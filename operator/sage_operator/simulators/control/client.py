"""A client of the control API: what tests, the demo and benchmarks call. Blocking; one connection a call."""

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from sage_operator.simulators.clock import ClockSetting
from sage_operator.simulators.counters import CountersReport
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.faults import FaultReport, Rule
from sage_operator.simulators.forcemanager.edits import Edit as CrmEdit
from sage_operator.simulators.forcemanager.schema_edits import SchemaEdit
from sage_operator.simulators.forcemanager.settings import CustomField, TenantSettings
from sage_operator.simulators.sage.edits import Edit as SageEdit
from sage_operator.simulators.sage.organisation import OrganisationSettings
from sage_operator.simulators.wire import Row, dumps, loads


class ControlError(Exception):
    """A control call that was refused; the message says why."""


class SimulatorControl:
    """Control calls that both simulators have.

    Args:
        url: of the simulator; its path is ignored.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    def add_fault(self, **rule: Any) -> int:
        """Add a fault, with the fields of `faults.Rule`; return its id."""
        return int(self._call("POST", "faults", Rule(**rule))["id"])

    def faults(self) -> list[FaultReport]:
        """Return all rules, with how often they were applicable and struck."""
        return msgspec.convert(self._call("GET", "faults"), list[FaultReport], strict=False)

    def clear_faults(self, fault: int | None = None) -> None:
        """Remove one rule, or all."""
        self._call("DELETE", "faults" if fault is None else f"faults/{fault}")

    def set_clock(self, setting: ClockSetting | None = None) -> None:
        """Move or stop the clock; without a setting, tell the real time again."""
        self._call("PUT", "clock", setting or ClockSetting())

    def counters(self) -> CountersReport:
        """Return what was counted since the start or `reset_counters`."""
        return msgspec.convert(self._call("GET", "counters"), CountersReport)

    def reset_counters(self) -> None:
        """Count anew."""
        self._call("DELETE", "counters")

    def release_commits(self) -> int:
        """Let the late commits take effect now; return how many there were."""
        return int(self._call("POST", "commits/release")["released"])

    def reset(self) -> None:
        """Restore the initial records and settings; no faults, real clock, no counts, no sessions."""
        self._call("POST", "reset")

    def _call(self, method: str, path: str, payload: Any = None, **query: str | None) -> Any:
        chosen = urlencode({name: value for name, value in query.items() if value is not None})
        connection = http.client.HTTPConnection(self._host, self._port, timeout=60)
        try:
            body = None if payload is None else dumps(payload)
            connection.request(method, f"/_control/{quote(path)}?{chosen}", body=body)
            response = connection.getresponse()
            answer = loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ControlError(f"{method} {path}: {answer}")
        return answer


class SageControl(SimulatorControl):
    """Control of the Sage simulator; without `organisation` the first one is meant."""

    def records(self, name: str, *, organisation: str | None = None) -> list[Row]:
        """Return all rows of an object, deleted ones included, null values left out."""
        rows: list[Row] = self._call("GET", f"records/{name}", organisation=organisation)
        return rows

    def edit(self, name: str, *edits: SageEdit, organisation: str | None = None) -> list[str]:
        """Edit records of an object; return their ids."""
        return msgspec.convert(self._call("POST", f"records/{name}", edits, organisation=organisation), list[str])

    def create(self, name: str, *, organisation: str | None = None, **fields: Any) -> str:
        """Create a record; return its id."""
        return self.edit(name, SageEdit(op="create", fields=fields), organisation=organisation)[0]

    def update(
        self, name: str, key: str, *, organisation: str | None = None, stamp: str = "now", **fields: Any
    ) -> None:
        """Change fields of a record; with the stamp `keep`, SystemModstamp doesn't move."""
        self.edit(name, SageEdit(op="update", id=key, fields=fields, stamp=stamp), organisation=organisation)

    def delete(self, name: str, *keys: str, organisation: str | None = None) -> None:
        """Delete records; the contacts of accounts go too."""
        self.edit(name, *(SageEdit(op="delete", id=key) for key in keys), organisation=organisation)

    def undelete(self, name: str, *keys: str, organisation: str | None = None) -> None:
        """Take records out of the recycle bin."""
        self.edit(name, *(SageEdit(op="undelete", id=key) for key in keys), organisation=organisation)

    def merge(self, name: str, loser: str, winner: str, *, organisation: str | None = None) -> None:
        """Merge a record into another one."""
        self.edit(name, SageEdit(op="merge", id=loser, into=winner), organisation=organisation)

    def add_organisation(
        self,
        name: str,
        *,
        client_id: str,
        client_secret: str,
        dataset: Dataset | None = None,
        settings: OrganisationSettings | None = None,
    ) -> dict[str, Any]:
        """Create an organisation; return its id and what else identifies it."""
        new = {
            "name": name,
            "client_id": client_id,
            "client_secret": client_secret,
            "dataset": dataset or Dataset(),
            "settings": settings or OrganisationSettings(),
        }
        summary: dict[str, Any] = self._call("POST", "organisations", new)
        return summary

    def organisations(self) -> list[dict[str, Any]]:
        """Return name, id, client id, used requests and numbers of records of each organisation."""
        found: list[dict[str, Any]] = self._call("GET", "organisations")
        return found

    def configure(self, *, organisation: str | None = None, **settings: Any) -> None:
        """Change settings, named as in `OrganisationSettings`; those that are not named stay."""
        path = f"organisations/{organisation or self.organisations()[0]['name']}/settings"
        now = msgspec.convert(self._call("GET", path), OrganisationSettings, strict=False)
        self._call("PUT", path, msgspec.structs.replace(now, **settings))

    def use_requests(self, used: int, *, organisation: str | None = None) -> None:
        """Set how many requests of the daily allowance are used."""
        name = organisation or self.organisations()[0]["name"]
        self._call("PUT", f"organisations/{name}/usage", {"used": used})

    def expire_sessions(self, *, organisation: str | None = None) -> int:
        """Make access tokens worthless, of one organisation or all; return how many."""
        return int(self._call("POST", "sessions/expire", organisation=organisation)["expired"])

    def expire_cursors(self) -> int:
        """Make open query locators invalid; return how many."""
        return int(self._call("POST", "cursors/expire")["expired"])


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
