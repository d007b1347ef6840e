"""`sage-operator runs`: what the operator did, run by run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sage_operator.cli._archive import (
    check_integration,
    examples,
    ledger_option,
    limit_option,
    namespace_option,
    opened,
)
from sage_operator.cli._table import Format, iso, output_option, print_document, print_facts, print_table
from sage_operator.cli._times import Since
from sage_operator.cli._words import action_document, explained, how_it_ended
from sage_operator.sync.entities import ActionKind
from sage_operator.sync.state import RunRecord

if TYPE_CHECKING:
    from sage_operator.ledger import ArchivedAction


@click.group()
def runs() -> None:
    """What the operator did, run by run."""


@runs.command(
    name="list",
    epilog=examples(
        "sage-operator runs list -n crm acme",
        "sage-operator runs list --since 24h -o json",
        "kubectl -n sage-system exec deploy/sage-operator -- sage-operator runs list crm/acme",
    ),
)
@click.argument("integration", required=False)
@namespace_option
@limit_option(20)
@click.option(
    "--since", type=Since(), help="Runs that began since then: an age (2h, 7d) or a time (UTC if it has no zone)."
)
@ledger_option
@output_option
def list_runs(
    *, integration: str | None, namespace: str | None, limit: int, since: datetime | None, ledger: Path, output: Format
) -> None:
    """List runs, newest first.

    Neighbours that did nothing and ended alike are one row: TIMES tells how many, the row is the newest of them.
    """
    with opened(ledger) as archive:
        check_integration(archive, integration, namespace)
        found = archive.runs(integration=integration, namespace=namespace, since=since, limit=limit)
    if output != "table":
        print_document({"runs": [run_document(run) for run in found]}, output)
        return
    if not found:
        click.echo("No runs.", err=True)
        return
    print_table(
        ("run", "integration", "mode", "trigger", "started", "seconds", "times", "outcome", "did"),
        [
            (
                run.header.id,
                run.header.integration,
                run.result.mode if run.result is not None else None,
                run.header.trigger,
                run.header.started_at,
                _seconds(run),
                run.times,
                run.result.reason if run.result is not None else "Running",
                _did(run),
            )
            for run in found
        ],
    )


@runs.command(
    name="show",
    epilog=examples(
        "sage-operator runs show 01KAV3S6E0JQ2T1M0V5Z8X4C7B",
        "sage-operator runs show 01KAV3S6E0JQ2T1M0V5Z8X4C7B --action Reject -o json",
    ),
)
@click.argument("run")
@click.option("--action", type=click.Choice(list(ActionKind), case_sensitive=False), help="Actions of this kind only.")
@limit_option(50)
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which page of actions.")
@ledger_option
@output_option
def show_run(*, run: str, action: ActionKind | None, limit: int, page: int, ledger: Path, output: Format) -> None:
    """Show one run: counts, requests, and page by page what it did with each record.

    Records that were unchanged are counted only.
    """
    with opened(ledger) as archive:
        found = archive.run(run) or archive.run(run.upper())
        if found is None:
            raise click.ClickException(
                f"There is no run {run}. One that did nothing is folded into a later one, and old ones are forgotten;"
                " see `sage-operator runs list`."
            )
        total = archive.count_actions(found.header.id, kind=action)
        actions = archive.actions(found.header.id, kind=action, offset=(page - 1) * limit, limit=limit)
    pages = max((total + limit - 1) // limit, 1)
    if output != "table":
        document = {
            "run": run_document(found),
            "actions": [action_document(each) for each in actions],
            "page": page,
            "pages": pages,
        }
        print_document(document, output)
        return
    _print_run(found)
    if actions:
        click.echo(f"\nActions {(page - 1) * limit + 1} to {(page - 1) * limit + len(actions)} of {total}:")
        _print_actions(actions)
    if page < pages:
        click.echo(f"\nMore with --page {page + 1}.")


def _print_run(run: RunRecord) -> None:
    result = run.result
    print_facts(
        [
            ("Run", run.header.id),
            ("Integration", run.header.integration),
            ("Trigger", run.header.trigger),
            ("Mode", result and result.mode),
            ("Outcome", "Running" if result is None else f"{result.outcome} ({result.reason})"),
            ("Message", result and result.message),
            ("Started", run.header.started_at),
            ("Completed", result and result.completed_at),
            ("Seconds", _seconds(run)),
            ("Stands for", f"{run.times} runs that did nothing, since {iso(run.first_at)}" if run.times > 1 else None),
            ("Data as of", result and result.data_as_of),
            ("Requests", result and ", ".join(f"{system} {count}" for system, count in result.requests.items())),
        ]
    )
    counts = _counts(run)
    if any(counts.values()):
        kinds = [kind.counted_as for kind in ActionKind if any(of.get(kind.counted_as) for of in counts.values())]
        click.echo()
        print_table(
            ("records", *kinds), [(entity, *(of.get(kind, 0) for kind in kinds)) for entity, of in counts.items()]
        )


def _print_actions(actions: "Sequence[ArchivedAction]") -> None:
    print_table(
        ("action", "ended", "entity", "sage id", "forcemanager id", "name", "why"),
        [
            (each.kind, how_it_ended(each), each.entity, each.sage_id, each.target_id, each.label, explained(each))
            for each in actions
        ],
    )


def run_document(run: RunRecord) -> dict[str, Any]:
    """Return a run for programs; the keys are those of `status.lastRun` where they mean the same."""
    namespace, _, name = run.header.integration.partition("/")
    result = run.result
    return {
        "id": run.header.id,
        "namespace": namespace,
        "name": name,
        "trigger": run.header.trigger,
        "mode": result and result.mode,
        "outcome": result and result.outcome,
        "reason": result and result.reason,
        "message": result and result.message,
        "startedAt": iso(run.header.started_at),
        "completedAt": iso(None if result is None else result.completed_at),
        "seconds": _seconds(run),
        "times": run.times,
        "firstStartedAt": iso(run.first_at or run.header.started_at),
        "dataAsOf": iso(None if result is None else result.data_as_of),
        "counts": _counts(run),
        "requests": dict(result.requests) if result is not None else {},
    }


def _counts(run: RunRecord) -> Mapping[str, Mapping[str, int]]:
    if run.result is None:
        return {}
    return {
        entity.value: {kind.counted_as: count for kind, count in of_entity.items()}
        for entity, of_entity in run.result.counts.items()
    }


def _seconds(run: RunRecord) -> float | None:
    if run.result is None:
        return None
    return round((run.result.completed_at - run.header.started_at).total_seconds(), 1)


def _did(run: RunRecord) -> str:
    """Return what a run did in a few words: `accounts 3 added, 1 rejected`."""
    parts = []
    for entity, counts in _counts(run).items():
        words = ", ".join(
            f"{count} {kind}" for kind, count in counts.items() if count and kind != ActionKind.UNCHANGED.counted_as
        )
        if words:
            parts.append(f"{entity} {words}")
    return "; ".join(parts)
