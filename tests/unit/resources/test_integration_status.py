import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from sage_operator.resources import (
    MAX_HISTORY,
    MAX_REJECTS,
    Condition,
    ConditionStatus,
    ConditionType,
    CurrentRun,
    EntityCounts,
    FieldCounts,
    HistoryEntry,
    LastRun,
    Phase,
    RecordCounts,
    Reject,
    RequestCounts,
    SageIntegration,
    SageIntegrationStatus,
    UserCounts,
    Warnings,
)

NOW = datetime(2026, 11, 24, 8, 15, 30, 999_999, tzinfo=UTC)
LONG = "é" * 10_000
MANY = 10**9
COUNTS = RecordCounts(
    added=MANY, modified=MANY, unchanged=MANY, deleted=MANY, released=MANY, rejected=MANY, pending=MANY
)

# Reconciling and Stalled are never true together.
FULLEST = SageIntegrationStatus(
    observed_generation=MANY,
    phase=Phase.SYNCHRONIZING,
    conditions=tuple(
        Condition(
            type=each,
            status=ConditionStatus.UNKNOWN,
            reason="ExistingRecordsUndecided",
            message=LONG,
            last_transition_time=NOW,
            observed_generation=MANY,
        )
        for each in ConditionType
        if each is not ConditionType.RECONCILING
    ),
    last_handled_reconcile_at="x" * 10_000,
    last_sync_time=NOW,
    last_success_time=NOW,
    next_sync_time=NOW,
    data_as_of=NOW,
    current_run=CurrentRun(
        id=LONG, trigger="Generation", mode="Incremental", started_at=NOW, stage="x" * 100, done=MANY, total=MANY
    ),
    last_run=LastRun(
        id=LONG,
        trigger="Generation",
        mode="Incremental",
        started_at=NOW,
        completed_at=NOW,
        accounts=COUNTS,
        contacts=COUNTS,
        sales=COUNTS,
        requests=RequestCounts(sage=MANY, force_manager=MANY),
    ),
    synchronized=EntityCounts(accounts=MANY, contacts=MANY, sales=MANY),
    rejected=MANY,
    pending=MANY,
    users=UserCounts(associated=MANY, unassociated=MANY, unmatched=LONG),
    warnings=Warnings(count=MANY, message=LONG),
    fields=FieldCounts(accounts=200, contacts=200, payments=100),
    rejects=tuple(
        Reject(code="DuplicateInForceManager", count=MANY, message=LONG, example=LONG) for _ in range(MAX_REJECTS)
    ),
    history=tuple(
        HistoryEntry(
            outcome="ForceManagerUnavailable", mode="Incremental", message=LONG, first_at=NOW, last_at=NOW, count=MANY
        )
        for _ in range(MAX_HISTORY)
    ),
)


def test_fullest_status_fits_8_kib() -> None:
    """Expect the promise of the resource to hold, whatever the alphabet."""
    assert len(json.dumps(FULLEST.dump(), ensure_ascii=False, separators=(",", ":")).encode()) <= 8 * 1024


def test_fullest_status_survives_a_round_trip() -> None:
    """Expect the same status after it was written as JSON and read back."""
    assert SageIntegrationStatus.model_validate(FULLEST.dump()) == FULLEST


def test_overlong_texts_are_cut_visibly() -> None:
    """Expect a shortened text rather than a status that can't be told."""
    message = FULLEST.conditions[0].message
    assert 509 <= len(message.encode()) <= 512
    assert message.endswith("é…")


def test_times_are_whole_seconds_in_utc() -> None:
    """Expect Kubernetes' form, so that what is read back equals what was written."""
    madrid = NOW.astimezone(timezone(timedelta(hours=1)))
    status = SageIntegrationStatus(last_sync_time=madrid)
    assert status.last_sync_time == NOW.replace(microsecond=0)
    assert status.dump()["lastSyncTime"] == "2026-11-24T08:15:30Z"


def test_times_without_zone_are_refused() -> None:
    """Expect an error for a time of which nobody knows what it means."""
    with pytest.raises(ValidationError, match="timezone"):
        SageIntegrationStatus(last_sync_time=NOW.replace(tzinfo=None))


def test_what_is_unknown_is_null_in_the_patch() -> None:
    """Expect null for what an earlier status may have had, since a merge patch removes by null."""
    dumped = SageIntegrationStatus(observed_generation=2, phase=Phase.PENDING).dump()
    assert {key for key, value in dumped.items() if value is not None} == {"observedGeneration", "phase"}
    assert {"currentRun", "conditions", "nextSyncTime", "lastHandledReconcileAt"} <= dumped.keys()


@pytest.mark.parametrize("status", [None, {}, {"phase": "Dreaming"}, {"observedGeneration": "x"}, "nonsense", [1]])
def test_unreadable_status_counts_as_none(minimal: dict[str, Any], status: Any) -> None:
    """Expect that a status of another version stops nothing: it is told anew."""
    assert SageIntegration.parse(minimal | {"status": status}).status == SageIntegrationStatus()


def test_status_of_a_newer_version_is_read(minimal: dict[str, Any]) -> None:
    """Expect that unknown fields are ignored and the known ones kept."""
    minimal["status"] = {"observedGeneration": 2, "synchronized": {"accounts": 5, "moods": 7}, "mood": "fine"}
    status = SageIntegration.parse(minimal).status
    assert (status.observed_generation, status.synchronized) == (2, EntityCounts(accounts=5))
