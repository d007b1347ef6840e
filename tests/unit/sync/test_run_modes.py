from datetime import timedelta

import pytest

from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.modes import begin_or_resume, choose, retry_at
from sage_operator.sync.state import Pass, ScopeState

from .sync_examples import KEY, NOW

DIGEST, OTHER = "digest", "another digest"


def _state(
    *, age: timedelta | None = timedelta(minutes=15), digest: str | None = DIGEST, unfinished: Pass | None = None
) -> ScopeState:
    watermark = None if age is None else NOW - age
    return ScopeState(id=1, hash_key=KEY, tenant="t", watermark=watermark, digest=digest, unfinished=unfinished)


def _pass(mode: Mode = Mode.REPLAN, digest: str = OTHER) -> Pass:
    return Pass(
        id="first",
        mode=mode,
        as_of=NOW - timedelta(hours=1),
        digest=digest,
        cursors={Entity.ACCOUNTS: "001000000000009AAA"},
        finished=frozenset({Entity.ACCOUNTS}),
        indexed=True,
    )


@pytest.mark.parametrize(
    ("state", "mode"),
    [
        # The first line that holds decides.
        (_state(age=None, digest=None), Mode.INITIAL),
        (_state(age=None, digest=OTHER), Mode.INITIAL),
        (_state(age=timedelta(days=14)), Mode.INCREMENTAL),
        (_state(age=timedelta(days=14, seconds=1)), Mode.REPLAN),  # Sage forgets deletions
        (_state(digest=OTHER), Mode.REPLAN),
        (_state(digest=None), Mode.REPLAN),
        (_state(), Mode.INCREMENTAL),
        (_state(age=timedelta(0)), Mode.INCREMENTAL),
        (_state(age=-timedelta(minutes=1)), Mode.INCREMENTAL),
    ],
)
def test_which_run(state: ScopeState, mode: Mode) -> None:
    """No watermark, an old one, another configuration, else what has changed."""
    assert choose(state, digest=DIGEST, now=NOW) is mode


def test_a_replan_that_was_interrupted_is_not_forgotten_when_the_configuration_goes_back() -> None:
    """Some records bear the abandoned configuration by then: all are planned anew, not only what Sage changed."""
    state = _state(unfinished=_pass(Mode.REPLAN, OTHER))
    assert choose(state, digest=DIGEST, now=NOW) is Mode.REPLAN


@pytest.mark.parametrize(
    ("state", "mode"),
    [
        (_state(age=None, digest=None, unfinished=_pass(Mode.INITIAL, DIGEST)), Mode.INITIAL),
        (_state(digest=OTHER, unfinished=_pass(Mode.REPLAN, DIGEST)), Mode.REPLAN),
    ],
)
def test_interrupted_pass_goes_on(state: ScopeState, mode: Mode) -> None:
    """With the same configuration it keeps its cursor, what it finished, and its first `T`."""
    chosen = choose(state, digest=DIGEST, now=NOW)
    assert chosen is mode
    assert begin_or_resume(state, mode=chosen, run_id="second", digest=DIGEST, now=NOW) == state.unfinished


@pytest.mark.parametrize(
    ("unfinished", "mode"),
    [(None, Mode.INITIAL), (_pass(Mode.INITIAL, OTHER), Mode.INITIAL), (_pass(Mode.INITIAL, DIGEST), Mode.REPLAN)],
)
def test_pass_starts_over(unfinished: Pass | None, mode: Mode) -> None:
    """Without an interrupted one, or with another configuration or mode, a pass begins at `T` with nothing done."""
    begun = begin_or_resume(_state(unfinished=unfinished), mode=mode, run_id="second", digest=DIGEST, now=NOW)
    assert begun == Pass(id="second", mode=mode, as_of=NOW, digest=DIGEST)
    assert begun.cursors == {}
    assert begun.finished == frozenset()
    assert not begun.indexed


def test_rejects_are_tried_again_after_an_hour_and_then_less_and_less() -> None:
    """The wait doubles from an hour to a day, and stays there however long it goes on."""
    hours = [(retry_at(attempts, now=NOW) - NOW) / timedelta(hours=1) for attempts in range(8)]
    assert hours == [1, 2, 4, 8, 16, 24, 24, 24]
    assert retry_at(10**9, now=NOW) - NOW == timedelta(days=1)
