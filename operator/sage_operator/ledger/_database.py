"""The connection to the ledger's database: opening it, one transaction after the other, its errors."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
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
    """One dedicated connection. Transactions follow one another; the event loop does not wait for the disk."""

    def __init__(self, connection: AsyncConnection, lock: FileLock) -> None:
        self._connection = connection
        self._lock = lock
        self._turn = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, path_or_url: str | Path, *, busy_timeout: float) -> "Database":
        """Lock, open and migrate a database; see `SqlLedger.open`."""
        path = _path(path_or_url)
        lock = await asyncio.to_thread(FileLock, path)
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(path)),
            poolclass=NullPool,
            hide_parameters=True,  # an error's text must not show what is in the records
            # The driver begins a transaction with the first write, by taking the write lock; it waits for it so long.
            connect_args={"timeout": busy_timeout, "isolation_level": "IMMEDIATE"},
        )
        event.listen(engine.sync_engine, "connect", _set_up)
        database = cls(engine.connect(), lock)
        try:
            await _translated(database._connection.start())
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
                result = await _whole(_translated(self._transact(work, *args, **kwargs)))
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        else:
            outcome = "ok"
            return result
        finally:
            metrics.observe_ledger(outcome, perf_counter() - started)

    async def _transact(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._connection.begin():
            return await self._connection.run_sync(work, *args, **kwargs)

    async def close(self) -> None:
        """Wait for the transaction under way, close the connection and let go of the file. Repeatable."""
        async with self._turn:
            if self._closed:
                return
            self._closed = True
            try:
                if self._connection.sync_connection is not None:
                    await self._connection.close()
            finally:
                self._lock.release()


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


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """Await some work to its end, and be cancelled only then."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it has been seen
        raise


async def _translated(work: Awaitable[T]) -> T:
    """Turn the database's errors into ours; what can only be a bug is left as it is."""
    try:
        return await work
    except (IntegrityError, ProgrammingError):
        raise
    except DBAPIError as error:
        raise LedgerUnavailable(f"The ledger failed: {error.orig}.") from error
    except sqlite3.Error as error:
        raise LedgerUnavailable(f"The ledger failed: {error}.") from error
