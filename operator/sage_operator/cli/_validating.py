"""Whether a manifest is a `SageIntegration` that the API server takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError

from sage_operator.cli._manifests import Manifest
from sage_operator.resources import SageIntegration, crd, names
from sage_operator.sync.likeness import nearest

_TOP = ("apiVersion", "kind", "metadata", "spec", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What does not fit the resource's schema, at a path."""

    path: str
    message: str
    remedy: str = ""


def validate(manifest: Manifest) -> tuple[SageIntegration | None, tuple[Fault, ...]]:
    """Return the integration, if it can be read but for fields that are unknown, and all that the schema refuses."""
    body = manifest.body
    faults = list(_head(body))
    spec = body.get("spec")
    known = _Known(spec, _schema(), "spec")
    metadata = body.get("metadata")
    named = {**(metadata if isinstance(metadata, dict) else {}), "namespace": manifest.namespace}
    integration: SageIntegration | None = None
    try:
        integration = SageIntegration.model_validate(
            {"metadata": named, "spec": known.value if spec is not None else None}
        )
    except ValidationError as error:
        faults += [Fault(path=_path(each["loc"]), message=_message(each)) for each in error.errors()]
    return integration, (*faults, *known.faults)


def _head(body: Mapping[str, Any]) -> Iterator[Fault]:
    version = body.get("apiVersion")
    if version != names.API_VERSION:
        yield Fault(path="apiVersion", message="it is another one", remedy=f"Write `{names.API_VERSION}`.")
    for name in body:
        if name not in _TOP:
            yield _unknown("", name, _TOP)


class _Known:
    """A value without the fields that its schema does not have; those are noted."""

    def __init__(self, value: Any, schema: Mapping[str, Any], path: str) -> None:
        self.faults: list[Fault] = []
        self.value = self._known(value, schema, path)

    def _known(self, value: Any, schema: Mapping[str, Any], path: str) -> Any:
        properties = schema.get("properties")
        if isinstance(value, dict) and properties is not None:
            self.faults += [_unknown(path, name, properties) for name in value if name not in properties]
            return {
                name: self._known(each, properties[name], f"{path}.{name}")
                for name, each in value.items()
                if name in properties
            }
        if isinstance(value, list) and "items" in schema:
            return [self._known(each, schema["items"], f"{path}[{at}]") for at, each in enumerate(value)]
        return value


def _unknown(path: str, name: str, known: Any) -> Fault:
    near = nearest(name, known)
    remedy = f"Did you mean `{near}`?" if near else f"Known are {', '.join(f'`{each}`' for each in known)}."
    shown = name if len(name) <= 100 else f"{name[:100]}…"
    return Fault(path=f"{path}.{shown}".removeprefix("."), message="there is no such field", remedy=remedy)


@cache
def _schema() -> Mapping[str, Any]:
    """Return the schema of `spec` as the API server has it."""
    (version,) = (each for each in crd.build()["spec"]["versions"] if each["name"] == names.VERSION)
    schema: Mapping[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return schema


def _message(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
