"""Opening both remotes of an integration: hosts checked first, then Secrets read, then the adapters told."""

from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Protocol

from sage_operator.controller.referents import Referent, ReferentKind
from sage_operator.controller.translate import SharedMaps, shared_maps
from sage_operator.forcemanager import ForceManagerAccess, Keys
from sage_operator.resources import SageIntegration
from sage_operator.runner.ports import Remotes
from sage_operator.sage import ClientCredentials, SageAccess
from sage_operator.sync.errors import CredentialsRejected
from sage_operator.telemetry.redaction import protect
from sage_operator.transport import HostPolicy

_SAGE_KEYS = ("clientId", "clientSecret")
_FORCE_MANAGER_KEYS = ("publicKey", "privateKey")


class References(Protocol):
    """Where Secrets and ConfigMaps are read: the cluster, or files that stand in for it."""

    async def read_secret(self, namespace: str, name: str) -> tuple[Mapping[str, str], str]:
        """Return a Secret's keys and values, and its version.

        Raises:
            SecretNotFound: it is not there.
        """

    async def read_config_map(self, namespace: str, name: str) -> tuple[Mapping[str, str], str] | None:
        """Return a ConfigMap's keys and texts, and its version; None if it is not there."""


class RemoteConnector:
    """Connects integrations to their remotes, with the credentials from Secrets of their own namespace."""

    def __init__(
        self, *, references: References, sage: SageAccess, force_manager: ForceManagerAccess, hosts: HostPolicy
    ) -> None:
        """Take the process-wide accesses, which share sessions, pace and caches between integrations."""
        self._references = references
        self._sage = sage
        self._force_manager = force_manager
        self._hosts = hosts

    @asynccontextmanager
    async def connect(
        self, integration: SageIntegration, used: MutableMapping[Referent, str]
    ) -> AsyncIterator[Remotes]:
        """Open both remotes for one run."""
        spec = integration.spec
        self._hosts.check(spec.sage.url)
        self._hosts.check(spec.force_manager.url)
        sage = await self._secret(integration, spec.sage.credentials_secret_ref.name, _SAGE_KEYS, used)
        target = await self._secret(
            integration, spec.force_manager.credentials_secret_ref.name, _FORCE_MANAGER_KEYS, used
        )
        source = self._sage.connect(
            url=spec.sage.url,
            api_version=spec.sage.api_version,
            credentials=ClientCredentials(client_id=sage["clientId"], client_secret=sage["clientSecret"]),
        )
        with self._force_manager.connect(
            url=spec.force_manager.url,
            keys=Keys(public_key=target["publicKey"], private_key=target["privateKey"]),
            requests_per_second=spec.force_manager.requests_per_second,
        ) as force_manager:
            yield Remotes(source=source, target=force_manager)

    async def shared_maps(self, integration: SageIntegration, used: MutableMapping[Referent, str]) -> SharedMaps:
        """Read the ConfigMaps that field maps come from, each once."""
        namespace = integration.metadata.namespace
        found: dict[tuple[str, str], str] = {}
        keys: dict[str, list[str]] = {}
        for name, key in shared_maps(integration):
            keys.setdefault(name, []).append(key)
        for name, wanted in keys.items():
            referent = Referent(kind=ReferentKind.CONFIG_MAP, namespace=namespace, name=name)
            used[referent] = ""
            answer = await self._references.read_config_map(namespace, name)
            if answer is not None:
                texts, used[referent] = answer
                found |= {(name, key): texts[key] for key in wanted if key in texts}
        return found

    async def _secret(
        self, integration: SageIntegration, name: str, keys: tuple[str, ...], used: MutableMapping[Referent, str]
    ) -> Mapping[str, str]:
        """Read a Secret that must have these keys, and note which version was read."""
        namespace = integration.metadata.namespace
        secret = Referent(kind=ReferentKind.SECRET, namespace=namespace, name=name)
        used[secret] = ""
        values, used[secret] = await self._references.read_secret(namespace, name)
        missing = [key for key in keys if not values.get(key)]
        if missing:
            listed = " and ".join(f"`{key}`" for key in missing)
            raise CredentialsRejected(
                f"Secret `{name}` lacks {listed}.", remedy=f"Add {'it' if len(missing) == 1 else 'them'} to the Secret."
            )
        for key in keys:
            protect(values[key])
        return values
