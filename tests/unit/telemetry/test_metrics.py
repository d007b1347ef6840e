from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sage_operator import __version__
from sage_operator.telemetry import metrics
from sage_operator.telemetry.metrics import IntegrationCollector, IntegrationSample, Metrics


def _samples(exported: Metrics) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Parse what is rendered: values by metric and labels."""
    result: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(exported.render().decode()):
        for sample in family.samples:
            result.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return result


def _value(exported: Metrics, name: str, /, **labels: str) -> float | None:
    """Return one value, None if the series is not there."""
    return _samples(exported).get(name, {}).get(frozenset(labels.items()))


def _sample(name: str, **changes: object) -> IntegrationSample:
    """Return an integration as a scrape sees it."""
    facts: dict[str, object] = {"ready": "True", "reason": "Succeeded", "suspended": False, "interval": 900.0}
    return IntegrationSample(namespace="crm", name=name, **{**facts, **changes})  # type: ignore[arg-type]


def test_requests_runs_and_ledger_are_counted() -> None:
    """Each function moves its own series."""
    m = Metrics()
    m.observe_request("sage", "query", "2xx", 0.2)
    m.observe_request("sage", "query", "2xx", 0.4)
    m.observe_throttled("forcemanager", 1.5)
    m.set_quota("sage", "example.com", 0.75)
    m.observe_run("success", "Schedule", "Incremental", 3)
    m.observe_stage("write", 2)
    m.observe_lag(0.3)
    m.count_reject("TooLong", 2)
    m.observe_ledger("ok", 0.002)
    m.set_ledger_size(4096)
    m.set_runs(2, 5)
    m.set_loop_lag(0.01)
    assert _value(m, "sage_upstream_requests_total", system="sage", operation="query", code="2xx") == 2
    assert _value(m, "sage_upstream_request_duration_seconds_sum", system="sage", operation="query") == pytest.approx(
        0.6
    )
    assert _value(m, "sage_upstream_throttled_seconds_total", system="forcemanager") == 1.5
    assert _value(m, "sage_quota_remaining_ratio", system="sage", host="example.com") == 0.75
    assert _value(m, "sage_runs_total", result="success", trigger="Schedule", mode="Incremental") == 1
    assert _value(m, "sage_run_duration_seconds_count", mode="Incremental") == 1
    assert _value(m, "sage_run_stage_seconds_sum", stage="write") == 2
    assert _value(m, "sage_schedule_lag_seconds_count") == 1
    assert _value(m, "sage_rejects_total", code="TooLong") == 2
    assert _value(m, "sage_ledger_transactions_total", outcome="ok") == 1
    assert _value(m, "sage_ledger_duration_seconds_count") == 1
    assert _value(m, "sage_ledger_size_bytes") == 4096
    assert _value(m, "sage_runs_in_progress") == 2
    assert _value(m, "sage_runs_waiting") == 5
    assert _value(m, "sage_loop_lag_seconds") == 0.01


def test_the_build_is_named() -> None:
    """Version, revision and Python are labels of a gauge that is 1."""
    ((labels, value),) = _samples(Metrics())["sage_build_info"].items()
    assert value == 1
    assert dict(labels)["version"] == __version__
    assert dict(labels).keys() == {"version", "revision", "python"}


def test_integrations_are_computed_at_scrape() -> None:
    """Series follow the live state; times that are not known have none; the deleted leave nothing."""
    m = Metrics()
    at = datetime(2026, 5, 4, 3, 2, 1, 500_000, tzinfo=UTC)
    live = [
        _sample(
            "a", last_success=at, data_as_of=at, next_run=at, records={"accounts": {"synchronized": 3, "pending": 1}}
        ),
        _sample("b", ready="False", reason="SecretNotFound", suspended=True, consecutive_failures=4),
    ]
    m.register(IntegrationCollector(lambda: live))
    key = {"namespace": "crm", "name": "a"}
    assert _value(m, "sage_integration_info", **key, ready="True", reason="Succeeded", suspended="false") == 1
    assert _value(m, "sage_integration_interval_seconds", **key) == 900
    assert _value(m, "sage_integration_last_success_timestamp_seconds", **key) == at.timestamp()
    assert _value(m, "sage_integration_data_timestamp_seconds", **key) == at.timestamp()
    assert _value(m, "sage_integration_next_run_timestamp_seconds", **key) == at.timestamp()
    assert _value(m, "sage_integration_records", **key, entity="accounts", state="synchronized") == 3
    other = {"namespace": "crm", "name": "b"}
    assert _value(m, "sage_integration_consecutive_failures", **other) == 4
    assert _value(m, "sage_integration_last_success_timestamp_seconds", **other) is None
    live.clear()
    assert not [line for line in m.render().decode().splitlines() if line.startswith("sage_integration_")]


def test_registering_asks_for_no_snapshot() -> None:
    """The first snapshot is taken by the first scrape, when the state is there; unregistering is final."""
    m = Metrics()
    asked = []

    def snapshot() -> Iterator[IntegrationSample]:
        asked.append(1)
        yield _sample("a")

    collector = IntegrationCollector(snapshot)
    m.register(collector)
    assert not asked
    m.render()
    assert asked == [1]
    m.unregister(collector)
    m.unregister(collector)
    m.render()
    assert asked == [1]


def test_the_counters_of_a_deleted_integration_go() -> None:
    """Records are counted by integration, appear with the first count, and go with the integration alone."""
    m = Metrics()
    m.count_records("crm", "a", "accounts", "added", 3)
    m.count_records("crm", "a", "contacts", "added", 0)
    m.count_records("crm", "b", "accounts", "added", 1)
    assert _value(m, "sage_records_total", namespace="crm", name="a", entity="accounts", action="added") == 3
    assert len(_samples(m)["sage_records_total"]) == 2
    m.drop_integration("crm", "a")
    m.drop_integration("crm", "never-seen")
    assert [dict(labels)["name"] for labels in _samples(m)["sage_records_total"]] == ["b"]


def test_no_series_of_creation_times() -> None:
    """Counters and histograms have no `_created` series."""
    m = Metrics()
    m.observe_run("success", "Schedule", "Initial", 1)
    assert "_created" not in m.render().decode()


def test_the_process_exports_one_set() -> None:
    """The module's functions feed what the module renders, with the process's own memory and CPU."""
    before = _value(metrics.METRICS, "sage_rejects_total", code="TypeMismatch") or 0
    metrics.count_reject("TypeMismatch", 1)
    assert _value(metrics.METRICS, "sage_rejects_total", code="TypeMismatch") == before + 1
    assert b"process_resident_memory_bytes" in metrics.render()
