import random
import subprocess
import sys
import time
from pathlib import Path

from sage_operator.ledger import SqlLedger
from sage_operator.sync.entities import Entity

from . import figures_process
from .examples import NOW
from .figures_process import ACCOUNTS, DOCUMENTS

STAGES = ("stored", "sent", "written")


def _write_and_kill(path: Path, first: int, chance: random.Random) -> tuple[str, int]:
    """Let a process write and kill it in the middle; returns what it told last."""
    told = ("", first - 1)
    program = [sys.executable, figures_process.__file__, str(path), str(first)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for _ in range(chance.randrange(4, 30)):
                stage, value = process.stdout.readline().split()
                told = (stage, int(value))
            until = time.perf_counter() + chance.random() * 0.01  # within the next transaction
            while time.perf_counter() < until:
                pass
        finally:
            process.kill()
        for line in process.stdout:
            if line.endswith("\n"):
                stage, value = line.split()
                told = (stage, int(value))
    return told


async def test_a_killed_process_forgets_no_figure(path: Path) -> None:
    """At whatever moment: the figures of an account are those of its documents, or they are due and found again."""
    chance = random.Random(20261124)
    seen = set()
    first = 1
    for _ in range(5):
        stage, value = _write_and_kill(path, first, chance)
        async with await SqlLedger.open(path) as ledger:
            scope = await ledger.open_scope(integration="crm/acme", fingerprint="f", tenant="t")
            stored = await ledger.documents_of(scope, ACCOUNTS)
            assert {len(of) for of in stored.values()} == {DOCUMENTS}
            (total,) = {int(document.total) for of in stored.values() for document in of}
            assert total in {value, value + 1} if stage == "written" else total == value
            states = await ledger.known(scope, Entity.ACCOUNTS, ACCOUNTS)
            due = await ledger.figures_due_among(scope, ACCOUNTS)
            assert {states[account].figures_hash == str(total) for account in ACCOUNTS} in ({True}, {False})
            written = states[ACCOUNTS[0]].figures_hash == str(total)
            assert due == (set() if written else set(ACCOUNTS))
            assert await ledger.recover(scope, at=NOW) in ({0} if written else {0, len(ACCOUNTS)})
            if stage == "stored":
                assert not written
            found = await ledger.figures_due(scope, now=NOW, limit=100)
            assert set(found) == due, "all accounts are in ForceManager: each can be written"
            seen.add(written)
        first = total + 1
    assert False in seen, "no kill came between documents and their figures: the test proves nothing"
