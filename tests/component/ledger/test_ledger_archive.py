import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sage_operator.ledger import Archive, SqlLedger, _retention
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Mode
from sage_operator.sync.errors import LedgerUnavailable
from sage_operator.sync.records import OutcomeKind
from sage_operator.sync.state import RunResult
from sage_operator.sync.ulid import ulid

from .conftest import Query
from .examples import ACCOUNTS, MINUTE, NOW, Bench, account_id, create, header, outcome, reject, release, update

A, B, C = map(account_id, (1, 2, 3))
DAY = timedelta(days=1)

QUIET = RunResult(
    outcome="Succeeded",
    reason="Succeeded",
    message="All in step.",
    mode=Mode.INCREMENTAL,
    completed_at=NOW + MINUTE,
    counts={ACCOUNTS: {ActionKind.UNCHANGED: 5}},
    requests={"sage": 2},
    data_as_of=NOW,
)


def at(moment: datetime, number: int = 0) -> str:
    """Return the id of a run that began then."""
    return ulid(moment, bytes([number]) * 10)


async def have_run(ledger: SqlLedger, began: datetime, result: RunResult = QUIET, integration: str = "crm/acme") -> str:
    """Carry out a run that does nothing."""
    run = at(began, hash(integration) % 200)
    await ledger.begin_run(header(run, integration, at=began))
    await ledger.end_run(run, replace(result, completed_at=began + MINUTE))
    return run


# Folding


async def test_quiet_runs_are_one_row(ledger: SqlLedger) -> None:
    """The newest stands for all: it tells how many, and since when; another integration's runs are its own."""
    for number in range(4):
        newest = await have_run(ledger, NOW + number * MINUTE)
        await have_run(ledger, NOW + number * MINUTE, integration="crm/other")
    ((run,)) = await ledger.last_runs("crm/acme", limit=9)
    assert (run.header.id, run.times, run.first_at) == (newest, 4, NOW)
    assert run.header.started_at == NOW + 3 * MINUTE
    assert run.result == replace(QUIET, completed_at=NOW + 4 * MINUTE)


@pytest.mark.parametrize(
    "other",
    [
        {"outcome": "Failed", "reason": "SageUnavailable"},
        {"reason": "Other"},
        {"message": "Another."},
        {"mode": Mode.REPLAN},
        {"counts": {ACCOUNTS: {ActionKind.UPDATE: 1}}},
    ],
)
async def test_runs_that_differ_stay_apart(ledger: SqlLedger, other: dict[str, Any]) -> None:
    """So the archive shows when something was different."""
    for number, result in enumerate((QUIET, replace(QUIET, **other), QUIET)):
        await have_run(ledger, NOW + number * MINUTE, result)
    assert [run.times for run in await ledger.last_runs("crm/acme", limit=9)] == [1, 1, 1]


async def test_a_run_with_actions_is_never_folded(bench: Bench) -> None:
    """Whatever its counts say: what it did must be found under its id."""
    await bench.note(reject(A))
    await bench.ledger.end_run(bench.run, QUIET)
    await have_run(bench.ledger, NOW + MINUTE)
    assert [run.times for run in await bench.ledger.last_runs("crm/acme", limit=9)] == [1, 1]


async def test_failures_that_repeat_are_counted(ledger: SqlLedger) -> None:
    """The back-off after a restart rests on how many there were."""
    failed = replace(QUIET, outcome="Failed", reason="SageUnavailable", counts={}, data_as_of=None)
    for number in range(3):
        await have_run(ledger, NOW + number * MINUTE, failed)
    ((run,)) = await ledger.last_runs("crm/acme", limit=9)
    assert run.times == 3


# Retention


async def _old_actions(ledger: SqlLedger, began: datetime, number: int) -> str:
    scope = await ledger.open_scope(integration="crm/acme", fingerprint="org+tenant", tenant="tenant")
    bench = Bench(ledger=ledger, scope=scope, run=at(began))
    await ledger.begin_run(header(bench.run, at=began))
    await bench.write(*(account_id(place) for place in range(number)))
    await ledger.end_run(bench.run, replace(QUIET, counts={ACCOUNTS: {ActionKind.CREATE: number}}))
    return bench.run


