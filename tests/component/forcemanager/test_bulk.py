"""What bulk calls send, and what an answer that is lost, late or senseless leaves of their records."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import CredentialsRejected, Unavailable
from sage_operator.sync.records import OutcomeKind, WriteItem

ACCOUNTS = Entity.ACCOUNTS
DONE, UNCLEAR, NOT_SENT = OutcomeKind.DONE, OutcomeKind.UNCLEAR, OutcomeKind.NOT_SENT


@pytest.mark.parametrize("cut", ["during", "after"])
async def test_an_unclear_create_is_never_repeated(crm: Any, cut: str) -> None:
    """The connection is cut after the batch took effect: all its records are unclear, and there once."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", cut=cut, times=1)
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(200)))
    assert told.error is None
    assert told.kinds == {UNCLEAR: 200}
    assert len(crm.stored()) == 202
    assert crm.count() == {"accounts.bulkCreate": 1}


@pytest.mark.parametrize(
    "fault", [{"cut": "before"}, {"status": 500}, {"status": 503, "retry_after": "1"}, {"status": 408}]
)
async def test_a_create_that_may_have_been_lost_is_not_repeated_either(crm: Any, fault: dict[str, Any]) -> None:
    """We can't tell it from one that took effect."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", times=1, **fault)
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(100)))
    assert told.kinds == {UNCLEAR: 100}
    assert len(crm.stored()) == 2
    assert crm.count() == {"accounts.bulkCreate": 1}


async def test_a_late_commit_makes_no_double(crm: Any) -> None:
    """The answer is lost and the write commits afterwards."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", commit_after_ms=60_000, times=1)
    told = await crm.tell(target.create(ACCOUNTS, crm.make(50)))
    assert told.kinds == {UNCLEAR: 50}
    assert len(crm.stored()) == 2
    crm.control.release_commits()
    assert len(crm.stored()) == 52


async def test_after_three_unclear_answers_no_more_is_sent(crm: Any) -> None:
    """Each one is 200 records that have to be looked up: what is not in flight is not sent, and the run ends."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", status=500)
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(4000)))
    assert isinstance(told.error, Unavailable)
    sent = crm.count()["accounts.bulkCreate"]
    assert 3 <= sent <= 10
    assert told.kinds == {UNCLEAR: sent * 200, NOT_SENT: 4000 - sent * 200}


async def test_unclear_answers_between_good_ones_end_nothing(crm: Any) -> None:
    """Every second batch is unclear, one after another: three in a row never are."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    for nth in (1, 3, 5, 7):
        crm.control.add_fault(operation="accounts.bulkCreate", nth=nth, times=1, cut="after")
    told = [await crm.tell(target.create(ACCOUNTS, crm.make(10, prefix))) for prefix in "abcdefgh"]
    assert [t.error for t in told] == [None] * 8
    assert [t.kinds for t in told] == [{UNCLEAR: 10}, {DONE: 10}] * 4


async def test_items_that_the_answer_lacks_are_unclear(crm: Any) -> None:
    """They were written, and are not written again."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", drop_items=3, times=1)
    told = await crm.tell(target.create(ACCOUNTS, crm.make(100)))
    assert told.kinds == {DONE: 97, UNCLEAR: 3}
    assert len(crm.stored()) == 102


async def test_too_many_requests_are_sent_again(crm: Any) -> None:
    """429 had no effect: also a create is repeated."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", status=429, retry_after="7", times=2)
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(100)))
    assert told.kinds == {DONE: 100}
    assert len(crm.stored()) == 102
    assert crm.count() == {"accounts.bulkCreate": 3}


async def test_where_all_is_throttled_nothing_was_sent(crm: Any) -> None:
    """The creates surely had no effect; the run ends as an outage."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", status=429)
    told = await crm.tell(target.create(ACCOUNTS, crm.make(100)))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {NOT_SENT: 100}


async def test_an_expired_session_costs_no_record(crm: Any) -> None:
    """401 had no effect: signed in anew, the batch goes again."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.expire_sessions()
    assert (await crm.tell(target.create(ACCOUNTS, crm.make(300)))).kinds == {DONE: 300}
    assert len(crm.stored()) == 302


async def test_keys_that_are_revoked_meanwhile_end_the_call(crm: Any) -> None:
    """All items have outcomes, then the reason is raised."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.control.expire_sessions()
    crm.rotate("other")
    try:
        told = await crm.tell(target.create(ACCOUNTS, crm.make(300)))
    finally:
        crm.rotate()
    assert isinstance(told.error, CredentialsRejected)
    assert told.kinds == {NOT_SENT: 300}


async def test_an_update_is_repeated_before_it_is_unclear(crm: Any) -> None:
    """Writing the same values twice does no harm."""
    target = crm.connect()
    updates = await crm.created(target, crm.make(100))
    crm.control.add_fault(operation="accounts.bulkUpdate", nth=2, times=1, cut="after")
    crm.control.add_fault(operation="accounts.bulkUpdate", nth=3, times=1, status=500)
    assert (await crm.tell(target.update(ACCOUNTS, updates))).kinds == {DONE: 100}
    assert {row["name"] for row in crm.stored().values()} == {f"New name of a{n}" for n in range(100)}


async def test_updates_that_stay_unanswered_are_unclear(crm: Any) -> None:
    """The first batch has been repeated; what was not begun is not sent, and the run ends as an outage."""
    target = crm.connect()
    updates = await crm.created(target, crm.make(2000))
    assert (await crm.tell(target.update(ACCOUNTS, updates[:2]))).kinds == {DONE: 2}
    crm.control.add_fault(operation="accounts.bulkUpdate", status=500)
    told = await crm.tell(target.update(ACCOUNTS, updates))
    assert isinstance(told.error, Unavailable)
    assert told.kinds[UNCLEAR] + told.kinds[NOT_SENT] == 2000
    assert told.kinds[UNCLEAR] <= 1600


async def test_a_remote_that_goes_away_leaves_an_outcome_for_each(crm: Any, access: Any) -> None:
    """Connections are refused: nothing was sent."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    next(iter(access._clients.values()))._base_url = "http://127.0.0.1:9"
    told = await crm.tell(target.create(ACCOUNTS, crm.make(500)))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {NOT_SENT: 500}


