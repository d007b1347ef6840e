"""The options of commands that read manifests or ask the live systems. What carries them out is imported when they run.

Importing it takes half a second, which `--help` and the other commands need not wait for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from sage_operator.controller.config import DEFAULT_HOSTS

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
class Choice:
    """Which integration is meant."""

    files: tuple[str, ...]
    namespace: str | None
    name: str | None
    kubeconfig: Path | None


def choice_options(command: Command) -> Command:
    """Declare `-f`, or `-n` with NAME and `--kubeconfig`; `choice` makes a `Choice` of them."""
    declared = (
        click.argument("name", required=False),
        click.option(
            "-f",
            "--file",
            "files",
            multiple=True,
            metavar="PATH",
            help="File or directory with the integration, the ConfigMaps that its field maps come from, and maybe its"
            " Secrets; `-` is standard input. NAME chooses one of several.",
        ),
        click.option("-n", "--namespace", help="Namespace of the integration NAME in the cluster."),
        click.option(
            "--kubeconfig",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="How to reach the cluster. Default: the pod's service account, else the usual kubeconfig.",
        ),
    )
    for each in reversed(declared):
        command = each(command)
    return command


def choice(*, files: tuple[str, ...], namespace: str | None, name: str | None, kubeconfig: Path | None) -> Choice:
    """Return which integration is meant.

    Raises:
        click.UsageError: it is not told.
    """
    if not files and (namespace is None or name is None):
        raise click.UsageError("Give -f PATH, or an integration of the cluster as -n NAMESPACE NAME.")
    return Choice(files=files, namespace=namespace, name=name, kubeconfig=kubeconfig)
