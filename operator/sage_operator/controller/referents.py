"""What an integration names besides itself: Secrets and ConfigMaps of its own namespace."""

from dataclasses import dataclass
from enum import StrEnum

from sage_operator.controller.translate import shared_maps
from sage_operator.resources import SageIntegration


class ReferentKind(StrEnum):
    """A kind of object that a spec may name; the value is its plural in the API."""

    SECRET = "secrets"  # noqa: S105 - the word
    CONFIG_MAP = "configmaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Referent:
    """A Secret or a ConfigMap."""

    kind: ReferentKind
    namespace: str
    name: str


def referents(integration: SageIntegration) -> frozenset[Referent]:
    """Return what an integration names; a change of any of it concerns the integration."""
    spec, namespace = integration.spec, integration.metadata.namespace
    secrets = (spec.sage.credentials_secret_ref.name, spec.force_manager.credentials_secret_ref.name)
    maps = (name for name, _ in shared_maps(integration))
    return frozenset(
        Referent(kind=kind, namespace=namespace, name=name)
        for kind, found in ((ReferentKind.SECRET, secrets), (ReferentKind.CONFIG_MAP, maps))
        for name in found
    )


def is_newer(version: str, known: str) -> bool:
    """Tell whether a resource version that was seen is news; the empty one says that the object is not there.

    Resource versions of one kind are numbers that grow, and may be compared as such (KEP-5504); a watch may lag behind
    what was read meanwhile.
    """
    if version.isdecimal() and known.isdecimal():
        return int(version) > int(known)
    return version != known
