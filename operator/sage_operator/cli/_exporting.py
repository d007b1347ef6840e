"""What both live systems tell, as a file: what `sage-operator schema export` writes."""

import click

from sage_operator.cli._chosen import chosen
from sage_operator.cli._options import Choice, RemoteOptions
from sage_operator.cli._remotes import answer, opened
from sage_operator.controller.translate import settings_and_findings
from sage_operator.runner.preflight import ALL, look
from sage_operator.sync.preflight import Known, dump_known


def exported(which: Choice, remote: RemoteOptions) -> tuple[bytes, str]:
    """Return the schema of an integration's remotes, and what it contains, in words.

    Raises:
        click.ClickException: something can't be read.
    """
    known = answer(_known(which, remote))
    return dump_known(known), _contents(known)


async def _known(which: Choice, remote: RemoteOptions) -> Known:
    async with chosen(which, remote) as found:
        settings, _ = settings_and_findings(found.integration, shared=found.shared)
        async with opened(found.integration, remote, found.refers_to) as remotes:
            known, refused = await look(settings, remotes, fresh=ALL)
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
