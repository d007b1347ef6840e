"""Which run it is, and when rejects are tried again."""

from datetime import datetime, timedelta

from sage_operator.sync.entities import Mode
from sage_operator.sync.state import Pass, ScopeState

OVERLAP = timedelta(minutes=10)
"""How far behind the watermark changes are read again: a long transaction commits after its stamp."""

SAGE_FORGETS_AFTER = timedelta(days=14)
"""Salesforce keeps deleted rows for 15 days; an older watermark can't be followed up."""

SETTLING_TIME = timedelta(seconds=60)
"""How long after an unclear create ForceManager is asked whether it took effect."""

FIRST_RETRY = timedelta(hours=1)
LAST_RETRY = timedelta(hours=24)


def choose(state: ScopeState, *, digest: str, now: datetime) -> Mode:
    """Return the run that is due: the first of these that holds. `now` is Sage's clock, UTC.

    An interrupted pass has written with its own configuration what no stamp in Sage tells: going back to the earlier
    configuration needs another pass, though its digest is that of the watermark.
    """
    if state.watermark is None:
        return Mode.INITIAL
    if state.unfinished is not None or state.digest != digest or now - state.watermark > SAGE_FORGETS_AFTER:
        return Mode.REPLAN
    return Mode.INCREMENTAL


def begin_or_resume(state: ScopeState, *, mode: Mode, run_id: str, digest: str, now: datetime) -> Pass:
    """Return the pass to carry out: the interrupted one if it is of the same mode and digest, else a new one."""
    unfinished = state.unfinished
    if unfinished is not None and unfinished.mode is mode and unfinished.digest == digest:
        return unfinished
    return Pass(id=run_id, mode=mode, as_of=now, digest=digest)


def retry_at(attempts: int, *, now: datetime) -> datetime:
    """Return when a record that was rejected `attempts` times in a row is due again: 1 h, 2 h, 4 h … a day."""
    doublings: int = min(attempts, 10)
    return now + min(FIRST_RETRY * (1 << doublings), LAST_RETRY)
