"""`sage-operator schema export`: what both live systems tell, for checks without them."""

from pathlib import Path
from typing import Any

import click

from sage_operator.cli._archive import examples
from sage_operator.cli._options import CREDENTIALS_HELP, choice, choice_options, remote_options, split


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
    from sage_operator.cli._exporting import exported  # noqa: PLC0415 - see `_options`

    which, remote = split(options)
    content, told = exported(choice(**which), remote)
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None
    click.echo(f"{output}: {told}.", err=True)
