"""The fields of an entity, from `POST /procedure/zapier_schema`: the way to learn which the API demands.

Known from the vendor's own connector only, which asks for an entity by the name of its table. The answer is a list of
`{"key", "label", "help_text", "required", "required_via_api", "type", "choices", "list"}` with own fields (`Z_…`) among
them. The connector reads `choices` as a text of ids and labels in one language, and `list` as a yes or no. `required`
is the asterisk in the CRM's form, `required_via_api` what the API insists on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sage_operator.forcemanager.values import flag, text
from sage_operator.sync.entities import Entity
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema

TABLES = {Entity.ACCOUNTS: "empresas", Entity.CONTACTS: "contactos"}
"""The names of the entities there; that of sales is not known."""

Told = tuple[TargetField, ...] | None
"""What the procedure tells; None where a tenant, or the user of the keys, does not have it."""

_KINDS = {
    "bool": FieldKind.BOOLEAN,
    "boolean": FieldKind.BOOLEAN,
    "datetime": FieldKind.DATE,
    "date": FieldKind.DATE,
    "text": FieldKind.TEXT,
    "unicode": FieldKind.TEXT,
    "string": FieldKind.TEXT,
    "decimal": FieldKind.DECIMAL,
    "decima": FieldKind.DECIMAL,  # so misspelt by the vendor
    "number": FieldKind.DECIMAL,
    "int": FieldKind.INTEGER,
    "integer": FieldKind.INTEGER,
}


def parse_procedure(document: Any) -> tuple[TargetField, ...]:
    """Read the answer; it may be wrapped in `{"data": …}`. Lengths are not told, nor which list a field refers to.

    Raises:
        ValueError: it is no list of fields.
    """
    rows = document.get("data") if isinstance(document, Mapping) else document
    if not isinstance(rows, list):
        raise ValueError("the answer is no list of fields")  # noqa: TRY004 - it is the document that is wrong
    fields = tuple(_field(row) for row in rows if isinstance(row, Mapping) and text(row.get("key")))
    if not fields:
        raise ValueError("the answer has no fields")
    return fields


def completed(schema: TargetSchema, told: Iterable[TargetField] | None) -> TargetSchema:
    """Return a schema with what the procedure tells too; None if it tells nothing.

    Where both know a field, the schema is more precise, and the procedure knows what is demanded and the label.
    """
    if told is None:
        return schema
    fields = dict(schema.fields)
    for field in told:
        known = fields.get(field.name)
        fields[field.name] = (
            field if known is None else replace(known, required=known.required or field.required, label=field.label)
        )
    return TargetSchema(fields=fields, lists_custom_fields=True)


def adds_to(schema: TargetSchema, told: Iterable[TargetField]) -> bool:
    """Tell whether the procedure knows a field, or a demand, that the schema lacks."""
    return any(
        (known := schema.fields.get(field.name)) is None or (field.required and not known.required) for field in told
    )


def _field(row: Mapping[str, Any]) -> TargetField:
    refers = bool(row.get("list")) or bool(row.get("choices"))
    return TargetField(
        name=text(row["key"]),
        kind=FieldKind.REFERENCE if refers else _KINDS.get(text(row.get("type")).lower(), FieldKind.UNKNOWN),
        required=flag(row.get("required_via_api")),
        label=text(row.get("label")),
    )
