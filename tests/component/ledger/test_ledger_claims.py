from sage_operator.ledger import SqlLedger
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import RecordStatus
from sage_operator.sync.records import OutcomeKind, RecordState
from sage_operator.sync.state import Claim

from .examples import ACCOUNTS, CONTACTS, HASHES, MINUTE, NOW, Bench, account_id, create, outcome, reject, release

A, B = account_id(1), account_id(2)
MINE = Claim(mine=True, holder="crm/acme")


async def _claims(bench: Bench, *ids: str) -> list[Claim]:
    """Claim accounts, and return the claims in their order."""
    claims = await bench.ledger.claim(bench.scope, ACCOUNTS, ids)
    return [claims[sage_id] for sage_id in ids]


async def test_what_nobody_holds_is_mine(bench: Bench) -> None:
    """Once and again, and ids that come twice are claimed once."""
    assert await _claims(bench, A, B, A) == [MINE, MINE, MINE]
    assert await _claims(bench, A) == [MINE]


async def test_what_another_one_holds_is_not_mine(bench: Bench) -> None:
    """The first to claim a record in a tenant keeps it; who that is, is told."""
    other = await Bench.set_up(bench.ledger, "crm/other")
    await _claims(bench, A)
    assert await _claims(other, A, B) == [MINE_NOT, Claim(mine=True, holder="crm/other")]
    assert await _claims(bench, A, B) == [MINE, Claim(mine=False, holder="crm/other")]


MINE_NOT = Claim(mine=False, holder="crm/acme")


async def test_tenants_and_entities_are_apart(bench: Bench) -> None:
    """The same record may go into two tenants, and an id is only that of its entity."""
    other = await Bench.set_up(bench.ledger, "crm/other", tenant="another tenant")
    await _claims(bench, A)
    assert (await _claims(other, A))[0].mine
    third = await Bench.set_up(bench.ledger, "crm/third")
    assert (await third.ledger.claim(third.scope, CONTACTS, [A]))[A].mine


async def test_a_released_record_is_inherited_with_its_id(bench: Bench) -> None:
    """The next one to claim writes the record that is there; what was written by the first is not taken for known."""
    await bench.write(A, target_id=77)
    await bench.note(release(A))
    other = await Bench.set_up(bench.ledger, "crm/other")
    assert await _claims(other, A) == [Claim(mine=True, holder="crm/other", target_id=77)]
    assert await other.state(A) == RecordState(
        sage_id=A, status=RecordStatus.PENDING, target_id=77, field_hashes=dict.fromkeys(HASHES, "")
    )
    assert await other.due() == [A]
    former = await bench.state(A)
    assert (former.status, former.target_id, former.mapped_hash) == (RecordStatus.NOT_SYNCHRONIZED, None, None)
    assert await _claims(bench, A) == [Claim(mine=False, holder="crm/other")]


async def test_a_record_goes_back_and_forth(bench: Bench) -> None:
    """Who gets it back finds the id that the other one left, even if it was created anew there."""
    await bench.write(A, target_id=77)
    await bench.note(release(A))
    other = await Bench.set_up(bench.ledger, "crm/other")
    await _claims(other, A)
    await other.intend(create(A))
    await other.settle(outcome(create(A), OutcomeKind.DONE, 88))
    await other.note(release(A))
    assert await _claims(bench, A) == [Claim(mine=True, holder="crm/acme", target_id=88)]
    state = await bench.state(A)
    assert (state.status, state.target_id, state.mapped_hash) == (RecordStatus.NOT_SYNCHRONIZED, 88, None)


async def test_only_ones_own_claim_is_released(bench: Bench) -> None:
    """Releasing a record that another one holds leaves it with them."""
    other = await Bench.set_up(bench.ledger, "crm/other")
    await other.write(A)
    await bench.note(reject(A, Code.CLAIMED_BY_OTHER))
    await bench.note(release(A))
    assert await _claims(bench, A) == [Claim(mine=False, holder="crm/other")]


