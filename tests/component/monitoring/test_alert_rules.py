"""The alerts, by Prometheus's own engine: each fires after its time, tells whom it concerns, and resolves."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sage_operator.monitoring import Alert, alerts, rules
from support.prometheus import Scenario, during, hold, merged, promtool, series

from .series import END, HOST, NAME, SAGE, for_a_while, info, last_success, well

ALERTS = {alert.name: alert for alert in alerts()}
QUOTA = series("sage_quota_remaining_ratio", **SAGE)
REJECTED = series("sage_integration_records", **NAME, entity="accounts", state="rejected")
SUSPENDED = {"ready": "True", "reason": "Suspended", "suspended": "true"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Trouble, and what has to come of it.

    Attributes:
        series: replace those of `well`.
        begins: the first minute in which the expression holds.
        over: a minute in which it holds no more.
        labels: of the alert.
        value: of the expression, for texts that tell it.
    """

    alert: str
    series: dict[str, str]
    begins: int
    over: int
    labels: dict[str, str] = field(default_factory=dict)
    value: str = ""
    minutes: int = 1

    def scenario(self) -> Scenario:
        """Quiet until its time has passed, then exactly this alert, then quiet again."""
        alert = ALERTS[self.alert]
        fires = self.begins + math.ceil(alert.hold.total_seconds() / 60 / self.minutes) * self.minutes
        assert fires < self.over
        told = {
            "exp_labels": {"severity": alert.severity.value, **self.labels},
            "exp_annotations": {
                "summary": self._text(alert.summary),
                "description": self._text(alert.description),
                "runbook_url": f"docs/runbooks/{alert.name}.md",
            },
        }
        quiet: dict[str, int] = {}
        return Scenario(
            series=merged(well(), self.series),
            firing={
                self.begins - self.minutes: quiet,
                fires - self.minutes: quiet,
                fires: {self.alert: 1},
                self.over: quiet,
            },
            alerts={(fires, self.alert): [told]},
            minutes=self.minutes,
        )

    def _text(self, template: str) -> str:
        for label, value in self.labels.items():
            template = template.replace(f"{{{{ $labels.{label} }}}}", value)
        return template.replace("{{ $value }}", self.value)


