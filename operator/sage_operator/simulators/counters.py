"""What a simulator counts about the requests that reached it (those of the control API left out)."""

import time
from collections import Counter, deque

import msgspec


class CountersReport(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start or the last reset."""

    total: int = 0
    by_operation: dict[str, int] = {}
    by_status: dict[str, int] = {}
    """`cut` stands for answers that were never sent."""
    in_flight: int = 0
    max_concurrent: int = 0
    peak_per_second: int = 0
    """The most requests that began within any one second."""
    throttled: int = 0
    """Requests refused by the rate limit itself, not by a fault."""
    pending_commits: int = 0
    """Writes whose answer is lost and that have not taken effect yet."""
    internal_errors: list[str] = []
    """Defects of the simulator: must be empty."""


class Counters:
    """Counts; all times are real ones, not the simulated clock's."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Start counting anew."""
        self.operations: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.max_concurrent = self.in_flight
        self.peak_per_second = 0
        self.throttled = 0
        self.internal_errors: list[str] = []
        self._recent: deque[float] = deque()

    def begin(self, operation: str) -> None:
        """Count a request that has arrived."""
        now = time.monotonic()
        recent = self._recent
        recent.append(now)
        while recent[0] <= now - 1:
            recent.popleft()
        self.operations[operation] += 1
        self.in_flight += 1
        self.max_concurrent = max(self.max_concurrent, self.in_flight)
        self.peak_per_second = max(self.peak_per_second, len(recent))

    def end(self, status: int | None) -> None:
        """Count a request that is over; None: its connection was cut."""
        self.in_flight -= 1
        self.statuses["cut" if status is None else str(status)] += 1

    def report(self, pending_commits: int) -> CountersReport:
        """Return all counts."""
        return CountersReport(
            total=self.operations.total(),
            by_operation=dict(self.operations),
            by_status=dict(self.statuses),
            in_flight=self.in_flight,
            max_concurrent=self.max_concurrent,
            peak_per_second=self.peak_per_second,
            throttled=self.throttled,
            pending_commits=pending_commits,
            internal_errors=list(self.internal_errors),
        )
