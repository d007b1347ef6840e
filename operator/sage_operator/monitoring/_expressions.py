"""The expressions of the alerts, in PromQL."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sage_operator.resources.conditions import STALLED_REASONS, Reason

_KEY: Final = "namespace, name"
_SUSPENDED: Final = 'sage_integration_info{suspended="true"}'
_SOMEBODY_WAITS: Final = 'count(sage_integration_info{ready!="True", suspended="false"}) > 0'


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What can be chosen when the rules are made.

    Attributes:
        runbooks: where the runbooks are, without a slash at the end; a path or a URL.
        missed: of how many of its own intervals an integration may miss the success.
        pace: how fast time goes: all durations are divided by it, to a millisecond at least. For tests.
    """

    runbooks: str = "docs/runbooks"
    missed: float = 4
    pace: float = 1

    def span(self, duration: timedelta) -> str:
        """Return a duration as Prometheus writes it, at this pace."""
        left = max(1, round(duration / timedelta(milliseconds=1) / self.pace))
        for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
            if left % length == 0:
                return f"{left // length}{unit}"
        return f"{left}ms"

    def seconds(self, duration: timedelta) -> str:
        """Return the seconds of a duration, at this pace."""
        return f"{duration.total_seconds() / self.pace:g}"


def operator_absent() -> str:
    """Nothing is scraped. A failed scrape ends all series, so a process that is stuck is absent as well."""
    return "absent(sage_build_info)"


def ledger_not_storing(p: Parameters) -> str:
    """Transactions fail again and again, or an integration could not be run for that reason."""
    window = p.span(timedelta(minutes=15))
    return f"""\
sum(increase(sage_ledger_transactions_total{{outcome="error"}}[{window}])) > 2
or
count(sage_integration_info{{reason="{Reason.LEDGER_UNAVAILABLE}"}}) > 0"""


def served_twice() -> str:
    """By instance: two monitors that find the same pod are not two operators."""
    return f"count by ({_KEY}) (count by ({_KEY}, instance) (sage_integration_info)) > 1"


def loop_lagging(p: Parameters) -> str:
    """On average: the gauge tells of one second only."""
    return f"max(avg_over_time(sage_loop_lag_seconds[{p.span(timedelta(minutes=5))}])) > 0.5"


def runs_waiting(p: Parameters) -> str:
    """No scrape found the queue empty."""
    return f"max(min_over_time(sage_runs_waiting[{p.span(timedelta(minutes=10))}])) > 0"


def upstream_down() -> str:
    """While somebody waits for it: of a host that no integration asks any more nobody would learn that it is back."""
    return f"""\
min by (system, host) (sage_upstream_up) == 0
and on ()
{_SOMEBODY_WAITS}"""


def quota_running_out(p: Parameters) -> str:
    """Forecast by the last hour. What was measured last says nothing once everything is suspended."""
    hour, ahead = p.span(timedelta(hours=1)), p.seconds(timedelta(hours=4))
    return f"""\
(
    min by (system, host) (sage_quota_remaining_ratio) < 0.1
  or
    (
      min by (system, host) (sage_quota_remaining_ratio) < 0.5
    and
      min by (system, host) (predict_linear(sage_quota_remaining_ratio[{hour}], {ahead})) < 0
    )
)
and on ()
count(sage_integration_info{{suspended="false"}}) > 0"""


def stalled() -> str:
    """By reason. One that is suspended was put aside by somebody."""
    reasons = "|".join(sorted(STALLED_REASONS))
    return f"""\
max by ({_KEY}, reason) (
  sage_integration_info{{ready="False", suspended="false", reason=~"{reasons}"}}
)"""


def stale(p: Parameters) -> str:
    """Against its own interval, unless another alert tells of the cause.

    An integration that says that a system is unavailable is left out only while a host of that system is down for
    everybody: one that fails alone is told of here. One that never succeeded is stale after six hours, since a first
    run may take some.
    """
    first = p.span(timedelta(hours=6))
    explained = "|".join(sorted({*STALLED_REASONS, Reason.LEDGER_UNAVAILABLE}))
    return f"""\
(
    time() - max by ({_KEY}) (sage_integration_last_success_timestamp_seconds)
  >
    {p.missed:g} * max by ({_KEY}) (sage_integration_interval_seconds)
or
    max by ({_KEY}) (sage_integration_interval_seconds)
  and on ({_KEY})
    sage_integration_interval_seconds offset {first}
  unless on ({_KEY})
    sage_integration_last_success_timestamp_seconds
)
unless on ({_KEY})
  {_SUSPENDED}
unless on ({_KEY})
  sage_integration_info{{reason=~"{explained}"}}
unless on ({_KEY})
  (sage_integration_info{{reason="{Reason.SAGE_UNAVAILABLE}"}} and on () sage_upstream_up{{system="sage"}} == 0)
unless on ({_KEY})
  (
    sage_integration_info{{reason="{Reason.FORCE_MANAGER_UNAVAILABLE}"}}
  and on ()
    sage_upstream_up{{system="forcemanager"}} == 0
  )
unless on ({_KEY})
  (sage_integration_info{{reason="{Reason.QUOTA_EXHAUSTED}"}} and on () sage_quota_remaining_ratio < 0.1)"""


def rejects_high() -> str:
    """A share, which means nothing in a small organisation, and a number, which is many in any."""
    rejected = f'sum by ({_KEY}) (sage_integration_records{{state="rejected"}})'
    return f"""\
(
    {rejected} > 500
  or
    (
      {rejected} > 10
    and
      {rejected} / sum by ({_KEY}) (sage_integration_records) > 0.05
    )
)
unless on ({_KEY})
  {_SUSPENDED}"""


def suspended_too_long(p: Parameters) -> str:
    """Suspended now, and a week without a success: that outlives restarts, as a range of seven days would not."""
    week, ago = p.seconds(timedelta(days=7)), p.span(timedelta(days=7))
    return f"""\
max by ({_KEY}) ({_SUSPENDED})
and on ({_KEY})
(
    time() - sage_integration_last_success_timestamp_seconds > {week}
  or
    {_SUSPENDED} offset {ago}
  unless on ({_KEY})
    sage_integration_last_success_timestamp_seconds
)"""