async def test_a_deleted_integration_holds_nothing(bench: Bench) -> None:
    """Others may take its records; what they leave is its own again when it is applied again."""
    await bench.write(A, B, target_id=77)
    await bench.ledger.release_integration("crm/acme")
    other = await Bench.set_up(bench.ledger, "crm/other")
    assert await _claims(other, A) == [Claim(mine=True, holder="crm/other", target_id=77)]
    again = await Bench.set_up(bench.ledger)
    assert again.scope.id == bench.scope.id
    assert await _claims(again, B) == [MINE]
    assert await again.state(B) == await bench.state(B)
    assert (await again.state(B)).status is RecordStatus.SYNCHRONIZED


async def test_a_record_that_was_taken_meanwhile_is_due(bench: Bench) -> None:
    """The integration that comes back must find out that it lost a record, though Sage did not change it."""
    await bench.write(A)
    await bench.ledger.release_integration("crm/acme")
    other = await Bench.set_up(bench.ledger, "crm/other")
    await _claims(other, A)
    again = await Bench.set_up(bench.ledger)
    assert await again.state(A) == RecordState(sage_id=A, status=RecordStatus.PENDING)
    assert await again.due() == [A]
    assert await _claims(again, A) == [Claim(mine=False, holder="crm/other")]


async def test_an_unclear_create_is_inherited_before_the_claim_is(bench: Bench) -> None:
    """Who takes over must look it up first; this once it is the other's: the caller may be about to create it."""
    await _claims(bench, A)
    await bench.intend(create(A))
    await bench.ledger.release_integration("crm/acme")
    other = await Bench.set_up(bench.ledger, "crm/other")
    assert await _claims(other, A) == [MINE_NOT]
    await other.note(reject(A, Code.CLAIMED_BY_OTHER, retry_at=NOW + MINUTE))
    assert [state.sage_id for state in await other.ledger.unclear(other.scope, ACCOUNTS)] == [A]
    await other.ledger.resolve(other.scope, ACCOUNTS, {A: 5})
    assert (await _claims(other, A))[0].mine
    assert await other.due() == [A]
    assert not await bench.ledger.unclear(bench.scope, ACCOUNTS)


async def test_an_inherited_create_does_not_become_unclear_again(bench: Bench) -> None:
    """The run that sent it was killed; when its integration comes back the record is the other's affair."""
    await _claims(bench, A)
    await bench.intend(create(A))
    await bench.ledger.release_integration("crm/acme")
    other = await Bench.set_up(bench.ledger, "crm/other")
    await _claims(other, A)
    again = await Bench.set_up(bench.ledger)
    assert await again.ledger.recover(again.scope, at=NOW + MINUTE) == 1
    assert not await again.ledger.unclear(again.scope, ACCOUNTS)
    assert [state.unclear_since for state in await other.ledger.unclear(other.scope, ACCOUNTS)] == [NOW]


async def test_an_integration_that_moves_frees_its_old_claims(ledger: SqlLedger) -> None:
    """Its remotes were replaced: its own new scope, or anybody, takes over in the old tenant."""
    old = await Bench.set_up(ledger, fingerprint="old organisation")
    await old.write(A, B, target_id=77)
    new = await Bench.set_up(ledger, fingerprint="new organisation")
    assert new.scope.id != old.scope.id
    assert await _claims(new, A) == [Claim(mine=True, holder="crm/acme", target_id=77)]
    other = await Bench.set_up(ledger, "crm/other")
    assert (await _claims(other, B))[0].target_id == 78
    back = await Bench.set_up(ledger, fingerprint="old organisation")
    assert (back.scope.id, back.scope.hash_key) == (old.scope.id, old.scope.hash_key)
    assert await _claims(back, A) == [Claim(mine=True, holder="crm/acme", target_id=77)]
