"""`sage-operator check`: what is wrong with manifests, before they reach a cluster."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from sage_operator.cli._archive import examples
from sage_operator.cli._examining import Subject, broken, examined, settings_of_files
from sage_operator.cli._manifests import Manifests, Unreadable, read
from sage_operator.cli._problems import (
    Problem,
    Severity,
    document_of,
    ordered,
    print_annotations,
    print_problems,
)
from sage_operator.cli._remotes import (
    CREDENTIALS_HELP,
    Referred,
    RemoteOptions,
    opened,
    referred,
    remote_options,
    spoken,
)
from sage_operator.cli._table import print_document
from sage_operator.resources import SageIntegration
from sage_operator.runner.preflight import look
from sage_operator.sync.errors import SyncError
from sage_operator.sync.findings import Finding
from sage_operator.sync.preflight import Known, UnreadableSchema, load_known
from sage_operator.sync.settings import Settings

NOTHING_FOUND, FOUND, NOT_CHECKED = 0, 1, 2
"""Exit codes."""

_MOST_BYTES: Final = 64 * 1024 * 1024


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
    try:
        manifests = read(files)
        known = _known(schema)
        problems = ordered(_problems(manifests, known, RemoteOptions(**remote) if live else None))
    except (Unreadable, SyncError) as error:
        raise NotChecked(spoken(error)) from None
    _print(problems, [manifest.key for manifest in manifests.integrations], output)
    if any(strict or problem.severity is Severity.ERROR for problem in problems):
        sys.exit(FOUND)


def _problems(manifests: Manifests, known: Known, live: RemoteOptions | None) -> Iterator[Problem]:
    yield from broken(manifests)
    for manifest in manifests.integrations:
        subject = Subject.read(manifest, manifests)
        yield from subject.problems
        integration = subject.integration
        if integration is None:
            continue
        settings, findings = settings_of_files(subject, integration)
        if live is not None:
            refers_to = referred(integration, live, manifests=manifests)
            known, met = asyncio.run(_learned(integration, settings, live, refers_to))
            findings += met
        yield from subject.told(examined(settings, findings, known))


async def _learned(
    integration: SageIntegration, settings: Settings, options: RemoteOptions, refers_to: Referred
) -> tuple[Known, tuple[Finding, ...]]:
    """Return what the live systems tell, and what is wrong with themselves."""
    async with opened(integration, options, refers_to) as remotes:
        return await look(settings, remotes)


def _known(schema: str | None) -> Known:
    """Return what a cache tells.

    Raises:
        Unreadable: there is none, or it is something else.
    """
    if schema is None:
        return Known()
    try:
        with Path(schema).open("rb") as file:
            content = file.read(_MOST_BYTES)
        return load_known(content)
    except OSError as error:
        raise Unreadable(f"{schema}: {error.strerror}; `sage-operator schema export` writes it") from None
    except UnreadableSchema as error:
        raise Unreadable(
            f"{schema}: it is no schema cache ({error}); `sage-operator schema export` writes one"
        ) from None


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
