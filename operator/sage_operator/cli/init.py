"""`sage-operator init`: a first manifest from what both live systems tell."""

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from pydantic import ValidationError

from sage_operator.cli._archive import examples
from sage_operator.cli._first_manifest import Surroundings, first_manifest
from sage_operator.cli._manifests import DEFAULT_NAMESPACE, Unreadable
from sage_operator.cli._people import accounts_by_owner, people, without_associate
from sage_operator.cli._remotes import (
    CREDENTIALS_HELP,
    FORCE_MANAGER_VARIABLES,
    SAGE_VARIABLES,
    RemoteOptions,
    opened,
    referred,
    remote_options,
    split,
    spoken,
)
from sage_operator.controller.translate import settings_and_findings
from sage_operator.resources import ForceManagerSpec, SageIntegration
from sage_operator.resources.integration import readable
from sage_operator.runner.preflight import look
from sage_operator.sync.errors import Blocked, SyncError


@click.command(
    epilog=examples(
        "sage-operator init --sage-url https://acme.my.salesforce.com -n crm -o acme.yaml",
        "sage-operator init --sage-url https://acme.my.salesforce.com --name acme --sage-credentials sage.yaml"
        " --forcemanager-credentials crm.yaml",
    )
    + f"\n\n{CREDENTIALS_HELP}"
)
@click.option("--sage-url", required=True, help="The organisation's My Domain URL: https://acme.my.salesforce.com.")
@click.option(
    "--forcemanager-url",
    default=ForceManagerSpec.model_fields["url"].default,
    show_default=True,
    help="URL of the ForceManager API.",
)
@click.option("--name", help="Name of the integration. Default: the first part of Sage's host.")
@click.option("-n", "--namespace", default=DEFAULT_NAMESPACE, show_default=True, help="Its namespace.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; one that is there is left alone. Default: standard output.",
)
@remote_options
def init(
    *, sage_url: str, forcemanager_url: str, name: str | None, namespace: str, output: Path | None, **options: Any
) -> None:
    """Write a first SageIntegration: who is who, the fields that both systems have, what is still to be decided.

    Reads Sage and ForceManager; writes nothing there. The manifest refers to Secrets by name and holds no credentials;
    names and e-mail addresses of users are in it.
    """
    if output is not None and output.exists():
        raise click.ClickException(f"{output} is there already.")
    integration = _asked_for(sage_url, forcemanager_url, name or _name_of(sage_url), namespace)
    try:
        _, remote = split(options)
        text = asyncio.run(_written(integration, remote))
    except (Unreadable, SyncError) as error:
        raise click.ClickException(spoken(error)) from None
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    click.echo(_secrets(integration), err=True)


def _asked_for(sage_url: str, forcemanager_url: str, name: str, namespace: str) -> SageIntegration:
    body = {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "sage": {"url": sage_url, "credentialsSecretRef": {"name": f"{name}-sage"}},
            "forceManager": {
                "url": forcemanager_url,
                "credentialsSecretRef": {"name": f"{name}-forcemanager"},
                "branch": "to be chosen",
            },
            "users": {"matching": "Email"},
        },
    }
    try:
        return SageIntegration.model_validate(body)
    except ValidationError as error:
        raise click.UsageError(readable(error)) from None


def _name_of(url: str) -> str:
    """Return a name for an integration from Sage's host."""
    first = (urlsplit(url).hostname or "").partition(".")[0]
    return re.sub(r"[^a-z0-9]+", "-", first).strip("-") or "sage"


async def _written(integration: SageIntegration, remote: RemoteOptions) -> str:
    settings, _ = settings_and_findings(integration, shared={})
    async with opened(integration, remote, referred(integration, remote)) as remotes:
        known, refused = await look(settings, remotes)
        sage, tenant = known.sage, known.force_manager
        if refused or sage is None or tenant is None:
            raise click.ClickException("; ".join(f"{each}. {each.remedy}" for each in refused))
        if not tenant.lists.get("branches") or not tenant.lists["branches"].rows:
            raise click.ClickException("ForceManager has no branch: create one, for new records belong to one.")
        missing = without_associate(settings, sage.users, tenant.users)
        accounts = await accounts_by_owner(settings, remotes.source, missing)
        try:
            await remotes.source.company(None)
            company_problem = ""
        except Blocked as error:
            company_problem = str(error)
    who = people(settings, sage.users, tenant.users, accounts)
    return first_manifest(
        Surroundings(
            integration=integration,
            settings=settings,
            sage=sage,
            tenant=tenant,
            people=who,
            company_problem=company_problem,
        )
    )


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    click.echo(f"{path} is written. Read its comments, then: sage-operator check -f {path} --live", err=True)


def _secrets(integration: SageIntegration) -> str:
    """Return how to create the Secrets from the variables, with nothing secret in it."""
    spec, namespace = integration.spec, integration.metadata.namespace
    commands = [
        f"kubectl create secret generic {name} -n {namespace} "
        + " ".join(f'--from-literal={key}="${variables[key]}"' for key in keys)
        for name, keys, variables in (
            (spec.sage.credentials_secret_ref.name, ("clientId", "clientSecret"), SAGE_VARIABLES),
            (spec.force_manager.credentials_secret_ref.name, ("publicKey", "privateKey"), FORCE_MANAGER_VARIABLES),
        )
    ]
    return "\n".join(("Its Secrets, with the credentials in variables:", *(f"  {command}" for command in commands)))
