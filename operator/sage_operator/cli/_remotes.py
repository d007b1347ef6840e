"""What commands that ask the live systems share: their options, where credentials come from, and how they connect."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from sage_operator.cli._manifests import Manifests, Unreadable, secret_values, text_of
from sage_operator.cli._yaml import InvalidYaml, load
from sage_operator.controller.config import DEFAULT_HOSTS
from sage_operator.resources import SageIntegration
from sage_operator.runner.ports import Remotes
from sage_operator.sync.errors import SecretNotFound
from sage_operator.telemetry import logging
from sage_operator.telemetry.redaction import redact

if TYPE_CHECKING:
    from sage_operator.controller.kube import Kube

Command = TypeVar("Command", bound=Callable[..., Any])

SAGE_VARIABLES: Final = {
    "clientId": "SAGE_CLIENT_ID",
    "clientSecret": "SAGE_CLIENT_SECRET",
    "username": "SAGE_USERNAME",
    "privateKey": "SAGE_PRIVATE_KEY",
    "audience": "SAGE_AUDIENCE",
    "refreshToken": "SAGE_REFRESH_TOKEN",
}
"""By key of the Secret."""
FORCE_MANAGER_VARIABLES: Final = {
    "publicKey": "FORCEMANAGER_PUBLIC_KEY",
    "privateKey": "FORCEMANAGER_PRIVATE_KEY",
}
_VARIABLES: Final = (*SAGE_VARIABLES.values(), *FORCE_MANAGER_VARIABLES.values())

CREDENTIALS_HELP: Final = """Credentials are never given on the command line. They come from, in this order: the files \
of --sage-credentials and --forcemanager-credentials (a Secret's manifest, or its keys as YAML or JSON); the Secrets \
among the files of -f, or in the cluster for an integration that is named by -n; the variables SAGE_CLIENT_ID, \
SAGE_CLIENT_SECRET, FORCEMANAGER_PUBLIC_KEY and FORCEMANAGER_PRIVATE_KEY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOptions:
    """How the live systems may be reached."""

    allowed_hosts: tuple[str, ...] = DEFAULT_HOSTS
    insecure_http: bool = False
    ca_file: Path | None = None
    sage_credentials: str | None = None
    forcemanager_credentials: str | None = None


def remote_options(command: Command) -> Command:
    """Declare the options of `RemoteOptions`; hosts, http and CAs as `run` has them, with the same variables."""
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    declared = (
        click.option(
            "--allowed-hosts",
            envvar="SAGE_OPERATOR_ALLOWED_HOSTS",
            multiple=True,
            default=DEFAULT_HOSTS,
            show_default=True,
            help="Host that may be reached, as a glob: `*.my.salesforce.com`, `127.0.0.1:8443`. Replaces the default.",
        ),
        click.option(
            "--insecure-http",
            envvar="SAGE_OPERATOR_INSECURE_HTTP",
            is_flag=True,
            help="Allow plain http. For demos and tests only.",
        ),
        click.option(
            "--ca-file",
            envvar="SAGE_OPERATOR_CA_FILE",
            type=path,
            help="PEM file of CA certificates for Sage and ForceManager, beside the system's.",
        ),
        click.option(
            "--sage-credentials",
            metavar="FILE",
            help="File with the credentials for Sage: a Secret's manifest, or its keys as YAML or JSON.",
        ),
        click.option("--forcemanager-credentials", metavar="FILE", help="The same for ForceManager."),
    )
    for each in reversed(declared):
        command = each(command)
    return command


_REMOTE = ("allowed_hosts", "insecure_http", "ca_file", "sage_credentials", "forcemanager_credentials")


def split(options: dict[str, Any]) -> tuple[dict[str, Any], RemoteOptions]:
    """Return the options that choose the integration, and those of the remotes."""
    remote = {name: value for name, value in options.items() if name in _REMOTE}
    return {name: value for name, value in options.items() if name not in _REMOTE}, RemoteOptions(**remote)


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
                f" or set {', '.join(_VARIABLES[:2])} and {' and '.join(FORCE_MANAGER_VARIABLES.values())}.",
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
    # Imported here: HTTP clients and the Kubernetes client take most of a second, which `--help` need not wait for.
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
        # Of the cluster no more is used here than what `Referred` has.
        kube = cast("Kube", refers_to)
        connector = RemoteConnector(kube=kube, sage=sage, force_manager=force_manager, hosts=hosts)
        yield await stack.enter_async_context(connector.connect(integration, {}))
