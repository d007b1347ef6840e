"""`sage-operator init`: a first manifest from what both live systems tell."""

from pathlib import Path
from typing import Any

import click

from sage_operator.cli._archive import examples
from sage_operator.cli._options import CREDENTIALS_HELP, remote_options, split


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
    default="https://api.forcemanager.com/api/v4",
    show_default=True,
    help="URL of the ForceManager API.",
)
@click.option("--name", help="Name of the integration. Default: the first part of Sage's host.")
@click.option("-n", "--namespace", default="default", show_default=True, help="Its namespace.")
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
    from sage_operator.cli._initial import asked_for, secrets_hint, written  # noqa: PLC0415 - see `_options`

    if output is not None and output.exists():
        raise click.ClickException(f"{output} is there already.")
    integration = asked_for(sage_url, forcemanager_url, name=name, namespace=namespace)
    _, remote = split(options)
    text = written(integration, remote)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    click.echo(secrets_hint(integration), err=True)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    click.echo(f"{path} is written. Read its comments, then: sage-operator check -f {path} --live", err=True)
