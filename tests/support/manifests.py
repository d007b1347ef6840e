"""The resources that a user would apply."""

import json
from typing import Any

from sage_operator.resources import names
from sage_operator.simulators import Simulators


def secrets(namespace: str, simulators: Simulators, *, end: str = "", name: str = "acme") -> list[dict[str, Any]]:
    """The Secrets of an integration with a simulated tenant; `end` chooses another one (`-2`)."""
    sage, crm = simulators.sage, simulators.forcemanager
    return [
        _secret(namespace, f"{name}-sage", clientId=sage.client_id + end, clientSecret=sage.client_secret + end),
        _secret(namespace, f"{name}-forcemanager", publicKey=crm.public_key + end, privateKey=crm.private_key + end),
    ]


def integration(namespace: str, simulators: Simulators, *, name: str = "acme", **spec: Any) -> dict[str, Any]:
    """An integration that matches users by e-mail; `spec` replaces its sections."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "sage": {"url": simulators.sage.url, "credentialsSecretRef": {"name": f"{name}-sage"}},
            "forceManager": {
                "url": simulators.forcemanager.url,
                "credentialsSecretRef": {"name": f"{name}-forcemanager"},
                "requestsPerSecond": 13,
                "branch": "Madrid",
            },
            "users": {"matching": "Email"},
            **spec,
        },
    }


def documents(*manifests: dict[str, Any]) -> str:
    """Manifests as kubectl takes them on standard input."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})


def _secret(namespace: str, name: str, **values: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": values,
    }
