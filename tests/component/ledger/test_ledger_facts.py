from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ClauseElement

from sage_operator.ledger import SqlLedger, _facts, _figures
from sage_operator.sync.state import Load, StreamState

from .conftest import Query
from .examples import MINUTE, NOW, Bench, account_id, release
from .facts_examples import document, document_id

A, B, C = map(account_id, (1, 2, 3))


async def due(bench: Bench) -> set[str]:
    """Return whose figures are due, in ForceManager or not."""
    return set(await bench.ledger.figures_due_among(bench.scope, [A, B, C]))


async def forget_due(bench: Bench, query: Query) -> None:
    """Begin anew, as if all figures had been written."""
    await query("DELETE FROM figures_due")
    assert not await due(bench)


async def test_documents_come_back_as_they_were(bench: Bench) -> None:
    """Each field, by account, in the order of ids; an account without documents has none."""
    several = [
        document(2, number="", due=None, is_open=False, paid_on=date(2026, 11, 2)),
        document(1, total=Decimal("-0.01"), net=Decimal("12345678901234567.89")),
        document(3, account=2, type="Sales Credit", currency="GBP"),
    ]
    assert await bench.ledger.store_documents(bench.scope, several) == 3
    assert await bench.ledger.documents_of(bench.scope, [A, B, C]) == {
        A: (several[1], several[0]),
        B: (several[2],),
        C: (),
    }


amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**15), max_value=10**15)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(amounts, amounts, amounts, amounts))
async def test_amounts_are_exact(bench: Bench, four: tuple[Decimal, ...]) -> None:
    """No amount loses a digit, whatever its size and sign."""
    stored = document(1, **dict(zip(("net", "total", "paid", "outstanding"), four, strict=True)))
    await bench.ledger.store_documents(bench.scope, [stored])
    assert (await bench.ledger.documents_of(bench.scope, [A]))[A] == (stored,)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "sNaN"])
async def test_what_is_no_number_is_refused(bench: Bench, amount: str) -> None:
    """Such an amount is a bug, and nothing of its batch is stored."""
    with pytest.raises(ValueError, match="must be a number"):
        await bench.ledger.store_documents(bench.scope, [document(1), document(2, net=Decimal(amount))])
    assert (await bench.ledger.documents_of(bench.scope, [A]))[A] == ()


async def test_equal_documents_change_nothing(bench: Bench, query: Query) -> None:
    """Another spelling of the same amount is equal; the figures are not due."""
    await bench.ledger.store_documents(bench.scope, [document(1), document(2, account=2)])
    assert await due(bench) == {A, B}
    await forget_due(bench, query)
    same = document(1, outstanding=Decimal("1E+2"), net=Decimal("100.1"))
    assert await bench.ledger.store_documents(bench.scope, [same, same]) == 0
    assert await due(bench) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Sales Credit"},
        {"number": "another"},
        {"dated": date(2026, 10, 2)},
        {"due": None},
        {"net": Decimal("0.01")},
        {"total": Decimal("0.01")},
        {"paid": Decimal("0.01")},
        {"outstanding": Decimal("0.01")},
        {"currency": "GBP"},
        {"is_open": False},
        {"paid_on": date(2026, 11, 1)},
    ],
)
async def test_any_changed_field_makes_figures_due(bench: Bench, query: Query, change: dict[str, object]) -> None:
    """Of the account concerned, and of no other."""
    await bench.ledger.store_documents(bench.scope, [document(1), document(2, account=2)])
    await forget_due(bench, query)
    changed = document(1, **change)
    assert await bench.ledger.store_documents(bench.scope, [changed, document(2, account=2)]) == 1
    assert await due(bench) == {A}
    assert (await bench.ledger.documents_of(bench.scope, [A]))[A] == (changed,)


async def test_a_document_that_moves_concerns_both_accounts(bench: Bench, query: Query) -> None:
    """After a merge the loser's documents are the winner's."""
    await bench.ledger.store_documents(bench.scope, [document(1)])
    await forget_due(bench, query)
    await bench.ledger.store_documents(bench.scope, [document(1, account=2)])
    assert await due(bench) == {A, B}
    assert await bench.ledger.documents_of(bench.scope, [A, B]) == {A: (), B: (document(1, account=2),)}


