"""Series of live integrations, computed at scrape."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_PREFIX = "sage_integration_"
_KEY = ("namespace", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSample:
    """One live integration at the moment of a scrape.

    Attributes:
        ready: status of its condition `Ready`: `True`, `False` or `Unknown`.
        reason: of that condition.
        interval: in seconds.
        last_success: end of its last successful run; None, as all times here, leaves the series out.
        data_as_of: the time on Sage's clock up to which ForceManager is in step.
        next_run: when it is due.
        consecutive_failures: failed runs since the last success.
        records: how many, by entity (`accounts`, …) and state (`synchronized`, `pending`, `rejected`, …).
    """

    namespace: str
    name: str
    ready: str
    reason: str
    suspended: bool
    interval: float
    last_success: datetime | None = None
    data_as_of: datetime | None = None
    next_run: datetime | None = None
    consecutive_failures: int = 0
    records: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class IntegrationCollector(Collector):
    """Asks for a snapshot at each scrape. `snapshot` runs on the thread that renders, and must not wait."""

    def __init__(self, snapshot: Callable[[], Iterable[IntegrationSample]]) -> None:
        self._snapshot = snapshot

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return the families without samples: registering asks for no snapshot."""
        return _Families().all()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the series of all live integrations."""
        families = _Families()
        for sample in self._snapshot():
            families.add(sample)
        yield from families.all()


class _Families:
    def __init__(self) -> None:
        self.info = GaugeMetricFamily(
            f"{_PREFIX}info", "The state of an integration, to join on.", labels=(*_KEY, "ready", "reason", "suspended")
        )
        self.interval = self._gauge("interval_seconds", "The interval of an integration.")
        self.last_success = self._gauge("last_success_timestamp_seconds", "End of the last successful run.")
        self.data = self._gauge(
            "data_timestamp_seconds", "The time on Sage's clock up to which ForceManager is in step (dataAsOf)."
        )
        self.next_run = self._gauge("next_run_timestamp_seconds", "When the next run is due.")
        self.failures = self._gauge("consecutive_failures", "Failed runs since the last success.")
        self.records = GaugeMetricFamily(
            f"{_PREFIX}records",
            "Records by state: synchronized, pending, rejected, …",
            labels=(*_KEY, "entity", "state"),
        )

    @staticmethod
    def _gauge(name: str, meaning: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(_PREFIX + name, meaning, labels=_KEY)

    def add(self, sample: IntegrationSample) -> None:
        key = (sample.namespace, sample.name)
        suspended = "true" if sample.suspended else "false"
        self.info.add_metric((*key, sample.ready, sample.reason, suspended), 1)
        self.interval.add_metric(key, sample.interval)
        self.failures.add_metric(key, sample.consecutive_failures)
        for family, moment in (
            (self.last_success, sample.last_success),
            (self.data, sample.data_as_of),
            (self.next_run, sample.next_run),
        ):
            if moment is not None:
                family.add_metric(key, moment.timestamp())
        for entity, states in sample.records.items():
            for state, count in states.items():
                self.records.add_metric((*key, entity, state), count)

    def all(self) -> Iterable[GaugeMetricFamily]:
        return (self.info, self.interval, self.last_success, self.data, self.next_run, self.failures, self.records)
