"""Records and batches that ForceManager refuses in bulk: whose fault it is, and what becomes of the others."""

from dataclasses import replace
from typing import Any

import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Unavailable
from sage_operator.sync.records import OutcomeKind

ACCOUNTS = Entity.ACCOUNTS
DONE, REFUSED = OutcomeKind.DONE, OutcomeKind.REFUSED
NOT_SENT, UNKNOWN_ID = OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN_ID


async def test_a_bad_record_is_refused_alone(crm: Any) -> None:
    """With ForceManager's own words; the others of its batch are written."""
    items = crm.make(200)
    items[150] = replace(items[150], data={**items[150].data, "phone": 5})
    told = await crm.tell(crm.connect().create(ACCOUNTS, items))
    assert told.error is None
    assert told.kinds == {DONE: 199, REFUSED: 1}
    assert told.outcomes["a150"].message == "The field phone must be a string"
    assert len(crm.stored()) == 199


@pytest.mark.parametrize("bad", [[0], [199], [77], [3, 150], [10, 11, 12, 13], [0, 66, 133, 199]])
async def test_a_batch_that_is_refused_as_a_whole_is_split(crm: Any, bad: list[int]) -> None:
    """Each bad record costs about two requests for each halving; all good ones are written, once."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.configure(bulk_all_or_nothing=True)
    items = [replace(i, data={**i.data, "phone": 5}) if n in bad else i for n, i in enumerate(crm.make(200))]
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, items))
    assert told.error is None
    assert {key for key, o in told.outcomes.items() if o.kind is REFUSED} == {f"a{n}" for n in bad}
    assert told.kinds[DONE] == 200 - len(bad)
    assert len(crm.stored()) == 202 - len(bad)
    assert crm.count()["accounts.bulkCreate"] <= 1 + 2 * 8 * len(bad)


async def test_a_few_bad_records_are_all_refused(crm: Any) -> None:
    """Though nothing is taken: reading works, so it is the records. They must not keep the run from ending."""
    crm.control.configure(bulk_all_or_nothing=True)
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(10, phone=5)))
    assert told.error is None
    assert told.kinds == {REFUSED: 10}


async def test_where_every_record_is_refused_the_call_stops(crm: Any) -> None:
    """16 records of both halves are enough to see it: the others are not sent, and the message says what is wrong."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.configure(bulk_all_or_nothing=True)
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(200, phone=5)))
    assert isinstance(told.error, Unavailable)
    assert "The field phone must be a string" in told.error.message
    assert told.kinds == {REFUSED: 16, NOT_SENT: 184}
    refused = [int(key[1:]) for key, outcome in told.outcomes.items() if outcome.kind is REFUSED]
    assert min(refused) == 0
    assert max(refused) == 199
    assert sum(crm.count().values()) < 60


async def test_a_service_that_refuses_everything_rejects_no_record(crm: Any) -> None:
    """400 is "service not available" too: where reading is refused as well, it is an outage."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.add_fault(status=400, body='{"message":"Service not available"}')
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(200)))
    assert isinstance(told.error, Unavailable)
    assert "Service not available" in told.error.message
    assert told.kinds == {NOT_SENT: 200}
    asked = crm.count()
    assert asked.pop("accounts.list") == 1
    assert asked.keys() == {"accounts.bulkCreate"}
    assert asked["accounts.bulkCreate"] <= 16


@pytest.mark.parametrize("all_or_nothing", [True, False])
@pytest.mark.parametrize("readable", [True, False])
async def test_updates_of_records_that_are_gone_are_told_apart(crm: Any, all_or_nothing: bool, readable: bool) -> None:
    """Deleted, never there, or bad data: 400 stands for all of them, reading the record tells."""
    target = crm.connect()
    updates = await crm.created(target, crm.make(60))
    assert (await crm.tell(target.update(ACCOUNTS, updates[:2]))).kinds == {DONE: 2}
    crm.control.configure(bulk_all_or_nothing=all_or_nothing, deleted_readable=readable)
    crm.control.delete("accounts", updates[7].target_id)
    updates[20] = replace(updates[20], target_id=987654)
    updates[33] = replace(updates[33], data={"phone": 5})
    told = await crm.tell(target.update(ACCOUNTS, updates))
    assert told.error is None
    assert told.kinds == {DONE: 57, UNKNOWN_ID: 2, REFUSED: 1}
    assert [told.outcomes[f"a{n}"].kind for n in (7, 20, 33)] == [UNKNOWN_ID, UNKNOWN_ID, REFUSED]


async def test_an_outage_is_not_taken_for_records_that_are_gone(crm: Any) -> None:
    """Where no record can be read, none is called gone: it might be created again."""
    target = crm.connect()
    updates = await crm.created(target, crm.make(60))
    assert (await crm.tell(target.update(ACCOUNTS, updates[:2]))).kinds == {DONE: 2}
    crm.control.add_fault(operation="accounts.bulkUpdate", status=400)
    crm.control.add_fault(operation="accounts.get", status=400)
    told = await crm.tell(target.update(ACCOUNTS, updates))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {NOT_SENT: 60}


async def test_refused_updates_are_not_looked_into_after_the_call_was_stopped(crm: Any) -> None:
    """Where the first of 100 refused records can't be read, the other 99 are not tried."""
    target = crm.connect()
    updates = await crm.created(target, crm.make(100))
    assert (await crm.tell(target.update(ACCOUNTS, updates[:2]))).kinds == {DONE: 2}
    crm.control.add_fault(operation="accounts.get", status=503)
    crm.count()
    told = await crm.tell(target.update(ACCOUNTS, [replace(u, data={"phone": 5}) for u in updates]))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {NOT_SENT: 100}
    assert crm.count() == {"accounts.bulkUpdate": 1, "accounts.get": 5}