CASES = {
    "nothing is scraped": Case(
        alert="SageOperatorAbsent",
        series={series("sage_build_info", version="0.1.0", instance="a"): "1x9 stale _x19 1x900"},
        begins=10,
        over=30,
    ),
    "runs say that the ledger can't be used": Case(
        alert="SageLedgerNotStoring",
        series=for_a_while(10, 40, ready="False", reason="LedgerUnavailable"),
        begins=10,
        over=40,
    ),
    "transactions fail again and again": Case(
        alert="SageLedgerNotStoring",
        series={series("sage_ledger_transactions_total", outcome="error"): "0x9 1+1x30 31x900"},
        begins=12,
        over=56,
    ),
    "two processes export an integration": Case(
        alert="SageIntegrationServedTwice", series=info(10, 30, instance="b"), begins=10, over=30, labels=NAME
    ),
    "the event loop is late": Case(
        alert="SageEventLoopLagging", series={"sage_loop_lag_seconds": "0x9 2x29 0x900"}, begins=11, over=45
    ),
    "somebody always waits for a turn": Case(
        alert="SageRunsWaiting", series={"sage_runs_waiting": "0x9 3x59 0x900"}, begins=20, over=70
    ),
    "a host is down": Case(
        alert="SageUpstreamDown",
        series={
            **for_a_while(10, 40, ready="False", reason="ForceManagerUnavailable"),
            series("sage_upstream_up", **HOST): "1x9 0x29 1x900",
        },
        begins=10,
        over=40,
        labels=HOST,
    ),
    "little is left": Case(
        alert="SageQuotaRunningOut", series={QUOTA: "0.9x9 0.09x29 0.9x900"}, begins=10, over=40, labels=SAGE
    ),
    "what is left will not last": Case(
        # From 0.9 down by 0.3 % of it a minute: below half after 134 minutes, nothing left within 4 hours then.
        alert="SageQuotaRunningOut",
        series={QUOTA: "0.9-0.003x180 0.9x900"},
        begins=134,
        over=184,
        labels=SAGE,
    ),
    "somebody has to correct something": Case(
        alert="SageIntegrationStalled",
        series=for_a_while(10, 40, ready="False", reason="SecretNotFound"),
        begins=10,
        over=40,
        labels={**NAME, "reason": "SecretNotFound"},
    ),
    "no success for four intervals": Case(
        alert="SageIntegrationStale",
        series={
            **for_a_while(10, 100, ready="False", reason="SyncFailed"),
            last_success(): "600x99 6000+60x900",
        },
        begins=71,
        over=100,
        labels=NAME,
    ),
    "never a success": Case(
        alert="SageIntegrationStale",
        series={last_success(): f"_x400 24000+60x{END}"},
        begins=360,
        over=400,
        labels=NAME,
    ),
    "one integration fails alone": Case(
        # Its tenant gets errors, other tenants of the host get answers: the circuit breaker stays closed.
        alert="SageIntegrationStale",
        series={
            **for_a_while(10, 100, ready="False", reason="ForceManagerUnavailable"),
            last_success(): "600x99 6000+60x900",
        },
        begins=71,
        over=100,
        labels=NAME,
    ),
    "a large share is rejected": Case(
        alert="SageRejectsHigh", series={REJECTED: "2x9 20x79 2x900"}, begins=10, over=90, labels=NAME, value="22"
    ),
    "many are rejected": Case(
        alert="SageRejectsHigh",
        series={
            REJECTED: "2x9 600x79 2x900",
            series("sage_integration_records", **NAME, entity="accounts", state="synchronized"): during(0, END, 90_000),
        },
        begins=10,
        over=90,
        labels=NAME,
        value="602",
    ),
    "suspended for more than a week": Case(
        alert="SageIntegrationSuspendedTooLong",
        series={
            **dict.fromkeys(info(0, 1), "1x9 stale _x189 1x100"),
            **info(10, 200, **SUSPENDED),
            last_success(): "0x199 720000+3600x100",
        },
        begins=169 * 60,
        over=201 * 60,
        labels=NAME,
        minutes=60,
    ),
    "suspended for more than a week before the first success": Case(
        alert="SageIntegrationSuspendedTooLong",
        series={
            **dict.fromkeys(info(0, 1), "_x200 1x100"),
            **info(0, 200, **SUSPENDED),
            last_success(): "_x200 720000+3600x100",
        },
        begins=168 * 60,
        over=201 * 60,
        labels=NAME,
        minutes=60,
    ),
}


def test_each_alert_has_its_case() -> None:
    """Expect that no alert comes without a test of it."""
    assert {case.alert for case in CASES.values()} == ALERTS.keys()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_fires_after_its_time_and_resolves(case: Case, tmp_path: Path) -> None:
    """Expect this alert and no other, with its labels and texts, not before its time, and not after the trouble."""
    hold(rules.plain(), [case.scenario()], tmp_path)


QUIET = {
    "all is well": {},
    "a run takes three intervals": {last_success(): "600x54 3300+60x900"},
    "few of many are rejected": {
        REJECTED: during(0, END, 50),
        series("sage_integration_records", **NAME, entity="accounts", state="synchronized"): during(0, END, 2000),
    },
    "most of few are rejected": {
        REJECTED: during(0, END, 6),
        series("sage_integration_records", **NAME, entity="accounts", state="synchronized"): during(0, END, 1),
    },
    "one transaction fails": {series("sage_ledger_transactions_total", outcome="error"): "0x9 1x900"},
    "a restart": {
        **info(0, 20),
        **info(21, END, instance="b"),
        series("sage_build_info", version="0.1.0", instance="a"): "1x20 stale",
        series("sage_build_info", version="0.1.0", instance="b"): "_x22 1x900",
    },
    "suspended, and long without a success": {
        **for_a_while(10, END, **SUSPENDED),
        last_success(): during(0, END, 600),
    },
    "suspended, and stalled": for_a_while(10, END, **SUSPENDED | {"ready": "False", "reason": "SecretNotFound"}),
    "suspended, and many are rejected": {**for_a_while(10, END, **SUSPENDED), REJECTED: during(0, END, 600)},
    "suspended, and the host was down last": {
        **for_a_while(10, END, **SUSPENDED),
        series("sage_upstream_up", **HOST): "1x9 0x900",
    },
    "suspended, and little was left last": {**for_a_while(10, END, **SUSPENDED), QUOTA: "0.9x9 0.05x900"},
    "resumed after hours": {
        # A run starts at once, and takes nine minutes.
        **dict.fromkeys(info(0, END), f"_x150 1x{END}"),
        **info(0, 150, **SUSPENDED),
        last_success(): f"0x159 9600+60x{END}",
    },
    "deleted": dict.fromkeys((*info(0, 1), series("sage_integration_interval_seconds", **NAME)), "1x20 stale")
    | {last_success(): "600x20 stale"},
}


