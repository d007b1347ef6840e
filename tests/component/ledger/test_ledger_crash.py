import itertools
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from sage_operator.ledger import SqlLedger
from sage_operator.sync.entities import Entity, RecordStatus
from sage_operator.sync.records import RecordState

from . import writer_process
from .examples import NOW, header
from .writer_process import batch_ids

STAGES = ("none", "sent-Create", "done-Create", "sent-Update", "done-Update")
"""What a batch goes through, in this order."""
ENOUGH, TOO_MANY = 6, 60
"""Kills: at least, and until one came between an intent and its outcome; when that is, chance decides."""


def _write_and_kill(path: Path, run: int, chance: random.Random) -> dict[int, str]:
    """Let a process write and kill it in the middle; returns the last stage that it told of each batch."""
    told: dict[int, str] = {}
    program = [sys.executable, writer_process.__file__, str(path), str(run)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for _ in range(chance.randrange(1, 30)):
                stage, batch = process.stdout.readline().split()
                told[int(batch)] = stage
            # Somewhere within the next transaction, which takes some milliseconds.
            until = time.perf_counter() + chance.random() * 0.01
            while time.perf_counter() < until:
                pass
        finally:
            process.kill()
        for line in process.stdout:  # what it told before it died
            if line.endswith("\n"):
                stage, batch = line.split()
                told[int(batch)] = stage
    return told


def _stage(state: RecordState | None) -> str:
    """Return how far the record came, as its state tells."""
    if state is None:
        return "none"
    if state.status is RecordStatus.PENDING:
        assert state.unclear_since is not None
        return "sent-Create"
    assert state.status is RecordStatus.SYNCHRONIZED
    if state.mapped_hash is None:
        return "sent-Update"
    return f"done-{state.mapped_hash.split()[0]}"


async def test_a_killed_process_loses_nothing_that_it_was_told_is_stored(path: Path) -> None:
    """Killed at random moments, again and again: each batch is whole, and no call that returned is lost."""
    chance = random.Random(20261123)
    stages_seen: set[str] = set()
    for run in itertools.count():
        if run >= ENOUGH and stages_seen:
            break
        assert run < TOO_MANY, "no kill came between a call's intent and its outcome: the test proves nothing"
        told = _write_and_kill(path, run, chance)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        async with await SqlLedger.open(path) as ledger:
            scope = await ledger.open_scope(integration="crm/acme", fingerprint="f", tenant="t")
            open_batches = []
            for batch in range(max(told) + 2):
                ids = batch_ids(run, batch)
                states = await ledger.known(scope, Entity.ACCOUNTS, ids)
                (stage,) = {_stage(states.get(sage_id)) for sage_id in ids}
                least = STAGES.index(told.get(batch, "none"))
                assert STAGES.index(stage) in {least, least + 1}, "the call under way may have been stored, no other"
                if stage.startswith("sent"):
                    open_batches.append(batch)
                    stages_seen.add(stage)
                assert set(await ledger.due(scope, Entity.ACCOUNTS, now=NOW)) >= (
                    set(ids) if stage == "sent-Update" else set()
                )
            await ledger.begin_run(header(f"02CHECK{run:03d}"))
            runs = await ledger.last_runs("crm/acme", limit=2)
            assert [record.result and record.result.outcome for record in runs] == [None, "Interrupted"]
            recovered = await ledger.recover(scope, at=NOW)
            assert recovered == writer_process.BATCH * len(open_batches)
            assert len(open_batches) <= 1
            assert await ledger.recover(scope, at=NOW) == 0
