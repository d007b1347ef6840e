import asyncio
import os
import re
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from sage_operator.ledger import SqlLedger, _database, _schema, tables
from sage_operator.sync.codes import Code
from sage_operator.sync.errors import LedgerUnavailable
from sage_operator.sync.records import OutcomeKind
from sage_operator.telemetry.metrics import METRICS

from .conftest import Query
from .examples import ACCOUNTS, NOW, PAYLOAD, Bench, account_id, create, header, outcome, run_id

A = account_id(1)


def _mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def _holds(path: Path, value: str) -> bool:
    """Tell whether a file has these bytes anywhere."""
    return value.encode() in path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    """Replace what is in a file."""
    path.write_bytes(content)


def _damage(path: Path) -> None:
    """Overwrite the headers of all pages but the first."""
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 200] = os.urandom(200)
    path.write_bytes(content)


@contextmanager
def _other_process(path: Path) -> Iterator[None]:
    """Let another process hold a ledger; it is killed afterwards."""
    program = textwrap.dedent("""
        import asyncio, sys
        from sage_operator.ledger import SqlLedger
        async def main():
            ledger = await SqlLedger.open(sys.argv[1])
            print("open", flush=True)
            sys.stdin.read()
        asyncio.run(main())
    """)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=pipe, stdin=pipe, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "open\n"
            yield
        finally:
            other.kill()


async def test_a_path_and_urls_name_the_same_file(path: Path) -> None:
    """A ledger is found again under each spelling of its file."""
    spellings: tuple[str | Path, ...] = (path, str(path), f"sqlite:///{path}")
    for number, spelled in enumerate(spellings):
        async with await SqlLedger.open(spelled) as ledger:
            await ledger.begin_run(header(run_id(number)))
    async with await SqlLedger.open(path) as ledger:
        assert len(await ledger.last_runs("crm/acme", limit=9)) == len(spellings)


@pytest.mark.parametrize("url", ["postgresql://host/ledger", "sqlite://", "://"])
async def test_what_is_no_sqlite_file_is_refused(url: str) -> None:
    """With a remedy, not with a traceback of a driver."""
    with pytest.raises(LedgerUnavailable, match="URL") as caught:
        await SqlLedger.open(url)
    assert "sqlite:///" in caught.value.remedy


async def test_the_settings_of_the_connection(ledger: SqlLedger, query: Query) -> None:
    """A write-ahead log whose commits are on disk, foreign keys that hold, patience with a backup's lock."""
    pragmas = {}
    for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
        ((value,),) = [tuple(row.values()) for row in await query(f"PRAGMA {name}")]
        pragmas[name] = value
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    assert ledger


async def test_the_file_is_not_for_others(ledger: SqlLedger, path: Path) -> None:
    """It holds the names of customers and the key of their hashes."""
    await ledger.begin_run(header(run_id(1)))
    for name in (path.name, f"{path.name}-wal", f"{path.name}.lock"):
        assert _mode(path.with_name(name)) & stat.S_IRWXO == 0


async def test_a_missing_directory_is_told_not_made(tmp_path: Path) -> None:
    """A volume that is not mounted must not be replaced by a directory that is lost with the container."""
    with pytest.raises(LedgerUnavailable, match="No such file or directory"):
        await SqlLedger.open(tmp_path / "missing" / "ledger.db")
    assert not (tmp_path / "missing").exists()


async def test_a_second_process_is_refused(path: Path) -> None:
    """At once and with a remedy; when the first is gone, however it went, the next one may."""
    with _other_process(path):
        with pytest.raises(LedgerUnavailable, match="Another operator process") as caught:
            await SqlLedger.open(path)
        assert "Stop the other one" in caught.value.remedy
    async with await SqlLedger.open(path) as ledger:
        assert await ledger.last_runs("crm/acme", limit=1) == ()


async def test_the_same_process_is_refused_too(ledger: SqlLedger, path: Path) -> None:
    """Two connections of one process would not see each other's transactions in turn."""
    with pytest.raises(LedgerUnavailable, match="Another operator process"):
        await SqlLedger.open(path)
    await ledger.aclose()
    async with await SqlLedger.open(path):
        pass


async def test_a_failed_opening_lets_go_of_the_lock(path: Path) -> None:
    """Once the cause is gone, the next attempt in the same process succeeds."""
    _write(path, b"This is a text, and long enough to have the size of a header. " * 40)
    with pytest.raises(LedgerUnavailable, match="not a database"):
        await SqlLedger.open(path)
    _write(path, b"")
    async with await SqlLedger.open(path):
        pass


async def test_a_closed_ledger_is_unavailable(ledger: SqlLedger) -> None:
    """Closing is repeatable; what comes after it is told so."""
    await ledger.aclose()
    await ledger.aclose()
    with pytest.raises(LedgerUnavailable, match="closed"):
        await ledger.last_runs("crm/acme", limit=1)