@pytest.mark.parametrize("changes", QUIET.values(), ids=QUIET.keys())
def test_nothing_fires(changes: dict[str, str], tmp_path: Path) -> None:
    """Expect no alert of what is no trouble, or was put aside, at any time."""
    quiet: dict[int, dict[str, int]] = {minute: {} for minute in range(5, 180, 2)}
    hold(rules.plain(), [Scenario(series=merged(well(), changes), firing=quiet)], tmp_path)


@pytest.mark.parametrize(("system", "reason"), [(HOST, "ForceManagerUnavailable"), (SAGE, "SageUnavailable")])
def test_one_outage_with_fifty_integrations_is_one_alert(system: dict[str, str], reason: str, tmp_path: Path) -> None:
    """Expect one firing alert, not 51, for hours, and one recovery."""
    fleet = merged(
        well(),
        {series("sage_upstream_up", **system): "1x9 0x290 1x600"},
        *(
            {
                **dict.fromkeys(info(0, 1, name=f"i{n}"), "1x9 stale _x294 1x600"),
                # After the recovery the runs that waited take turns: the last one ends five minutes later.
                **info(10, 305, name=f"i{n}", ready="False", reason=reason),
                series("sage_integration_interval_seconds", namespace="crm", name=f"i{n}"): during(0, END, 900),
                last_success(f"i{n}"): "540x304 18300+60x500",
            }
            for n in range(50)
        ),
    )
    firing: dict[int, dict[str, int]] = {minute: {} for minute in (9, 14, 301, 304, 306, 400)}
    firing |= {minute: {"SageUpstreamDown": 1} for minute in range(15, 301)}
    hold(rules.plain(), [Scenario(series=fleet, firing=firing)], tmp_path)


def test_an_outage_hides_no_other_trouble(tmp_path: Path) -> None:
    """Expect that an integration that fails for a reason of its own is told of while a host is down."""
    states = {
        **info(0, END, name="waits", ready="False", reason="ForceManagerUnavailable"),
        **info(0, END, name="broken", ready="False", reason="SyncFailed"),
    }
    for name in ("waits", "broken"):
        states |= {
            series("sage_integration_interval_seconds", namespace="crm", name=name): during(0, END, 900),
            last_success(name): during(0, END, 60),
        }
    changes = {**states, series("sage_upstream_up", **HOST): during(0, END, 0)}
    expected = {120: {"SageUpstreamDown": 1, "SageIntegrationStale": 1}}
    hold(rules.plain(), [Scenario(series=merged(well(), changes), firing=expected)], tmp_path)


def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    """Expect no complaint, of duplicates neither, also of rules whose time runs faster."""
    for pace in (1.0, 0.5, 77.0):
        path = tmp_path / f"{pace}.yaml"
        path.write_text(rules.plain(rules.Parameters(pace=pace)))
        assert f"{len(ALERTS)} rules found" in promtool("check", "rules", "--lint=all", "--lint-fatal", path)


def test_texts_use_the_labels_that_are_there() -> None:
    """Expect that no text names a label that its expression does not leave."""
    for alert in ALERTS.values():
        assert _labels_in(alert) <= set(alert.labels), alert.name


def _labels_in(alert: Alert) -> set[str]:
    words = f"{alert.summary} {alert.description}".split("$labels.")[1:]
    return {word.split()[0] for word in words}
