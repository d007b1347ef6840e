"""The metrics that the operator exports, on a registry of its own.

`Metrics` is one complete set; the module's functions feed the set that this process exports. Series of an integration
are never stored: `IntegrationCollector` computes them at scrape from live state, so that a deleted integration leaves
none. The one exception, `sage_records_total`, is dropped by `drop_integration`.

Nothing here raises for a label value, and nothing waits: all functions can be called from the event loop.
"""

import os
import platform

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE

from sage_operator._version import __version__
from sage_operator.telemetry._integrations import IntegrationCollector, IntegrationSample

__all__ = [
    "CONTENT_TYPE",
    "METRICS",
    "IntegrationCollector",
    "IntegrationSample",
    "Metrics",
    "count_records",
    "count_reject",
    "drop_integration",
    "observe_lag",
    "observe_ledger",
    "observe_request",
    "observe_run",
    "observe_stage",
    "observe_throttled",
    "register",
    "render",
    "set_ledger_size",
    "set_loop_lag",
    "set_quota",
    "set_runs",
    "unregister",
]

# Without this each counter and histogram has a second series `…_created` per label set, which nobody asks for.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

_REQUEST_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_RUN_BUCKETS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 1800, 3600, 7200, 14400)
_LAG_BUCKETS = (0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 900)
_LEDGER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """One set of all metrics, at zero. Tests make their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._records = self._counter(
            "sage_records",
            "Records by what was done with them: added, modified, deleted, rejected, …",
            "namespace",
            "name",
            "entity",
            "action",
        )
        self._rejects = self._counter("sage_rejects", "Rejects by error code.", "code")
        self._runs = self._counter(
            "sage_runs", "Runs that ended, by result: success, failure, stopped.", "result", "trigger", "mode"
        )
        self._run_duration = self._histogram(
            "sage_run_duration_seconds", "Duration of whole runs.", "mode", buckets=_RUN_BUCKETS
        )
        self._stages = self._histogram(
            "sage_run_stage_seconds",
            "Time that runs spent in each stage: read, plan, write, record. Stages overlap.",
            "stage",
            buckets=_RUN_BUCKETS,
        )
        self._schedule_lag = self._histogram(
            "sage_schedule_lag_seconds", "How long after it was due a run started.", buckets=_LAG_BUCKETS
        )
        self._runs_in_progress = self._gauge("sage_runs_in_progress", "Runs under way.")
        self._runs_waiting = self._gauge("sage_runs_waiting", "Runs that are due and wait for the global limit.")
        self._requests = self._counter(
            "sage_upstream_requests",
            "Requests to Sage and ForceManager; code is the status class (2xx, …) or the error.",
            "system",
            "operation",
            "code",
        )
        self._request_duration = self._histogram(
            "sage_upstream_request_duration_seconds",
            "Duration of single requests to Sage and ForceManager, time spent waiting for the pace not included.",
            "system",
            "operation",
            buckets=_REQUEST_BUCKETS,
        )
        self._throttled = self._counter(
            "sage_upstream_throttled_seconds", "Time spent waiting for the pace or for Retry-After.", "system"
        )
        self._upstream_up = self._gauge(
            "sage_upstream_up", "Whether a host answers: 0 while its circuit breaker is open.", "system", "host"
        )
        self._quota = self._gauge(
            "sage_quota_remaining_ratio",
            "What is left of the day's allowance of requests, from 0 to 1.",
            "system",
            "host",
        )
        self._ledger = self._counter(
            "sage_ledger_transactions", "Ledger transactions: ok, error or cancelled.", "outcome"
        )
        # From zero: of a counter that appears with its first error, Prometheus sees no increase.
        for outcome in ("ok", "error", "cancelled"):
            self._ledger.labels(outcome)
        self._ledger_duration = self._histogram(
            "sage_ledger_duration_seconds",
            "Duration of ledger transactions, waiting for their turn included.",
            buckets=_LEDGER_BUCKETS,
        )
        self._ledger_size = self._gauge("sage_ledger_size_bytes", "Size of the ledger's database.")
        self._loop_lag = self._gauge("sage_loop_lag_seconds", "How late the event loop woke a timer last.")
        self._build_info = self._gauge("sage_build_info", "The running build.", "version", "revision", "python")
        self._build_info.labels(
            __version__, os.environ.get("SAGE_OPERATOR_REVISION", "unknown"), platform.python_version()
        ).set(1)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, meaning, labels, registry=self.registry, buckets=buckets)

    def observe_request(self, system: str, operation: str, code: str, seconds: float) -> None:
        """Count a request that was sent. `code`: `2xx`, `4xx`, … or a word for the error (`timeout`, `connect`)."""
        self._requests.labels(system, operation, code).inc()
        self._request_duration.labels(system, operation).observe(seconds)

    def observe_throttled(self, system: str, seconds: float) -> None:
        """Add time spent waiting for the pace or for Retry-After."""
        self._throttled.labels(system).inc(seconds)

    def set_upstream(self, system: str, host: str, *, up: bool) -> None:
        """Set whether a host answers."""
        self._upstream_up.labels(system, host).set(int(up))

    def drop_upstream(self, system: str, host: str) -> None:
        """Forget a host that nobody asks any more."""
        self._upstream_up.remove(system, host)

    def set_quota(self, system: str, host: str, ratio: float) -> None:
        """Set what is left of the day's allowance, from 0 to 1."""
        self._quota.labels(system, host).set(ratio)

    def observe_run(self, result: str, trigger: str, mode: str, seconds: float) -> None:
        """Count a run that ended with `success`, `failure` or `stopped`."""
        self._runs.labels(result, trigger, mode).inc()
        self._run_duration.labels(mode).observe(seconds)

    def observe_stage(self, stage: str, seconds: float) -> None:
        """Add the time that a run spent in `read`, `plan`, `write` or `record`."""
        self._stages.labels(stage).observe(seconds)

    def observe_lag(self, seconds: float) -> None:
        """Add how long after it was due a run started."""
        self._schedule_lag.observe(seconds)

    def count_records(self, namespace: str, name: str, entity: str, action: str, n: int = 1) -> None:
        """Count records of an integration; the series appears with the first one (`n` of 0 makes none)."""
        if n:
            self._records.labels(namespace, name, entity, action).inc(n)

    def count_reject(self, code: str, n: int = 1) -> None:
        """Count rejects by error code."""
        if n:
            self._rejects.labels(code).inc(n)

    def drop_integration(self, namespace: str, name: str) -> None:
        """Forget the counters of a deleted integration."""
        self._records.remove_by_labels({"namespace": namespace, "name": name})

    def observe_ledger(self, outcome: str, seconds: float) -> None:
        """Count a ledger transaction that ended `ok`, in an `error`, or whose caller was `cancelled`."""
        self._ledger.labels(outcome).inc()
        self._ledger_duration.observe(seconds)

    def set_ledger_size(self, size: int) -> None:
        """Set the size of the ledger's database, in bytes."""
        self._ledger_size.set(size)

    def set_runs(self, in_progress: int, waiting: int) -> None:
        """Set how many runs are under way, and how many wait for the global limit."""
        self._runs_in_progress.set(in_progress)
        self._runs_waiting.set(waiting)

    def set_loop_lag(self, seconds: float) -> None:
        """Set how late the event loop woke a timer last."""
        self._loop_lag.set(seconds)

    def register(self, collector: IntegrationCollector) -> None:
        """Export the series of live integrations too."""
        self.registry.register(collector)

    def unregister(self, collector: IntegrationCollector) -> None:
        """Stop exporting them; one that is not registered is ignored."""
        try:
            self.registry.unregister(collector)
        except KeyError:
            return

    def render(self) -> bytes:
        """Return everything in Prometheus's text format, to be served with `CONTENT_TYPE`."""
        return prometheus_client.generate_latest(self.registry)


METRICS = Metrics()
"""What this process exports."""

observe_request = METRICS.observe_request
observe_throttled = METRICS.observe_throttled
set_upstream = METRICS.set_upstream
drop_upstream = METRICS.drop_upstream
set_quota = METRICS.set_quota
observe_run = METRICS.observe_run
observe_stage = METRICS.observe_stage
observe_lag = METRICS.observe_lag
count_records = METRICS.count_records
count_reject = METRICS.count_reject
drop_integration = METRICS.drop_integration
observe_ledger = METRICS.observe_ledger
set_ledger_size = METRICS.set_ledger_size
set_runs = METRICS.set_runs
set_loop_lag = METRICS.set_loop_lag
register = METRICS.register
unregister = METRICS.unregister
render = METRICS.render
