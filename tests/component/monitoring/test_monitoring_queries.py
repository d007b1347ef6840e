"""What rules and dashboards ask for, held against what the operator exports; and what it exports, against promtool."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from sage_operator.monitoring import alerts
from sage_operator.monitoring.dashboards import DASHBOARDS
from sage_operator.reference import _program
from sage_operator.telemetry.metrics import IntegrationCollector, IntegrationSample, Metrics
from support.prometheus import promtool

_METRIC = re.compile(r"\b(?:sage|process)_[a-z_]+\b(?!\s*\()")
_SELECTOR = re.compile(r"\b((?:sage|process)_[a-z_]+)\{([^}]*)\}")
_GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")
_LABEL = re.compile(r"([a-z]+)\s*(?:=~|!~|!=|=)")
_TARGET = {"instance", "le"}
"""Labels that Prometheus gives, and those of histograms."""


def exported() -> dict[str, set[str]]:
    """Return the labels of all metrics by name."""
    found: dict[str, set[str]] = {"process_resident_memory_bytes": set(), "process_cpu_seconds_total": set()}
    for name, kind, labels, _ in (*_program._stored(), *_program._computed()):
        bare, given = name.strip("`"), set(re.findall(r"\w+", labels))
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            found[bare + suffix] = given
    return found


def everywhere() -> Iterator[tuple[str, str]]:
    """Yield where a query is, and the query, with what Grafana puts in for its variables."""
    for alert in alerts():
        yield alert.name, alert.expr
    for dashboard in DASHBOARDS.values():
        for panel in json.loads(dashboard.render())["panels"]:
            for target in panel.get("targets", ()):
                expr = target["expr"].replace("$__rate_interval", "5m")
                yield f"{dashboard.title}: {panel['title']} {target['refId']}", re.sub(r"\$[a-z]+", ".*", expr)
        for variable in dashboard.variables:
            selector = re.sub(r"\$[a-z]+", ".*", variable.query).removeprefix("label_values(").partition(", ")[0]
            yield f"{dashboard.title}: ${variable.name}", selector


QUERIES = dict(everywhere())


def test_all_queries_are_promql(tmp_path: Path) -> None:
    """Expect that Prometheus's parser takes every expression of rules and dashboards."""
    rules = [{"record": f"checked:{number}", "expr": expr} for number, expr in enumerate(QUERIES.values())]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    assert f"{len(QUERIES)} rules found" in promtool("check", "rules", path)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_metrics_and_labels_are_exported(query: str) -> None:
    """Expect that no query asks for a metric or a label that the operator does not export."""
    known = exported()
    names = set(_METRIC.findall(query))
    assert names
    assert names <= known.keys()
    for name, selectors in _SELECTOR.findall(query):
        assert set(_LABEL.findall(selectors)) <= known[name], name
    grouped = {label.strip() for labels in _GROUPING.findall(query) for label in labels.split(",") if label.strip()}
    assert grouped <= _TARGET.union(*(known[name] for name in names))


def test_each_metric_is_shown_or_alerted_on() -> None:
    """Expect that no metric is exported for nobody to look at."""
    asked = " ".join(QUERIES.values())
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported()}
    assert {name for name in families if name not in asked} == set()


def test_promtool_likes_the_metrics() -> None:
    """Expect nothing to say about names, types, units and texts when every family has series."""
    promtool("check", "metrics", stdin=populated().render().decode())


def populated() -> Metrics:
    """Return metrics of which each family has a series."""
    m = Metrics()
    m.observe_request("sage", "query", "2xx", 0.2)
    m.observe_throttled("forcemanager", 1.5)
    m.set_upstream("sage", "example.com", up=True)
    m.set_quota("sage", "example.com", 0.75)
    m.observe_run("success", "Schedule", "Incremental", 3)
    m.observe_stage("write", 2)
    m.observe_lag(0.3)
    m.count_records("crm", "acme", "accounts", "added", 3)
    m.count_reject("TooLong", 2)
    m.observe_ledger("ok", 0.002)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    live = IntegrationSample(
        namespace="crm",
        name="acme",
        ready="True",
        reason="Succeeded",
        suspended=False,
        interval=900,
        last_success=now,
        data_as_of=now,
        next_run=now,
        records={"accounts": {"synchronized": 3}},
    )
    m.register(IntegrationCollector(lambda: [live]))
    text = m.render().decode()
    assert {name for name in exported() if not re.search(rf"^{name}[ {{]", text, re.MULTILINE)} == set()
    return m


def test_errors_of_the_ledger_are_counted_from_zero() -> None:
    """Expect the series before the first error: without it an increase is not seen."""
    assert 'sage_ledger_transactions_total{outcome="error"} 0.0' in Metrics().render().decode()
