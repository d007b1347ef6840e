"""The kinds that the emulator serves: a few built in, and those of the CRDs that are created in it."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object as decoded JSON; never changed in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object; its address, that is group, version and plural, is its identity.

    Attributes:
        status: whether `/status` is a subresource, so that neither way of writing touches the other's part.
        schema: the OpenAPI schema whose defaults are filled in.
        prepare: what the server itself adds to a new object.
    """

    group: str
    version: str
    plural: str
    kind: str = field(compare=False)
    namespaced: bool = field(default=True, compare=False)
    singular: str = field(default="", compare=False)
    short_names: tuple[str, ...] = field(default=(), compare=False)
    categories: tuple[str, ...] = field(default=(), compare=False)
    status: bool = field(default=False, compare=False)
    schema: Mapping[str, Any] = field(default_factory=dict, compare=False)
    prepare: Callable[[Object], Object] = field(default=lambda item: item, compare=False)

    @property
    def api_version(self) -> str:
        """The group and version as objects spell it."""
        return f"{self.group}/{self.version}" if self.group else self.version


def _active(namespace: Object) -> Object:
    return {**namespace, "spec": {"finalizers": []}, "status": {"phase": "Active"}}


def _encoded(secret: Object) -> Object:
    """The Secret with `stringData` moved to `data`."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in secret.get("stringData", {}).items()}
    rest = {key: value for key, value in secret.items() if key != "stringData"}
    return {"type": "Opaque", **rest, "data": {**secret.get("data", {}), **encoded}}


def _established(crd: Object) -> Object:
    names = crd["spec"]["names"]
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": "Emulated",
            "message": "",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }
        for kind in ("NamesAccepted", "Established")
    ]
    stored = [version["name"] for version in crd["spec"]["versions"] if version.get("storage")]
    return {**crd, "status": {"conditions": conditions, "acceptedNames": names, "storedVersions": stored}}


NAMESPACES = Kind(
    group="",
    version="v1",
    plural="namespaces",
    kind="Namespace",
    namespaced=False,
    short_names=("ns",),
    status=True,
    prepare=_active,
)

CRDS = Kind(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    namespaced=False,
    short_names=("crd", "crds"),
    status=True,
    prepare=_established,
)

BUILT_IN = (
    NAMESPACES,
    CRDS,
    Kind(group="", version="v1", plural="secrets", kind="Secret", prepare=_encoded),
    Kind(group="", version="v1", plural="configmaps", kind="ConfigMap", short_names=("cm",)),
    Kind(group="", version="v1", plural="serviceaccounts", kind="ServiceAccount", short_names=("sa",)),
    Kind(group="", version="v1", plural="events", kind="Event", short_names=("ev",)),
    Kind(group="events.k8s.io", version="v1", plural="events", kind="Event", short_names=("ev",)),
    Kind(group="coordination.k8s.io", version="v1", plural="leases", kind="Lease"),
)


def kinds_of_crd(crd: Object) -> list[Kind]:
    """The kinds that a CRD defines, one for each served version."""
    spec = crd["spec"]
    names = spec["names"]
    return [
        Kind(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            singular=names.get("singular", names["kind"].lower()),
            short_names=tuple(names.get("shortNames", ())),
            categories=tuple(names.get("categories", ())),
            status="status" in version.get("subresources", {}),
            schema=version.get("schema", {}).get("openAPIV3Schema", {}),
        )
        for version in spec["versions"]
        if version.get("served", True)
    ]


def with_defaults(schema: Mapping[str, Any], value: Any) -> Any:
    """The value with the schema's defaults filled in, at every depth, as the real server does."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties")
        missing = {key: part["default"] for key, part in properties.items() if "default" in part and key not in value}
        return {
            key: with_defaults(properties.get(key, others if isinstance(others, dict) else {}), part)
            for key, part in {**value, **missing}.items()
        }
    if isinstance(value, list):
        return [with_defaults(schema.get("items", {}), part) for part in value]
    return value
