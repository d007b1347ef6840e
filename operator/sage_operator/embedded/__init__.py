"""A Kubernetes API on the loopback interface, for the demo and for tests: a real control plane, or an emulator."""

from sage_operator.embedded.api import KubernetesApi
from sage_operator.embedded.assets import HOW_TO_GET, AssetsError, find_assets
from sage_operator.embedded.control_plane import Config, ControlPlane, StartError

__all__ = ["HOW_TO_GET", "AssetsError", "Config", "ControlPlane", "KubernetesApi", "StartError", "find_assets"]
