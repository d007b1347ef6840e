"""What the demo does with the Kubernetes API, as a user of kubectl would."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from kubernetes.aio import client

from sage_operator.controller.kube import load_configuration
from sage_operator.resources import crd, names

NAMESPACE = "default"
NAME = "acme"


class Cluster:
    """The embedded API; an async context."""

    def __init__(self, kubeconfig: Path) -> None:
        """Take the administrator's kubeconfig."""
        self._kubeconfig = kubeconfig

    async def __aenter__(self) -> Self:
        """Connect."""
        self._api = client.ApiClient(await load_configuration(self._kubeconfig))
        self._objects = client.CustomObjectsApi(self._api)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._api.close()

    async def install(self) -> None:
        """Install the CRD."""
        await client.ApiextensionsV1Api(self._api).create_custom_resource_definition(crd.build())

    async def put_secret(self, name: str, values: Mapping[str, str]) -> None:
        """Create a Secret."""
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        secret = client.V1Secret(metadata=client.V1ObjectMeta(name=name, namespace=NAMESPACE), data=encoded)
        await client.CoreV1Api(self._api).create_namespaced_secret(NAMESPACE, secret)

    async def apply(self, integration: dict[str, Any]) -> None:
        """Create the integration, once the API serves its kind."""
        await self._objects.create_namespaced_custom_object(**_KIND, namespace=NAMESPACE, body=integration)

    async def serves(self) -> bool:
        """Tell whether the API serves the kind already."""
        try:
            await self._objects.list_namespaced_custom_object(**_KIND, namespace=NAMESPACE)
        except client.ApiException as error:
            if error.status in _NOT_YET:
                return False
            raise
        return True

    async def request_run(self, token: str) -> None:
        """Ask for a run now."""
        await self._objects.patch_namespaced_custom_object(
            **_KIND,
            namespace=NAMESPACE,
            name=NAME,
            body={"metadata": {"annotations": {names.REQUESTED_AT: token}}},
            _content_type="application/merge-patch+json",
        )

    async def status(self) -> dict[str, Any]:
        """Return the integration's status."""
        found = await self._objects.get_namespaced_custom_object(**_KIND, namespace=NAMESPACE, name=NAME)
        told: dict[str, Any] = found.get("status", {})
        return told


_NOT_YET = {404, 429, 503}
"""What a kind answers just after its CRD was made: unknown, storage not ready."""

_KIND = {"group": names.GROUP, "version": names.VERSION, "plural": names.PLURAL}