async def test_removed_documents(bench: Bench, query: Query) -> None:
    """They are gone and their account's figures due; an unknown id does no harm."""
    await bench.ledger.store_documents(bench.scope, [document(1), document(2, account=2)])
    await forget_due(bench, query)
    await bench.ledger.remove_documents(bench.scope, [document_id(1), document_id(9)])
    assert await due(bench) == {A}
    assert (await bench.ledger.documents_of(bench.scope, [A]))[A] == ()
    assert len((await bench.ledger.documents_of(bench.scope, [B]))[B]) == 1


async def test_open_documents_come_in_pages(bench: Bench) -> None:
    """Those that are open, by id, each once."""
    several = [document(number, is_open=number % 3 != 0) for number in range(10)]
    await bench.ledger.store_documents(bench.scope, several)
    pages, after = [], ""
    while page := await bench.ledger.open_documents(bench.scope, after_id=after, limit=4):
        pages.append(len(page))
        after = page[-1]
    assert pages == [4, 2]
    await bench.ledger.store_documents(bench.scope, [replace(several[1], is_open=False)])
    assert list(await bench.ledger.open_documents(bench.scope, limit=2)) == [document_id(2), document_id(4)]


async def test_what_a_load_has_not_seen(bench: Bench) -> None:
    """Equal documents bear the mark too; what is stored without a load keeps its mark."""
    several = [document(number) for number in range(6)]
    await bench.ledger.store_documents(bench.scope, several, seen_by="first")
    await bench.ledger.store_documents(bench.scope, [*several[:2], document(2, number="new")], seen_by="second")
    await bench.ledger.store_documents(bench.scope, [document(0, number="newer"), document(5)])
    ledger, scope = bench.ledger, bench.scope
    unseen = [document_id(number) for number in (3, 4, 5)]
    assert list(await ledger.unseen_documents(scope, seen_by="second", limit=9)) == unseen
    assert list(await ledger.unseen_documents(scope, seen_by="second", after_id=unseen[0], limit=1)) == unseen[1:2]


async def test_credit_limits(bench: Bench, query: Query) -> None:
    """Set, equal, changed, removed: only a change makes figures due."""
    ledger, scope = bench.ledger, bench.scope
    await ledger.store_credit_limits(scope, {A: Decimal("5000.50"), B: Decimal(0), C: None})
    assert await due(bench) == {A, B}
    assert await ledger.credit_limits_of(scope, [A, B, C]) == {A: Decimal("5000.5"), B: Decimal(0)}
    await forget_due(bench, query)
    await ledger.store_credit_limits(scope, {A: Decimal("5000.5"), B: None, C: None})
    assert await due(bench) == {B}
    assert await ledger.credit_limits_of(scope, [A, B, C]) == {A: Decimal("5000.5")}


async def test_an_account_that_leaves_takes_its_facts_along(bench: Bench) -> None:
    """They are read again when it comes back; those of other accounts stay."""
    await bench.write(A, B)
    await bench.ledger.store_documents(bench.scope, [document(1), document(2, account=2)])
    await bench.ledger.store_credit_limits(bench.scope, {A: Decimal(1), B: Decimal(2)})
    await bench.note(release(A))
    assert await due(bench) == {B}
    assert await bench.ledger.documents_of(bench.scope, [A, B]) == {A: (), B: (document(2, account=2),)}
    assert await bench.ledger.credit_limits_of(bench.scope, [A, B]) == {B: Decimal(2)}


async def test_each_scope_has_its_own_facts(bench: Bench) -> None:
    """Two integrations may read the same documents; one that takes over an account drops the other's facts of it."""
    other = await Bench.set_up(bench.ledger, "crm/other")
    await bench.write(A)
    for of in (bench, other):
        await of.ledger.store_documents(of.scope, [document(1)])
    await other.ledger.remove_documents(other.scope, [document_id(1)])
    assert (await bench.ledger.documents_of(bench.scope, [A]))[A] == (document(1),)
    await bench.ledger.release_integration("crm/acme")
    await other.write(A)
    assert (await bench.ledger.documents_of(bench.scope, [A]))[A] == ()


