"""What commands that ask the live systems share: where credentials come from, and how they connect."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sage_operator.cli._manifests import Manifests, Unreadable, secret_values, text_of
from sage_operator.cli._options import FORCE_MANAGER_VARIABLES, SAGE_VARIABLES, RemoteOptions
from sage_operator.cli._yaml import InvalidYaml, load
from sage_operator.resources import SageIntegration
from sage_operator.runner.ports import Remotes
from sage_operator.sync.errors import SecretNotFound, SyncError
from sage_operator.telemetry import logging
from sage_operator.telemetry.redaction import redact

if TYPE_CHECKING:
    from sage_operator.controller.kube import Kube

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """What an integration refers to: Secrets and ConfigMaps, of files or of the cluster, and given credentials.

    Attributes:
        manifests: of the files.
        given: the keys of Secrets by namespace and name, from files of credentials and variables.
        kube: the cluster that the integration was read from, if it was.
    """

    manifests: Manifests = field(default_factory=Manifests)
    given: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    kube: "Kube | None" = None

    async def read_secret(self, namespace: str, name: str) -> tuple[Mapping[str, str], str]:
        """Return a Secret's keys and values.

        Raises:
            SecretNotFound: nothing holds these credentials.
        """
        found = self.given.get((namespace, name)) or self.manifests.secret(namespace, name)
        if found is None and self.kube is not None:
            return await self.kube.read_secret(namespace, name)
        if found is None:
            raise SecretNotFound(
                f"There are no credentials for Secret `{name}`.",
                remedy="Give its manifest among the files (-f), or --sage-credentials and --forcemanager-credentials,"
                f" or set {SAGE_VARIABLES['clientId']}, {SAGE_VARIABLES['clientSecret']} and"
                f" {' and '.join(FORCE_MANAGER_VARIABLES.values())}.",
            )
        return found, ""

    async def read_config_map(self, namespace: str, name: str) -> tuple[Mapping[str, str], str] | None:
        """Return a ConfigMap's keys and texts, None if it is not there."""
        if self.kube is not None:
            return await self.kube.read_config_map(namespace, name)
        found = {key: text for (of, key), text in self.manifests.shared(namespace).items() if of == name}
        return (found, "") if (namespace, name) in self.manifests.config_maps else None


def referred(
    integration: SageIntegration,
    options: RemoteOptions,
    *,
    manifests: Manifests | None = None,
    kube: "Kube | None" = None,
) -> Referred:
    """Return what an integration of files, or of a cluster, refers to.

    Raises:
        Unreadable: a file of credentials can't be read.
    """
    spec, namespace = integration.spec, integration.metadata.namespace
    manifests = manifests or Manifests()
    given: dict[tuple[str, str], Mapping[str, str]] = {}
    wanted = (
        (spec.sage.credentials_secret_ref.name, options.sage_credentials, SAGE_VARIABLES),
        (spec.force_manager.credentials_secret_ref.name, options.forcemanager_credentials, FORCE_MANAGER_VARIABLES),
    )
    for name, file, variables in wanted:
        found = _of_file(file) if file is not None else None
        if found is None and kube is None and manifests.secret(namespace, name) is None:
            found = {key: os.environ[variable] for key, variable in variables.items() if os.environ.get(variable)}
        if found:
            # One Secret may hold both.
            given[namespace, name] = {**given.get((namespace, name), {}), **found}
    return Referred(manifests=manifests, given=given, kube=kube)


def spoken(error: Exception) -> str:
    """Return the message of an error; what a remote said may hold what is secret."""
    return str(error) if isinstance(error, Unreadable) else redact(str(error))


def answer(question: Coroutine[Any, Any, Answer]) -> Answer:
    """Return what a question to files, the cluster or the live systems gives; what is in its way ends the command.

    Raises:
        click.ClickException: something can't be read.
    """
    try:
        return asyncio.run(question)
    except (Unreadable, SyncError) as error:
        raise click.ClickException(spoken(error)) from None


def _of_file(file: str) -> Mapping[str, str]:
    try:
        node = load(text_of(file))
    except InvalidYaml as error:
        # The message may quote what is secret: where it is wrong is enough.
        raise Unreadable(f"{file}: line {error.line}: it is no YAML or JSON") from None
    if node is None or not isinstance(node.value, dict):
        raise Unreadable(f"{file}: it is neither a Secret's manifest nor a mapping of its keys")
    if node.value.get("kind") == "Secret":
        return secret_values(node.value)
    return {key: str(value).strip() for key, value in node.value.items()}


@asynccontextmanager
async def opened(integration: SageIntegration, options: RemoteOptions, refers_to: Referred) -> AsyncIterator[Remotes]:
    """Open both remotes of an integration.

    Raises:
        SyncError: a host is not allowed, credentials are missing, and all that the remotes raise.
    """
    # Imported here: HTTP clients take a quarter of a second, which commands that read files only need not wait for.
    from sage_operator.controller.remotes import RemoteConnector  # noqa: PLC0415
    from sage_operator.forcemanager import ForceManagerAccess  # noqa: PLC0415
    from sage_operator.sage import SageAccess  # noqa: PLC0415
    from sage_operator.transport import HostPolicy, RetryPolicy  # noqa: PLC0415

    # The command's output is its own; what the adapters log goes beside it.
    logging.configure(fmt="console", level="WARNING", stream=sys.__stderr__)
    hosts = HostPolicy(allowed=options.allowed_hosts, insecure_http=options.insecure_http)
    ca_file = str(options.ca_file) if options.ca_file is not None else None
    retry = RetryPolicy(attempts=3, patience=60)  # somebody waits
    async with AsyncExitStack() as stack:
        sage = await stack.enter_async_context(SageAccess(hosts=hosts, retry=retry, ca_file=ca_file))
        force_manager = ForceManagerAccess(hosts=hosts, retry=retry, ca_file=ca_file)
        stack.push_async_callback(force_manager.aclose)
        connector = RemoteConnector(references=refers_to, sage=sage, force_manager=force_manager, hosts=hosts)
        yield await stack.enter_async_context(connector.connect(integration, {}))
