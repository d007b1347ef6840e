"""The dashboard of one integration."""

from typing import Final

from sage_operator.monitoring._panels import Dashboard, Panel, Query, Row, Variable

_OF: Final = 'namespace="$namespace", name="$name"'
_PREFIX: Final = "sage_integration_"


def _fact(title: str, meaning: str, expr: str, *, unit: str, steps: tuple[tuple[float, str], ...] = ()) -> Panel:
    query = Query(expr=expr)
    return Panel(title=title, meaning=meaning, queries=(query,), kind="stat", unit=unit, width=4, height=4, steps=steps)


_STATE: Final = Row(
    title="State",
    panels=(
        Panel(
            title="Condition",
            meaning="The status and reason of Ready, and whether it is suspended.",
            kind="table",
            width=8,
            height=4,
            queries=(Query(expr=f"max by (ready, reason, suspended) ({_PREFIX}info{{{_OF}}})"),),
            hidden=("Time", "Value"),
        ),
        _fact("Interval", "spec.interval.", f"max({_PREFIX}interval_seconds{{{_OF}}})", unit="s"),
        _fact(
            "Since the last success",
            "More than four intervals is an alert.",
            f"time() - max({_PREFIX}last_success_timestamp_seconds{{{_OF}}})",
            unit="s",
        ),
        _fact(
            "Behind Sage",
            "Age of the point on Sage's clock up to which ForceManager is in step.",
            f"time() - max({_PREFIX}data_timestamp_seconds{{{_OF}}})",
            unit="s",
        ),
        _fact(
            "Next run in",
            "Negative: it is due, and waits.",
            f"max({_PREFIX}next_run_timestamp_seconds{{{_OF}}}) - time()",
            unit="s",
        ),
    ),
)

_RECORDS: Final = Row(
    title="Records",
    panels=(
        Panel(
            title="Records by state",
            meaning="Known after its first run in a process.",
            width=12,
            stacked=True,
            queries=(Query(expr=f"max by (entity, state) ({_PREFIX}records{{{_OF}}})", legend="{{entity}} {{state}}"),),
        ),
        Panel(
            title="Written",
            meaning="Within ten minutes, by what was done.",
            width=12,
            stacked=True,
            queries=(
                Query(
                    expr=(
                        f"sum by (entity, action) (increase(sage_records_total{{{_OF}, "
                        f'action=~"added|modified|deleted|rejected"}}[10m]))'
                    ),
                    legend="{{entity}} {{action}}",
                ),
            ),
        ),
    ),
)

_TIME: Final = Row(
    title="Time",
    panels=(
        Panel(
            title="Staleness, in intervals",
            meaning="Time since the last success, by its own interval.",
            queries=(
                Query(
                    expr=(
                        f"(time() - max({_PREFIX}last_success_timestamp_seconds{{{_OF}}})) "
                        f"/ max({_PREFIX}interval_seconds{{{_OF}}})"
                    ),
                    legend="intervals",
                ),
            ),
        ),
        Panel(
            title="Failed runs since the last success",
            meaning="By causes that may pass.",
            queries=(Query(expr=f"max({_PREFIX}consecutive_failures{{{_OF}}})", legend="failures"),),
        ),
        Panel(
            title="Reasons",
            meaning="What its condition Ready has said.",
            stacked=True,
            queries=(Query(expr=f"max by (reason) ({_PREFIX}info{{{_OF}}})", legend="{{reason}}"),),
        ),
    ),
)

INTEGRATION: Final = Dashboard(
    uid="sage-operator-integration",
    title="Sage / Integration",
    description="One integration: its state, its records, how far it is behind.",
    variables=(
        Variable(name="namespace", label="Namespace", query="label_values(sage_integration_info, namespace)"),
        Variable(
            name="name",
            label="Integration",
            query='label_values(sage_integration_info{namespace="$namespace"}, name)',
        ),
    ),
    rows=(_STATE, _RECORDS, _TIME),
)
