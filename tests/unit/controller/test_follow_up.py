"""A run that leaves creates without a known outcome is followed by one that looks them up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sage_operator.controller.history import followed_by
from sage_operator.controller.schedule import Past, due_at, next_moment
from sage_operator.sync.state import Summary

from .bodies import report

UID, INTERVAL, MINUTE = "8d6ac3a0", timedelta(hours=1), timedelta(minutes=1)


def test_what_is_unclear_is_looked_up_when_it_has_settled() -> None:
    """The next run is due after the settling time instead of after the interval."""
    ended = report()
    unclear = replace(ended, summary=Summary(records={}, rejects=(), unclear=3))
    past = followed_by(None, unclear, settling_time=MINUTE)
    assert due_at(past, uid=UID, interval=INTERVAL) == ended.result.completed_at + MINUTE


def test_without_unclear_creates_the_grid_decides() -> None:
    """Nothing left unclear: the next moment of the grid."""
    ended = replace(report(), summary=Summary(records={}, rejects=()))
    past = followed_by(None, ended, settling_time=MINUTE)
    assert due_at(past, uid=UID, interval=INTERVAL) == next_moment(past.started_at, uid=UID, interval=INTERVAL)


def test_a_moment_of_the_grid_that_comes_sooner_wins() -> None:
    """Looking up never puts a run off."""
    start = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    past = Past(started_at=start, ended_at=start, settles_at=start + timedelta(days=1))
    assert due_at(past, uid=UID, interval=INTERVAL) == next_moment(start, uid=UID, interval=INTERVAL)
