"""`sage-operator users`: who of Sage is who in ForceManager."""

from typing import Any

import click

from sage_operator.cli._archive import examples
from sage_operator.cli._options import CREDENTIALS_HELP, choice, choice_options, remote_options, split
from sage_operator.cli._table import Format, output_option


@click.command(
    epilog=examples(
        "sage-operator users -f acme.yaml -f secrets.yaml",
        "sage-operator users -n crm acme",
        "sage-operator users -n crm acme -o yaml > users.yaml",
    )
    + f"\n\n{CREDENTIALS_HELP}"
)
@choice_options
@output_option
@remote_options
def users(*, output: Format, **options: Any) -> None:
    """Tell who is associated and by what, who is not and how many accounts wait for them, and what to write for them.

    Reads Sage and ForceManager; writes nothing. It prints names and e-mail addresses.
    """
    from sage_operator.cli._who import tell  # noqa: PLC0415 - see `_options`

    which, remote = split(options)
    tell(choice(**which), remote, output)
