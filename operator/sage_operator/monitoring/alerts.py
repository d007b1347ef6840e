"""The alerts, written once.

One cause, one alert: an integration that waits for a host that is down, or for the ledger, is not told of by an alert
of its own. That is in the expressions, not in Alertmanager, so that it holds wherever the alerts go. Alerts of an
integration have the labels `namespace` and `name` alone: a restart of the pod does not end one and begin another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from sage_operator.monitoring import _expressions as expressions
from sage_operator.monitoring._expressions import Parameters

__all__ = ["OPERATOR", "Alert", "Parameters", "Severity", "alerts"]

OPERATOR: Final = ()
INTEGRATION: Final = ("namespace", "name")
UPSTREAM: Final = ("system", "host")


class Severity(StrEnum):
    """How soon somebody should look."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One rule.

    Attributes:
        expr: in PromQL; it gives a series for each firing alert.
        hold: how long it has to hold before the alert fires.
        why: why it is held for as long as that.
        labels: those that the expression leaves, and that the texts may use.
        summary: one line; `description` has the remedy. Both are templates of Prometheus.
    """

    name: str
    severity: Severity
    expr: str
    hold: timedelta
    why: str
    labels: tuple[str, ...]
    summary: str
    description: str


def alerts(parameters: Parameters | None = None) -> tuple[Alert, ...]:
    """Return all alerts, the gravest causes first."""
    chosen = parameters or Parameters()
    return (*_of_the_operator(chosen), *_of_upstreams(chosen), *_of_integrations(chosen))


def _of_the_operator(p: Parameters) -> Iterable[Alert]:
    yield Alert(
        name="SageOperatorAbsent",
        severity=Severity.CRITICAL,
        expr=expressions.operator_absent(),
        hold=timedelta(minutes=5),
        why="A pod that is replaced is away for a minute, and an old ledger is brought up to date before it answers.",
        labels=OPERATOR,
        summary="No Sage operator answers.",
        description="Prometheus gets no metrics of the operator. No integration is synchronised, and no other alert of"
        " it can fire. See whether its pod runs and is scraped.",
    )
    yield Alert(
        name="SageLedgerNotStoring",
        severity=Severity.CRITICAL,
        expr=expressions.ledger_not_storing(p),
        hold=timedelta(minutes=5),
        why="A single transaction that failed is repeated by the next run; a volume that is full stays so.",
        labels=OPERATOR,
        summary="The Sage operator can't use its ledger.",
        description="Transactions of the ledger fail. Nothing is written to ForceManager without it. See whether its"
        " volume is full, unmounted or read-only.",
    )
    yield Alert(
        name="SageIntegrationServedTwice",
        severity=Severity.CRITICAL,
        expr=expressions.served_twice(),
        hold=timedelta(minutes=5),
        why="While one pod replaces another, both may have been scraped within the last minutes.",
        labels=INTEGRATION,
        summary="Two operators serve {{ $labels.namespace }}/{{ $labels.name }}.",
        description="Two processes export the same integration. With a ledger each they create records twice. Stop one"
        " of them.",
    )
    yield Alert(
        name="SageEventLoopLagging",
        severity=Severity.WARNING,
        expr=expressions.loop_lagging(p),
        hold=timedelta(minutes=10),
        why="A large page is decoded in one go now and then; ten minutes are no page.",
        labels=OPERATOR,
        summary="The Sage operator is too slow for what it has to do.",
        description="Its event loop is late by more than half a second on average: runs take longer, probes may time"
        " out. See whether its CPU is limited or its node is busy.",
    )
    yield Alert(
        name="SageRunsWaiting",
        severity=Severity.WARNING,
        expr=expressions.runs_waiting(p),
        hold=timedelta(minutes=30),
        why="After a start, or an outage, everything is due at once; that is over in minutes.",
        labels=OPERATOR,
        summary="Runs have waited for the limit of runs at once for half an hour.",
        description="There was no moment without a run that is due and waits. Integrations fall behind. Raise"
        " --max-runs, or lengthen intervals, unless first runs of large organisations are on.",
    )


def _of_upstreams(p: Parameters) -> Iterable[Alert]:
    yield Alert(
        name="SageUpstreamDown",
        severity=Severity.WARNING,
        expr=expressions.upstream_down(),
        hold=timedelta(minutes=5),
        why="Shorter outages are common, cost one run each, and nobody can do anything about them.",
        labels=UPSTREAM,
        summary="{{ $labels.host }} ({{ $labels.system }}) does not answer.",
        description="Integrations wait for it and go on by themselves when it is back. See whether its vendor knows of"
        " an outage, and whether the cluster's way out works.",
    )
    yield Alert(
        name="SageQuotaRunningOut",
        severity=Severity.WARNING,
        expr=expressions.quota_running_out(p),
        hold=timedelta(minutes=15),
        why="A single run with much to read bends the forecast; two in a row are a trend.",
        labels=UPSTREAM,
        summary="The day's requests of {{ $labels.host }} ({{ $labels.system }}) run out.",
        description="Less than a tenth of the allowance is left, or less than half and none within four hours at the"
        " present rate. All applications of the organisation share it. Lengthen intervals, or see who uses it.",
    )


def _of_integrations(p: Parameters) -> Iterable[Alert]:
    yield Alert(
        name="SageIntegrationStalled",
        severity=Severity.WARNING,
        expr=expressions.stalled(),
        hold=timedelta(minutes=5),
        why="Whoever applies a mistake sees it in the resource first, and corrects it.",
        labels=(*INTEGRATION, "reason"),
        summary="{{ $labels.namespace }}/{{ $labels.name }} needs somebody: {{ $labels.reason }}.",
        description="Nothing will happen until somebody corrects what the reason names. The message of its condition"
        " Stalled has the remedy.",
    )
    yield Alert(
        name="SageIntegrationStale",
        severity=Severity.WARNING,
        expr=expressions.stale(p),
        hold=timedelta(minutes=10),
        why="After a start, an outage or a suspension everything is due at once, and catches up within that time.",
        labels=INTEGRATION,
        summary="{{ $labels.namespace }}/{{ $labels.name }} has not succeeded for four of its intervals.",
        description="Or never, though it has been there for six hours. ForceManager falls behind Sage, and no outage"
        " explains it. The message of its condition Ready says why the last run failed.",
    )
    yield Alert(
        name="SageRejectsHigh",
        severity=Severity.WARNING,
        expr=expressions.rejects_high(),
        hold=timedelta(hours=1),
        why="Rejected records are tried again after an hour, and by a changed map at once.",
        labels=INTEGRATION,
        summary="{{ $value }} records of {{ $labels.namespace }}/{{ $labels.name }} can't be written.",
        description="More than ten, and more than one in twenty, or more than five hundred. Such numbers have a common"
        " cause, mostly the field map. The command rejects lists them with the remedy.",
    )
    yield Alert(
        name="SageIntegrationSuspendedTooLong",
        severity=Severity.INFO,
        expr=expressions.suspended_too_long(p),
        hold=timedelta(minutes=10),
        why="The week is in the expression; a short while keeps one that has just been resumed from being told of.",
        labels=INTEGRATION,
        summary="{{ $labels.namespace }}/{{ $labels.name }} has been suspended for more than a week.",
        description="ForceManager has not followed Sage for a week. Resume it, or delete it if it is not wanted.",
    )
