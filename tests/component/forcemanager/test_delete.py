from typing import Any

import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Unavailable
from sage_operator.sync.records import OutcomeKind, WriteItem

ACCOUNTS = Entity.ACCOUNTS
DONE, REFUSED, UNCLEAR, NOT_SENT = OutcomeKind.DONE, OutcomeKind.REFUSED, OutcomeKind.UNCLEAR, OutcomeKind.NOT_SENT
NO_BULK = {"accounts.bulkDelete": 404}


async def removals(crm: Any, number: int, **values: Any) -> list[WriteItem]:
    """Create accounts; return what deletes them."""
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(number, **values)))
    crm.count()
    return [WriteItem(key=key, target_id=outcome.target_id, data={}) for key, outcome in told.outcomes.items()]


async def test_records_are_deleted_together(crm: Any) -> None:
    """One goes ahead and is looked for, then 120 a request; each outcome bears the record's id."""
    items = await removals(crm, 250)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items))
    assert told.kinds == {DONE: 250}
    assert {key: o.target_id for key, o in told.outcomes.items()} == {item.key: item.target_id for item in items}
    assert sorted(len(group) for group in told.groups) == [1, 9, 120, 120]
    assert crm.stored() == {}
    # The look is a read of it, which the simulator answers with `deleted`.
    assert crm.count() == {"accounts.bulkDelete": 4, "accounts.get": 1}


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("number", [1, 4])
async def test_what_is_gone_already_is_done(crm: Any, number: int, *, readable: bool) -> None:
    """Deleted by somebody else, or never there; whether deleted records can be read or are 400."""
    items = await removals(crm, number + 1)
    kept = items.pop()
    crm.control.configure(deleted_readable=readable)
    crm.control.delete("accounts", *(item.target_id for item in items))
    items.append(WriteItem(key="never", target_id=4711, data={}))
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items))
    assert (told.error, told.kinds) == (None, {DONE: number + 1})
    assert list(crm.stored()) == [kept.key]


async def test_gone_records_do_not_speak_against_bulk_calls(crm: Any) -> None:
    """They are refused by the bulk call rightly: the first that is there is the probe."""
    items = await removals(crm, 60)
    crm.control.delete("accounts", *(item.target_id for item in items[:3]))
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items))
    assert told.kinds == {DONE: 60}
    counted = crm.count()
    assert counted["accounts.bulkDelete"] == 5
    assert "accounts.delete" not in counted


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_without_bulk_calls_each_goes_alone(crm: Any, status: int) -> None:
    """The refusal is remembered."""
    crm.control.configure(bulk_refused={"accounts.bulkDelete": status})
    items = await removals(crm, 20)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items))
    assert told.kinds == {DONE: 20}
    assert crm.stored() == {}
    assert crm.count() == {"accounts.bulkDelete": 1, "accounts.delete": 20}


@pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut": "during"}, {"cut": "before"}, {"status": 500}])
@pytest.mark.parametrize("operation", ["accounts.delete", "accounts.bulkDelete"])
async def test_an_unclear_delete_is_repeated(crm: Any, operation: str, fault: dict[str, Any]) -> None:
    """Whether or not it took effect the first time, it is done in the end; no other record is touched."""
    items = await removals(crm, 8)
    if operation == "accounts.delete":
        crm.control.configure(bulk_refused=NO_BULK)
    crm.control.add_fault(operation=operation, nth=2, times=1, **fault)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items[:6]))
    assert (told.error, told.kinds) == (None, {DONE: 6})
    assert sorted(crm.stored()) == sorted(item.key for item in items[6:])


@pytest.mark.parametrize("nth", [1, 2])
async def test_items_that_the_answer_lacks_are_deleted_again(crm: Any, nth: int) -> None:
    """Alone; it was deleted or not, the outcome is clear."""
    items = await removals(crm, 10)
    crm.control.add_fault(operation="accounts.bulkDelete", nth=nth, times=1, drop_items=1)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items))
    assert told.kinds == {DONE: 10}
    assert crm.stored() == {}


