import pytest

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import RecordStatus
from sage_operator.sync.payments.planning import LEFT
from sage_operator.sync.records import Action, OutcomeKind

from .conftest import Query
from .examples import MINUTE, NOW, Bench, account_id, create, outcome, pending, reject, release, unchanged, update
from .facts_examples import document

A, B, C = map(account_id, (1, 2, 3))
FIGURES = {"Z_Status": "hash-of-status", "Z_Open": "hash-of-open"}
TOLD = {"figures_hash": "hash-of-figures", "figure_hashes": FIGURES}
BLANKS = dict.fromkeys(FIGURES, "")


def figures_only(sage_id: str, target_id: int = 1000) -> Action:
    """Return an update of nothing but figures."""
    return update(
        sage_id, target_id, mapped_hash=None, field_hashes={}, payload={"Z_Open": 1}, figures_only=True, **TOLD
    )


def figures_only_unchanged(sage_id: str) -> Action:
    """Return that an account's figures were taken back."""
    return unchanged(sage_id, figures_only=True, figures_hash=LEFT, figure_hashes={"Z_Status": "hash-of-status"})


async def due(bench: Bench) -> list[str]:
    """Return whose figures can be written now."""
    return list(await bench.ledger.figures_due(bench.scope, now=NOW, limit=9))


async def test_a_create_may_bear_figures(bench: Bench) -> None:
    """They are known when it is done, and unknown, and due, before."""
    await bench.ledger.store_documents(bench.scope, [document(1)])
    await bench.intend(create(A, **TOLD))
    state = await bench.state(A)
    assert (state.figures_hash, state.figure_hashes) == (None, BLANKS)
    assert await bench.ledger.figures_due_among(bench.scope, [A]) == {A}
    await bench.settle(outcome(create(A, **TOLD), OutcomeKind.DONE, 1000))
    state = await bench.state(A)
    assert (state.figures_hash, state.figure_hashes) == ("hash-of-figures", FIGURES)
    assert await bench.ledger.figures_due_among(bench.scope, [A]) == set()


async def test_figures_and_fields_in_one_update(bench: Bench) -> None:
    """Both are unknown while it is under way, and known after it."""
    await bench.write(A)
    both = update(A, 1000, **TOLD)
    await bench.intend(both)
    state = await bench.state(A)
    assert (state.mapped_hash, state.figures_hash, state.figure_hashes) == (None, None, BLANKS)
    await bench.settle(outcome(both, OutcomeKind.DONE))
    state = await bench.state(A)
    assert (state.mapped_hash, state.figures_hash, state.figure_hashes) == ("hash-of-all", "hash-of-figures", FIGURES)
    assert await due(bench) == []


async def test_an_update_without_figures_leaves_them(bench: Bench) -> None:
    """They stay as they were written, and as due as they were."""
    await bench.write(A, **TOLD)
    await bench.ledger.make_figures_due(bench.scope, [A])
    await bench.intend(update(A, 1000))
    assert ((await bench.state(A)).figures_hash, (await bench.state(A)).figure_hashes) == ("hash-of-figures", FIGURES)
    await bench.settle(outcome(update(A, 1000), OutcomeKind.DONE))
    assert ((await bench.state(A)).figures_hash, (await bench.state(A)).figure_hashes) == ("hash-of-figures", FIGURES)
    assert await due(bench) == [A]


async def test_figures_alone_leave_the_fields(bench: Bench) -> None:
    """The mapped hash, the status and its message say what they said; the record need not be read."""
    await bench.write(A)
    await bench.note(reject(A, retry_at=NOW))
    before = await bench.state(A)
    await bench.intend(figures_only(A))
    state = await bench.state(A)
    assert (state.mapped_hash, state.field_hashes) == (before.mapped_hash, before.field_hashes)
    assert (state.status, state.code, state.figures_hash) == (RecordStatus.ERROR, Code.TOO_LONG, None)
    await bench.settle(outcome(figures_only(A), OutcomeKind.DONE))
    state = await bench.state(A)
    assert (state.mapped_hash, state.field_hashes) == (before.mapped_hash, before.field_hashes)
    assert (state.status, state.code, state.retry_at) == (RecordStatus.ERROR, Code.TOO_LONG, NOW)
    assert (state.figures_hash, state.figure_hashes) == ("hash-of-figures", FIGURES)


