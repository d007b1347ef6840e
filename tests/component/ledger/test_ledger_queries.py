import pytest
from sqlalchemy import ClauseElement

from sage_operator.ledger import _reading, _scopes, _writing
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import Mode, RecordStatus
from sage_operator.sync.records import OutcomeKind, TargetRow
from sage_operator.sync.state import Pass, RejectGroup

from .conftest import Query
from .examples import (
    ACCOUNTS,
    CONTACTS,
    MINUTE,
    NOW,
    Bench,
    account_id,
    contact_id,
    create,
    outcome,
    pending,
    reject,
    release,
    unchanged,
    update,
)

A, B, C, D = map(account_id, (1, 2, 3, 4))
JO, MO = contact_id(1), contact_id(2)


async def test_unknown_records_are_absent(bench: Bench) -> None:
    """Only what the ledger has seen, of this entity and scope, is in the answer."""
    await bench.write(A)
    other = await Bench.set_up(bench.ledger, "crm/other")
    assert list(await bench.states(A, B)) == [A]
    assert await bench.ledger.known(bench.scope, CONTACTS, [A]) == {}
    assert await other.states(A) == {}


async def test_many_ids_are_one_question(bench: Bench) -> None:
    """A question is not limited by what a database allows as parameters; ids that come twice do no harm."""
    ids = [account_id(number) for number in range(40_000)]
    await bench.write(A)
    assert list(await bench.ledger.known(bench.scope, ACCOUNTS, [*ids, *ids])) == [A]


async def test_ids_differ_by_case(bench: Bench) -> None:
    """Salesforce ids are compared exactly."""
    await bench.write("001000000000001AAA")
    assert await bench.states("001000000000001aAA") == {}


async def test_contacts_are_due_when_their_account_is_there(bench: Bench) -> None:
    """They wait for their account, not for a time; without one they wait for ever."""
    await bench.note(pending(JO, parent_id=A), pending(MO, parent_id=None), pending(A, Code.CLAIMED_BY_OTHER))
    assert await bench.due(CONTACTS) == []
    await bench.write(A)
    assert await bench.due(CONTACTS) == [JO]
    await bench.note(reject(A, retry_at=NOW))
    assert await bench.due(CONTACTS) == [JO], "the account is there, though its last change was rejected"
    await bench.note(release(A))
    assert await bench.due(CONTACTS) == []


async def test_the_account_of_another_scope_does_not_count(bench: Bench) -> None:
    """Each integration brings its own accounts."""
    other = await Bench.set_up(bench.ledger, "crm/other", tenant="another tenant")
    await other.write(A)
    await bench.note(pending(JO, parent_id=A))
    assert await bench.due(CONTACTS) == []


async def test_due_comes_in_order(bench: Bench) -> None:
    """Each kind of what is not settled is in it, by id."""
    await bench.write(D)
    await bench.intend(update(D, 1000))
    await bench.note(reject(C, retry_at=NOW), pending(A, Code.UNCLEAR_OUTCOME), reject(B, retry_at=NOW + MINUTE))
    assert await bench.due() == [A, C, D]


async def test_what_a_pass_has_not_seen(bench: Bench) -> None:
    """Synchronized, pending and rejected records that bear another pass's mark, or none; the released are left out."""
    await bench.write(A, B, C)
    await bench.note(release(C))
    bench.seen_by = "the pass"
    await bench.note(unchanged(A))
    await bench.note(reject(account_id(5)), pending(account_id(6)))
    await bench.intend(create(account_id(7)))
    bench.seen_by = None
    await bench.note(reject(account_id(8)))
    unseen = [B, account_id(8)]
    assert list(await bench.ledger.unseen(bench.scope, ACCOUNTS, seen_by="the pass", limit=9)) == unseen
    assert list(await bench.ledger.unseen(bench.scope, ACCOUNTS, seen_by="the pass", limit=1)) == unseen[:1]
    assert len(await bench.ledger.unseen(bench.scope, ACCOUNTS, seen_by="the next", limit=9)) == 6


async def test_a_mark_stays_until_the_next_pass(bench: Bench) -> None:
    """What is written between passes does not lose the mark of an interrupted one."""
    bench.seen_by = "the pass"
    await bench.write(A)
    bench.seen_by = None
    await bench.note(unchanged(A), reject(A))
    await bench.intend(update(A, 1000))
    assert await bench.ledger.unseen(bench.scope, ACCOUNTS, seen_by="the pass", limit=9) == ()


async def test_accounts_that_entered(bench: Bench) -> None:
    """From being there until a complete run; those without an id yet, and those that left again, are not among them."""
    await bench.write(A, B)
    await bench.intend(create(C), create(D))
    await bench.settle(outcome(create(D), OutcomeKind.REFUSED))
    await bench.write(JO)
    assert list(await bench.ledger.entered(bench.scope)) == [A, B]
    await bench.note(release(B))
    assert list(await bench.ledger.entered(bench.scope)) == [A]
    await bench.ledger.complete(bench.scope, watermark=NOW, digest="d")
    assert list(await bench.ledger.entered(bench.scope)) == []
    await bench.ledger.resolve(bench.scope, ACCOUNTS, {C: 5})
    assert list(await bench.ledger.entered(bench.scope)) == [C], "it had not been there when the run was complete"


