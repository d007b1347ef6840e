from dataclasses import replace

import pytest

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import RecordStatus
from sage_operator.sync.records import Action, OutcomeKind, RecordState

from .conftest import Query
from .examples import (
    ACCOUNTS,
    HASHES,
    MINUTE,
    NOW,
    Bench,
    account_id,
    create,
    header,
    outcome,
    pending,
    reject,
    release,
    run_id,
    unchanged,
    update,
)

A, B, C = map(account_id, (1, 2, 3))
UNKNOWN = dict.fromkeys(HASHES, "")


async def test_an_intended_create_is_unclear_until_it_is_settled(bench: Bench) -> None:
    """On disk before the call: the record exists, waits, and since when its outcome is not known."""
    await bench.intend(create(A))
    assert await bench.state(A) == RecordState(
        sage_id=A,
        status=RecordStatus.PENDING,
        code=Code.UNCLEAR_OUTCOME,
        unclear_since=NOW,
        field_hashes=UNKNOWN,
    )
    assert await bench.due() == []
    assert [state.sage_id for state in await bench.ledger.unclear(bench.scope, ACCOUNTS)] == [A]


@pytest.mark.parametrize("before", ["refused", "waiting", "released"])
async def test_a_known_record_that_is_created_is_unclear_too(bench: Bench, before: str) -> None:
    """Whatever was known of it before."""
    await bench.note({"refused": reject(A, retry_at=NOW), "waiting": pending(A), "released": pending(A)}[before])
    if before == "released":
        await bench.note(release(A))
    await bench.intend(create(A))
    state = await bench.state(A)
    assert (state.status, state.code, state.unclear_since) == (RecordStatus.PENDING, Code.UNCLEAR_OUTCOME, NOW)
    assert (state.retry_at, state.field_hashes) == (None, UNKNOWN)


async def test_a_create_that_is_done(bench: Bench) -> None:
    """It is synchronized under its new id, with the hashes of what was written, and nothing is left to do."""
    await bench.intend(create(A))
    await bench.settle(outcome(create(A), OutcomeKind.DONE, 77))
    assert await bench.state(A) == RecordState(
        sage_id=A, status=RecordStatus.SYNCHRONIZED, target_id=77, mapped_hash="hash-of-all", field_hashes=HASHES
    )
    assert await bench.due() == []
    assert not await bench.ledger.unclear(bench.scope, ACCOUNTS)


async def test_a_done_create_needs_an_id(bench: Bench) -> None:
    """An outcome without an id is refused whole; the batch stays unclear."""
    await bench.intend(create(A), create(B))
    with pytest.raises(ValueError, match=A):
        await bench.settle(outcome(create(B), OutcomeKind.DONE, 7), outcome(create(A), OutcomeKind.DONE))
    assert [state.unclear_since for state in (await bench.states(A, B)).values()] == [NOW, NOW]


async def test_an_intended_update_has_no_hash_and_knows_old_and_new_targets(bench: Bench) -> None:
    """If it is interrupted, all is written again, and a target that either map filled can still be cleared."""
    await bench.write(A)
    await bench.intend(update(A, 1000, field_hashes={"phone": "x", "city": "y"}))
    state = await bench.state(A)
    assert (state.status, state.target_id, state.mapped_hash) == (RecordStatus.SYNCHRONIZED, 1000, None)
    assert state.field_hashes == {"name": "", "phone": "", "city": ""}
    assert await bench.due() == [A]
    assert not await bench.ledger.unclear(bench.scope, ACCOUNTS)


async def test_an_update_that_is_done(bench: Bench) -> None:
    """Its hashes replace those before, and it keeps its id."""
    await bench.write(A)
    written = update(A, 1000, mapped_hash="new", field_hashes={"city": "y"})
    await bench.intend(written)
    await bench.settle(outcome(written, OutcomeKind.DONE))
    state = await bench.state(A)
    assert (state.status, state.target_id, state.mapped_hash) == (RecordStatus.SYNCHRONIZED, 1000, "new")
    assert state.field_hashes == {"city": "y"}
    assert await bench.due() == []


