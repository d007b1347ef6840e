"""Both live systems asked for a first manifest: what `sage-operator init` does."""

import re
from urllib.parse import urlsplit

import click
from pydantic import ValidationError

from sage_operator.cli._first_manifest import Surroundings, first_manifest
from sage_operator.cli._options import FORCE_MANAGER_VARIABLES, SAGE_VARIABLES, RemoteOptions
from sage_operator.cli._people import accounts_by_owner, people, without_associate
from sage_operator.cli._remotes import answer, opened, referred
from sage_operator.controller.translate import settings_and_findings
from sage_operator.resources import SageIntegration
from sage_operator.resources.integration import readable
from sage_operator.runner.preflight import ALL, look
from sage_operator.sync.errors import Blocked


def written(integration: SageIntegration, remote: RemoteOptions) -> str:
    """Return the first manifest.

    Raises:
        click.ClickException: something can't be read.
    """
    return answer(_written(integration, remote))


def asked_for(sage_url: str, forcemanager_url: str, *, name: str | None, namespace: str) -> SageIntegration:
    """Return an integration with these remotes and the preset's maps.

    Raises:
        click.UsageError: a URL or a name is none.
    """
    name = name or _name_of(sage_url)
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
        known, refused = await look(settings, remotes, fresh=ALL)
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


def secrets_hint(integration: SageIntegration) -> str:
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
