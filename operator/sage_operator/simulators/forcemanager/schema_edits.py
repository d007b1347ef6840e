"""Edits of a tenant's fields, as its administrator makes them while the operator runs."""

from typing import Literal

import msgspec

from sage_operator.simulators.forcemanager.settings import CustomField, TenantSettings
from sage_operator.simulators.forcemanager.tenant import Tenant


class SchemaEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edit of one field.

    `put` adds or replaces an own field (`Z_…`); `drop` removes a field, an own one with its values; `restore` brings a
    standard one back; `demand` and `excuse` make a field mandatory (`required_via_api`), or no longer.
    """

    op: Literal["put", "drop", "restore", "demand", "excuse"]
    name: str
    field: CustomField = CustomField()
    """For `put`."""


def apply_to_schema(tenant: Tenant, resource: str, edit: SchemaEdit) -> None:
    """Apply an edit. Raises `ValueError` or `KeyError` for what is not there."""
    if edit.op == "put" and not edit.name.startswith("Z_"):
        raise ValueError(f"the name of an own field begins with Z_, {edit.name} does not")
    if edit.op in {"drop", "demand"} and edit.name not in tenant.columns[resource]:
        raise ValueError(f"{resource} have no field {edit.name}")
    tenant.configure(_edited(tenant.settings, resource, edit))
    if edit.op == "drop" and edit.name.startswith("Z_"):
        table = tenant.tables[resource]
        for row in [row for row in table if edit.name in row]:
            table.put({**row, edit.name: None})


def _edited(settings: TenantSettings, resource: str, edit: SchemaEdit) -> TenantSettings:
    own = dict(settings.custom_fields.get(resource, {}))
    demanded = set(settings.required_fields.get(resource, ()))
    missing = set(settings.missing_fields.get(resource, ()))
    match edit.op:
        case "put":
            own[edit.name] = edit.field
        case "drop" if edit.name in own:
            del own[edit.name]
        case "drop":
            missing.add(edit.name)
        case "restore":
            missing.discard(edit.name)
        case "demand":
            demanded.add(edit.name)
        case _:
            demanded.discard(edit.name)
            if edit.name in own:
                own[edit.name] = msgspec.structs.replace(own[edit.name], required=False)
    return msgspec.structs.replace(
        settings,
        custom_fields={**settings.custom_fields, resource: own},
        required_fields={**settings.required_fields, resource: sorted(demanded)},
        missing_fields={**settings.missing_fields, resource: sorted(missing)},
    )
