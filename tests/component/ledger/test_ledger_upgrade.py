"""A ledger that an older operator wrote: what it holds is there after the upgrade."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine

from sage_operator.ledger import SqlLedger, _schema, _upgrade
from sage_operator.sync.entities import RecordStatus
from sage_operator.sync.records import OutcomeKind

from .examples import ACCOUNTS, NOW, Bench, account_id, outcome, update
from .facts_examples import document

A, B = account_id(1), account_id(2)
MICROSECONDS = 1_700_000_000_000_000

OLD = f"""
    INSERT INTO scopes VALUES (7, 'crm/acme', 'org+tenant', 'tenant', x'0102', {MICROSECONDS}, 'digest', 1);
    INSERT INTO runs VALUES ('01OLD', 'crm/acme', 7, 'Schedule', 'Initial', {MICROSECONDS}, {MICROSECONDS + 5},
        'Succeeded', 'Succeeded', 'All in step.', '{{"accounts":{{"Create":1}}}}', '{{"sage":3}}', {MICROSECONDS});
    INSERT INTO records VALUES (7, 'accounts', '{A}', 'Synchronized', 41, NULL, 'hash', '{{"name":"h"}}', NULL, '',
        'Alpha', 0, NULL, NULL, 0, NULL, '01OLD', {MICROSECONDS});
    INSERT INTO records VALUES (7, 'accounts', '{B}', 'Error', NULL, NULL, NULL, '{{}}', 'TooLong', 'Too long.',
        'Beta', 2, {MICROSECONDS}, NULL, 0, NULL, '01OLD', {MICROSECONDS});
    INSERT INTO claims VALUES ('tenant', 'accounts', '{A}', 7, 0);
    INSERT INTO actions VALUES ('01OLD', 'accounts', '{A}', 'Create', 'done', 41, NULL, '', '[]', 1, 2);
"""


def make_old(path: Path, version: str) -> None:
    """Make a ledger of an earlier version, with data in it."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(_upgrade.config(connection), version)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(OLD)


async def test_what_the_first_version_wrote_is_there_after_the_upgrade(path: Path) -> None:
    """Scope, watermark, records, claims, runs; and all that is new works with them."""
    make_old(path, "0001")
    async with await SqlLedger.open(path) as ledger:
        ((run,)) = await ledger.last_runs("crm/acme", limit=5)
        assert run.header.id == "01OLD"
        assert run.result is not None
        assert run.result.outcome == "Succeeded"
        bench = await Bench.set_up(ledger)
        assert (bench.scope.id, bench.scope.digest, bench.scope.figures_as_of) == (7, "digest", None)
        states = await bench.states(A, B)
        assert (states[A].status, states[A].target_id, states[A].mapped_hash) == (
            RecordStatus.SYNCHRONIZED,
            41,
            "hash",
        )
        assert (states[A].figures_hash, states[A].figure_hashes) == (None, {})
        assert (states[B].status, states[B].attempts) == (RecordStatus.ERROR, 2)
        assert (await ledger.claim(bench.scope, ACCOUNTS, [A]))[A].mine
        await ledger.store_documents(bench.scope, [document(1)])
        assert list(await ledger.figures_due(bench.scope, now=NOW, limit=5)) == [A]
        both = update(A, 41, figures_hash="figures", figure_hashes={"Z": "h"})
        await bench.intend(both)
        await bench.settle(outcome(both, OutcomeKind.DONE))
        assert (await bench.state(A)).figures_hash == "figures"


async def test_an_upgrade_is_all_or_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails, or is killed, leaves the old version as it was, for the next attempt."""
    make_old(path, "0001")

    def dump() -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())

    before = dump()
    with monkeypatch.context() as patch:
        patch.setattr(_schema, "HEAD", "9999")
        patch.setattr(_upgrade, "upgrade", _upgrade_and_fail)
        with pytest.raises(RuntimeError, match="the power went"):
            await SqlLedger.open(path)
    assert dump() == before
    async with await SqlLedger.open(path) as ledger:
        assert len(await ledger.last_runs("crm/acme", limit=5)) == 1


_real_upgrade = _upgrade.upgrade


def _upgrade_and_fail(connection: Connection) -> None:
    """Fail at the very end."""
    _real_upgrade(connection)
    raise RuntimeError("the power went")