# Migrations


def _schema_of(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the definitions of tables and indexes, but for blanks and the order in which constraints are written."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'")
    return {name: " ".join(re.sub(r"([(),])", r" \1 ", sql).split()) for name, sql in rows}


async def test_the_migrations_build_the_tables(ledger: SqlLedger, path: Path, tmp_path: Path) -> None:
    """From nothing they lead to what the statements are written against, indexes and their conditions included."""
    await ledger.aclose()
    engine = create_engine(f"sqlite:///{tmp_path / 'described.db'}")
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
    engine.dispose()
    with closing(sqlite3.connect(path)) as migrated, closing(sqlite3.connect(tmp_path / "described.db")) as described:
        assert _schema_of(migrated) == _schema_of(described)


async def test_the_newest_migration_is_the_head(query: Query) -> None:
    """What the code calls the head is what Alembic finds there, so that a current ledger needs no Alembic."""
    names = sorted(path.name for path in Path(_schema.__file__).parent.glob("migrations/versions/[0-9]*.py"))
    assert names[-1].startswith(f"{_schema.HEAD}_")
    assert await query("SELECT version_num FROM alembic_version") == [{"version_num": _schema.HEAD}]


def test_a_current_ledger_is_opened_without_alembic(path: Path) -> None:
    """It would cost 10 MiB of memory in each process."""
    program = textwrap.dedent("""
        import asyncio, sys
        from sage_operator.ledger import SqlLedger
        async def main():
            async with await SqlLedger.open(sys.argv[1]):
                print(sorted(name for name in sys.modules if name == "alembic"))
        asyncio.run(main())
    """)
    printed = [
        subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert printed == ["['alembic']\n", "[]\n"]


async def test_a_newer_ledger_is_refused(ledger: SqlLedger, path: Path) -> None:
    """An older operator would not know what the newer one wrote; the file is left as it is."""
    await ledger.aclose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    for _ in range(2):
        with pytest.raises(LedgerUnavailable, match="newer operator: its schema is 0999") as caught:
            await SqlLedger.open(path)
        assert "Run the newer version" in caught.value.remedy


async def test_another_programs_database_is_refused(path: Path) -> None:
    """A wrong path must not put our tables beside theirs."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(LedgerUnavailable, match="no ledger"):
        await SqlLedger.open(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


async def test_a_migration_is_all_or_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that is killed or fails in the middle of one leaves no half of a schema."""

    def broken(connection: Connection) -> None:
        _schema.migrate(connection)
        connection.execute(text("SELECT * FROM nowhere"))

    with monkeypatch.context() as patch:
        patch.setattr(_database, "migrate", broken)
        with pytest.raises(LedgerUnavailable, match="nowhere"):
            await SqlLedger.open(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    async with await SqlLedger.open(path):
        pass


# Errors


@contextmanager
def _lock_held(path: Path) -> Iterator[None]:
    """Hold the file's write lock as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


async def test_a_lock_that_lasts_is_unavailable_and_passes(path: Path) -> None:
    """While another program keeps the lock nothing is written; afterwards all is well again."""
    async with await SqlLedger.open(path, busy_timeout=0.05) as ledger:
        bench = await Bench.set_up(ledger)
        with _lock_held(path), pytest.raises(LedgerUnavailable, match="database is locked"):
            await bench.intend(create(A))
        assert await bench.states(A) == {}
        await bench.intend(create(A))
        assert (await bench.state(A)).unclear_since == NOW


async def test_a_full_disk_is_unavailable_and_passes(bench: Bench, query: Query) -> None:
    """A batch that does not fit is stored not at all, and the next one that does is."""
    ((before,),) = [tuple(row.values()) for row in await query("PRAGMA page_count")]
    await query(f"PRAGMA max_page_count = {before + 2}")
    many = [create(account_id(number)) for number in range(500)]
    with pytest.raises(LedgerUnavailable, match="full"):
        await bench.intend(*many)
    assert await bench.ledger.unclear(bench.scope, ACCOUNTS) == ()
    await query("PRAGMA max_page_count = 100000")
    await bench.intend(*many)
    assert len(await bench.ledger.unclear(bench.scope, ACCOUNTS)) == 500


async def test_a_ledger_that_became_read_only_is_unavailable(bench: Bench, query: Query) -> None:
    """It still answers questions."""
    await query("PRAGMA query_only = ON")
    with pytest.raises(LedgerUnavailable, match="readonly") as caught:
        await bench.intend(create(A))
    assert "volume" in caught.value.remedy
    assert await bench.states(A) == {}


async def test_a_damaged_file_is_unavailable(ledger: SqlLedger, path: Path) -> None:
    """Pages that are no longer what they were are told, whichever call meets them."""
    bench = await Bench.set_up(ledger)
    await bench.write(*map(account_id, range(300)))
    await ledger.aclose()
    _damage(path)
    with pytest.raises(LedgerUnavailable, match="malformed"):
        async with await SqlLedger.open(path) as damaged:
            await (await Bench.set_up(damaged)).states(*map(account_id, range(300)))


async def test_a_bug_is_not_called_unavailable(bench: Bench) -> None:
    """A write of a run that was never begun breaks a foreign key; retrying would not help."""
    bench.run = "never begun"
    with pytest.raises(Exception, match="FOREIGN KEY") as caught:
        await bench.intend(create(A))
    assert not isinstance(caught.value, LedgerUnavailable)
    assert await bench.states(A) == {}


async def test_errors_show_no_values(bench: Bench) -> None:
    """An error's text goes to logs and status."""
    bench.run = "never begun"
    with pytest.raises(Exception, match="FOREIGN KEY") as caught:
        await bench.intend(create(A, label="Jane Canary"))
    assert "Canary" not in str(caught.value)


# Cancellation


async def test_a_cancelled_transaction_is_finished_and_the_ledger_usable(bench: Bench) -> None:
    """Whenever the cancellation comes, a batch is stored whole or not at all, and the next call works."""
    stored = 0
    for attempt in range(60):
        ids = [account_id(attempt * 100 + number) for number in range(50)]
        task = asyncio.create_task(bench.intend(*map(create, ids)))
        for _ in range(attempt):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        found = await bench.states(*ids)
        assert len(found) in {0, 50}
        stored += bool(found)
    assert 0 < stored < 60
    assert len(await bench.ledger.unclear(bench.scope, ACCOUNTS)) == 50 * stored


async def test_a_call_that_waits_for_its_turn_is_cancelled_without_effect(bench: Bench) -> None:
    """What has not begun does not begin."""
    first = asyncio.create_task(bench.intend(create(A)))
    waiting = asyncio.create_task(bench.intend(create(account_id(2))))
    await asyncio.sleep(0)
    waiting.cancel()
    await first
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert list(await bench.states(A, account_id(2))) == [A]


async def test_closing_waits_for_the_transaction_under_way(ledger: SqlLedger, path: Path) -> None:
    """What was being written when the operator was told to end is on disk."""
    bench = await Bench.set_up(ledger)
    writing = asyncio.create_task(bench.intend(create(A)))
    await asyncio.sleep(0)
    await ledger.aclose()
    await writing
    async with await SqlLedger.open(path) as again:
        assert [state.sage_id for state in await again.unclear(bench.scope, ACCOUNTS)] == [A]


async def test_calls_at_once_follow_one_another(bench: Bench) -> None:
    """Eight writers and a reader share the connection; each sees whole batches only."""

    async def write(writer: int) -> None:
        for batch in range(5):
            ids = [account_id(writer * 1000 + batch * 100 + number) for number in range(20)]
            await bench.write(*ids)
            assert len(await bench.states(*ids)) == 20

    await asyncio.gather(*(write(writer) for writer in range(8)))
    assert sum((await bench.ledger.summary(bench.scope)).records[ACCOUNTS].values()) == 800


# What others see


async def test_transactions_and_size_are_measured(ledger: SqlLedger, query: Query) -> None:
    """Each transaction is counted by its outcome, the size is that of the file."""

    def counted(outcome: str) -> float:
        return METRICS.registry.get_sample_value("sage_ledger_transactions_total", {"outcome": outcome}) or 0

    ok, failed = counted("ok"), counted("error")
    await ledger.last_runs("crm/acme", limit=1)
    assert (counted("ok"), counted("error")) == (ok + 1, failed)
    await query("PRAGMA query_only = ON")
    with pytest.raises(LedgerUnavailable):
        await ledger.begin_run(header(run_id(1)))
    assert counted("error") == failed + 1
    size = METRICS.registry.get_sample_value("sage_ledger_size_bytes")
    assert size is not None
    assert size % 4096 == 0
    assert size > 0


async def test_no_payload_is_ever_stored(bench: Bench, path: Path) -> None:
    """No byte of a value that was synchronised is in the file, whatever became of its write."""
    kinds = list(OutcomeKind)
    writes = [create(account_id(number)) for number in range(len(kinds))]
    await bench.intend(*writes)
    await bench.settle(
        *(
            outcome(write, kind, 7, code=Code.REFUSED_BY_FORCE_MANAGER if kind is OutcomeKind.REFUSED else None)
            for write, kind in zip(writes, kinds, strict=True)
        )
    )
    await bench.ledger.aclose()
    assert _holds(path, A)
    assert not [value for value in PAYLOAD.values() if _holds(path, value)]
