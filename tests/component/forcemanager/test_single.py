import asyncio
from dataclasses import replace
from typing import Any

import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Unavailable
from sage_operator.sync.records import OutcomeKind, WriteItem

ACCOUNTS = Entity.ACCOUNTS
DONE, REFUSED, UNCLEAR = OutcomeKind.DONE, OutcomeKind.REFUSED, OutcomeKind.UNCLEAR
NOT_SENT, UNKNOWN_ID = OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN_ID
NO_BULK = {"accounts.bulkCreate": 404, "accounts.bulkUpdate": 404}


async def locked_accounts(crm: Any, number: int) -> list[WriteItem]:
    """Create accounts that are readOnly in a tenant that refuses to update those; return updates of their names."""
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(number, readOnly=True)))
    crm.control.configure(read_only_updates="refuse")
    crm.count()
    return [
        WriteItem(key=key, target_id=outcome.target_id, data={"name": "New"}) for key, outcome in told.outcomes.items()
    ]


@pytest.mark.parametrize("spelling", ["Message", "message"])
async def test_both_spellings_of_message_are_understood(crm: Any, spelling: str) -> None:
    """Of success and of refusal."""
    crm.control.configure(bulk_refused=NO_BULK, message_key=spelling)
    items = [*crm.make(3), *crm.make(1, "bad", phone=5)]
    told = await crm.tell(crm.connect().create(ACCOUNTS, items))
    assert told.kinds == {DONE: 3, REFUSED: 1}
    assert told.outcomes["bad0"].message == "The field phone must be a string"


async def test_single_outcomes_come_as_they_are_known(crm: Any) -> None:
    """Each is a group of its own, so that little is lost when the process dies."""
    crm.control.configure(bulk_refused=NO_BULK)
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(20)))
    assert [len(group) for group in told.groups] == [1] * 20


async def test_several_single_calls_are_in_flight(crm: Any) -> None:
    """With 30 ms for each, 40 creates don't wait for one another; never more than eight at a time."""
    crm.control.configure(bulk_refused=NO_BULK)
    crm.control.add_fault(operation="accounts.create", latency_ms=30)
    await crm.tell(crm.connect(rate=1000).create(ACCOUNTS, crm.make(40)))
    assert 4 <= crm.control.counters().max_concurrent <= 8


async def test_runs_of_a_tenant_share_the_requests_in_flight(crm: Any) -> None:
    """Five runs at the same time have sixteen at most, so that none waits for a connection after it was paced."""
    crm.control.configure(bulk_refused=NO_BULK)
    crm.control.add_fault(operation="accounts.create", latency_ms=20)
    calls = [crm.tell(crm.connect(rate=1000).create(ACCOUNTS, crm.make(30, prefix))) for prefix in "abcde"]
    assert [told.kinds for told in await asyncio.gather(*calls)] == [{DONE: 30}] * 5
    assert 9 <= crm.control.counters().max_concurrent <= 16


@pytest.mark.parametrize("fault", [{"cut": "after"}, {"cut": "during"}, {"cut": "before"}, {"status": 500}])
async def test_a_single_create_that_is_unclear_is_never_repeated(crm: Any, fault: dict[str, Any]) -> None:
    """One request for each record, whatever happens; the others go on."""
    crm.control.configure(bulk_refused=NO_BULK)
    crm.control.add_fault(operation="accounts.create", nth=5, times=1, **fault)
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(20)))
    assert told.error is None
    assert told.kinds == {DONE: 19, UNCLEAR: 1}
    assert crm.count()["accounts.create"] == 20
    assert 19 <= len(crm.stored()) <= 20


async def test_a_single_create_that_is_throttled_is_repeated(crm: Any) -> None:
    """429 had no effect."""
    crm.control.configure(bulk_refused=NO_BULK)
    crm.control.add_fault(operation="accounts.create", times=4, status=429)
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(20)))
    assert told.kinds == {DONE: 20}
    assert len(crm.stored()) == 20


@pytest.mark.parametrize("reply", [b"", b"<html>", {"Message": "entity created"}, {"id": None}])
async def test_a_create_that_is_accepted_without_an_id_is_unclear(
    scripted: Any, target: Any, tell: Any, reply: Any
) -> None:
    """It is there, perhaps; it is looked up later."""
    scripted.replies["POST /accounts"] = reply
    told = await tell(target.create(ACCOUNTS, [WriteItem(key="a", data={})]))
    assert told.kinds == {UNCLEAR: 1}
    assert scripted.calls() == ["POST /accounts"]


