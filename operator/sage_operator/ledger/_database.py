"""The connection to the ledger's database: opening it, one transaction after the other, its errors."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import NullPool

from sage_operator.ledger._lock import FileLock
from sage_operator.ledger._schema import migrate
from sage_operator.sync.errors import LedgerUnavailable
from sage_operator.telemetry import metrics

P = ParamSpec("P")
T = TypeVar("T")

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on disk when it returns
    "foreign_keys=ON",
    "cache_size=-8192",  # in KiB
    "journal_size_limit=67108864",
)


class Database:
    """One connection, in a thread of its own. Transactions follow one another; the event loop waits for none of them.

    A whole transaction is one errand of the thread. SQLAlchemy's asynchronous connection crosses over with every
    statement, every fetch and every commit, which costs more than the database's own work.
    """

    def __init__(self, thread: ThreadPoolExecutor, lock: FileLock) -> None:
        self._thread = thread
        self._lock = lock
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._closed = False

    @classmethod
    async def open(cls, path_or_url: str | Path, *, busy_timeout: float) -> "Database":
        """Lock, open and migrate a database; see `SqlLedger.open`."""
        path = _path(path_or_url)
        lock = await asyncio.to_thread(FileLock, path)
        engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=NullPool,
            hide_parameters=True,  # an error's text must not show what is in the records
            # The driver begins a transaction with the first write, by taking the write lock; it waits for it so long.
            connect_args={"timeout": busy_timeout, "isolation_level": "IMMEDIATE"},
        )
        event.listen(engine, "connect", _set_up)
        database = cls(ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger"), lock)
        try:
            database._connection = await database._errand(engine.connect)
            await database.run(migrate)
        except BaseException:
            await database.close()
            raise
        return database

    async def run(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do some work in a transaction of its own, and return its result when that is on disk.

        A transaction that has begun is finished even if the caller is cancelled, who sees the cancellation after it:
        the connection is never left in the middle of one.

        Raises:
            LedgerUnavailable: the database can't be read or written; nothing of this transaction has been stored.
        """
        started = perf_counter()
        outcome = "error"
        try:
            async with self._turn:
                if self._closed:
                    raise LedgerUnavailable("The ledger is closed.")
                result = await self._errand(lambda: self._transact(work, *args, **kwargs))
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        else:
            outcome = "ok"
            return result
        finally:
            metrics.observe_ledger(outcome, perf_counter() - started)

    def _transact(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        assert self._connection is not None  # noqa: S101 - opened before anything else
        with self._connection.begin():
            return work(self._connection, *args, **kwargs)

    async def close(self) -> None:
        """Wait for the transaction under way, close the connection and let go of the file. Repeatable."""
        async with self._turn:
            if self._closed:
                return
            self._closed = True
            try:
                if self._connection is not None:
                    await self._errand(self._connection.close)
            finally:
                self._thread.shutdown(wait=False)
                self._lock.release()

    async def _errand(self, work: Callable[[], T]) -> T:
        """Let the thread do something, wait for its end, and be cancelled only then."""
        errand = asyncio.get_running_loop().run_in_executor(self._thread, _translated, work)
        try:
            return await asyncio.shield(errand)
        except asyncio.CancelledError:
            while not errand.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({errand})
            errand.exception()  # it has been seen
            raise


def _path(path_or_url: str | Path) -> Path:
    """Return the file that a path or URL names."""
    text = str(path_or_url)
    if "://" in text:
        try:
            url = make_url(text)
        except ArgumentError as error:
            raise LedgerUnavailable("The ledger's URL can't be read.", remedy="Write sqlite:///path.") from error
        if url.get_backend_name() != "sqlite" or not url.database:
            raise LedgerUnavailable("The ledger's URL names no SQLite file.", remedy="Write sqlite:///path.")
        text = url.database
    return Path(text)


def _set_up(connection: Any, _record: Any) -> None:
    """Set what SQLite forgets with each connection."""
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _translated(work: Callable[[], T]) -> T:
    """Turn the database's errors into ours; what can only be a bug is left as it is."""
    try:
        return work()
    except (IntegrityError, ProgrammingError):
        raise
    except DBAPIError as error:
        raise LedgerUnavailable(f"The ledger failed: {error.orig}.") from error
    except sqlite3.Error as error:
        raise LedgerUnavailable(f"The ledger failed: {error}.") from error
