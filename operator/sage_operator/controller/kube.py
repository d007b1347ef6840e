"""The few calls that we make to the Kubernetes API ourselves: status, Secrets, events.

Kopf writes only its finalizer. Its own status patches are not used: a failed one ends the object's timer for the life
of the process (kopf#642).
"""

import base64
import binascii
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import kopf
import structlog
from kubernetes.aio import client, config
from kubernetes.aio.client.exceptions import ApiException

from sage_operator.controller.events import Event
from sage_operator.resources import ObjectMeta, names
from sage_operator.sync.errors import KubernetesUnavailable, SecretNotFound

log = structlog.get_logger(__name__)

CONNECTIONS = 16
"""Of Kopf's session, the watch streams included: its own default is no limit, which costs 440 MiB at 1,000 objects."""

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
    configuration.connection_pool_maxsize = CONNECTIONS
    return configuration


async def kopf_session(
    configuration: client.Configuration, *, trace: aiohttp.TraceConfig, refreshed: bool
) -> kopf.AiohttpSession:
    """Return a session for Kopf with limited connections; `refreshed`: its token is read anew after ten minutes."""
    headers = {"User-Agent": names.FIELD_MANAGER}
    token = await configuration.get_api_key_with_prefix("BearerToken")
    if token:
        headers["Authorization"] = token
    context: ssl.SSLContext | bool = False
    if configuration.verify_ssl:
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, keyfile=configuration.key_file)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=context),
        headers=headers,
        trust_env=True,
        trace_configs=[trace],
    )
    return kopf.AiohttpSession(
        server=configuration.host,
        aiohttp_session=session,
        expiration=datetime.now(UTC) + _SESSION_LIFE if refreshed else None,
    )


class Kube:
    """Our own client."""

    def __init__(self, configuration: client.Configuration) -> None:
        """Use a loaded configuration; to be closed."""
        self._api = client.ApiClient(configuration)
        self._objects = client.CustomObjectsApi(self._api)
        self._core = client.CoreV1Api(self._api)
        self._events = client.EventsV1Api(self._api)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def patch_status(self, meta: ObjectMeta, status: Mapping[str, Any]) -> str | None:
        """Write the status, and return the new resource version; None if the object (this uid) is gone.

        The patch bears the resource version; after a conflict it is tried again on the present one. We are the only
        writer of the status, so nobody's change is lost.

        Raises:
            KubernetesUnavailable: the API refused, or did not answer.
        """
        version = meta.resource_version
        for _ in range(_CONFLICTS):
            body = {"metadata": {"resourceVersion": version, "uid": meta.uid}, "status": status}
            try:
                written = await self._objects.patch_namespaced_custom_object_status(
                    **_address(meta),
                    body=body,
                    field_manager=names.FIELD_MANAGER,
                    _content_type="application/merge-patch+json",
                )
            except ApiException as error:
                if error.status == 404:
                    return None
                if error.status != 409:
                    raise _unavailable("The status could not be written", error) from error
                present = await self._present(meta)
                if present is None:
                    return None
                version = present
            except (aiohttp.ClientError, TimeoutError) as error:
                raise _unavailable("The status could not be written", error) from error
            else:
                return str(written["metadata"]["resourceVersion"])
        raise KubernetesUnavailable("The status could not be written: the object changes all the time.")

    async def _present(self, meta: ObjectMeta) -> str | None:
        """Return the present resource version of the object, None if it is gone or another one has its name."""
        try:
            found = await self._objects.get_namespaced_custom_object(**_address(meta))
        except ApiException as error:
            if error.status == 404:
                return None
            raise _unavailable("The object could not be read", error) from error
        return str(found["metadata"]["resourceVersion"]) if found["metadata"]["uid"] == meta.uid else None

    async def read_secret(self, namespace: str, name: str) -> tuple[Mapping[str, str], str]:
        """Return a Secret's keys and values, and its resource version. Values that are no text are left out.

        Raises:
            SecretNotFound: there is no such Secret.
            KubernetesUnavailable: the API refused, or did not answer.
        """
        try:
            secret = await self._core.read_namespaced_secret(name, namespace)
        except ApiException as error:
            if error.status == 404:
                raise SecretNotFound(f"Secret `{name}` does not exist.") from None
            raise _unavailable(f"Secret `{name}` could not be read", error) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unavailable(f"Secret `{name}` could not be read", error) from error
        values = {key: text for key, data in (secret.data or {}).items() if (text := _text(data)) is not None}
        return values, str(secret.metadata.resource_version)

    async def post_event(self, meta: ObjectMeta, event: Event) -> None:
        """Post an event. One that can't be posted is logged: nothing depends on it."""
        body = client.EventsV1Event(
            metadata=client.V1ObjectMeta(name=f"{meta.name}.{uuid4().hex[:16]}", namespace=meta.namespace),
            event_time=datetime.now(UTC),
            reporting_controller=names.GROUP,
            reporting_instance=names.FIELD_MANAGER,
            action="Synchronize",
            type="Warning" if event.warning else "Normal",
            reason=event.reason,
            note=event.message[:1000],
            regarding=client.V1ObjectReference(
                api_version=names.API_VERSION,
                kind=names.KIND,
                name=meta.name,
                namespace=meta.namespace,
                uid=meta.uid,
            ),
        )
        try:
            await self._events.create_namespaced_event(meta.namespace, body, field_manager=names.FIELD_MANAGER)
        except (ApiException, aiohttp.ClientError, TimeoutError) as error:
            log.warning("event-not-posted", integration=f"{meta.namespace}/{meta.name}", error=type(error).__name__)


def _address(meta: ObjectMeta) -> dict[str, str]:
    return {
        "group": names.GROUP,
        "version": names.VERSION,
        "namespace": meta.namespace,
        "plural": names.PLURAL,
        "name": meta.name,
    }


def _text(data: str) -> str | None:
    try:
        return base64.b64decode(data).decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _unavailable(what: str, error: Exception) -> KubernetesUnavailable:
    detail = f"{error.status} {error.reason}" if isinstance(error, ApiException) else type(error).__name__
    return KubernetesUnavailable(f"{what}: {detail}.")
