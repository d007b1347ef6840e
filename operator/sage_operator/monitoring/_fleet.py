"""The dashboard of all integrations, both remotes, and the operator itself."""

from typing import Final

from sage_operator.monitoring._panels import Dashboard, Panel, Query, Row, Variable

_IN: Final = 'namespace=~"$namespace"'
_RATE: Final = "[$__rate_interval]"
_TROUBLE: Final = ((1.0, "red"),)


def _quantile(share: float, histogram: str, *by: str) -> str:
    labels = ", ".join(("le", *by))
    return f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket{_RATE})))"


def _number(title: str, meaning: str, expr: str, *, steps: tuple[tuple[float, str], ...] = ()) -> Panel:
    query = Query(expr=f"{expr} or vector(0)")
    return Panel(title=title, meaning=meaning, queries=(query,), kind="stat", width=4, height=4, steps=steps)


_STATES: Final = Row(
    title="Integrations",
    panels=(
        _number("Integrations", "All that the operator serves.", f"count(sage_integration_info{{{_IN}}})"),
        _number(
            "Ready",
            "The last run that was due ended well, or they are suspended.",
            f'count(sage_integration_info{{{_IN}, ready="True"}})',
        ),
        _number(
            "Not ready",
            "They need somebody, or are tried again.",
            f'count(sage_integration_info{{{_IN}, ready="False"}})',
            steps=_TROUBLE,
        ),
        _number("Suspended", "No run is started.", f'count(sage_integration_info{{{_IN}, suspended="true"}})'),
        _number(
            "Rejected records",
            "They can't be written as they are.",
            f'sum(sage_integration_records{{{_IN}, state="rejected"}})',
            steps=((1.0, "orange"),),
        ),
        _number("Hosts down", "Circuit breakers that are open.", "count(sage_upstream_up == 0)", steps=_TROUBLE),
        Panel(
            title="What is not ready, and why",
            meaning="Each integration whose condition Ready is not true, with its reason.",
            kind="table",
            width=12,
            queries=(
                Query(
                    expr=f'max by (namespace, name, reason, suspended) (sage_integration_info{{{_IN}, ready!="True"}})'
                ),
            ),
            hidden=("Time", "Value"),
        ),
        Panel(
            title="Staleness, in intervals",
            meaning="Time since the last success, by the integration's own interval; more than four is an alert.",
            width=12,
            queries=(
                Query(
                    expr=(
                        f"topk(10, (time() - max by (namespace, name) "
                        f"(sage_integration_last_success_timestamp_seconds{{{_IN}}})) / max by (namespace, name) "
                        f"(sage_integration_interval_seconds{{{_IN}}}))"
                    ),
                    legend="{{namespace}}/{{name}}",
                ),
            ),
        ),
    ),
)

_WORK: Final = Row(
    title="Work",
    panels=(
        Panel(
            title="Runs by result",
            meaning="Runs that ended in a second.",
            unit="ops",
            stacked=True,
            queries=(Query(expr=f"sum by (result) (rate(sage_runs_total{_RATE}))", legend="{{result}}"),),
        ),
        Panel(
            title="Records written",
            meaning="What was done with records in a second; those that stay as they are left out.",
            unit="ops",
            stacked=True,
            queries=(
                Query(
                    expr=(
                        f"sum by (entity, action) (rate(sage_records_total{{{_IN}, "
                        f'action=~"added|modified|deleted"}}{_RATE}))'
                    ),
                    legend="{{entity}} {{action}}",
                ),
            ),
        ),
        Panel(
            title="Rejects by code",
            meaning="How often a record was refused. One that is tried again counts again.",
            unit="ops",
            stacked=True,
            queries=(Query(expr=f"sum by (code) (rate(sage_rejects_total{_RATE}))", legend="{{code}}"),),
        ),
        Panel(
            title="Duration of runs (p95)",
            meaning="By mode: a first run takes long, an idle one a second.",
            unit="s",
            queries=(Query(expr=_quantile(0.95, "sage_run_duration_seconds", "mode"), legend="{{mode}}"),),
        ),
        Panel(
            title="Stages",
            meaning="Seconds that runs spent in each stage in a second. Stages overlap.",
            unit="s",
            stacked=True,
            queries=(Query(expr=f"sum by (stage) (rate(sage_run_stage_seconds_sum{_RATE}))", legend="{{stage}}"),),
        ),
        Panel(
            title="Runs at once",
            meaning="Against the limit of --max-runs; the lag is how long after it was due a run started.",
            queries=(
                Query(expr="sum(sage_runs_in_progress)", legend="in progress"),
                Query(expr="sum(sage_runs_waiting)", legend="waiting"),
                Query(expr=_quantile(0.95, "sage_schedule_lag_seconds"), legend="lag, p95 (s)"),
            ),
        ),
    ),
)