async def test_figures_that_left_the_map_stay_known_while_unknown(bench: Bench) -> None:
    """What was written to a target may still be there: its hash is blank, not gone."""
    await bench.write(A, figures_hash="old", figure_hashes={"Z_Old": "h"})
    await bench.intend(figures_only(A))
    assert (await bench.state(A)).figure_hashes == {"Z_Old": "", **BLANKS}


@pytest.mark.parametrize("kind", [OutcomeKind.REFUSED, OutcomeKind.UNCLEAR, OutcomeKind.NOT_SENT])
async def test_figures_that_were_not_written_stay_due(bench: Bench, kind: OutcomeKind) -> None:
    """Whatever the cause; what ForceManager refused waits until the record is due again."""
    await bench.write(A)
    action = figures_only(A)
    await bench.intend(action)
    refused = kind is OutcomeKind.REFUSED
    await bench.settle(outcome(action, kind, code=Code.REFUSED_BY_FORCE_MANAGER if refused else None))
    assert await bench.ledger.figures_due_among(bench.scope, [A]) == {A}
    assert await due(bench) == ([] if refused else [A])
    assert (await bench.state(A)).mapped_hash == "hash-of-all"


async def test_figures_of_a_record_that_is_gone(bench: Bench) -> None:
    """It is created anew, with its figures."""
    await bench.write(A, **TOLD)
    await bench.intend(figures_only(A))
    await bench.settle(outcome(figures_only(A), OutcomeKind.UNKNOWN_ID))
    state = await bench.state(A)
    assert (state.status, state.target_id, state.mapped_hash) == (RecordStatus.PENDING, None, None)
    assert (state.figures_hash, state.figure_hashes) == (None, {})
    assert await bench.ledger.figures_due_among(bench.scope, [A]) == {A}


async def test_equal_figures_are_due_no_longer(bench: Bench) -> None:
    """Whether the record was read with them or not; only if it was, the status is settled."""
    await bench.write(A, B, **TOLD)
    await bench.note(reject(A, retry_at=NOW), reject(B, retry_at=NOW))
    await bench.ledger.make_figures_due(bench.scope, [A, B])
    facts = {"figures_hash": "equal", "figure_hashes": {"Z_Open": "h"}}
    await bench.note(unchanged(A, figures_only=True, **facts), unchanged(B, **facts))
    states = await bench.states(A, B)
    assert [states[i].status for i in (A, B)] == [RecordStatus.ERROR, RecordStatus.SYNCHRONIZED]
    assert {state.figures_hash for state in states.values()} == {"equal"}
    assert await due(bench) == []


async def test_which_accounts_can_be_written(bench: Bench) -> None:
    """Those in ForceManager, in pages, by id; what it refused when that is due; not what left, waits or is unclear."""
    ids = [account_id(number) for number in range(1, 9)]
    await bench.write(*ids[:5])
    await bench.intend(create(ids[5]))
    await bench.note(
        pending(ids[6]),
        reject(ids[7], retry_at=NOW),
        reject(ids[1], retry_at=NOW),
        reject(ids[2], retry_at=NOW + MINUTE, code=Code.REFUSED_BY_FORCE_MANAGER),
        reject(ids[4], retry_at=NOW + MINUTE, code=Code.LOOKUP_NOT_FOUND),
    )
    await bench.note(release(ids[3]))
    await bench.ledger.make_all_figures_due(bench.scope, as_of=NOW.date())
    assert await bench.ledger.figures_due_among(bench.scope, ids) == {*ids} - {ids[3]}
    assert await due(bench) == [ids[0], ids[1], ids[4]]
    page = await bench.ledger.figures_due(bench.scope, now=NOW, after_id=ids[0], limit=1)
    assert list(page) == [ids[1]]


