"""How the last run went, from the ledger: what the schedule rests on after a restart."""

from collections.abc import Sequence
from datetime import timedelta

from sage_operator.controller.events import Event
from sage_operator.controller.schedule import Past
from sage_operator.resources import STALLED_REASONS, LastRun
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


def ledger_is_behind(records: Sequence[RunRecord], told: LastRun | None) -> bool:
    """Tell whether the ledger lacks the last run that a status tells of: it is an old copy, or another file.

    Ids of runs are ordered by time, and the ledger holds a run before its status does; the newest one is never pruned,
    and idle runs are folded into it. A status that could not be written tells of an earlier run, which proves nothing.
    """
    return told is not None and (not records or records[0].header.id < told.id)


def behind(records: Sequence[RunRecord], told: LastRun) -> Event:
    """Return the event that says what it means that the ledger is behind."""
    newest = f"its newest run is {records[0].header.id}" if records else "it has no run"
    message = (
        f"The ledger is older than this status: {newest}, the last run was {told.id}. An old copy was put back, or the"
        " ledger was lost. The next run is an Initial one: it finds by their extId the records that the ledger does not"
        " know, and writes all fields once."
    )
    return Event(warning=True, reason="LedgerOlderThanStatus", message=message)


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
