"""Whose sales are due, and what becomes of the records of sales."""

import pytest

from sage_operator.ledger import SqlLedger
from sage_operator.sync.entities import ActionKind, RecordStatus
from sage_operator.sync.payments.sales import STREAM
from sage_operator.sync.records import OutcomeKind
from sage_operator.sync.state import StreamState

from .examples import (
    MINUTE,
    NOW,
    SALES,
    Bench,
    account_id,
    action,
    contact_id,
    create,
    outcome,
    pending,
    release,
    update,
)
from .facts_examples import document, document_id

A, B = account_id(1), account_id(2)
ONE, TWO = document_id(1), document_id(2)


async def followed(bench: Bench, digest: str | None = "digest") -> None:
    """Follow sales, or follow them no longer."""
    await bench.ledger.save_stream(bench.scope, STREAM, StreamState(digest=digest))


async def due(bench: Bench, **after: str) -> list[str]:
    """Return what is due."""
    return list(await bench.ledger.sales_due(bench.scope, **after, limit=10))


async def test_documents_make_their_sales_due_while_sales_are_followed(bench: Bench) -> None:
    """New, changed and removed ones, page by page; those that are stored as they were do not."""
    await bench.ledger.store_documents(bench.scope, [document(1)])
    assert await due(bench) == []
    await followed(bench)
    await bench.ledger.store_documents(bench.scope, [document(1), document(2), document(3)])
    assert await due(bench) == [TWO, document_id(3)]
    assert await due(bench, after_id=TWO) == [document_id(3)]
    await bench.ledger.forget_all_sales_due(bench.scope)
    await bench.ledger.store_documents(bench.scope, [document(1, number="anew")])
    await bench.ledger.remove_documents(bench.scope, [TWO, document_id(9)])
    assert await due(bench) == [ONE, TWO]
    assert list(await bench.ledger.stored_documents(bench.scope, [ONE, TWO])) == [ONE]
    await followed(bench, None)
    await bench.ledger.forget_all_sales_due(bench.scope)
    await bench.ledger.remove_documents(bench.scope, [ONE])
    assert await due(bench) == []


async def test_scopes_do_not_mix(ledger: SqlLedger, bench: Bench) -> None:
    """What is due in one scope is not in another."""
    other = await Bench.set_up(ledger, "crm/other", fingerprint="other")
    for each in (bench, other):
        await followed(each)
    await ledger.store_documents(other.scope, [document(1)])
    await ledger.make_all_sales_due(bench.scope)
    await ledger.make_open_sales_due(bench.scope, now=NOW)
    assert (await due(bench), await due(other)) == ([], [ONE])


async def test_all_sales(bench: Bench) -> None:
    """Those of all documents, and all that are ours or were kept."""
    await bench.ledger.store_documents(bench.scope, [document(1)])
    await bench.write(TWO, document_id(3), parent_id=A)
    await bench.note(release(TWO))
    await bench.note(pending(document_id(4)), release(document_id(4)))
    await bench.ledger.make_all_sales_due(bench.scope)
    assert await due(bench) == [ONE, TWO, document_id(3)]


async def test_what_is_open(bench: Bench) -> None:
    """Documents and kept sales of accounts that entered, sales that are not settled; not those of other accounts."""
    await bench.ledger.store_documents(bench.scope, [document(1, account=1), document(2, account=2)])
    await bench.write(document_id(3), parent_id=A)
    await bench.note(release(document_id(3)))
    await bench.note(pending(document_id(4), parent_id=B))
    await bench.ledger.make_open_sales_due(bench.scope, now=NOW)
    assert await due(bench) == []
    await bench.write(A)
    await bench.ledger.make_open_sales_due(bench.scope, now=NOW)
    assert await due(bench) == [ONE, document_id(3)]
    await bench.ledger.complete(bench.scope, watermark=NOW, digest="d")
    await bench.ledger.forget_all_sales_due(bench.scope)
    await bench.write(B, target_id=2000)
    await bench.ledger.make_open_sales_due(bench.scope, now=NOW)
    assert await due(bench) == [TWO, document_id(4)]