async def test_an_update_of_a_record_the_ledger_does_not_know(bench: Bench) -> None:
    """One that was found by its extId: it bears its id at once, and is due until it is settled."""
    await bench.intend(update(A, 55))
    state = await bench.state(A)
    assert (state.status, state.target_id, state.unclear_since) == (RecordStatus.PENDING, 55, None)
    assert await bench.due() == [A]
    await bench.settle(outcome(update(A, 55), OutcomeKind.DONE))
    assert (await bench.state(A)).status is RecordStatus.SYNCHRONIZED


async def test_a_refused_create_is_a_reject(bench: Bench) -> None:
    """It is surely not there; it is tried again when its time has come, and counts its attempts."""
    again = create(A, retry_at=NOW + MINUTE)
    for attempts in (1, 2):
        await bench.intend(again)
        await bench.settle(outcome(again, OutcomeKind.REFUSED, message="No.", code=Code.REFUSED_BY_FORCE_MANAGER))
        assert await bench.state(A) == RecordState(
            sage_id=A,
            status=RecordStatus.ERROR,
            code=Code.REFUSED_BY_FORCE_MANAGER,
            attempts=attempts,
            retry_at=NOW + MINUTE,
        )
    assert await bench.due() == []
    assert await bench.due(now=NOW + MINUTE) == [A]
    (group,) = (await bench.ledger.summary(bench.scope)).rejects
    assert group.message == "No."


async def test_a_refused_update_keeps_its_id_and_targets(bench: Bench) -> None:
    """ForceManager still has the record, as it was before; it is written in full when it is tried again."""
    await bench.write(A)
    written = update(A, 1000, retry_at=NOW + MINUTE)
    await bench.intend(written)
    await bench.settle(outcome(written, OutcomeKind.REFUSED, code=Code.REFUSED_BY_FORCE_MANAGER))
    state = await bench.state(A)
    assert (state.status, state.target_id, state.mapped_hash) == (RecordStatus.ERROR, 1000, None)
    assert state.field_hashes == UNKNOWN
    assert (await bench.due(), await bench.due(now=NOW + MINUTE)) == ([], [A])


async def test_a_reject_that_is_written_at_last(bench: Bench) -> None:
    """Success clears code, message, attempts and the time of the next attempt."""
    await bench.note(reject(A, retry_at=NOW + MINUTE))
    await bench.intend(create(A))
    await bench.settle(outcome(create(A), OutcomeKind.DONE, 7))
    state = await bench.state(A)
    assert (state.status, state.code, state.attempts, state.retry_at) == (RecordStatus.SYNCHRONIZED, None, 0, None)


async def test_an_interrupted_update_of_a_reject_is_due_at_once(bench: Bench) -> None:
    """The record changed, so it was written before its time; the back-off must not delay finding out."""
    await bench.write(A)
    await bench.note(reject(A, retry_at=NOW + 60 * MINUTE))
    assert await bench.due() == []
    await bench.intend(update(A, 1000))
    state = await bench.state(A)
    assert (state.status, state.code, state.retry_at) == (RecordStatus.ERROR, Code.TOO_LONG, NOW)
    assert await bench.due() == [A]


async def test_an_unclear_create_waits_from_the_outcome_on(bench: Bench) -> None:
    """The settling time counts from the moment that the answer failed to come, not from the request."""
    await bench.intend(create(A))
    bench.at = NOW + MINUTE
    await bench.settle(outcome(create(A), OutcomeKind.UNCLEAR))
    state = await bench.state(A)
    assert (state.status, state.code, state.unclear_since) == (
        RecordStatus.PENDING,
        Code.UNCLEAR_OUTCOME,
        NOW + MINUTE,
    )
    assert await bench.due() == []


async def test_an_unclear_update_is_due(bench: Bench) -> None:
    """Writing it again does no harm."""
    await bench.write(A)
    await bench.intend(update(A, 1000))
    await bench.settle(outcome(update(A, 1000), OutcomeKind.UNCLEAR))
    state = await bench.state(A)
    assert (state.status, state.mapped_hash, state.unclear_since) == (RecordStatus.SYNCHRONIZED, None, None)
    assert await bench.due() == [A]