async def test_a_refusal_that_echoes_the_session_key_does_not_tell_it(scripted: Any, target: Any, tell: Any) -> None:
    """Neither does one that echoes an e-mail address."""
    scripted.replies |= {
        "POST /login": {"token": "opaque-session-token"},
        "POST /accounts": (400, {"message": "opaque-session-token: ana@acme.example is no e-mail address"}),
        "GET /accounts": lambda _: [],
    }
    told = await tell(target.create(ACCOUNTS, [WriteItem(key="a", data={})]))
    assert told.outcomes["a"].message == "***: *** is no e-mail address"


async def test_single_updates_are_repeated(crm: Any) -> None:
    """A cut and a 500 leave nothing unclear."""
    target = crm.connect()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(1)))
    update = WriteItem(key="a0", target_id=told.outcomes["a0"].target_id, data={"name": "New"})
    crm.control.add_fault(operation="accounts.update", times=1, cut="after")
    crm.control.add_fault(operation="accounts.update", nth=2, times=1, status=500)
    assert (await crm.tell(target.update(ACCOUNTS, [update]))).kinds == {DONE: 1}
    assert crm.stored()["a0"]["name"] == "New"
    crm.control.add_fault(operation="accounts.update", status=500)
    told = await crm.tell(target.update(ACCOUNTS, [update]))
    assert told.kinds == {UNCLEAR: 1}
    assert isinstance(told.error, Unavailable)


async def test_a_single_record_that_is_gone_is_told(crm: Any) -> None:
    """Unknown id and deleted record; a bad value of one that is there is a refusal."""
    target = crm.connect()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(2)))
    ids = [told.outcomes[key].target_id for key in ("a0", "a1")]
    crm.control.delete("accounts", ids[0])
    for target_id, data, kind in (
        (ids[0], {"name": "New"}, UNKNOWN_ID),
        (4711, {"name": "New"}, UNKNOWN_ID),
        (ids[1], {"phone": 5}, REFUSED),
    ):
        told = await crm.tell(target.update(ACCOUNTS, [WriteItem(key="k", target_id=target_id, data=data)]))
        assert told.kinds == {kind: 1}
        assert told.error is None


async def test_the_only_record_of_a_tenant_can_be_gone(crm: Any) -> None:
    """There is no other one to compare with; the empty list is proof enough."""
    target = crm.connect()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(1)))
    crm.control.delete("accounts", told.outcomes["a0"].target_id)
    crm.control.configure(deleted_readable=False)
    update = WriteItem(key="a0", target_id=told.outcomes["a0"].target_id, data={"name": "New"})
    assert (await crm.tell(target.update(ACCOUNTS, [update]))).kinds == {UNKNOWN_ID: 1}


async def test_a_single_record_is_not_rejected_by_an_outage(crm: Any) -> None:
    """A 400 for everything says nothing about the record."""
    crm.control.add_fault(status=400, path="accounts", body='{"Message":"Service not available"}')
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(1)))
    assert told.kinds == {NOT_SENT: 1}
    assert isinstance(told.error, Unavailable)


async def test_locked_records_are_unlocked_and_locked_again(crm: Any) -> None:
    """Each is written, and is readOnly afterwards; from the second one on nothing is tried in vain."""
    updates = await locked_accounts(crm, 5)
    told = await crm.tell(crm.connect().update(ACCOUNTS, updates))
    assert told.error is None
    assert told.kinds == {DONE: 5}
    assert [(row["name"], row["readOnly"]) for row in crm.stored().values()] == [("New", True)] * 5
    # The first: bulk and alone in vain. Each: one look, one request that unlocks, one that writes and locks.
    assert crm.count() == {"accounts.bulkUpdate": 1, "accounts.update": 1 + 5 * 2, "accounts.get": 5}