async def test_a_sale_is_due_until_its_record_tells(bench: Bench) -> None:
    """Noted or intended ones are not; a released one is, as its document may be another account's."""
    await followed(bench)
    await bench.ledger.store_documents(bench.scope, [document(n) for n in range(1, 5)])
    await bench.intend(create(ONE))
    await bench.note(pending(TWO), release(document_id(3)))
    assert await due(bench) == [document_id(3), document_id(4)]
    await bench.ledger.forget_sales_due(bench.scope, [document_id(4)])
    assert await due(bench) == [document_id(3)]


async def test_sales_are_released_with_their_account(bench: Bench) -> None:
    """In one transaction, with its documents; they are told apart from its contacts."""
    await bench.write(A)
    await bench.write(ONE, parent_id=A)
    await bench.write(contact_id(1), parent_id=A)
    await bench.ledger.store_documents(bench.scope, [document(1)])
    assert list(await bench.ledger.children(bench.scope, SALES, [A])) == [ONE]
    await bench.note(release(A), release(ONE))
    assert (await bench.state(ONE)).status is RecordStatus.NOT_SYNCHRONIZED
    assert (await bench.state(ONE)).target_id == 1000
    assert list(await bench.ledger.children(bench.scope, SALES, [A])) == []


async def test_a_sale_that_is_deleted(ledger: SqlLedger, bench: Bench) -> None:
    """It is no longer ours, nor known in ForceManager, and free for others."""
    await bench.write(ONE, parent_id=A)
    other = await Bench.set_up(ledger, "crm/other", fingerprint="other")
    assert not (await ledger.claim(other.scope, SALES, [ONE]))[ONE].mine
    delete = action(ActionKind.DELETE, ONE, target_id=1000, parent_id=A)
    await bench.intend(delete)
    assert await bench.due(SALES) == [ONE]
    await bench.settle(outcome(delete, OutcomeKind.DONE, 1000))
    state = await bench.state(ONE)
    assert (state.status, state.target_id, state.parent_id) == (RecordStatus.NOT_SYNCHRONIZED, None, A)
    assert (state.mapped_hash, state.field_hashes) == (None, {})
    assert await bench.due(SALES) == []
    taken = (await ledger.claim(other.scope, SALES, [ONE]))[ONE]
    assert (taken.mine, taken.target_id) == (True, None)


@pytest.mark.parametrize("kind", [None, OutcomeKind.UNCLEAR, OutcomeKind.NOT_SENT])
async def test_a_delete_without_an_outcome(bench: Bench, kind: OutcomeKind | None) -> None:
    """It is due again, under the same id, and whatever is written then is written as a whole."""
    await bench.write(ONE, parent_id=A)
    delete = action(ActionKind.DELETE, ONE, target_id=1000, parent_id=A)
    await bench.intend(delete)
    if kind is not None:
        await bench.settle(outcome(delete, kind))
    else:
        assert await bench.ledger.recover(bench.scope, at=NOW) == 1
    state = await bench.state(ONE)
    assert (state.status, state.target_id, state.mapped_hash) == (RecordStatus.PENDING, 1000, None)
    assert state.unclear_since is None
    assert await bench.due(SALES) == [ONE]


async def test_a_delete_that_is_refused(bench: Bench) -> None:
    """It is a reject, due again when its time has come; an update makes it whole."""
    await bench.write(ONE, parent_id=A)
    delete = action(ActionKind.DELETE, ONE, target_id=1000, parent_id=A, retry_at=NOW + MINUTE)
    await bench.intend(delete)
    await bench.settle(outcome(delete, OutcomeKind.REFUSED, message="No."))
    assert ((await bench.state(ONE)).status, (await bench.state(ONE)).target_id) == (RecordStatus.ERROR, 1000)
    assert await bench.due(SALES) == []
    assert await bench.due(SALES, now=NOW + MINUTE) == [ONE]
    again = update(ONE, 1000, parent_id=A)
    await bench.intend(again)
    await bench.settle(outcome(again, OutcomeKind.DONE))
    assert (await bench.state(ONE)).status is RecordStatus.SYNCHRONIZED
