"""The few calls that we make to the Kubernetes API ourselves: status, Secrets, events.

Kopf writes only its finalizer. Its own status patches are not used: a failed one ends the object's timer for the life
of the process (kopf#642). Of the Kubernetes client only the configuration is used (kubeconfig, service account, tokens
that rotate): importing its `CoreV1Api`, with the models of all kinds, takes 24 MiB and most of a second.
"""

import base64
import binascii
import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import getproxies_environment
from uuid import uuid4

import aiohttp
import kopf
import structlog
from kubernetes.aio import client, config

from sage_operator.controller.events import Event
from sage_operator.resources import ObjectMeta, names
from sage_operator.sync.errors import KubernetesUnavailable, SecretNotFound, WatchRefused

log = structlog.get_logger(__name__)

CONNECTIONS = 16
"""Of Kopf's session, the watch streams included: its own default is no limit, which costs 440 MiB at 1,000 objects."""

_TIMEOUT = 30.0
_WATCH_SECONDS = 300
_PAGE = 500
_METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
_CONFLICTS = 5
_SESSION_LIFE = timedelta(minutes=10)
"""Service account tokens rotate, and Kopf reads them only when it signs in."""


async def load_configuration(kubeconfig: Path | None) -> client.Configuration:
    """Read how to reach the API: the given file, else the pod's service account, else the user's own kubeconfig.

    Raises:
        kubernetes.aio.config.ConfigException: there is none.
    """
    configuration = client.Configuration()
    if kubeconfig is not None:
        await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    else:
        try:
            config.load_incluster_config(client_configuration=configuration)
        except config.ConfigException:
            await config.load_kube_config(client_configuration=configuration)
    return configuration


async def kopf_session(
    configuration: client.Configuration, *, trace: aiohttp.TraceConfig, refreshed: bool
) -> kopf.AiohttpSession:
    """Return a session for Kopf with limited connections; `refreshed`: its token is read anew after ten minutes."""
    session = _session(configuration, headers=await _authorization(configuration), trace_configs=[trace])
    return kopf.AiohttpSession(
        server=configuration.host,
        aiohttp_session=session,
        expiration=datetime.now(UTC) + _SESSION_LIFE if refreshed else None,
    )


def _session(configuration: client.Configuration, *, limit: int = CONNECTIONS, **options: Any) -> aiohttp.ClientSession:
    """Return a session with limited connections that trusts, and shows, what the configuration says."""
    context: ssl.SSLContext | bool = False
    if configuration.verify_ssl:
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, keyfile=configuration.key_file)
    connector = aiohttp.TCPConnector(limit=limit, ssl=context)
    # Looking a proxy up takes a thread hop a request: only where the environment has one.
    proxied = bool(getproxies_environment())
    return aiohttp.ClientSession(connector=connector, trust_env=proxied, **options)