async def test_items_that_are_refused_are_told(crm: Any) -> None:
    """An item that ForceManager keeps although it can be read is a refusal, in its words."""
    items = await removals(crm, 6)
    await crm.tell(crm.connect().delete(ACCOUNTS, items[:2]))
    crm.control.add_fault(operation="accounts.bulkDelete", times=1, fail_items=1)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items[2:]))
    assert told.kinds == {DONE: 3, REFUSED: 1}
    assert told.outcomes[items[2].key].message == "Internal data error"


async def test_a_bulk_delete_that_only_says_so_is_found_out(scripted: Any, target: Any, tell: Any) -> None:
    """The record is still shown, so records are deleted one by one."""
    scripted.replies |= {
        "DELETE /accounts/bulk": [[{"code": 1, "guid": "a", "id": 1, "message": "Entity delete success"}]],
        **{f"GET /accounts/{n}": {"id": n, "name": "still here", "deleted": False} for n in (1, 2)},
        **{f"DELETE /accounts/{n}": {"Message": "entity deleted"} for n in (1, 2)},
    }
    items = [WriteItem(key=key, target_id=n, data={}) for key, n in (("a", 1), ("b", 2))]
    assert (await tell(target.delete(ACCOUNTS, items))).kinds == {DONE: 2}
    assert scripted.calls("DELETE") == ["DELETE /accounts/bulk", "DELETE /accounts/1", "DELETE /accounts/2"]


@pytest.mark.parametrize("bulk_refused", [{}, NO_BULK])
async def test_locked_records_are_unlocked_and_deleted(crm: Any, bulk_refused: dict[str, int]) -> None:
    """Where a tenant refuses to delete records that are readOnly, the flag is lifted before."""
    items = await removals(crm, 5, readOnly=True)
    crm.control.configure(read_only_updates="refuse", bulk_refused=bulk_refused)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items))
    assert (told.error, told.kinds) == (None, {DONE: 5})
    assert crm.stored() == {}


async def test_a_locked_record_that_is_not_deleted_is_locked_again(crm: Any) -> None:
    """It has no answer: unclear, and the flag is back."""
    items = await removals(crm, 1, readOnly=True)
    crm.control.configure(read_only_updates="refuse")
    crm.control.add_fault(operation="accounts.delete", nth=2, times=5, status=503)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items))
    assert told.kinds == {UNCLEAR: 1}
    assert isinstance(told.error, Unavailable)
    assert crm.stored()["a0"]["readOnly"] is True


async def test_an_outage_ends_it(crm: Any) -> None:
    """What was under way is unclear, what was not sent is told as such; nothing is taken for done."""
    crm.control.configure(bulk_refused=NO_BULK)
    items = await removals(crm, 40)
    crm.control.add_fault(operation="accounts.delete", nth=11, times=1000, status=503)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items))
    assert isinstance(told.error, Unavailable)
    assert told.kinds[DONE] == 10
    assert told.kinds[UNCLEAR] + told.kinds[NOT_SENT] == 30
    assert len(crm.stored()) == 30


async def test_intent_precedes_each_request(crm: Any) -> None:
    """Each record is told of before its request is sent, once, also when the request is repeated."""
    items = await removals(crm, 6)
    told_of: list[str] = []

    async def intend(sending: Any) -> None:
        assert {item.key for item in sending} <= set(crm.stored())
        told_of.extend(item.key for item in sending)

    crm.control.add_fault(operation="accounts.bulkDelete", nth=2, times=1, status=500)
    told = await crm.tell(crm.connect().delete(ACCOUNTS, items, intend=intend))
    assert told.kinds == {DONE: 6}
    assert sorted(told_of) == sorted(item.key for item in items)


async def test_a_delete_needs_the_id(crm: Any) -> None:
    """Without one there is nothing to delete."""
    with pytest.raises(ValueError, match="needs the record's id"):
        await crm.tell(crm.connect().delete(ACCOUNTS, crm.make(1)))
