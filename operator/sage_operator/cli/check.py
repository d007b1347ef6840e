"""`sage-operator check`: what is wrong with manifests, before they reach a cluster."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from sage_operator.cli._archive import examples
from sage_operator.cli._options import CREDENTIALS_HELP, RemoteOptions, remote_options
from sage_operator.cli._problems import Problem, Severity, document_of, print_annotations, print_problems
from sage_operator.cli._table import print_document

NOTHING_FOUND, FOUND, NOT_CHECKED = 0, 1, 2
"""Exit codes."""


@click.command(
    epilog=examples(
        "sage-operator check -f deploy/",
        "sage-operator check -f acme.yaml -f crm-maps.yaml --schema acme.schema.json",
        "kustomize build overlays/prod | sage-operator check -f - -o github",
        "sage-operator check -f acme.yaml -f secrets.yaml --live",
    )
    + f"\n\n{CREDENTIALS_HELP}\n\nExit codes: 0 nothing found, or only warnings (without --strict); 1 findings;"
    " 2 it could not be checked: a file or a remote can't be read."
)
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    required=True,
    metavar="PATH",
    help="File, directory (all YAML and JSON in it) or `-`, standard input. Other kinds are skipped, but for"
    " ConfigMaps that field maps come from and, with --live, Secrets.",
)
@click.option(
    "--schema", metavar="FILE", help="What `schema export` wrote: fields, lists and users are checked against it."
)
@click.option("--live", is_flag=True, help="Check against Sage and ForceManager themselves. Nothing is written there.")
@click.option("--strict", is_flag=True, help="Warnings count as findings.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "github"]),
    default="table",
    show_default=True,
    help="Table for people; json, one document, for programs; github: annotations of a GitHub Actions workflow.",
)
@remote_options
def check(*, files: tuple[str, ...], schema: str | None, live: bool, strict: bool, output: str, **remote: Any) -> None:
    """Tell all that is wrong with SageIntegration manifests, each mistake at its file and line.

    Without a cluster: the resource's schema and rules, conditions, CEL expressions, field maps and users. With --schema
    or --live also whether the fields, lists, labels and users exist that they name, and whether types fit.
    """
    if live and schema is not None:
        raise click.UsageError("Give either --schema or --live.")
    from sage_operator.cli._checking import NotPossible, check_files  # noqa: PLC0415 - see `_options`

    try:
        problems, checked = check_files(files, schema=schema, live=RemoteOptions(**remote) if live else None)
    except NotPossible as error:
        raise NotChecked(str(error)) from None
    _print(problems, checked, output)
    if any(strict or problem.severity is Severity.ERROR for problem in problems):
        sys.exit(FOUND)


def _print(problems: Sequence[Problem], checked: Sequence[str], output: str) -> None:
    if output == "json":
        print_document(document_of(problems, checked), "json")
        return
    if output == "github":
        print_annotations(problems)
    else:
        print_problems(problems)
    if not checked:
        click.echo("No SageIntegration found.", err=True)
        return
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    found = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}" if problems else "nothing found"
    click.echo(f"{_counted(len(checked), 'integration')} checked: {found}.", err=True)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


class NotChecked(click.ClickException):
    """It could not be checked."""

    exit_code = NOT_CHECKED
