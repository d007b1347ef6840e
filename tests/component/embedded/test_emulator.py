"""The emulated Kubernetes API: what Kopf and a status writer rely on holds as on a real one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import kopf
import pytest
from kubernetes.aio import client as kubernetes
from kubernetes.aio.client.exceptions import ConflictException

from sage_operator import embedded

GROUP, VERSION, PLURAL = "example.test", "v1", "widgets"
WIDGETS = f"/apis/{GROUP}/{VERSION}/namespaces/default/{PLURAL}"
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": PLURAL, "kind": "Widget", "shortNames": ["wd"]},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"properties": {"size": {"type": "integer", "default": 3}}},
                            "status": {"default": {"observedGeneration": -1}},
                        },
                    }
                },
            }
        ],
    },
}


@pytest.fixture(scope="module")
def api() -> Iterator[embedded.KubernetesApi]:
    """A running emulator."""
    with embedded.EmulatedApi() as running:
        yield running


@pytest.fixture
async def http(api: embedded.KubernetesApi) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the emulator that has the CRD and no widgets."""
    async with aiohttp.ClientSession(api.url) as session:
        await session.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=CRD)
        yield session
        async with session.get(WIDGETS) as response:
            for item in (await response.json())["items"]:
                path = f"{WIDGETS}/{item['metadata']['name']}"
                await session.patch(path, json={"metadata": {"finalizers": None}}, headers=MERGE)
                await session.delete(path)


async def call(http: aiohttp.ClientSession, method: str, path: str, **kwargs: Any) -> tuple[int, Any]:
    """One request: its status and decoded answer."""
    async with http.request(method, path, **kwargs) as response:
        return response.status, await response.json(content_type=None)


async def create(http: aiohttp.ClientSession, name: str = "one", **rest: Any) -> dict[str, Any]:
    """A new widget as the server answers it."""
    code, item = await call(http, "POST", WIDGETS, json={"metadata": {"name": name}, "spec": {}, **rest})
    assert code == 201
    return dict(item)


async def eventually(condition: Callable[[], Awaitable[bool]], *, seconds: float = 15) -> None:
    """Waits for a condition."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.02)


async def test_new_object_has_what_the_server_adds(http: aiohttp.ClientSession) -> None:
    """A created object has its kind, uid, version, generation 1 and the schema's defaults, but no status of its own."""
    item = await create(http, status={"observedGeneration": 7})
    assert (item["apiVersion"], item["kind"]) == (f"{GROUP}/{VERSION}", "Widget")
    assert item["metadata"]["uid"]
    assert item["metadata"]["generation"] == 1
    assert int(item["metadata"]["resourceVersion"]) > 0
    assert item["spec"] == {"size": 3}
    assert item["status"] == {"observedGeneration": -1}
    assert (await call(http, "POST", WIDGETS, json={"metadata": {"name": "one"}}))[0] == 409


async def test_status_and_the_rest_are_apart(http: aiohttp.ClientSession) -> None:
    """A patch of either part leaves the other as it was; only a changed spec is a new generation."""
    await create(http)
    both = {"spec": {"size": 5}, "status": {"phase": "Well"}}
    _, item = await call(http, "PATCH", f"{WIDGETS}/one/status", json=both, headers=MERGE)
    assert item["spec"] == {"size": 3}
    assert item["status"]["phase"] == "Well"
    assert item["metadata"]["generation"] == 1
    both["status"]["phase"] = "Ill"
    _, item = await call(http, "PATCH", f"{WIDGETS}/one", json=both, headers=MERGE)
    assert item["spec"] == {"size": 5}
    assert item["status"]["phase"] == "Well"
    assert item["metadata"]["generation"] == 2


async def test_stale_versions_are_refused(http: aiohttp.ClientSession) -> None:
    """A write that names an older version answers 409; one that changes nothing is no new version."""
    old = (await create(http))["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": old}, "spec": {"size": 4}}
    code, item = await call(http, "PATCH", f"{WIDGETS}/one", json=patch, headers=MERGE)
    assert code == 200
    code, refusal = await call(http, "PATCH", f"{WIDGETS}/one", json=patch, headers=MERGE)
    assert (code, refusal["reason"]) == (409, "Conflict")
    _, same = await call(http, "PATCH", f"{WIDGETS}/one", json={"spec": {"size": 4}}, headers=MERGE)
    assert same == item


async def test_json_patch_with_a_failing_test_is_refused(http: aiohttp.ClientSession) -> None:
    """A JSON patch is applied whole, or answers 422 and changes nothing."""
    item = await create(http)
    version = item["metadata"]["resourceVersion"]
    guard = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
    patch = [guard, {"op": "add", "path": "/metadata/finalizers", "value": ["example.test/hold"]}]
    code, held = await call(http, "PATCH", f"{WIDGETS}/one", json=patch, headers=JSON_PATCH)
    assert (code, held["metadata"]["finalizers"]) == (200, ["example.test/hold"])
    code, refusal = await call(http, "PATCH", f"{WIDGETS}/one", json=patch, headers=JSON_PATCH)
    assert (code, refusal["reason"]) == (422, "Invalid")


