"""How the last run went, from the ledger: what the schedule rests on after a restart."""

from collections.abc import Sequence
from datetime import timedelta

from sage_operator.controller.schedule import Past
from sage_operator.resources import STALLED_REASONS
from sage_operator.runner.report import RunReport
from sage_operator.sync.state import RunRecord

LOOK_BACK = 13
"""Runs that are looked at: enough for the longest wait after failures."""


def past_of(records: Sequence[RunRecord]) -> Past | None:
    """Return how the newest of these runs (newest first) went; None if there are none."""
    if not records:
        return None
    newest = records[0]
    failures = 0
    for record in records:
        if record.result is None or record.result.outcome != "Failed" or record.result.reason in STALLED_REASONS:
            break
        failures += record.times
    return Past(
        started_at=newest.header.started_at,
        ended_at=newest.result.completed_at if newest.result is not None else None,
        failures=failures,
        unfinished=newest.result is None or newest.result.outcome in {"Stopped", "Interrupted"},
    )


def followed_by(past: Past | None, report: RunReport, *, settling_time: timedelta) -> Past:
    """Return the past after one more run."""
    result, summary = report.result, report.summary
    failed = result.outcome == "Failed" and result.reason not in STALLED_REASONS
    return Past(
        started_at=report.header.started_at,
        ended_at=result.completed_at,
        failures=(past.failures if past is not None else 0) + 1 if failed else 0,
        unfinished=result.outcome == "Stopped",
        settles_at=result.completed_at + settling_time if summary is not None and summary.unclear else None,
    )
