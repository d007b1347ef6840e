"""`sage-operator record` and `rejects`: what became of a record, and which ones can't be written."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sage_operator.cli._archive import (
    check_integration,
    examples,
    ledger_option,
    limit_option,
    namespace_option,
    nearest,
    opened,
)
from sage_operator.cli._table import Format, output_option, print_document, print_facts, print_table
from sage_operator.cli._words import action_document, explained, how_it_ended, meaning, record_document, remedy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sage_operator.ledger import Archive, ArchivedAction, ArchivedRecord

_AT_MOST = 10
"""Records of one name that are shown."""


@click.command(
    epilog=examples(
        "sage-operator record 0015g00000ABcdE",
        'sage-operator record "ACME Iberia" -n crm',
        "sage-operator record 48151 -o yaml",
    )
)
@click.argument("record")
@namespace_option
@click.option("--integration", help="Integration, by name or as NAMESPACE/NAME. Default: all.")
@limit_option(20)
@ledger_option
@output_option
def record(
    *, record: str, namespace: str | None, integration: str | None, limit: int, ledger: Path, output: Format
) -> None:
    """Tell what happened to a record: its state now, and each action with its run, its cause and the changed fields.

    RECORD is a Sage id (15 or 18 characters), a ForceManager id, or a name in any case. The values before and after are
    there if the operator runs with --ledger-values.
    """
    with opened(ledger) as archive:
        check_integration(archive, integration, namespace)
        found = archive.find(record.strip(), integration=integration, namespace=namespace, limit=_AT_MOST)
        if not found:
            raise click.ClickException(_nothing(archive, record.strip()))
        histories = [archive.history(each, limit=limit) for each in found]
    if output != "table":
        records = [
            {**record_document(each), "history": [action_document(of) for of in history]}
            for each, history in zip(found, histories, strict=True)
        ]
        print_document({"records": records}, output)
        return
    for number, (each, history) in enumerate(zip(found, histories, strict=True)):
        if number:
            click.echo()
        _print_record(each, history)


@click.command(
    epilog=examples("sage-operator rejects -n crm acme", "sage-operator rejects -o json | jq -r '.rejects[].label'")
)
@click.argument("integration", required=False)
@namespace_option
@limit_option(100)
@ledger_option
@output_option
def rejects(*, integration: str | None, namespace: str | None, limit: int, ledger: Path, output: Format) -> None:
    """List the records that can't be written: why, since when, when they are tried again, and what to do."""
    with opened(ledger) as archive:
        check_integration(archive, integration, namespace)
        found = archive.rejects(integration=integration, namespace=namespace, limit=limit)
    if output != "table":
        print_document({"rejects": [record_document(each) for each in found]}, output)
        return
    if not found:
        click.echo("No rejects.", err=True)
        return
    print_table(
        ("code", "integration", "entity", "name", "sage id", "since", "tries", "next try", "message"),
        [
            (
                each.code,
                each.integration,
                each.entity,
                each.label,
                each.sage_id,
                each.rejected_since,
                each.attempts,
                each.retry_at,
                each.message,
            )
            for each in found
        ],
    )
    click.echo()
    print_facts([(code, remedy(code)) for code in sorted({each.code for each in found if each.code})])


def _print_record(record: "ArchivedRecord", history: "Sequence[ArchivedAction]") -> None:
    print_facts(
        [
            ("Record", record.label),
            ("Integration", record.integration),
            ("Entity", record.entity),
            ("Sage id", record.sage_id),
            ("ForceManager id", record.target_id),
            ("State", record.status),
            ("Meaning", meaning(record)),
            ("Code", record.code),
            ("Message", record.message),
            ("What to do", remedy(record.code)),
            ("Rejected since", record.rejected_since),
            ("Next try", record.retry_at),
            ("Changed", record.updated_at),
        ]
    )
    if history:
        click.echo()
        print_table(
            ("at", "run", "action", "ended", "why or what"),
            [(of.at, of.run_id, of.kind, how_it_ended(of), explained(of)) for of in history],
        )


def _nothing(archive: "Archive", words: str) -> str:
    """Say that there is no such record, and which ones are like it."""
    names = archive.names_with(words, limit=3) or ()
    if names:
        return f"No record is {words!r}. Is it {' or '.join(names)}?"
    return (
        f"No record is {words!r}.{nearest(words, archive.names_near(words))} A record that was never in scope, or that"
        " no run has read yet, is not in the ledger."
    )
