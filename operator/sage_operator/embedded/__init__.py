"""A Kubernetes API on the loopback interface, for the demo and for tests: a real control plane, or an emulator."""

from sage_operator.embedded.api import KubernetesApi
from sage_operator.embedded.assets import HOW_TO_GET, AssetsError, find_assets
from sage_operator.embedded.control_plane import Config, ControlPlane, StartError
from sage_operator.embedded.emulator import EmulatedApi

__all__ = [
    "HOW_TO_GET",
    "AssetsError",
    "Config",
    "ControlPlane",
    "EmulatedApi",
    "KubernetesApi",
    "StartError",
    "find_assets",
    "kubernetes_api",
]


def kubernetes_api() -> ControlPlane | EmulatedApi:
    """The best Kubernetes API to be had, not started yet: a real control plane, or the emulator without its programs.

    Either is a context manager, `with` or `async with`, that yields a `KubernetesApi`, whose `kind` says which it is.

    Raises:
        AssetsError: KUBEBUILDER_ASSETS names a folder without the programs.
    """
    assets = find_assets()
    return EmulatedApi() if assets is None else ControlPlane(Config(assets=assets))