async def test_an_account_that_comes_back_has_entered(bench: Bench) -> None:
    """Its contacts were released with it; one that was synchronized all along has not."""
    await bench.write(A, B)
    await bench.ledger.complete(bench.scope, watermark=NOW, digest="d")
    await bench.note(release(A))
    for sage_id in (A, B):
        await bench.intend(update(sage_id, 1000))
        await bench.settle(outcome(update(sage_id, 1000), OutcomeKind.DONE))
    assert list(await bench.ledger.entered(bench.scope)) == [A]


async def test_contacts_of_accounts(bench: Bench) -> None:
    """By the account that they had last; released ones are left out."""
    await bench.write(JO, MO, contact_id(3), parent_id=A)
    await bench.note(release(MO))
    await bench.write(contact_id(4), parent_id=B)
    assert list(await bench.ledger.children(bench.scope, CONTACTS, [A, C])) == [JO, contact_id(3)]
    await bench.intend(update(JO, 1000, parent_id=C))
    assert list(await bench.ledger.children(bench.scope, CONTACTS, [C])) == [JO]


async def test_the_index_of_a_pass(bench: Bench) -> None:
    """All ids that bear an extId, each once; gone with the next pass and with the end of this one."""
    started = Pass(id="p", mode=Mode.INITIAL, as_of=NOW, digest="d")
    rows = [TargetRow(id=9, ext_id=A), TargetRow(id=3, ext_id=A), TargetRow(id=4, ext_id=B)]
    await bench.ledger.begin_pass(bench.scope, started)
    await bench.ledger.add_to_index(bench.scope, ACCOUNTS, rows)
    await bench.ledger.add_to_index(bench.scope, ACCOUNTS, rows[:1])
    other = await Bench.set_up(bench.ledger, "crm/other")
    assert await bench.ledger.indexed(bench.scope, ACCOUNTS, [A, B, C]) == {A: (3, 9), B: (4,)}
    assert await bench.ledger.indexed(bench.scope, CONTACTS, [A]) == {}
    assert await other.ledger.indexed(other.scope, ACCOUNTS, [A]) == {}
    await bench.ledger.begin_pass(bench.scope, started)
    assert await bench.ledger.indexed(bench.scope, ACCOUNTS, [A]) == {}
    await bench.ledger.add_to_index(bench.scope, ACCOUNTS, rows)
    await bench.ledger.complete(bench.scope, watermark=NOW, digest="d")
    assert await bench.ledger.indexed(bench.scope, ACCOUNTS, [A]) == {}


async def test_the_summary_counts_by_entity_and_status(bench: Bench) -> None:
    """Each record of the scope once."""
    await bench.write(A, B, JO)
    await bench.note(release(B), reject(C), pending(MO))
    other = await Bench.set_up(bench.ledger, "crm/other", tenant="another tenant")
    await other.write(A)
    assert (await bench.ledger.summary(bench.scope)).records == {
        ACCOUNTS: {RecordStatus.SYNCHRONIZED: 1, RecordStatus.NOT_SYNCHRONIZED: 1, RecordStatus.ERROR: 1},
        CONTACTS: {RecordStatus.SYNCHRONIZED: 1, RecordStatus.PENDING: 1},
    }


async def test_the_summary_names_the_most_frequent_rejects(bench: Bench) -> None:
    """Five codes at most, each with its newest message and the label of that record."""
    codes = list(Code)[:6]
    for place, code in enumerate(codes):
        for number in range(6 - place):
            bench.at = NOW + number * MINUTE
            await bench.note(reject(account_id(place * 10 + number), code, label=f"{code} {number}"))
    await bench.note(reject(JO, codes[0], label="a contact"))
    assert (await bench.ledger.summary(bench.scope)).rejects == tuple(
        RejectGroup(
            code=code,
            count=6 - place + (place == 0),
            message=f"It is {code}.",
            example=f"{code} {5 - place}",
        )
        for place, code in enumerate(codes[:5])
    )


async def test_the_summary_counts_unclear_creates(bench: Bench) -> None:
    """Whatever else is said of the record."""
    await bench.intend(create(A), create(B), create(JO))
    await bench.note(reject(B))
    await bench.settle(outcome(create(JO), OutcomeKind.DONE, 7))
    assert (await bench.ledger.summary(bench.scope)).unclear == 2


async def test_an_empty_scope_has_an_empty_summary(bench: Bench) -> None:
    """There is nothing, not a row of zeros."""
    summary = await bench.ledger.summary(bench.scope)
    assert (summary.records, summary.rejects) == ({}, ())


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (_reading._known, "sqlite_autoindex_records_1"),
        (_reading._due, "records_open"),
        (_reading._unclear, "records_open"),
        (_reading._entered, "records_open"),
        (_reading._frequent, "records_open"),
        (_reading._children, "records_parent"),
        (_reading._unseen, "sqlite_autoindex_records_1"),
        (_reading._counted, "sqlite_autoindex_records_1"),
        (_scopes._forget_entered, "records_open"),
        (_writing._LEFT_OPEN, "records_open"),
        (_writing._WITH_FIGURES_DUE, "sqlite_autoindex_records_1 (scope_id=? AND entity=? AND sage_id=?)"),
    ],
)
async def test_questions_use_their_index(query: Query, question: ClauseElement, index: str) -> None:
    """With a thousand integrations in one file no question may read them all."""
    details = [detail for detail in await query.plan(question) if "records" in detail]
    assert any(f"USING INDEX {index}" in detail or f"USING COVERING INDEX {index}" in detail for detail in details)
    assert not [detail for detail in details if detail.startswith("SCAN records")]