async def test_old_actions_and_runs_are_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each after its own time, in several transactions; records stay, and the newest run of an integration."""
    monkeypatch.setattr("sage_operator.ledger._retention._AT_ONCE", 2)
    async with await SqlLedger.open(path, clock=lambda: NOW) as ledger:
        ages = (500, 450, 100, 10)
        kept = [await _old_actions(ledger, NOW - age * DAY, 5) for age in ages]
        alone = await have_run(ledger, NOW - 600 * DAY, integration="crm/asleep")
        pruned = await ledger.prune(keep_actions=90 * DAY, keep_runs=400 * DAY)
        assert (pruned.actions, pruned.runs) == (15, 2)
        assert {run.header.id for run in await ledger.last_runs("crm/acme", limit=9)} >= set(kept[2:])
        assert not {run.header.id for run in await ledger.last_runs("crm/acme", limit=9)} & set(kept[:2])
        assert [run.header.id for run in await ledger.last_runs("crm/asleep", limit=9)] == [alone]
        scope = await ledger.open_scope(integration="crm/acme", fingerprint="org+tenant", tenant="tenant")
        assert len(await ledger.known(scope, ACCOUNTS, [account_id(place) for place in range(5)])) == 5
        again = await ledger.prune(keep_actions=90 * DAY, keep_runs=400 * DAY)
        assert (again.actions, again.runs) == (0, 0)


async def test_a_run_stays_as_long_as_its_actions(path: Path) -> None:
    """An action without its run would tell nothing."""
    async with await SqlLedger.open(path, clock=lambda: NOW) as ledger:
        await _old_actions(ledger, NOW - 50 * DAY, 3)
        await have_run(ledger, NOW)
        pruned = await ledger.prune(keep_actions=90 * DAY, keep_runs=DAY)
        assert (pruned.actions, pruned.runs) == (0, 0)


async def test_forgetting_reads_only_what_is_old(query: Query) -> None:
    """A million actions that are kept cost nothing."""
    plan = await query.plan(_retention._old_actions)
    assert not [detail for detail in plan if detail.startswith("SCAN")], plan


# Reading


def _bytes(path: Path) -> bytes:
    """Return what is in a file."""
    return path.read_bytes()


async def test_the_archive_is_read_while_the_operator_runs(bench: Bench, path: Path) -> None:
    """It needs neither the lock nor a copy, and sees what is committed at that moment."""
    await bench.write(A, label="Alpha Ltd")
    with Archive.open(path) as archive:
        await bench.intend(update(A, 1000, label="Alpha Ltd"))
        (found,) = archive.find("alpha ltd", integration=None, namespace=None, limit=5)
        assert (found.sage_id, found.target_id, found.settled) == (A, 1000, True)
    with Archive.open(path) as archive:
        (found,) = archive.find("alpha ltd", integration=None, namespace=None, limit=5)
        assert not found.settled


async def test_reading_changes_no_byte(bench: Bench, path: Path) -> None:
    """Not even of a ledger whose operator has ended."""
    await bench.write(A)
    await bench.ledger.aclose()
    before = _bytes(path)
    with Archive.open(path) as archive:
        assert archive.find(A, integration=None, namespace=None, limit=5)
        with pytest.raises(Exception, match="readonly"):
            archive._connection.exec_driver_sql("DELETE FROM records")
    assert _bytes(path) == before


@pytest.mark.parametrize("words", [A, A[:15], "1000", "LABEL of 001000000000001aaa"])
async def test_a_record_is_found_by_whatever_people_know(bench: Bench, path: Path, words: str) -> None:
    """Its Sage id, long or short, its ForceManager id, its name in any case."""
    await bench.write(A, B)
    with Archive.open(path) as archive:
        found = archive.find(words, integration="acme", namespace="crm", limit=5)
        assert [record.sage_id for record in found] == [A]
        assert archive.find(words, integration="crm/other", namespace=None, limit=5) == ()
        assert archive.find(words, integration=None, namespace="other", limit=5) == ()
        assert archive.names_with("l of 001", limit=5) == (f"Label of {A}", f"Label of {B}")


async def test_finding_reads_no_more_than_it_must(query: Query) -> None:
    """By primary key, by ForceManager id and by name there is an index."""
    plans = []
    for condition in (
        "lower(label) = 'x' OR target_id = 7",
        f"scope_id IN (SELECT id FROM scopes) AND entity IN ('accounts', 'contacts') AND sage_id = '{A}'",
    ):
        plans += [row["detail"] for row in await query(f"EXPLAIN QUERY PLAN SELECT * FROM records WHERE {condition}")]
    indices = re.findall(r"records USING INDEX (?:sqlite_)?(\w+)", "\n".join(plans))
    assert set(indices) == {"records_label", "records_target", "autoindex_records_1"}
    assert not [detail for detail in plans if detail.startswith("SCAN records")]


async def test_the_history_of_a_record(bench: Bench, path: Path) -> None:
    """Newest first, each action with its run, how it ended, and which fields it changed; other records are left out."""
    await bench.write(A, B)
    later = await Bench.set_up(bench.ledger)
    later.at = NOW + MINUTE
    await later.intend(update(A, 1000))
    await later.settle(outcome(update(A, 1000), OutcomeKind.REFUSED, message="No.", code=Code.REFUSED_BY_FORCE_MANAGER))
    with Archive.open(path) as archive:
        (record,) = archive.find(A, integration=None, namespace=None, limit=5)
        history = archive.history(record, limit=9)
    assert (record.status, record.code, record.rejected_since) == ("Error", "RefusedByForceManager", NOW + MINUTE)
    assert [(each.run_id, each.kind, each.stage, each.fields) for each in history] == [
        (later.run, "Update", "refused", ("name", "phone")),
        (bench.run, "Create", "done", ()),
    ]
    assert [each.values for each in history] == [None, None], "nobody asked for values to be kept"


async def test_rejects_tell_since_when(bench: Bench, path: Path) -> None:
    """The first of them in a row counts; a success ends the row; those of a deleted integration are not listed."""
    await bench.note(reject(A), reject(B))
    bench.at = NOW + MINUTE
    await bench.note(reject(A, retry_at=NOW + DAY))
    await bench.write(B)
    bench.at = NOW + 2 * MINUTE
    await bench.note(reject(B))
    with Archive.open(path) as archive:
        found = archive.rejects(integration=None, namespace=None, limit=9)
        assert [(each.sage_id, each.rejected_since, each.attempts) for each in found] == [
            (A, NOW, 2),
            (B, NOW + 2 * MINUTE, 1),
        ]
        assert found[0].retry_at == NOW + DAY
    await bench.note(release(A))
    await bench.ledger.release_integration("crm/acme")
    with Archive.open(path) as archive:
        assert archive.rejects(integration=None, namespace=None, limit=9) == ()


async def test_values_are_kept_if_asked_for(path: Path) -> None:
    """Then the history tells what was before, as far as an earlier success tells; exact, and not after a failure."""
    async with await SqlLedger.open(path, clock=lambda: NOW, keep_values=True) as ledger:
        bench = await Bench.set_up(ledger)
        await bench.write(A, payload={"name": "Alpha", "amount": Decimal("10.10")})
        for number, (payload, kind) in enumerate(
            [
                ({"name": "Beta"}, OutcomeKind.DONE),
                ({"amount": Decimal("2.5"), "fax": None}, OutcomeKind.UNCLEAR),
                ({"name": "Gamma", "amount": Decimal(3)}, OutcomeKind.DONE),
            ]
        ):
            later = await Bench.set_up(ledger)
            later.at = NOW + number * MINUTE
            await later.intend(update(A, 1000, payload=payload))
            await later.settle(outcome(update(A, 1000, payload=payload), kind))
    with Archive.open(path) as archive:
        (record,) = archive.find(A, integration=None, namespace=None, limit=5)
        told = [(each.values, each.before) for each in archive.history(record, limit=9)]
    assert told == [
        ({"name": "Gamma", "amount": 3}, {"name": "Beta"}),
        ({"amount": Decimal("2.5"), "fax": None}, {"amount": Decimal("10.10")}),
        ({"name": "Beta"}, {"name": "Alpha"}),
        ({"name": "Alpha", "amount": Decimal("10.10")}, {}),
    ]


async def test_pages_of_a_runs_actions(bench: Bench, path: Path) -> None:
    """In the order of ids, with the names that the records have, of one kind if asked."""
    await bench.write(*(account_id(number) for number in range(5)))
    await bench.note(reject(account_id(7)))
    with Archive.open(path) as archive:
        assert archive.count_actions(bench.run, kind=None) == 6
        assert archive.count_actions(bench.run, kind="Reject") == 1
        page = archive.actions(bench.run, kind=None, offset=4, limit=3)
        assert [(each.sage_id, each.kind, each.label) for each in page] == [
            (account_id(4), "Create", f"Label of {account_id(4)}"),
            (account_id(7), "Reject", f"Label of {account_id(7)}"),
        ]


async def test_runs_are_chosen(ledger: SqlLedger, path: Path) -> None:
    """By integration, by namespace, by time, newest first."""
    first = await have_run(ledger, NOW, replace(QUIET, message="first"))
    second = await have_run(ledger, NOW + MINUTE, integration="crm/other")
    third = await have_run(ledger, NOW + 2 * MINUTE, integration="sales/acme")
    with Archive.open(path) as archive:

        def ids(**chosen: Any) -> list[str]:
            facts = {"integration": None, "namespace": None, "since": None, "limit": 9, **chosen}
            return [run.header.id for run in archive.runs(**facts)]

        assert ids() == [third, second, first]
        assert ids(limit=1) == [third]
        assert ids(integration="acme") == [third, first]
        assert ids(integration="acme", namespace="crm") == [first]
        assert ids(integration="crm/acme") == [first]
        assert ids(namespace="crm") == [second, first]
        assert ids(since=NOW + MINUTE) == [third, second]
        assert archive.integrations() == ("crm/acme", "crm/other", "sales/acme")


async def test_what_is_no_ledger_is_refused(ledger: SqlLedger, path: Path, tmp_path: Path) -> None:
    """Each with what to do about it; nothing is made where nothing was."""
    await ledger.aclose()
    missing, text, other = (tmp_path / name for name in ("missing.db", "text.db", "other.db"))
    text.write_text("This is a text. " * 100)
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    expected = {missing: "There is no ledger", text: "not a database", other: "is no ledger"}
    for file, message in expected.items():
        with pytest.raises(LedgerUnavailable, match=message), Archive.open(file):
            pass
    assert not missing.exists()
    for version, message in (("0999", "newer operator"), ("0002", "older operator")):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        with pytest.raises(LedgerUnavailable, match=message), Archive.open(path):
            pass


async def test_an_unclear_create_is_not_settled(bench: Bench, path: Path) -> None:
    """The archive says that its outcome is not known."""
    await bench.intend(create(C))
    with Archive.open(path) as archive:
        (found,) = archive.find(C, integration=None, namespace=None, limit=5)
    assert (found.status, found.settled, found.code) == ("Pending", False, "UnclearOutcome")