async def test_leaving_early_stops_the_writing(crm: Any) -> None:
    """A run that is cancelled sends nothing more."""
    target = crm.connect()
    await crm.created(target, crm.make(2, "z"))
    crm.count()
    call = target.create(ACCOUNTS, crm.make(4000))
    await anext(call)
    await call.aclose()
    sent = crm.count()["accounts.bulkCreate"]
    await asyncio.sleep(0.05)  # what must not come has no sign to wait for
    assert sent < 20
    assert crm.count() == {}


async def test_money_and_null_on_the_wire(scripted: Any, target: Any, tell: Any) -> None:
    """Numbers digit by digit, clearing as null, references as integers: in bulk and alone."""
    item = WriteItem(
        key="k", target_id=7, data={"Z_Due": Decimal("1234567890123.10"), "comment": None, "countryId": 75}
    )
    scripted.replies["PUT /accounts/bulk"] = lambda r: [
        {"code": 1, "guid": i["guid"], "id": i["id"]} for i in msgspec.json.decode(r.body)
    ]
    scripted.replies["GET /accounts/7"] = {"id": 7, "Z_Due": 1234567890123.1, "countryId": {"id": 75, "value": "Spain"}}
    scripted.replies["PUT /accounts/8"] = {"Message": "entity updated"}
    items = [item, replace(item, key="l", target_id=8)]
    assert (await tell(target.update(ACCOUNTS, items))).kinds == {DONE: 2}
    data = b'{"Z_Due":1234567890123.10,"comment":null,"countryId":75}'
    assert scripted.seen[1].body == b'[{"guid":"k","id":7,"data":' + data + b"}]"
    assert scripted.seen[3].body == data


@pytest.mark.parametrize("garbage", [b"", b"<html>ok</html>", {"message": "done"}, (204, b"")])
async def test_an_answer_that_makes_no_sense_leaves_creates_unclear(
    scripted: Any, target: Any, tell: Any, garbage: Any
) -> None:
    """It was accepted; nothing is repeated, and after three such answers nothing more is sent."""
    scripted.replies["POST /accounts/bulk"] = garbage
    told = await tell(target.create(ACCOUNTS, [WriteItem(key=str(k), data={"extId": str(k)}) for k in range(10)]))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {UNCLEAR: 3, NOT_SENT: 7}
    assert scripted.calls() == ["POST /accounts/bulk"] * 3


async def test_wrong_items_are_refused_before_anything_is_sent(scripted: Any, target: Any, tell: Any) -> None:
    """The same record twice, an update without an id, a create with one."""
    good = WriteItem(key="a", data={})
    for call in (
        target.create(ACCOUNTS, [good, good]),
        target.update(ACCOUNTS, [good]),
        target.create(ACCOUNTS, [replace(good, target_id=1)]),
    ):
        with pytest.raises(ValueError, match="record"):
            await tell(call)
    assert scripted.seen == []


def contacts(number: int, account: WriteItem, sample: WriteItem) -> list[WriteItem]:
    """Make contacts of an account, with its sales representative."""
    data = {"accountId": account.target_id, "salesRepId": sample.data["salesRepId1"], "lastName": "Ruiz"}
    return [
        WriteItem(key=key, data={**data, "firstName": key, "extId": key}) for key in (f"c{n}" for n in range(number))
    ]


async def test_contacts_are_proven_by_one_that_is_taken_once_accounts_were_looked_at(crm: Any) -> None:
    """One contact alone, then all others; it is looked at only if no account has been, and updates always are."""
    target, sample = crm.connect(), crm.make(3, "z")
    account = (await crm.created(target, sample))[0]
    crm.count()
    told = await crm.tell(target.create(Entity.CONTACTS, contacts(401, account, sample[0])))
    assert told.kinds == {DONE: 401}
    assert crm.count() == {"contacts.bulkCreate": 3}
    renamed = [WriteItem(key=k, target_id=o.target_id, data={"lastName": "Gil"}) for k, o in told.outcomes.items()]
    assert (await crm.tell(target.update(Entity.CONTACTS, renamed[:9]))).kinds == {DONE: 9}
    assert crm.count() == {"contacts.bulkUpdate": 2, "contacts.get": 1}


@pytest.mark.parametrize("status", [405, 400])
async def test_contacts_that_are_not_taken_in_bulk_are_noticed_by_the_first(crm: Any, status: int) -> None:
    """The form is proven by accounts, but not that this resource takes it: no batch is lost to that."""
    target, sample = crm.connect(), crm.make(3, "z")
    account = (await crm.created(target, sample))[0]
    crm.control.add_fault(operation="contacts.bulkCreate", status=status)
    crm.count()
    told = await crm.tell(target.create(Entity.CONTACTS, contacts(9, account, sample[0])))
    assert told.kinds == {DONE: 9}
    assert crm.count()["contacts.bulkCreate"] <= 2
