from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from sage_operator.ledger import SqlLedger
from sage_operator.sync.entities import ActionKind, Mode
from sage_operator.sync.state import Pass, RunRecord, RunResult

from .examples import ACCOUNTS, CONTACTS, MINUTE, NOW, Bench, account_id, contact_id, header, run_id

RESULT = RunResult(
    outcome="Succeeded",
    reason="Succeeded",
    message="All in step.",
    mode=Mode.INITIAL,
    completed_at=NOW + MINUTE,
    counts={ACCOUNTS: {ActionKind.CREATE: 3, ActionKind.REJECT: 1}, CONTACTS: {}},
    requests={"sage": 4, "forcemanager": 7},
    data_as_of=NOW - MINUTE,
)
PASS = Pass(
    id="01PASS",
    mode=Mode.REPLAN,
    as_of=NOW,
    digest="the digest",
    cursors={ACCOUNTS: account_id(9), CONTACTS: contact_id(4)},
    finished=frozenset({ACCOUNTS}),
    indexed=True,
)


async def test_a_run_comes_back_as_it_was(ledger: SqlLedger) -> None:
    """Header and result are equal to what was stored, to the microsecond; under way it has no result."""
    await ledger.begin_run(header(run_id(1)))
    assert await ledger.last_runs("crm/acme", limit=5) == (RunRecord(header=header(run_id(1)), result=None),)
    await ledger.end_run(run_id(1), RESULT)
    assert await ledger.last_runs("crm/acme", limit=5) == (RunRecord(header=header(run_id(1)), result=RESULT),)


async def test_the_newest_runs_come_first(ledger: SqlLedger) -> None:
    """As many as are asked for, of one integration."""
    for number in range(4):
        await ledger.begin_run(header(run_id(number)))
        await ledger.end_run(run_id(number), RESULT)
    await ledger.begin_run(header(run_id(9), "crm/other"))
    assert [run.header.id for run in await ledger.last_runs("crm/acme", limit=3)] == [run_id(3), run_id(2), run_id(1)]
    assert await ledger.last_runs("crm/nobody", limit=3) == ()


async def test_a_run_that_nobody_ended_is_interrupted(ledger: SqlLedger) -> None:
    """It ended before the next one began, in the mode that it had; other integrations' runs go on."""
    await ledger.begin_run(header(run_id(1)))
    scope = await ledger.open_scope(integration="crm/acme", fingerprint="f", tenant="t")
    await ledger.assign_run(run_id(1), scope, mode=Mode.INCREMENTAL)
    await ledger.begin_run(header(run_id(2), "crm/other"))
    await ledger.begin_run(header(run_id(3), at=NOW + MINUTE))
    interrupted = (await ledger.last_runs("crm/acme", limit=5))[1].result
    assert interrupted is not None
    assert (interrupted.outcome, interrupted.mode) == ("Interrupted", Mode.INCREMENTAL)
    assert (interrupted.completed_at, interrupted.counts) == (NOW + MINUTE, {})
    assert (await ledger.last_runs("crm/other", limit=1))[0].result is None


async def test_a_run_that_failed_early_keeps_the_mode_it_was_assigned(ledger: SqlLedger) -> None:
    """A result without a mode does not take it away; one that never had a mode has none."""
    scope = await ledger.open_scope(integration="crm/acme", fingerprint="f", tenant="t")
    for number, assigned in ((1, True), (2, False)):
        await ledger.begin_run(header(run_id(number)))
        if assigned:
            await ledger.assign_run(run_id(number), scope, mode=Mode.REPLAN)
        await ledger.end_run(run_id(number), replace(RESULT, mode=None))
    results = [run.result for run in await ledger.last_runs("crm/acme", limit=2)]
    assert [result and result.mode for result in results] == [None, Mode.REPLAN]


async def test_a_scope_is_made_once(ledger: SqlLedger, path: Path) -> None:
    """The same integration and remotes find their scope and key again, after a restart too; others have their own."""
    facts = {"integration": "crm/acme", "fingerprint": "f", "tenant": "t"}
    first = await ledger.open_scope(**facts)
    other = await ledger.open_scope(**{**facts, "integration": "crm/other"})
    await ledger.aclose()
    async with await SqlLedger.open(path) as again:
        assert await again.open_scope(**facts) == first
    assert (first.watermark, first.digest, first.unfinished, len(first.hash_key)) == (None, None, None, 32)
    assert (other.id, other.hash_key) != (first.id, first.hash_key)


async def test_a_pass_comes_back_as_it_was(bench: Bench) -> None:
    """Where it stands, and what it plans with; a new one replaces it, the end of the run removes it."""

    async def stored() -> Pass | None:
        return (await bench.set_up(bench.ledger)).scope.unfinished

    await bench.ledger.begin_pass(bench.scope, Pass(id="first", mode=Mode.INITIAL, as_of=NOW, digest="d"))
    assert await stored() == Pass(id="first", mode=Mode.INITIAL, as_of=NOW, digest="d")
    await bench.ledger.begin_pass(bench.scope, PASS)
    assert await stored() == PASS
    further = replace(PASS, finished=frozenset({ACCOUNTS, CONTACTS}))
    await bench.ledger.save_pass(bench.scope, further)
    assert await stored() == further
    await bench.ledger.complete(bench.scope, watermark=NOW, digest="d")
    assert await stored() is None


async def test_the_watermark_never_moves_back(bench: Bench) -> None:
    """A clock that went back must not make a run read less than it has to; the digest is the last one's."""
    reached = []
    for watermark, digest in ((NOW, "a"), (NOW + MINUTE, "b"), (NOW, "c")):
        await bench.ledger.complete(bench.scope, watermark=watermark, digest=digest)
        scope = (await bench.set_up(bench.ledger)).scope
        reached.append((scope.watermark, scope.digest))
    assert reached == [(NOW, "a"), (NOW + MINUTE, "b"), (NOW + MINUTE, "c")]


async def test_completing_one_scope_leaves_the_others(bench: Bench) -> None:
    """Their passes and watermarks are their own."""
    other = await Bench.set_up(bench.ledger, "crm/other")
    await bench.ledger.begin_pass(other.scope, PASS)
    await bench.ledger.complete(bench.scope, watermark=NOW, digest="d")
    scope = (await Bench.set_up(bench.ledger, "crm/other")).scope
    assert (scope.watermark, scope.unfinished) == (None, PASS)


async def test_times_come_back_in_utc(ledger: SqlLedger) -> None:
    """A moment is the same moment whichever zone it was told in; one without a zone is refused."""
    zone = timezone(timedelta(hours=5, minutes=30))
    await ledger.begin_run(header(run_id(1), at=NOW.astimezone(zone)))
    ((run,)) = await ledger.last_runs("crm/acme", limit=1)
    assert (run.header.started_at, run.header.started_at.utcoffset()) == (NOW, timedelta(0))
    with pytest.raises(Exception, match="naive"):
        await ledger.begin_run(header(run_id(2), at=datetime(2026, 1, 1)))  # noqa: DTZ001
