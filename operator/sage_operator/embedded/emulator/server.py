"""The emulator over HTTP: kmock answers discovery, the store the rest."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonpatch
import kmock
from aiohttp import web

from sage_operator.embedded.emulator.kinds import Kind, Object
from sage_operator.embedded.emulator.store import StatusError, Store, merged

VERSION = "v1.37.0-emulator"

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>v[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/(?!status$|finalize$)))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>[^/]+))?/?"
)
_WATCH_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What a request is about."""

    kind: Kind
    namespace: str | None
    name: str | None
    subresource: str | None


class Emulator(kmock.KubernetesScaffold):  # type: ignore[misc]
    """A handler for `aiohttp.web.Server` with the objects of a store.

    It has what Kopf and a status writer need: versions with 409 on stale ones, `/status` apart from the rest,
    generations, finalizers, merge and JSON patches, watches that resume. It has no RBAC, validation, garbage collection
    or controllers, and an apply is a merge.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._changed = asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request."""
        try:
            if found := _PATH.fullmatch(request.path):
                return await self._answer(request, self._target(found))
            return await self._discover(request)
        except StatusError as error:
            return web.json_response(_status(error), status=error.code)
        except (ValueError, LookupError, TypeError) as error:
            refusal = StatusError(400, "BadRequest", f"{type(error).__name__}: {error}")
            return web.json_response(_status(refusal), status=refusal.code)

    async def _discover(self, request: web.BaseRequest) -> web.StreamResponse:
        self.resources.clear()
        for kind in self._store.kinds.values():
            self.resources[kmock.resource(kind.group, kind.version, kind.plural)] = kmock.ResourceInfo(
                namespaced=kind.namespaced,
                kind=kind.kind,
                singular=kind.singular or kind.kind.lower(),
                verbs={"create", "delete", "get", "list", "patch", "update", "watch"},
                shortnames=set(kind.short_names),
                categories=set(kind.categories),
                subresources={"status"} if kind.status else set(),
            )
        try:
            answer: web.StreamResponse = await super().__call__(request)
        finally:
            self._requests.clear()  # kmock keeps every request for assertions; this server may live for days
        return answer

    async def _serve_server_version(self, request: Any) -> Any:  # noqa: ARG002 - kmock's signature
        return {"major": "1", "minor": "37", "gitVersion": VERSION, "platform": "emulator"}

    async def _serve_version(self, request: Any) -> Any:
        document = await super()._serve_version(request)
        document["groupVersion"] = document["groupVersion"].removeprefix("/")  # kmock calls the core group `/v1`
        for resource in document["resources"]:
            if "/" in resource["name"]:  # kmock repeats them on subresources, where kubectl complains of duplicates
                resource["shortNames"], resource["categories"] = [], []
        return document

    def _target(self, found: re.Match[str]) -> _Target:
        kind = self._store.kind(found["group"] or "", found["version"], found["plural"])
        if found["subresource"] not in (None, "status") or (found["subresource"] and not kind.status):
            raise StatusError(404, "NotFound", "the server could not find the requested resource")
        return _Target(kind=kind, namespace=found["namespace"], name=found["name"], subresource=found["subresource"])

    async def _answer(self, request: web.BaseRequest, target: _Target) -> web.StreamResponse:
        match request.method:
            case "GET" if target.name is None and request.query.get("watch") in ("true", "1"):
                return await self._watch(request, target)
            case "GET" if target.name is None:
                return web.json_response(self._list(request, target))
            case "GET" if target.name is not None:
                return web.json_response(self._store.get(target.kind, target.namespace, target.name))
        if "protobuf" in request.content_type:
            raise StatusError(415, "UnsupportedMediaType", "the emulator reads JSON only: use `kubectl apply`")
        document = await request.json() if request.can_read_body else {}
        version = self._store.version
        answer, code = self._write(request, target, document)
        if self._store.version != version:
            self._changed.set()
            self._changed = asyncio.Event()
        return web.json_response(answer, status=code)

    def _write(self, request: web.BaseRequest, target: _Target, document: Any) -> tuple[Object, int]:
        store, address = self._store, (target.kind, target.namespace, target.name or "")
        status = target.subresource == "status"
        match request.method:
            case "POST" if target.name is None:
                return store.create(target.kind, target.namespace, document), 201
            case "DELETE" if target.name is not None:
                return store.delete(*address), 200
            case "PUT" if target.name is not None:
                return store.update(*address, lambda _: document, status=status), 200
            case "PATCH" if target.name is not None:
                change = _patch(request.content_type, document)
                if "apply" in request.content_type:
                    with contextlib.suppress(StatusError):
                        store.get(*address)
                        return store.update(*address, change, status=status), 200
                    named = {**document, "metadata": {**document.get("metadata", {}), "name": target.name}}
                    return store.create(target.kind, target.namespace, named), 201
                return store.update(*address, change, status=status), 200
        raise StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    def _list(self, request: web.BaseRequest, target: _Target) -> Object:
        selected = _selector(request)
        return {
            "kind": f"{target.kind.kind}List",
            "apiVersion": target.kind.api_version,
            "metadata": {"resourceVersion": str(self._store.version)},
            "items": [item for item in self._store.list(target.kind, target.namespace) if selected(item)],
        }

    async def _watch(self, request: web.BaseRequest, target: _Target) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        seconds = min(float(request.query.get("timeoutSeconds", _WATCH_SECONDS)), _WATCH_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for change, item in self._changes(request, target):
                    await response.write(json.dumps({"type": change, "object": item}).encode() + b"\n")
        await response.write_eof()
        return response

    async def _changes(self, request: web.BaseRequest, target: _Target) -> AsyncIterator[tuple[str, Object]]:
        selected = _selector(request)
        version = int(request.query.get("resourceVersion") or 0)
        if version == 0:
            version = self._store.version
            for item in self._store.list(target.kind, target.namespace):
                if selected(item):
                    yield "ADDED", item
            if request.query.get("sendInitialEvents") == "true":
                annotations = {"k8s.io/initial-events-end": "true"}
                metadata = {"resourceVersion": str(version), "annotations": annotations}
                yield (
                    "BOOKMARK",
                    {"kind": target.kind.kind, "apiVersion": target.kind.api_version, "metadata": metadata},
                )
        while True:
            changed = self._changed
            try:
                events = list(self._store.since(version, target.kind))
            except StatusError as error:
                yield "ERROR", _status(error)
                return
            for event in events:
                if target.namespace in (None, event.object["metadata"].get("namespace")) and selected(event.object):
                    yield event.type, event.object
            version = self._store.version if not events else max(version, events[-1].version)
            await changed.wait()


def _patch(content_type: str, document: Any) -> Callable[[Object], Object]:
    if "json-patch" not in content_type:
        return lambda item: merged(item, document)

    def change(item: Object) -> Object:
        try:
            changed: Object = jsonpatch.apply_patch(item, document)
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
            raise StatusError(422, "Invalid", f"the server rejected our request due to an error: {error}") from error
        return changed

    return change


def _selector(request: web.BaseRequest) -> Callable[[Object], bool]:
    """Whether an object is asked for; of selectors only `=`, `==` and `!=` are known."""
    terms = [
        *_terms(request.query.get("labelSelector", ""), lambda key: ["metadata", "labels", key]),
        *_terms(request.query.get("fieldSelector", ""), lambda key: key.split(".")),
    ]
    return lambda item: all((_value(item, path) == value) is equal for path, value, equal in terms)


def _terms(text: str, path: Callable[[str], list[str]]) -> Iterator[tuple[list[str], str, bool]]:
    for term in filter(None, text.split(",")):
        found = re.fullmatch(r"([^=!]+)(==?|!=)(.*)", term)
        if found is None:
            raise StatusError(400, "BadRequest", f"the emulator does not know the selector {term!r}")
        yield path(found[1]), found[3], found[2] != "!="


def _value(item: Any, path: list[str]) -> Any:
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return item


def _status(error: StatusError) -> Object:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason,
        "code": error.code,
    }