async def test_only_accounts_of_the_scope_become_due(bench: Bench) -> None:
    """Neither contacts nor what another integration synchronises."""
    other = await Bench.set_up(bench.ledger, "crm/other", tenant="another")
    await other.write(B)
    await bench.write(A, "003000000000001AAA")
    await bench.ledger.make_all_figures_due(bench.scope, as_of=NOW.date())
    assert await bench.ledger.figures_due_among(bench.scope, [A, B, "003000000000001AAA"]) == {A}
    assert await other.ledger.figures_due_among(other.scope, [B]) == set()


async def test_figures_left_open_by_a_killed_run_are_closed(bench: Bench, query: Query) -> None:
    """The action becomes unclear, the figures are due, and the record need not be read again."""
    await bench.write(A, **TOLD)
    await bench.intend(figures_only(A))
    assert await bench.ledger.recover(bench.scope, at=NOW + MINUTE) == 1
    assert await bench.ledger.recover(bench.scope, at=NOW + MINUTE) == 0
    assert await query("SELECT kind, stage FROM actions WHERE kind = 'Update'") == [
        {"kind": "Update", "stage": "unclear"}
    ]
    assert await due(bench) == [A]
    assert await bench.due() == []


async def test_an_update_of_both_left_open_is_closed_once(bench: Bench) -> None:
    """It is found by its record and by its figures."""
    await bench.write(A)
    await bench.intend(update(A, 1000, **TOLD))
    assert await bench.ledger.recover(bench.scope, at=NOW) == 1


async def test_a_created_record_has_no_figures_of_before(bench: Bench) -> None:
    """What was written to the one that is gone says nothing about the new one."""
    await bench.write(A, **TOLD)
    await bench.intend(create(A))
    assert ((await bench.state(A)).figures_hash, (await bench.state(A)).figure_hashes) == (None, {})


async def test_a_record_that_left_forgets_what_its_figures_were(bench: Bench) -> None:
    """The targets stay known, so that they can be cleared; when it comes back they are written anew."""
    await bench.write(A, **TOLD)
    await bench.note(release(A))
    assert ((await bench.state(A)).figures_hash, (await bench.state(A)).figure_hashes) == (None, FIGURES)


async def test_an_inherited_record_may_hold_figures(bench: Bench) -> None:
    """The new holder knows which targets may hold a value, and not which."""
    await bench.write(A, **TOLD)
    await bench.ledger.release_integration("crm/acme")
    other = await Bench.set_up(bench.ledger, "crm/other")
    await other.ledger.claim(other.scope, create(A).entity, [A])
    assert ((await other.state(A)).figures_hash, (await other.state(A)).figure_hashes) == (None, BLANKS)
    assert (await bench.state(A)).figure_hashes == {}


async def test_who_left_with_figures_is_found(bench: Bench) -> None:
    """Expect accounts in ForceManager that were released with figures which nobody took back, in order."""
    for number, account in enumerate((A, B, C)):
        await bench.write(account, target_id=1000 + number, **TOLD)
    assert await bench.ledger.figures_left(bench.scope, limit=9) == ()
    await bench.note(figures_only_unchanged(B), release(C), release(A))
    await bench.note(release(B))
    assert await bench.ledger.figures_left(bench.scope, limit=9) == (A, C)
    assert await bench.ledger.figures_left(bench.scope, after_id=A, limit=9) == (C,)
    assert await bench.ledger.figures_left(bench.scope, limit=1) == (A,)


async def test_who_left_without_figures_is_not_looked_for(bench: Bench) -> None:
    """Expect nothing of an account that never had any."""
    await bench.write(A)
    await bench.note(release(A))
    assert await bench.ledger.figures_left(bench.scope, limit=9) == ()
