"""The CustomResourceDefinition, made from the models.

pydantic gives JSON Schema; Kubernetes wants a *structural* schema, a subset of it
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
What the subset lacks is rewritten here, and a keyword that nobody has thought of is an error.
"""

from datetime import timedelta
from typing import Any, Final

import yaml
from pydantic.json_schema import GenerateJsonSchema

from sage_operator.resources import names
from sage_operator.resources._base import RULES, Model
from sage_operator.resources.durations import format_duration
from sage_operator.resources.spec import SageIntegrationSpec
from sage_operator.resources.status import SageIntegrationStatus

FILE_NAME: Final = f"{names.GROUP}_{names.PLURAL}.yaml"

_KEPT: Final = frozenset(
    {
        "default",
        "description",
        "enum",
        "format",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "pattern",
        "required",
        "type",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        RULES,
    }
)
# Structural schemas have no titles and no word on unknown fields: those are pruned, or refused by strict clients.
_DROPPED: Final = frozenset({"$defs", "additionalProperties", "title"})


class _JsonSchema(GenerateJsonSchema):
    """pydantic's JSON Schema, with default durations as the user would write them."""

    def encode_default(self, dft: Any) -> Any:
        """Return a default value as JSON."""
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _structural(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Rewrite one JSON Schema node and all below it."""
    if reference := node.get("$ref"):
        node = definitions[reference.removeprefix("#/$defs/")] | {k: v for k, v in node.items() if k != "$ref"}
    if "anyOf" in node:  # `X | None`: a null is pruned by the API server, so optional is just X
        (only,) = (option for option in node["anyOf"] if option != {"type": "null"})
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return _structural(only | rest, definitions)
    schema: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            schema[key] = {name: _structural(child, definitions) for name, child in value.items()}
        elif key == "items":
            schema[key] = _structural(value, definitions)
        elif key == "const":
            schema["enum"] = [value]
        elif key == "description":
            schema[key] = " ".join(value.split())
        elif key in _KEPT:
            schema[key] = value
        elif key not in _DROPPED:
            raise NotImplementedError(f"JSON Schema keyword {key!r} in {node.get('title', node)}")
    return _with_useful_default(schema)


def _with_useful_default(schema: dict[str, Any]) -> dict[str, Any]:
    """Default an object to `{}`, so that the API server fills in its fields' defaults; leave out null and `[]`."""
    if isinstance(schema.get("default"), dict):
        return schema | {"default": {}}
    if schema.get("default", 0) in (None, [], ()):
        return {key: value for key, value in schema.items() if key != "default"}
    return schema


def _schema(model: type[Model], *, defaults: bool) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, schema_generator=_JsonSchema)
    structural = _structural(schema, schema.get("$defs", {}))
    return structural if defaults else _without_defaults(structural)


def _without_defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop all defaults: in a status what is absent is not known, and must not be filled in by the API server."""
    kept = {key: value for key, value in schema.items() if key != "default"}
    if "properties" in kept:
        kept["properties"] = {name: _without_defaults(child) for name, child in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = _without_defaults(kept["items"])
    return kept


def _column(name: str, path: str, description: str, *, kind: str = "string", priority: int = 0) -> dict[str, str | int]:
    column: dict[str, str | int] = {"name": name, "type": kind, "jsonPath": path, "description": description}
    return column | ({"priority": priority} if priority else {})


def _ready(field: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{field}'


_COLUMNS: Final = (
    _column("Ready", _ready("status"), "Whether settings, connections and the last run are well"),
    _column("Phase", ".status.phase", "The state in one word"),
    _column("Reason", _ready("reason"), "The reason of Ready"),
    _column("Last success", ".status.lastSuccessTime", "Since the last run that succeeded", kind="date"),
    _column("Accounts", ".status.synchronized.accounts", "Accounts in step", kind="integer"),
    _column("Contacts", ".status.synchronized.contacts", "Contacts in step", kind="integer"),
    _column("Rejected", ".status.rejected", "Records that are rejected now", kind="integer"),
    _column("Suspended", ".spec.suspend", "Whether it is paused", kind="boolean"),
    _column("Interval", ".spec.interval", "How often it looks for changes", priority=1),
    # Not a date: kubectl shows dates as ages, and one in the future as `<invalid>`.
    _column("Next", ".status.nextSyncTime", "When the next run is due", priority=1),
    _column("Age", ".metadata.creationTimestamp", "Since it was created", kind="date", priority=1),
    _column("Message", _ready("message"), "The message of Ready", priority=1),
)


def build() -> dict[str, Any]:
    """Return the CustomResourceDefinition of `SageIntegration`."""
    spec = _schema(SageIntegrationSpec, defaults=True)
    # A new object is never "current" for tools that compare generations before the operator has seen it.
    status = _schema(SageIntegrationStatus, defaults=False) | {"default": {"observedGeneration": -1}}
    text = {"type": "string"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{names.PLURAL}.{names.GROUP}",
            "labels": {"app.kubernetes.io/name": "sage-operator", "app.kubernetes.io/part-of": "sage-operator"},
        },
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": names.LIST_KIND,
                "plural": names.PLURAL,
                "singular": names.SINGULAR,
                "shortNames": [names.SHORT_NAME],
                "categories": list(names.CATEGORIES),
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": list(_COLUMNS),
                    "selectableFields": [{"jsonPath": ".spec.suspend"}],
                    "schema": {
                        "openAPIV3Schema": {
                            "description": "Keeps a ForceManager CRM tenant in step with a Sage Business Cloud"
                            " Financials organisation, one way: from Sage to ForceManager.",
                            "type": "object",
                            "required": ["spec"],
                            "properties": {
                                "apiVersion": text | {"description": f"Always `{names.API_VERSION}`."},
                                "kind": text | {"description": f"Always `{names.KIND}`."},
                                "metadata": {"type": "object"},
                                "spec": spec,
                                "status": status,
                            },
                        }
                    },
                }
            ],
        },
    }


def render() -> str:
    """Return the CustomResourceDefinition as YAML, the same text for the same models."""
    text: str = yaml.dump(build(), Dumper=_PlainDumper, sort_keys=True, width=120, allow_unicode=True)
    return f"# Generated from the models by `python -m sage_operator.resources`; do not edit.\n{text}"


class _PlainDumper(yaml.SafeDumper):
    """Writes no anchors: not every reader of YAML follows them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True