async def test_an_update_of_an_id_that_is_gone(bench: Bench) -> None:
    """Nothing is known to be in ForceManager any more; the record is due and is created."""
    await bench.write(A)
    await bench.intend(update(A, 1000))
    await bench.settle(outcome(update(A, 1000), OutcomeKind.UNKNOWN_ID))
    assert await bench.state(A) == RecordState(sage_id=A, status=RecordStatus.PENDING)
    assert await bench.due() == [A]


async def test_a_create_that_was_not_sent(bench: Bench) -> None:
    """It surely had no effect: nothing is unclear, and it is due."""
    await bench.intend(create(A))
    await bench.settle(outcome(create(A), OutcomeKind.NOT_SENT))
    assert await bench.state(A) == RecordState(sage_id=A, status=RecordStatus.PENDING)
    assert await bench.due() == [A]


async def test_an_update_that_was_not_sent(bench: Bench) -> None:
    """It is due, in full."""
    await bench.write(A)
    await bench.intend(update(A, 1000))
    await bench.settle(outcome(update(A, 1000), OutcomeKind.NOT_SENT))
    state = await bench.state(A)
    assert (state.status, state.target_id, state.mapped_hash) == (RecordStatus.SYNCHRONIZED, 1000, None)
    assert await bench.due() == [A]


async def test_recovering_after_a_kill(bench: Bench, query: Query) -> None:
    """What was sent without an outcome becomes unclear, creates since now; what was settled is left alone."""
    await bench.write(B, C)
    await bench.intend(create(A), update(B, 1000))
    bench.at = NOW + MINUTE
    await bench.ledger.begin_run(header(run_id(2)))
    assert await bench.ledger.recover(bench.scope, at=NOW + MINUTE) == 2
    states = await bench.states(A, B, C)
    assert [states[sage_id].unclear_since for sage_id in (A, B, C)] == [NOW + MINUTE, None, None]
    assert await bench.due() == [B]
    stages = await query("SELECT sage_id, stage FROM actions WHERE kind = 'Create' OR stage = 'unclear'")
    assert {(row["sage_id"], row["stage"]) for row in stages} == {
        (A, "unclear"),
        (B, "unclear"),
        (B, "done"),
        (C, "done"),
    }
    assert await bench.ledger.recover(bench.scope, at=NOW + 2 * MINUTE) == 0
    assert (await bench.state(A)).unclear_since == NOW + MINUTE


async def test_recovering_touches_its_own_scope_only(bench: Bench) -> None:
    """Another integration may be in the middle of a batch."""
    other = await Bench.set_up(bench.ledger, "crm/other", tenant="another tenant")
    await other.intend(create(A))
    assert await bench.ledger.recover(bench.scope, at=NOW + MINUTE) == 0
    assert (await other.state(A)).unclear_since == NOW


async def test_an_unclear_create_that_is_there(bench: Bench) -> None:
    """It has its id, and is due: what arrived is not known in full, nor whether it is still what is wanted."""
    await bench.intend(create(A))
    await bench.ledger.resolve(bench.scope, ACCOUNTS, {A: 44})
    state = await bench.state(A)
    assert (state.status, state.target_id, state.mapped_hash) == (RecordStatus.SYNCHRONIZED, 44, None)
    assert (state.code, state.unclear_since, state.field_hashes) == (None, None, UNKNOWN)
    assert await bench.due() == [A]


async def test_an_unclear_create_that_never_took_effect(bench: Bench) -> None:
    """It is as if nothing had been sent, and it is due."""
    await bench.intend(create(A))
    await bench.ledger.resolve(bench.scope, ACCOUNTS, {A: None})
    assert await bench.state(A) == RecordState(sage_id=A, status=RecordStatus.PENDING)
    assert await bench.due() == [A]


async def test_a_released_record_stays_released_when_it_is_looked_up(bench: Bench) -> None:
    """It left the scope while its create was unclear: its id is remembered, it is not read again."""
    await bench.intend(create(A), create(B))
    await bench.note(release(A), release(B))
    assert {state.sage_id for state in await bench.ledger.unclear(bench.scope, ACCOUNTS)} == {A, B}
    await bench.ledger.resolve(bench.scope, ACCOUNTS, {A: 44, B: None})
    states = await bench.states(A, B)
    assert {state.status for state in states.values()} == {RecordStatus.NOT_SYNCHRONIZED}
    assert [states[A].target_id, states[B].target_id] == [44, None]
    assert await bench.due() == []


