"""The status of an integration, built anew from what is known: pure, and never more than 8 KiB."""

from collections.abc import Mapping
from datetime import datetime

from sage_operator.controller.conditions import Situation, assess, phase_of
from sage_operator.resources import (
    MAX_HISTORY,
    MAX_REJECTS,
    CurrentRun,
    EntityCounts,
    FieldCounts,
    HistoryEntry,
    LastRun,
    RecordCounts,
    Reject,
    RequestCounts,
    SageIntegrationStatus,
    UserCounts,
    Warnings,
)
from sage_operator.runner.progress import Progress
from sage_operator.runner.report import RunReport
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.findings import Finding, told
from sage_operator.sync.state import RunHeader, Summary
from sage_operator.telemetry.redaction import redact


def settled(
    previous: SageIntegrationStatus, situation: Situation, *, next_run: datetime | None, now: datetime
) -> SageIntegrationStatus:
    """Return the status between runs, or at the start of one that everybody should see."""
    conditions = assess(situation, previous.conditions, now=now)
    return previous.model_copy(
        update={
            "observed_generation": situation.generation,
            "conditions": conditions,
            "phase": phase_of(situation, conditions),
            "next_sync_time": _whole(next_run),
        }
    )


def running(previous: SageIntegrationStatus, header: RunHeader, progress: Progress) -> SageIntegrationStatus:
    """Return the status with how far the run has come."""
    current = CurrentRun(
        id=header.id,
        trigger=header.trigger.value,
        mode=progress.mode.value if progress.mode is not None else "",
        started_at=header.started_at,
        stage=progress.stage,
        done=progress.done,
    )
    return previous.model_copy(update={"current_run": current})


def ended(previous: SageIntegrationStatus, report: RunReport, *, handled_token: str | None) -> SageIntegrationStatus:
    """Return the status with what a run did; its conditions are `settled`'s."""
    result = report.result
    last = LastRun(
        id=report.header.id,
        trigger=report.header.trigger.value,
        mode=result.mode.value if result.mode is not None else "",
        started_at=report.header.started_at,
        completed_at=result.completed_at,
        accounts=_counts(result.counts.get(Entity.ACCOUNTS, {})),
        contacts=_counts(result.counts.get(Entity.CONTACTS, {})),
        sales=_counts(result.counts[Entity.SALES]) if Entity.SALES in result.counts else None,
        requests=RequestCounts(
            sage=result.requests.get("sage", 0), force_manager=result.requests.get("forceManager", 0)
        ),
    )
    changes: dict[str, object] = {
        "current_run": None,
        # The status tells of no run that the ledger does not have: at the next start it would seem to be an old copy.
        "last_run": last if report.recorded else previous.last_run,
        "last_sync_time": last.completed_at,
        "history": _history(previous.history, report),
    }
    if handled_token is not None:
        changes["last_handled_reconcile_at"] = handled_token
    if report.succeeded:
        changes["last_success_time"] = last.completed_at
        changes["data_as_of"] = _whole(result.data_as_of)
    if report.users is not None:
        changes["users"] = UserCounts(
            associated=report.users[0],
            unassociated=report.users[1],
            unmatched="; ".join(report.drift),
        )
        counts = {entity.value: count for entity, count in report.fields.items()}
        changes["fields"] = FieldCounts(**counts, payments=report.figures)
    if report.doubts is not None:
        changes["warnings"] = _warnings(report.doubts)
    if report.summary is not None:
        changes |= _records(report.summary)
    return previous.model_copy(update=changes)


def rejected(summary: Summary) -> int:
    """Return how many records are rejected now."""
    return sum(states.get(RecordStatus.ERROR, 0) for states in summary.records.values())


def _whole(moment: datetime | None) -> datetime | None:
    """Cut a moment to whole seconds, as the API server keeps it."""
    return None if moment is None else moment.replace(microsecond=0)


def _counts(counts: Mapping[ActionKind, int]) -> RecordCounts:
    return RecordCounts(**{kind.counted_as: number for kind, number in counts.items()})


def _warnings(doubts: tuple[Finding, ...]) -> Warnings | None:
    return Warnings(count=len(doubts), message=told(doubts[:1])) if doubts else None


def _records(summary: Summary) -> dict[str, object]:
    def number(status: RecordStatus) -> dict[str, int]:
        return {entity.value: states.get(status, 0) for entity, states in summary.records.items() if states}

    return {
        "synchronized": EntityCounts(**number(RecordStatus.SYNCHRONIZED)),
        "rejected": rejected(summary),
        "pending": sum(number(RecordStatus.PENDING).values()),
        "rejects": tuple(
            Reject(
                code=group.code.value,
                count=group.count,
                message=redact(group.message),  # ForceManager's own words, which may repeat what it refused
                example=redact(group.example),
            )
            for group in summary.rejects[:MAX_REJECTS]
        ),
    }


def _history(history: tuple[HistoryEntry, ...], report: RunReport) -> tuple[HistoryEntry, ...]:
    """Put a run's outcome in front, folded into the newest entry if that is equal."""
    result = report.result
    mode = result.mode.value if result.mode is not None else ""
    at = _whole(result.completed_at)
    entry = HistoryEntry(outcome=result.reason, mode=mode, message=result.message, first_at=at, last_at=at)
    if history and (history[0].outcome, history[0].mode) == (entry.outcome, entry.mode):
        newest = history[0]
        entry = entry.model_copy(update={"first_at": newest.first_at, "count": newest.count + 1})
        history = history[1:]
    return (entry, *history)[:MAX_HISTORY]
