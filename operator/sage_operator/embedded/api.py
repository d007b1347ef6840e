"""What an embedded Kubernetes API tells those who use it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesApi:
    """A running Kubernetes API, a real one or an emulated one.

    Attributes:
        kind: which of both it is.
        version: the server's version, such as `v1.37.2`.
        url: where it listens, on the loopback interface.
        ca_file: the PEM file that its certificate is checked with; None for plain HTTP.
        token: the bearer token of an administrator; empty where none is asked for.
        tokens: bearer tokens of further users by name; they may do nothing until RBAC says so.
        kubeconfig: the administrator's kubeconfig, with everything embedded.
        kubectl: the kubectl that came with the server, if any.
        pids: process ids by program.
    """

    kind: Literal["kube-apiserver", "emulator"]
    version: str
    url: str
    ca_file: Path | None
    token: str = field(repr=False)
    tokens: Mapping[str, str] = field(repr=False)
    kubeconfig: Path
    kubectl: Path | None
    pids: Mapping[str, int]

    def write_kubeconfig(self, path: Path, *, token: str, namespace: str = "default") -> Path:
        """Writes a kubeconfig for the bearer of another token, readable by its owner alone, and returns its path."""
        return write_kubeconfig(path, url=self.url, ca_file=self.ca_file, token=token, namespace=namespace)


def write_kubeconfig(path: Path, *, url: str, ca_file: Path | None, token: str, namespace: str = "default") -> Path:
    """Writes a kubeconfig with the CA embedded, readable by its owner alone, and returns its path."""
    cluster: dict[str, Any] = {"server": url}
    if ca_file is not None:
        cluster["certificate-authority-data"] = base64.b64encode(ca_file.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "embedded", "cluster": cluster}],
        "users": [{"name": "user", "user": {"token": token} if token else {}}],
        "contexts": [
            {"name": "embedded", "context": {"cluster": "embedded", "user": "user", "namespace": namespace}},
        ],
        "current-context": "embedded",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path
