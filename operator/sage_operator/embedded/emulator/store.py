"""The emulator's objects and their history: what the API server does to them, without HTTP."""

import datetime as dt
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sage_operator.embedded.emulator.kinds import BUILT_IN, CRDS, NAMESPACES, Kind, Object, kinds_of_crd, with_defaults

_KEPT_EVENTS = 2000
"""Changes that a watch can go back over; before them it is told 410, as by a real server after a compaction."""

_SERVER_FIELDS = ("name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp", "resourceVersion")
"""What clients can't change in `metadata`."""

Change = Callable[[Object], Object]
Key = tuple[Kind, str | None, str]


@dataclass(slots=True)
class StatusError(Exception):
    """A refusal, as the API says it."""

    code: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change, for those who watch."""

    version: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    kind: Kind
    object: Object


class Store:
    """Objects by kind, namespace and name, and the latest changes."""

    def __init__(self) -> None:
        self.kinds: dict[tuple[str, str, str], Kind] = {}
        self.version = 0
        self._objects: dict[Key, Object] = {}
        self._events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        for kind in BUILT_IN:
            self.kinds[kind.group, kind.version, kind.plural] = kind
        self.create(NAMESPACES, None, {"metadata": {"name": "default"}})

    def kind(self, group: str, version: str, plural: str) -> Kind:
        """The kind at an address; StatusError 404 if there is none."""
        try:
            return self.kinds[group, version, plural]
        except KeyError:
            raise StatusError(404, "NotFound", "the server could not find the requested resource") from None

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """One object; StatusError 404 if there is none."""
        try:
            return self._objects[kind, namespace, name]
        except KeyError:
            raise StatusError(404, "NotFound", f'{kind.plural} "{name}" not found') from None

    def list(self, kind: Kind, namespace: str | None) -> list[Object]:
        """The objects of a kind, of one namespace or of all."""
        return [
            item
            for (its_kind, its_namespace, _), item in self._objects.items()
            if its_kind == kind and namespace in (None, its_namespace)
        ]

    def create(self, kind: Kind, namespace: str | None, item: Object) -> Object:
        """Adds an object and returns it as stored.

        Raises:
            StatusError: 409 if it exists, 404 if its namespace does not, 422 if it has no name.
        """
        metadata = dict(item.get("metadata", {}))
        name = metadata.get("name") or (
            metadata.get("generateName") and f"{metadata['generateName']}{uuid.uuid4().hex[:5]}"
        )
        if not name:
            raise StatusError(422, "Invalid", "metadata.name: Required value: name or generateName is required")
        if kind.namespaced:
            self.get(NAMESPACES, None, namespace or "")
        if (kind, namespace, name) in self._objects:
            raise StatusError(409, "AlreadyExists", f'{kind.plural} "{name}" already exists')
        for refused in ("deletionTimestamp", "resourceVersion"):
            metadata.pop(refused, None)
        metadata |= {"name": name, "uid": str(uuid.uuid4()), "creationTimestamp": _now(), "generation": 1}
        if namespace is not None:
            metadata["namespace"] = namespace
        bare = {key: value for key, value in item.items() if not (kind.status and key == "status")}
        prepared = kind.prepare({**bare, "apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata})
        return self._record("ADDED", (kind, namespace, name), with_defaults(kind.schema, prepared))

    def update(self, kind: Kind, namespace: str | None, name: str, change: Change, *, status: bool = False) -> Object:
        """Changes an object, or with `status` its status alone, and returns it as stored.

        Raises:
            StatusError: 404 if there is none, 409 if the change names another resource version than the stored one.
        """
        old = self.get(kind, namespace, name)
        new = change(old)
        if new["metadata"].get("resourceVersion") not in (None, old["metadata"]["resourceVersion"]):
            raise StatusError(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {kind.plural} "{name}": the object has been modified; '
                "please apply your changes to the latest version and try again",
            )
        if status:
            new = _with_status_of(new, old)
        elif kind.status:
            new = _with_status_of(old, new)
        kept = {key: old["metadata"][key] for key in _SERVER_FIELDS if key in old["metadata"]}
        changed = {key: value for key, value in new["metadata"].items() if key not in _SERVER_FIELDS}
        new = with_defaults(kind.schema, {**new, "metadata": {**changed, **kept}})
        if new == old:
            return old
        if _desired(new) != _desired(old):
            new["metadata"]["generation"] += 1
        return self._settle((kind, namespace, name), new)

    def delete(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """Deletes an object, or marks it if it has finalizers, and returns its last state; StatusError 404."""
        old = self.get(kind, namespace, name)
        if old["metadata"].get("deletionTimestamp"):
            return old
        marked = {"deletionTimestamp": _now(), "generation": old["metadata"]["generation"] + 1}
        return self._settle((kind, namespace, name), {**old, "metadata": {**old["metadata"], **marked}})

    def since(self, version: int, kind: Kind) -> Iterator[Event]:
        """The changes of a kind after a version; StatusError 410 if they are no longer known."""
        if self._events and version < self._events[0].version - 1:
            raise StatusError(410, "Expired", f"too old resource version: {version} ({self._events[0].version})")
        return (event for event in self._events if event.version > version and event.kind == kind)

    def _settle(self, key: Key, new: Object) -> Object:
        """Stores a changed object, or removes it if nothing holds it any more."""
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            removed = self._record("DELETED", key, new)
            del self._objects[key]
            return removed
        return self._record("MODIFIED", key, new)

    def _record(self, change: Literal["ADDED", "MODIFIED", "DELETED"], key: Key, item: Object) -> Object:
        self.version += 1
        stored = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
        self._objects[key] = stored
        self._events.append(Event(version=self.version, type=change, kind=key[0], object=stored))
        if key[0] == CRDS:
            self.kinds |= {(one.group, one.version, one.plural): one for one in kinds_of_crd(stored)}
        return stored


def merged(target: Any, patch: Any) -> Any:
    """The target with a JSON merge patch (RFC 7386) applied."""
    if not isinstance(patch, dict):
        return patch
    base = target if isinstance(target, dict) else {}
    kept = {key: value for key, value in base.items() if key not in patch}
    return kept | {key: merged(base.get(key), part) for key, part in patch.items() if part is not None}


def _with_status_of(source: Object, item: Object) -> Object:
    rest = {key: value for key, value in item.items() if key != "status"}
    return {**rest, "status": source["status"]} if "status" in source else rest


def _desired(item: Object) -> Object:
    """The part whose changes count as a new generation."""
    return {key: value for key, value in item.items() if key not in ("metadata", "status")}


def _now() -> str:
    return dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