async def test_the_lock_is_remembered_for_a_day(crm: Any, time: Any) -> None:
    """Other runs use what is known; a day later it is found out again."""
    updates = await locked_accounts(crm, 3)
    await crm.tell(crm.connect().update(ACCOUNTS, updates))
    crm.count()
    await crm.tell(crm.connect().update(ACCOUNTS, updates))
    assert crm.count() == {"accounts.update": 3 * 2, "accounts.get": 3}
    time.now += 24 * 3600
    crm.control.configure(read_only_updates="allow")
    assert (await crm.tell(crm.connect().update(ACCOUNTS, updates))).kinds == {DONE: 3}
    assert crm.count() == {"accounts.bulkUpdate": 2, "accounts.get": 1}


async def test_in_a_locking_tenant_open_records_are_written_plainly(crm: Any) -> None:
    """Their flag is not set; gone ones are told as such."""
    updates = await locked_accounts(crm, 4)
    await crm.tell(crm.connect().update(ACCOUNTS, updates[:2]))
    crm.control.update("accounts", updates[2].target_id, readOnly=False)
    crm.control.delete("accounts", updates[3].target_id)
    told = await crm.tell(crm.connect().update(ACCOUNTS, updates[2:]))
    assert [told.outcomes[key].kind for key in ("a2", "a3")] == [DONE, UNKNOWN_ID]
    assert crm.stored()["a2"]["readOnly"] is False


async def test_a_flag_that_is_itself_changed_stays_changed(crm: Any) -> None:
    """An update that lifts readOnly leaves it lifted."""
    updates = await locked_accounts(crm, 1)
    update = replace(updates[0], data={"name": "New", "readOnly": False})
    assert (await crm.tell(crm.connect().update(ACCOUNTS, [update]))).kinds == {DONE: 1}
    assert (crm.stored()["a0"]["name"], crm.stored()["a0"]["readOnly"]) == ("New", False)


async def test_a_bad_value_of_a_locked_record_is_refused_and_the_record_locked_again(crm: Any) -> None:
    """The message is that of the value, not that of the lock."""
    updates = await locked_accounts(crm, 1)
    told = await crm.tell(crm.connect().update(ACCOUNTS, [replace(updates[0], data={"phone": 5})]))
    assert told.kinds == {REFUSED: 1}
    assert told.outcomes["a0"].message == "The field phone must be a string"
    assert crm.stored()["a0"]["readOnly"] is True


async def test_a_bad_value_where_locks_don_t_matter_is_not_tried_three_times(crm: Any) -> None:
    """A readOnly record that took an update has shown that it is not the flag."""
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(4, readOnly=True)))
    updates = [
        WriteItem(key=key, target_id=o.target_id, data={"name": "New"}) for key, o in sorted(told.outcomes.items())
    ]
    await crm.tell(crm.connect().update(ACCOUNTS, updates))
    crm.count()
    bad = [replace(update, data={"phone": 5}) for update in updates[:1]]
    assert (await crm.tell(crm.connect().update(ACCOUNTS, [*bad, *updates[1:]]))).kinds == {DONE: 3, REFUSED: 1}
    assert crm.count() == {"accounts.bulkUpdate": 1, "accounts.get": 1}


async def test_a_record_whose_write_fails_while_unlocked_is_locked_again(crm: Any) -> None:
    """The write stays unanswered, so its outcome is unclear; the flag is set all the same."""
    updates = await locked_accounts(crm, 2)
    await crm.tell(crm.connect().update(ACCOUNTS, updates))
    crm.control.add_fault(operation="accounts.update", nth=2, times=5, status=503)
    told = await crm.tell(crm.connect().update(ACCOUNTS, [replace(updates[0], data={"name": "Newer"})]))
    assert told.kinds == {UNCLEAR: 1}
    assert isinstance(told.error, Unavailable)
    assert (crm.stored()["a0"]["name"], crm.stored()["a0"]["readOnly"]) == ("New", True)


async def test_a_run_that_is_cancelled_leaves_no_record_unlocked(crm: Any) -> None:
    """The flag is set again before the cancellation goes on."""
    updates = await locked_accounts(crm, 2)
    await crm.tell(crm.connect().update(ACCOUNTS, updates))
    crm.control.add_fault(operation="accounts.update", nth=2, times=1, latency_ms=60_000)
    run = asyncio.create_task(crm.tell(crm.connect().update(ACCOUNTS, updates[:1])))
    await crm.until(lambda: not crm.stored()["a0"]["readOnly"] and crm.control.counters().in_flight)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert crm.stored()["a0"]["readOnly"] is True