async def test_a_noted_reject_keeps_what_is_there(bench: Bench) -> None:
    """The record in ForceManager has not changed: id and hashes stay, the attempts are counted."""
    await bench.write(A)
    for attempts in (1, 2):
        await bench.note(reject(A, retry_at=NOW + MINUTE))
        assert await bench.state(A) == RecordState(
            sage_id=A,
            status=RecordStatus.ERROR,
            target_id=1000,
            mapped_hash="hash-of-all",
            field_hashes=HASHES,
            code=Code.TOO_LONG,
            attempts=attempts,
            retry_at=NOW + MINUTE,
        )


async def test_a_reject_without_a_time_is_not_due_by_itself(bench: Bench) -> None:
    """Only a change of the record or of the map brings it back."""
    await bench.note(reject(A))
    assert await bench.due(now=NOW + 1000 * MINUTE) == []


async def test_rejecting_an_unclear_record_does_not_make_it_clear(bench: Bench) -> None:
    """Whatever the plan says of it, its create may have taken effect."""
    await bench.intend(create(A))
    await bench.note(reject(A, retry_at=NOW))
    assert (await bench.state(A)).unclear_since == NOW
    assert await bench.due() == []


async def test_a_noted_pending_record(bench: Bench) -> None:
    """It waits with its code, without a time; what is in ForceManager is remembered."""
    await bench.write(A)
    await bench.note(pending(A))
    state = await bench.state(A)
    assert (state.status, state.code, state.target_id) == (RecordStatus.PENDING, Code.ACCOUNT_NOT_SYNCHRONIZED, 1000)
    assert (state.mapped_hash, state.retry_at) == ("hash-of-all", None)


async def test_a_released_record(bench: Bench) -> None:
    """It keeps its id and its targets, but not its hash: others may write it while it is not ours."""
    await bench.write(A)
    await bench.note(reject(A, retry_at=NOW))
    await bench.note(release(A))
    assert await bench.state(A) == RecordState(
        sage_id=A, status=RecordStatus.NOT_SYNCHRONIZED, target_id=1000, field_hashes=HASHES
    )
    assert await bench.due() == []


async def test_a_released_record_that_comes_back(bench: Bench) -> None:
    """The kept record is updated; a crash in between does not lose it."""
    await bench.write(A)
    await bench.note(release(A))
    await bench.intend(update(A, 1000))
    assert ((await bench.state(A)).status, await bench.due()) == (RecordStatus.PENDING, [A])
    await bench.settle(outcome(update(A, 1000), OutcomeKind.DONE))
    assert (await bench.state(A)).status is RecordStatus.SYNCHRONIZED


@pytest.mark.parametrize("before", [reject(A, retry_at=NOW + MINUTE), pending(A)], ids=["reject", "pending"])
async def test_unchanged_makes_a_record_whole_again(bench: Bench, before: Action) -> None:
    """What was wrong with it has passed, and ForceManager already has what is wanted."""
    await bench.write(A)
    written = await bench.state(A)
    await bench.note(before)
    assert await bench.state(A) != written
    await bench.note(unchanged(A))
    assert await bench.state(A) == written


async def test_unchanged_says_nothing_of_what_is_unclear_or_unwritten(bench: Bench) -> None:
    """A record without a hash is not synchronized because somebody says that nothing changed."""
    await bench.intend(create(A))
    await bench.note(reject(B))
    await bench.note(unchanged(A), unchanged(B))
    states = await bench.states(A, B)
    assert (states[A].status, states[A].unclear_since) == (RecordStatus.PENDING, NOW)
    assert states[B].status is RecordStatus.ERROR


async def test_unchanged_with_hashes_stores_them(bench: Bench) -> None:
    """Targets have left the map: they are forgotten without a call."""
    await bench.write(A)
    await bench.note(unchanged(A, mapped_hash="fewer", field_hashes={"name": "n"}))
    state = await bench.state(A)
    assert (state.status, state.mapped_hash, state.field_hashes) == (
        RecordStatus.SYNCHRONIZED,
        "fewer",
        {"name": "n"},
    )