_UPSTREAMS: Final = Row(
    title="Sage and ForceManager",
    panels=(
        Panel(
            title="Requests",
            meaning="By system and the class of the answer, or the error.",
            unit="reqps",
            stacked=True,
            queries=(
                Query(
                    expr=f"sum by (system, code) (rate(sage_upstream_requests_total{_RATE}))",
                    legend="{{system}} {{code}}",
                ),
            ),
        ),
        Panel(
            title="Latency (p95)",
            meaning="Of single requests, waiting for the pace not included.",
            unit="s",
            queries=(
                Query(
                    expr=_quantile(0.95, "sage_upstream_request_duration_seconds", "system", "operation"),
                    legend="{{system}} {{operation}}",
                ),
            ),
        ),
        Panel(
            title="Throttled",
            meaning="Seconds waited in a second, for the pace or for Retry-After, by all runs together.",
            unit="s",
            queries=(
                Query(
                    expr=f"sum by (system) (rate(sage_upstream_throttled_seconds_total{_RATE}))", legend="{{system}}"
                ),
            ),
        ),
        Panel(
            title="Hosts",
            meaning="1 while a host answers, 0 while its circuit breaker is open.",
            width=12,
            queries=(Query(expr="min by (system, host) (sage_upstream_up)", legend="{{system}} {{host}}"),),
        ),
        Panel(
            title="Quota left",
            meaning="Of the day's allowance of requests.",
            unit="percentunit",
            width=12,
            queries=(Query(expr="min by (system, host) (sage_quota_remaining_ratio)", legend="{{system}} {{host}}"),),
        ),
    ),
)

_OPERATOR: Final = Row(
    title="Operator",
    panels=(
        Panel(
            title="Ledger transactions",
            meaning="By outcome. Each error is a run that could not go on.",
            unit="ops",
            queries=(
                Query(expr=f"sum by (outcome) (rate(sage_ledger_transactions_total{_RATE}))", legend="{{outcome}}"),
            ),
        ),
        Panel(
            title="Ledger latency (p95)",
            meaning="Waiting for their turn included.",
            unit="s",
            queries=(Query(expr=_quantile(0.95, "sage_ledger_duration_seconds"), legend="p95"),),
        ),
        Panel(
            title="Ledger size",
            meaning="Of the database.",
            unit="bytes",
            queries=(Query(expr="max(sage_ledger_size_bytes)", legend="size"),),
        ),
        Panel(
            title="Event loop lag",
            meaning="How late it wakes a timer.",
            unit="s",
            queries=(Query(expr="max(sage_loop_lag_seconds)", legend="lag"),),
        ),
        Panel(
            title="Memory",
            meaning="Resident, of the process.",
            unit="bytes",
            queries=(
                Query(
                    expr="process_resident_memory_bytes and on (instance) sage_build_info",
                    legend="{{instance}}",
                ),
            ),
        ),
        Panel(
            title="CPU",
            meaning="Cores in use. The operator uses one at most.",
            queries=(
                Query(
                    expr=f"rate(process_cpu_seconds_total{_RATE}) and on (instance) sage_build_info",
                    legend="{{instance}}",
                ),
            ),
        ),
        Panel(
            title="Builds",
            meaning="What runs where.",
            kind="table",
            width=24,
            height=4,
            queries=(Query(expr="max by (instance, version, revision, python) (sage_build_info)"),),
            hidden=("Time", "Value"),
        ),
    ),
)

FLEET: Final = Dashboard(
    uid="sage-operator-fleet",
    title="Sage / Fleet",
    description="All integrations, both remotes, and the operator itself.",
    variables=(
        Variable(
            name="namespace", label="Namespace", query="label_values(sage_integration_info, namespace)", several=True
        ),
    ),
    rows=(_STATES, _WORK, _UPSTREAMS, _OPERATOR),
)
