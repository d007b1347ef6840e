"""Advice that goes with findings: what type a missing field should have."""

import re
from collections.abc import Mapping

from sage_operator.sync.fieldmap import FieldRule
from sage_operator.sync.sources import SourceField, SourceKind

_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def type_for(field: SourceField) -> str:
    """Return the type that a ForceManager field needs for a Sage field: `text, at least 40 characters`."""
    match field.kind:
        case SourceKind.INTEGER:
            return "integer"
        case SourceKind.BOOLEAN:
            return "yes/no"
        case SourceKind.DATE | SourceKind.DATETIME:
            return "date"
        case kind if kind.is_number:
            return f"decimal, {field.scale} places" if field.scale else "decimal"
    return f"text, at least {field.length} characters" if field.length else "text"


def type_to_create(rule: FieldRule, source_types: Mapping[str, str]) -> str:
    """Return the type of the custom field that a rule needs, for the administrator of the CRM.

    `source_types`: by Sage field, what `type_for` says of it, as far as the fields are known.
    """
    if rule.lookups:
        return f"a list ({', '.join(sorted({lookup.list_name for lookup in rule.lookups}))})"
    if rule.expression is not None:
        return "text"
    if not rule.sources:
        return _type_of(rule.constant)
    types = sorted({source_types[source.path] for source in rule.sources if source.path in source_types})
    return " or ".join(types) if types else f"the type of {' and '.join(source.path for source in rule.sources)}"


def _type_of(constant: object) -> str:
    text = str(constant)
    if text in {"true", "false"}:
        return "yes/no"
    if isinstance(constant, int):
        return "integer"
    return "decimal" if _DECIMAL.fullmatch(text) else f"text, at least {len(text)} characters"
