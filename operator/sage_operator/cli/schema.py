"""`sage-operator schema export`: what both live systems tell, for checks without them."""

import asyncio
from pathlib import Path
from typing import Any

import click

from sage_operator.cli._archive import examples
from sage_operator.cli._chosen import choice, choice_options, chosen
from sage_operator.cli._manifests import Unreadable
from sage_operator.cli._remotes import CREDENTIALS_HELP, RemoteOptions, opened, remote_options, split, spoken
from sage_operator.controller.translate import settings_and_findings
from sage_operator.runner.preflight import look
from sage_operator.sync.errors import SyncError
from sage_operator.sync.preflight import Known, dump_known


@click.group()
def schema() -> None:
    """Keep what Sage and ForceManager tell of themselves, for `check --schema`."""


@schema.command(
    epilog=examples(
        "sage-operator schema export -f acme.yaml -f secrets.yaml -o acme.schema.json",
        "sage-operator schema export -n crm acme -o acme.schema.json",
        "sage-operator schema export -f acme.yaml | diff acme.schema.json -",
    )
    + f"\n\n{CREDENTIALS_HELP}"
)
@choice_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write. Default: standard output.",
)
@remote_options
def export(*, output: Path | None, **options: Any) -> None:
    """Write the fields, value lists and users that an integration refers to, from the live systems.

    It names no customers. Its personal data are the users of both systems, with names, user names and e-mail addresses.
    Equal systems give equal bytes: keep the file in Git, write it anew by a scheduled job of the pipeline, and review
    what changes in it.
    """
    which, remote = split(options)
    try:
        known = asyncio.run(_known(which, remote))
    except (Unreadable, SyncError) as error:
        raise click.ClickException(spoken(error)) from None
    content = dump_known(known)
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None
    click.echo(f"{output}: {_contents(known)}.", err=True)


async def _known(which: dict[str, Any], remote: RemoteOptions) -> Known:
    async with chosen(choice(**which), remote) as found:
        settings, _ = settings_and_findings(found.integration, shared=found.shared)
        async with opened(found.integration, remote, found.refers_to) as remotes:
            known, refused = await look(settings, remotes)
    if refused:
        raise click.ClickException("; ".join(f"{each}. {each.remedy}" for each in refused))
    return known


def _contents(known: Known) -> str:
    """Say what a cache holds, personal data among it."""
    sage, tenant = known.sage, known.force_manager
    users = (len(sage.users) if sage else 0) + (len(tenant.users) if tenant else 0)
    objects = sorted(sage.objects) if sage else []
    lists = sorted(tenant.lists) if tenant else []
    return (
        f"the fields of {', '.join(objects)} in Sage and of {', '.join(sorted(tenant.schemas) if tenant else [])} in"
        f" ForceManager, the lists {', '.join(lists)}, and names and e-mail addresses of {users} users of both"
    )
