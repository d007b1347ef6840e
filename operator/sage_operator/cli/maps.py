"""`sage-operator maps`: the effective field maps of an integration."""

from typing import Any

import click

from sage_operator.cli._archive import examples
from sage_operator.cli._options import choice, choice_options
from sage_operator.cli._table import Format, output_option, print_document, print_table


@click.command(
    epilog=examples(
        "sage-operator maps -f acme.yaml -f crm-maps.yaml",
        "sage-operator maps -n crm acme --entity accounts",
        "sage-operator maps -f acme.yaml -o json | jq '.entries[].target'",
    )
)
@choice_options
@click.option("--entity", type=click.Choice(["accounts", "contacts"]), help="Only this map. Default: all.")
@output_option
def maps(*, entity: str | None, output: Format, **which: Any) -> None:
    """Print which ForceManager field is filled from what, and which layer says so: preset, ConfigMap or spec.

    Sage and ForceManager are not asked: a preset's target that the tenant lacks is listed all the same.
    """
    from sage_operator.cli._effective import document, read_effective, row  # noqa: PLC0415 - see `_options`

    integration, lines, findings = read_effective(choice(**which))
    lines = [line for line in lines if entity in {None, line.entity.value}]
    if output == "table":
        print_table(
            ("entity", "target", "from", "default", "lookup", "options", "set by", "replaces"),
            [row(line) for line in lines],
        )
    else:
        print_document({"integration": integration, "entries": [document(line) for line in lines]}, output)
    for finding in findings:
        click.echo(f"Warning: {finding}. {finding.remedy}", err=True)