async def _authorization(configuration: client.Configuration) -> dict[str, str]:
    """Return the headers of a request; a token that rotates is read anew when it is time to."""
    token = await configuration.get_api_key_with_prefix("BearerToken")
    return {"User-Agent": names.FIELD_MANAGER, **({"Authorization": token} if token else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the API server said: the object that was asked for, or its words about why not."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Tell whether it did what it was asked for."""
        return 200 <= self.status < 300


class Kube:
    """Our own client."""

    def __init__(self, configuration: client.Configuration, *, watches: int = 2) -> None:
        """Use a loaded configuration; to be closed. `watches`: how many streams may be open at once."""
        self._configuration = configuration
        self._session = _session(configuration, timeout=aiohttp.ClientTimeout(total=_TIMEOUT))
        # Streams last for minutes: among the other requests they would take all the connections there are.
        self._streams = _session(
            configuration,
            limit=watches,
            timeout=aiohttp.ClientTimeout(sock_connect=_TIMEOUT, sock_read=_WATCH_SECONDS + _TIMEOUT),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()
        await self._streams.close()

    async def patch_status(self, meta: ObjectMeta, status: Mapping[str, Any]) -> str | None:
        """Write the status, and return the new resource version; None if the object (this uid) is gone.

        The patch bears the resource version; after a conflict it is tried again on the present one. We are the only
        writer of the status, so nobody's change is lost.

        Raises:
            KubernetesUnavailable: the API refused, or did not answer.
        """
        what = "The status could not be written"
        version, path = meta.resource_version, f"{_path(meta.namespace, meta.name)}/status"
        for _ in range(_CONFLICTS):
            body = {"metadata": {"resourceVersion": version, "uid": meta.uid}, "status": status}
            answer = await self._send("PATCH", path, what, body=body, kind="merge-patch+json")
            if answer.ok:
                return str(answer.body["metadata"]["resourceVersion"])
            if answer.status == 404:
                return None
            if answer.status != 409:
                raise _refused(what, answer)
            present = await self._present(meta)
            if present is None:
                return None
            version = present
        raise KubernetesUnavailable(f"{what}: the object changes all the time.")

    async def _present(self, meta: ObjectMeta) -> str | None:
        """Return the present resource version of the object, None if it is gone or another one has its name."""
        found = await self._read(_path(meta.namespace, meta.name), "The object")
        if found is None or found["metadata"]["uid"] != meta.uid:
            return None
        return str(found["metadata"]["resourceVersion"])

    async def read_secret(self, namespace: str, name: str) -> tuple[Mapping[str, str], str]:
        """Return a Secret's keys and values, and its resource version. Values that are no text are left out.

        Raises:
            SecretNotFound: there is no such Secret.
            KubernetesUnavailable: the API refused, or did not answer.
        """
        found = await self._read(f"{_core('secrets', namespace)}/{name}", f"Secret `{name}`")
        if found is None:
            raise SecretNotFound(f"Secret `{name}` does not exist.")
        data = found.get("data") or {}
        values = {key: text for key, value in data.items() if (text := _text(value)) is not None}
        return values, str(found["metadata"]["resourceVersion"])

    async def read_config_map(self, namespace: str, name: str) -> tuple[Mapping[str, str], str] | None:
        """Return a ConfigMap's keys and texts, and its resource version; None if there is no such ConfigMap.

        Raises:
            KubernetesUnavailable: the API refused, or did not answer.
        """
        found = await self._read(f"{_core('configmaps', namespace)}/{name}", f"ConfigMap `{name}`")
        return (found.get("data") or {}, str(found["metadata"]["resourceVersion"])) if found is not None else None

    async def read_integration(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Return a SageIntegration as JSON; None if there is no such one.

        Raises:
            KubernetesUnavailable: the API refused, or did not answer.
        """
        return await self._read(_path(namespace, name), f"SageIntegration {namespace}/{name}")

    async def _read(self, path: str, spoken: str) -> dict[str, Any] | None:
        """Return an object as JSON; None if it is not there. Errors call it as it is `spoken` of."""
        what = f"{spoken} could not be read"
        answer = await self._send("GET", path, what)
        if answer.status == 404:
            return None
        if not answer.ok:
            raise _refused(what, answer)
        found: dict[str, Any] = answer.body
        return found

    async def list_metadata(self, plural: str, namespace: str | None, *, following: str = "") -> dict[str, Any]:
        """Return a page of the metadata of all objects of a core kind, without what is in them.

        Raises:
            WatchRefused: the operator may not.
            KubernetesUnavailable: the API refused for another cause, or did not answer.
        """
        what = f"The {plural} could not be listed"
        params = {"limit": str(_PAGE), **({"continue": following} if following else {})}
        answer = await self._send("GET", _core(plural, namespace), what, params=params, accept=_METADATA.format("List"))
        if not answer.ok:
            raise _watch_refused(what, answer)
        found: dict[str, Any] = answer.body
        return found

    async def watch_metadata(self, plural: str, namespace: str | None, *, version: str) -> AsyncGenerator[bytes, None]:
        """Yield the events of a watch as lines of JSON, until the server ends it, after five minutes at most.

        Raises:
            WatchRefused, KubernetesUnavailable: as of `list_metadata`.
        """
        what = f"The {plural} could not be watched"
        headers = {**await _authorization(self._configuration), "Accept": _METADATA.format("")}
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        url = f"{self._configuration.host}{_core(plural, namespace)}"
        try:
            async with self._streams.get(url, headers=headers, params=params) as answer:
                if answer.status == 410:
                    yield b'{"type":"ERROR","object":{}}'
                elif answer.status != 200:
                    raise _watch_refused(what, _Answer(status=answer.status, body={}))
                else:
                    async for line in answer.content:
                        yield line
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KubernetesUnavailable(f"{what}: {type(error).__name__}.") from error

    async def post_event(self, meta: ObjectMeta, event: Event) -> None:
        """Post an event. One that can't be posted is logged: nothing depends on it."""
        body = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{meta.name}.{uuid4().hex[:16]}", "namespace": meta.namespace},
            "eventTime": datetime.now(UTC).isoformat(timespec="microseconds"),
            "reportingController": names.GROUP,
            "reportingInstance": names.FIELD_MANAGER,
            "action": "Synchronize",
            "type": "Warning" if event.warning else "Normal",
            "reason": event.reason,
            "note": event.message[:1000],
            "regarding": {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "name": meta.name,
                "namespace": meta.namespace,
                "uid": meta.uid,
            },
        }
        what = "The event could not be posted"
        path = f"/apis/events.k8s.io/v1/namespaces/{meta.namespace}/events"
        try:
            answer = await self._send("POST", path, what, body=body)
            if not answer.ok:
                raise _refused(what, answer)
        except KubernetesUnavailable as error:
            log.warning("event-not-posted", integration=f"{meta.namespace}/{meta.name}", error=error.message)

    async def _send(
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: Any = None,
        kind: str = "json",
        accept: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> _Answer:
        """Send a request and return the answer, whatever its status; `kind` is the media type of the body.

        Raises:
            KubernetesUnavailable: there was no answer; the message says `what` could not be done.
        """
        headers = {**await _authorization(self._configuration), "Accept": accept}
        options: dict[str, Any] = {"params": params}
        if body is not None:
            headers["Content-Type"] = f"application/{kind}"
            options = {"json": body, "params": {"fieldManager": names.FIELD_MANAGER}}
        url = f"{self._configuration.host}{path}"
        try:
            async with self._session.request(method, url, headers=headers, **options) as answer:
                is_json = answer.content_type == "application/json"
                return _Answer(status=answer.status, body=await answer.json() if is_json else {})
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KubernetesUnavailable(f"{what}: {type(error).__name__}.") from error


def _path(namespace: str, name: str) -> str:
    return f"/apis/{names.API_VERSION}/namespaces/{namespace}/{names.PLURAL}/{name}"


def _core(plural: str, namespace: str | None) -> str:
    return f"/api/v1/namespaces/{namespace}/{plural}" if namespace is not None else f"/api/v1/{plural}"


def _text(data: str) -> str | None:
    try:
        return base64.b64decode(data).decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _refused(what: str, answer: _Answer) -> KubernetesUnavailable:
    reason = answer.body.get("reason", "")
    return KubernetesUnavailable(f"{what}: {answer.status}{f' {reason}' if reason else ''}.")


def _watch_refused(what: str, answer: _Answer) -> KubernetesUnavailable:
    error = _refused(what, answer)
    return WatchRefused(error.message) if answer.status == 403 else error
