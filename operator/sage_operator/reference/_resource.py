"""The fields of `SageIntegration`, from the schema that the API server has."""

from collections.abc import Iterator
from typing import Any

from sage_operator.reference._markdown import code, codes, document, section, table
from sage_operator.resources import crd, names

_RULES = "x-kubernetes-validations"

_INTRODUCTION = f"""\
API group `{names.GROUP}`, version `{names.VERSION}`, short name `{names.SHORT_NAME}`, categories \
{codes(names.CATEGORIES)}. `kubectl explain {names.SHORT_NAME}.spec` shows the same in a cluster. The API server \
checks types, bounds and rules when a resource is applied; what only Sage or ForceManager can tell is a \
[condition](conditions.md)."""

_REQUESTED_AT = """\
Asks for a run now: any token that differs from the last one. `status.lastHandledReconcileAt` echoes it when that run \
has ended."""


def page() -> str:
    """Return the page."""
    version = crd.build()["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]
    objects = [section(code(path), _about(node), _fields(node)) for path, node in _objects(schema["spec"], "spec")]
    objects += [section(code(path), _fields(node)) for path, node in _objects(schema["status"], "status")]
    columns = section("Columns of `kubectl get`", _columns(version["additionalPrinterColumns"]))
    annotations = section("Annotations", table(("annotation", "meaning"), [(code(names.REQUESTED_AT), _REQUESTED_AT)]))
    return document(names.KIND, _INTRODUCTION, *objects, annotations, columns)


def _objects(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield an object of the schema and those below it, each with its path; items of a list as `path[]`."""
    yield path, node
    for name, child in node["properties"].items():
        inner, ending = (child["items"], "[]") if child.get("type") == "array" else (child, "")
        if "properties" in inner:
            yield from _objects(inner, f"{path}.{name}{ending}")


def _about(node: dict[str, Any]) -> str:
    """Return what the schema says of an object as a whole."""
    return " ".join(filter(None, (node.get("description", ""), _rules(node))))


def _fields(node: dict[str, Any]) -> str:
    required = node.get("required", ())
    return table(
        ("field", "type", "default", "meaning"),
        (
            (
                code(name),
                _type(child),
                "required" if name in required else _default(child),
                " ".join(filter(None, (child.get("description", ""), _rules(child)))),
            )
            for name, child in node["properties"].items()
        ),
    )


def _type(node: dict[str, Any]) -> str:
    if "enum" in node:
        return codes(node["enum"])
    if node.get("x-kubernetes-int-or-string"):
        return "integer or string"
    kind = str(node["type"])
    if kind == "array":
        inner = node["items"]
        return f"list of {inner.get('type', 'value')}s, at most {node['maxItems']}"
    return "time" if node.get("format") == "date-time" else kind


def _default(node: dict[str, Any]) -> str:
    value = node.get("default")
    if isinstance(value, bool):
        return code(str(value).lower())
    return "" if value in (None, {}, "") else code(value)


def _rules(node: dict[str, Any]) -> str:
    """Return the rules in words; a message is written to follow the field's name."""
    return " ".join(f"Rule: {rule['message']}." for rule in node.get(_RULES, ()))


def _columns(columns: list[dict[str, Any]]) -> str:
    return table(
        ("column", "shown", "meaning"),
        (
            (each["name"], "with `-o wide`" if each.get("priority") else "always", each["description"])
            for each in columns
        ),
    )
