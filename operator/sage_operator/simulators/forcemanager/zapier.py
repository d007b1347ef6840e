"""`POST /procedure/zapier_schema`: the fields of an entity, with those that are mandatory.

Seen in the vendor's own connector only; entities have the names of their tables there.
"""

from typing import Any

from sage_operator.simulators.forcemanager.columns import columns
from sage_operator.simulators.forcemanager.settings import TenantSettings

_ENTITIES = {"empresas": "accounts", "contactos": "contacts"}
_TYPES = {"text": "unicode", "integer": "int", "number": "decimal", "boolean": "bool", "moment": "datetime"}


def zapier_schema(entity: str, settings: TenantSettings) -> list[dict[str, Any]] | None:
    """Return the fields of an entity that can be written; None for an unknown one."""
    if entity not in _ENTITIES:
        return None
    return [
        {
            "key": column.name,
            "label": column.label or column.name,
            "help_text": "",
            "required": column.required or column.required_in_form,
            "required_via_api": column.required,
            "type": _TYPES.get(column.kind, "int"),
            "choices": None,
            "list": column.table is not None,
        }
        for column in columns(_ENTITIES[entity], settings).values()
        if not column.read_only
    ]