async def test_a_stream_comes_back_as_it_was(bench: Bench) -> None:
    """Where it stands, and the load under way; its watermark never moves back."""
    ledger, scope = bench.ledger, bench.scope
    assert await ledger.stream(scope, "documents") == StreamState()
    load = Load(id="run", as_of=NOW, digest="d", cursor='{"job":"750","locator":"abc"}')
    await ledger.save_stream(scope, "documents", StreamState(load=load))
    assert await ledger.stream(scope, "documents") == StreamState(load=load)
    assert await ledger.stream(scope, "reconciliations") == StreamState()
    reached = StreamState(watermark=NOW, digest="d")
    await ledger.save_stream(scope, "documents", reached)
    await ledger.save_stream(scope, "documents", replace(reached, watermark=NOW - MINUTE))
    assert await ledger.stream(scope, "documents") == reached
    await ledger.save_stream(scope, "documents", replace(reached, watermark=NOW + MINUTE, load=load))
    assert await ledger.stream(scope, "documents") == StreamState(watermark=NOW + MINUTE, digest="d", load=load)


async def test_facts_survive_a_restart(bench: Bench, ledger: SqlLedger, path: Path) -> None:
    """So does whose figures are due, and the date for which all were made due."""
    await bench.write(A, B)
    await ledger.make_all_figures_due(bench.scope, as_of=NOW.date())
    await ledger.store_documents(bench.scope, [document(1)])
    await ledger.aclose()
    async with await SqlLedger.open(path) as again:
        scope = await again.open_scope(integration="crm/acme", fingerprint="org+tenant", tenant="tenant")
        assert scope.figures_as_of == NOW.date()
        assert await again.figures_due_among(scope, [A, B, C]) == {A, B}
        assert (await again.documents_of(scope, [A]))[A] == (document(1),)


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (_facts._stored, "PRIMARY KEY (scope_id=? AND id=?)"),
        (_facts._of, "documents_account (account_id=?)"),
        (_facts._open, "documents_open (scope_id=? AND id>?)"),
        (_facts._remove, "PRIMARY KEY (scope_id=? AND id=?)"),
        (_facts._forget_documents, "documents_account (account_id=?)"),
        (_facts._limits, "PRIMARY KEY (scope_id=? AND account_id=?)"),
        (_figures._due, "PRIMARY KEY (scope_id=? AND account_id>?)"),
        (_figures._among, "PRIMARY KEY (scope_id=? AND account_id=?)"),
    ],
)
async def test_questions_about_facts_use_their_index(query: Query, question: ClauseElement, index: str) -> None:
    """With millions of documents in one file no question may read them all."""
    details = [detail for detail in await query.plan(question) if "json_each" not in detail and " " in detail]
    assert any(index in detail for detail in details), details
    assert not [detail for detail in details if detail.startswith("SCAN") and "VIRTUAL TABLE" not in detail], details


async def test_a_late_day_is_no_earlier(bench: Bench) -> None:
    """The date is the last one told, whichever it is: a moved time zone may set it back."""
    for day in (NOW.date(), NOW.date() - timedelta(days=1)):
        await bench.ledger.make_all_figures_due(bench.scope, as_of=day)
        scope = (await Bench.set_up(bench.ledger)).scope
        assert scope.figures_as_of == day


async def test_whose_limits_are_stored(bench: Bench) -> None:
    """Expect accounts that have a credit limit, beyond one, in order."""
    await bench.ledger.store_credit_limits(bench.scope, {B: Decimal(2), A: Decimal(1), C: None})
    assert await bench.ledger.limited_accounts(bench.scope, limit=9) == (A, B)
    assert await bench.ledger.limited_accounts(bench.scope, after_id=A, limit=9) == (B,)
    assert await bench.ledger.limited_accounts(bench.scope, limit=1) == (A,)