async def test_writes_are_not_noted_and_notes_are_not_sent(bench: Bench) -> None:
    """Either would leave a record in a state that nobody settles."""
    with pytest.raises(ValueError, match="Create"):
        await bench.note(create(A))
    with pytest.raises(ValueError, match="Reject"):
        await bench.intend(create(B), reject(A))
    assert not await bench.states(A, B)


async def test_empty_batches_do_nothing(bench: Bench) -> None:
    """A caller need not ask whether there is anything."""
    await bench.intend()
    await bench.settle()
    await bench.note()
    await bench.ledger.resolve(bench.scope, ACCOUNTS, {})
    assert await bench.ledger.known(bench.scope, ACCOUNTS, []) == {}
    assert await bench.ledger.claim(bench.scope, ACCOUNTS, []) == {}


async def test_the_archive_tells_what_a_run_did(bench: Bench, query: Query) -> None:
    """A row for each action but `Unchanged`, with its outcome and the names of changed fields."""
    await bench.write(C)
    warned = create(A, message="phone: cut to 20 characters")
    refused = update(B, 9)
    await bench.intend(warned, refused)
    bench.at = NOW + MINUTE
    await bench.settle(
        outcome(warned, OutcomeKind.DONE, 7),
        outcome(refused, OutcomeKind.REFUSED, message="No.", code=Code.REFUSED_BY_FORCE_MANAGER),
    )
    await bench.note(unchanged(C), pending(account_id(4)))
    rows = {row["sage_id"]: row for row in await query("SELECT * FROM actions WHERE sage_id <> :c", c=C)}
    assert list(rows) == [A, B, account_id(4)]
    assert {row["run_id"] for row in rows.values()} == {bench.run}
    names = ("kind", "stage", "target_id", "code", "message", "fields")
    assert [tuple(row[name] for name in names) for row in rows.values()] == [
        ("Create", "done", 7, None, "phone: cut to 20 characters", "[]"),
        ("Update", "refused", 9, "RefusedByForceManager", "No.", '["name","phone"]'),
        ("Pending", "noted", None, "AccountNotSynchronized", "", "[]"),
    ]
    assert rows[A]["ended_at"] - rows[A]["sent_at"] == 60_000_000
    assert (rows[account_id(4)]["sent_at"], rows[account_id(4)]["ended_at"]) == (None, rows[A]["ended_at"])


async def test_a_record_that_waits_and_is_written_in_one_run_has_both_in_the_archive(
    bench: Bench, query: Query
) -> None:
    """What came first is not overwritten by what came then."""
    await bench.note(pending(A))
    await bench.intend(create(A))
    await bench.settle(outcome(create(A), OutcomeKind.DONE, 7))
    rows = await query("SELECT kind, stage FROM actions ORDER BY kind")
    assert [tuple(row.values()) for row in rows] == [("Create", "done"), ("Pending", "noted")]


async def test_the_stages_of_the_other_outcomes(bench: Bench, query: Query) -> None:
    """Unclear, gone and unsent writes are told apart from done ones."""
    kinds = {A: OutcomeKind.UNCLEAR, B: OutcomeKind.UNKNOWN_ID, C: OutcomeKind.NOT_SENT}
    writes = {sage_id: update(sage_id, 5) for sage_id in kinds}
    await bench.intend(*writes.values())
    await bench.settle(*(outcome(writes[sage_id], kind) for sage_id, kind in kinds.items()))
    rows = await query("SELECT stage FROM actions ORDER BY sage_id")
    assert [row["stage"] for row in rows] == ["unclear", "refused", "unsent"]


async def test_the_last_label_and_parent_are_kept(bench: Bench, query: Query) -> None:
    """A record that changed its account or name is found under the new ones."""
    await bench.write(A)
    await bench.intend(replace(update(A, 1000), label="New name", parent_id=B))
    (row,) = await query("SELECT label, parent_id FROM records")
    assert row == {"label": "New name", "parent_id": B}
