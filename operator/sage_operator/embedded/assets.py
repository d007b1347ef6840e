"""Where the programs of a control plane are found."""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "KUBEBUILDER_ASSETS"
"""The variable by which tools of the Kubernetes world know the folder of the programs."""

SERIES = "1.37"
"""The Kubernetes minor version that the cache holds."""

REQUIRED = ("etcd", "kube-apiserver")

HOW_TO_GET = (
    "run `make envtest` (or `python -m sage_operator.embedded fetch`) once, "
    f"or set {VARIABLE} to a folder with the programs"
)


class AssetsError(RuntimeError):
    """The folder named by KUBEBUILDER_ASSETS lacks the programs; the message says which."""


def host_platform() -> str:
    """The machine's platform as Go names it, such as `linux-amd64`."""
    machine = platform.machine().lower()
    return f"{sys.platform}-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that `fetch` fills for this machine."""
    cache = environ.get("XDG_CACHE_HOME")
    base = Path(cache) if cache else Path.home() / ".cache"
    return base / "sage-operator" / "envtest" / SERIES / host_platform()


def find_assets(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The folder with etcd and kube-apiserver: KUBEBUILDER_ASSETS, else the cache; None if neither has them.

    Raises:
        AssetsError: KUBEBUILDER_ASSETS is set and its folder lacks a program: falling back silently would surprise.
    """
    if named := environ.get(VARIABLE):
        if absent := missing(Path(named)):
            raise AssetsError(f"{VARIABLE}={named} has no {' and no '.join(absent)}: unset it, or {HOW_TO_GET}")
        return Path(named)
    cache = cache_folder(environ)
    return None if missing(cache) else cache


def missing(folder: Path) -> list[str]:
    """The required programs that the folder lacks."""
    return [name for name in REQUIRED if not os.access(folder / name, os.X_OK)]