async def test_finalizers_hold_a_deleted_object(http: aiohttp.ClientSession) -> None:
    """A deleted object with a finalizer stays, marked, until the finalizer goes."""
    await create(http, metadata={"name": "one", "finalizers": ["example.test/hold"]})
    _, marked = await call(http, "DELETE", f"{WIDGETS}/one")
    assert marked["metadata"]["deletionTimestamp"]
    assert (await call(http, "GET", f"{WIDGETS}/one"))[0] == 200
    await call(http, "PATCH", f"{WIDGETS}/one", json={"metadata": {"finalizers": []}}, headers=MERGE)
    assert (await call(http, "GET", f"{WIDGETS}/one"))[0] == 404


async def test_watch_resumes_after_a_version(http: aiohttp.ClientSession) -> None:
    """A watch from a version tells what came after it, in order, and ends when its time is up."""
    version = (await create(http))["metadata"]["resourceVersion"]
    await call(http, "PATCH", f"{WIDGETS}/one", json={"spec": {"size": 9}}, headers=MERGE)
    parameters = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "1"}
    async with http.get(WIDGETS, params=parameters) as response:
        first = json.loads(await response.content.readline())
        await call(http, "DELETE", f"{WIDGETS}/one")
        rest = [json.loads(line) async for line in response.content]
    assert (first["type"], first["object"]["spec"]) == ("MODIFIED", {"size": 9})
    assert [event["type"] for event in rest] == ["DELETED"]


async def test_watch_of_forgotten_changes_is_told_so(http: aiohttp.ClientSession) -> None:
    """A watch from a version that is no longer known gets an error 410, on which clients list again."""
    await create(http)
    for size in range(2100):
        await call(http, "PATCH", f"{WIDGETS}/one", json={"spec": {"size": size}}, headers=MERGE)
    async with http.get(WIDGETS, params={"watch": "true", "resourceVersion": "1"}) as response:
        event = json.loads(await response.content.readline())
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


async def test_kopf_runs_on_it(api: embedded.KubernetesApi, http: aiohttp.ClientSession) -> None:
    """A Kopf operator with a timer, its finalizer, events and own status writes runs, handles a deletion and stops."""
    registry, settings, stop = kopf.OperatorRegistry(), kopf.OperatorSettings(), asyncio.Event()
    settings.scanning.disabled = True
    settings.posting.enabled = True
    configuration = kubernetes.Configuration(host=api.url)
    deleted: list[str] = []

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=api.url)

    @kopf.timer(GROUP, VERSION, PLURAL, interval=0.1, registry=registry)
    async def tick(body: kopf.Body, meta: kopf.Meta, namespace: str, name: str, **_: Any) -> None:
        if body["status"]["observedGeneration"] == meta["generation"]:
            return
        status = {"observedGeneration": meta["generation"]}
        patch = {"metadata": {"resourceVersion": meta["resourceVersion"]}, "status": status}
        async with kubernetes.ApiClient(configuration) as client:
            try:
                await kubernetes.CustomObjectsApi(client).patch_namespaced_custom_object_status(
                    GROUP, VERSION, namespace, PLURAL, name, patch, _content_type=MERGE["Content-Type"]
                )
            except ConflictException:  # Kopf's finalizer came between; the next tick sees it
                return
        kopf.event(dict(body), type="Normal", reason="Ticked", message="It ticked")

    @kopf.on.delete(GROUP, VERSION, PLURAL, registry=registry)
    async def delete(name: str, **_: Any) -> None:
        deleted.append(name)

    async def observed(generation: int) -> bool:
        _, item = await call(http, "GET", f"{WIDGETS}/one")
        return bool(item["status"]["observedGeneration"] == generation)

    await create(http)
    operator = asyncio.create_task(
        kopf.operator(registry=registry, settings=settings, stop_flag=stop, standalone=True, namespaces=["default"])
    )
    try:
        await eventually(lambda: observed(1))
        await call(http, "PATCH", f"{WIDGETS}/one", json={"spec": {"size": 8}}, headers=MERGE)
        await eventually(lambda: observed(2))
        _, item = await call(http, "GET", f"{WIDGETS}/one")
        assert len(item["metadata"]["finalizers"]) == 1

        async def told() -> bool:
            _, events = await call(http, "GET", "/api/v1/namespaces/default/events")
            return any(event["reason"] == "Ticked" for event in events["items"])

        await eventually(told)
        await call(http, "DELETE", f"{WIDGETS}/one")

        async def gone() -> bool:
            return (await call(http, "GET", f"{WIDGETS}/one"))[0] == 404

        await eventually(gone)
        assert deleted == ["one"]
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await operator
