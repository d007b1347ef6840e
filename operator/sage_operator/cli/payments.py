"""`sage-operator payments`: how an account pays, period by period, from the ledger."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sage_operator.cli._archive import check_integration, examples, ledger_option, nearest, opened
from sage_operator.cli._payment_chart import check_plot, plot
from sage_operator.cli._payment_view import Payments, document, print_payments
from sage_operator.cli._table import Format, output_option, print_document
from sage_operator.sync.payments.figures import Frame, reckon
from sage_operator.sync.payments.periods import JANUARY, CompareWith, PeriodKind, today
from sage_operator.sync.payments.series import series
from sage_operator.sync.payments.settings import PaymentSettings

if TYPE_CHECKING:
    from sage_operator.ledger import Archive, ArchivedFacts, ArchivedRecord

_KINDS: Final = {kind.value.lower(): kind for kind in PeriodKind}
_COMPARED: Final = {"previous": CompareWith.PREVIOUS_PERIOD, "last-year": CompareWith.SAME_PERIOD_LAST_YEAR}
_AT_MOST: Final = 10
"""Accounts of one name that are listed."""


@click.command(
    epilog=examples(
        'sage-operator payments -n crm acme --account "ACME Iberia"',
        "sage-operator payments -f acme.yaml --account 0015g00000ABcdE --period quarter --compare last-year",
        "sage-operator payments -n crm acme --account 48151 --plot acme.svg",
        "kubectl -n sage-system exec deploy/sage-operator --"
        ' sage-operator payments -n crm acme --account "ACME Iberia" -o json',
    )
)
@click.argument("integration", required=False)
@click.option("-n", "--namespace", help="Namespace of the integration, if it is not in its name or manifest.")
@click.option("--account", "words", required=True, help="The account: its Sage id, ForceManager id, or name.")
@click.option("--period", type=click.Choice(list(_KINDS)), default="month", show_default=True, help="Kind of period.")
@click.option(
    "--periods", "count", type=click.IntRange(1, 120), default=12, show_default=True, help="How many, up to now."
)
@click.option("--compare", type=click.Choice(list(_COMPARED)), help="With what. Default: as the integration has it.")
@click.option(
    "--plot",
    "chart",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=check_plot,
    help="Write a chart to this file, .svg or .png, as well.",
)
@click.option(
    "-f",
    "--filename",
    help="The integration's manifest: a file, a directory, or - for standard input. Default: ask the cluster.",
)
@click.option(
    "--fiscal-start",
    type=click.IntRange(1, 12),
    help="Month in which fiscal years begin. Default: as the integration has it, else as the company has it in Sage.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How to reach the cluster. Default: the pod's service account, else the usual kubeconfig.",
)
@ledger_option
@output_option
def payments(
    *,
    integration: str | None,
    namespace: str | None,
    words: str,
    period: str,
    count: int,
    compare: str | None,
    chart: Path | None,
    filename: str | None,
    fiscal_start: int | None,
    kubeconfig: Path | None,
    ledger: Path,
    output: Format,
) -> None:
    """Show how an account pays: what stands as of now, and its last periods, each compared with the one before.

    All is computed from the documents in the operator's ledger, as they were when Sage was last read. INTEGRATION, by
    name or as NAMESPACE/NAME, says which documents count and how; it is read from the cluster, or from a manifest.
    """
    # Imported here: the resource's models and the runner take half a second, which `--help` need not wait for.
    from sage_operator.cli._payment_settings import from_cluster, from_manifest, settings_of  # noqa: PLC0415
    from sage_operator.runner.documents import DOCUMENTS  # noqa: PLC0415

    manifest = from_manifest(filename, integration) if filename is not None else None
    if manifest is not None:
        integration = integration or str(manifest["metadata"].get("name"))
        namespace = namespace or manifest["metadata"].get("namespace")
    if integration is None:
        raise click.UsageError("Name the integration, or give its manifest with -f.")
    with opened(ledger) as archive:
        key = _key(archive, integration, namespace)
        account = _account(archive, words.strip(), key)
        facts = archive.facts(account, stream=DOCUMENTS)
    settings = settings_of(manifest if manifest is not None else from_cluster(key, kubeconfig), key)
    if fiscal_start is not None:
        settings = replace(settings, fiscal_start=fiscal_start)
    told = _reckon(account, facts, settings, kind=_KINDS[period], count=count, compare=compare)
    if chart is not None:
        plot(told, chart)
    if output == "table":
        print_payments(told)
    else:
        print_document(document(told), output)


def _reckon(
    account: "ArchivedRecord",
    facts: "ArchivedFacts",
    settings: PaymentSettings,
    *,
    kind: PeriodKind,
    count: int,
    compare: str | None,
) -> Payments:
    """Compute the figures.

    Raises:
        click.ClickException: no run has read all documents yet.
    """
    if facts.read_until is None:
        raise click.ClickException(
            f"No run of {account.integration} has read all documents yet. See `sage-operator runs list`."
        )
    day = today(_now(), settings.time_zone)
    company_fiscal_start = facts.fiscal_start or JANUARY
    frame = Frame.of(settings, today=day, company_fiscal_start=company_fiscal_start, kinds=())
    compared_with = _COMPARED[compare] if compare is not None else settings.compare_with
    return Payments(
        account=account,
        company=facts.company,
        currency=facts.currency or None,
        time_zone=settings.time_zone,
        today=day,
        read_until=facts.read_until,
        now=reckon(facts.documents, frame=frame, credit_limit=facts.credit_limit).now,
        kind=kind,
        compared_with=compared_with,
        rows=series(
            facts.documents,
            kind=kind,
            count=count,
            today=day,
            settings=settings,
            company_fiscal_start=company_fiscal_start,
            compare_with=compared_with,
        ),
        to_date=settings.to_date,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _key(archive: "Archive", integration: str, namespace: str | None) -> str:
    """Return `namespace/name` of the integration that is meant.

    Raises:
        click.ClickException: it never ran, or its name is that of several.
    """
    check_integration(archive, integration, namespace)
    if "/" in integration:
        return integration
    if namespace is not None:
        return f"{namespace}/{integration}"
    found = [key for key in archive.integrations() if key.endswith(f"/{integration}")]
    if len(found) > 1:
        raise click.ClickException(f"There are {', '.join(found)}: name one of them.")
    return found[0]


def _account(archive: "Archive", words: str, key: str) -> "ArchivedRecord":
    """Return the account that is meant.

    Raises:
        click.ClickException: there is none, there are several, or it has left the scope.
    """
    found = archive.accounts(words, integration=key, limit=_AT_MOST + 1)
    if len(found) > 1:
        listed = "\n".join(f"  {each.sage_id}  {each.label}" for each in found[:_AT_MOST])
        more = "\n  …" if len(found) > _AT_MOST else ""
        raise click.ClickException(f"Several accounts are {words!r}. Name one by its id:\n{listed}{more}")
    if not found:
        like = archive.accounts_with(words, integration=key, limit=3)
        near = f" Is it {' or '.join(each.label for each in like)}?" if like else ""
        raise click.ClickException(
            f"No account of {key} is {words!r}.{near or nearest(words, archive.names_near(words))}"
        )
    if found[0].status == "NotSynchronized":
        raise click.ClickException(
            f"{found[0].label} ({found[0].sage_id}) has left the scope of {key}: its documents are not kept."
        )
    return found[0]
