from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Connection, text
from sqlalchemy.dialects import sqlite

from sage_operator.ledger import SqlLedger

from .examples import NOW, Bench


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[SqlLedger]:
    """An empty ledger, closed afterwards."""
    async with await SqlLedger.open(path, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
async def bench(ledger: SqlLedger) -> Bench:
    """A ledger with a scope and a run."""
    return await Bench.set_up(ledger)


class Query:
    """Looks into the tables behind the ledger's back."""

    def __init__(self, ledger: SqlLedger) -> None:
        """Take a ledger."""
        self._ledger = ledger

    async def __call__(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return rows."""

        def ask(connection: Connection) -> list[dict[str, Any]]:
            result = connection.execute(text(sql), parameters)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

        return await self._ledger._database.run(ask)

    async def plan(self, question: ClauseElement) -> list[str]:
        """Return the steps by which SQLite answers a question, or carries out a change."""
        sql = str(question.compile(dialect=sqlite.dialect())).replace("?", "'1'")
        return [row["detail"] for row in await self(f"EXPLAIN QUERY PLAN {sql}")]


@pytest.fixture
def query(ledger: SqlLedger) -> Query:
    """Ask the tables."""
    return Query(ledger)
