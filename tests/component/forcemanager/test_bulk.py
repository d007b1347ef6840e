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
DONE, REFUSED, UNCLEAR = OutcomeKind.DONE, OutcomeKind.REFUSED, OutcomeKind.UNCLEAR
NOT_SENT, UNKNOWN_ID = OutcomeKind.NOT_SENT, OutcomeKind.UNKNOWN_ID
DAY = 24 * 3600


async def created(crm: Any, target: Any, items: list[WriteItem]) -> list[WriteItem]:
    """Create records, and return updates of them that change the name."""
    told = await crm.tell(target.create(ACCOUNTS, items))
    assert told.kinds == {DONE: len(items)}
    ids = {key: outcome.target_id for key, outcome in told.outcomes.items()}
    return [WriteItem(key=i.key, target_id=ids[i.key], data={"name": f"New name of {i.key}"}) for i in items]


async def test_the_first_record_is_looked_at_before_the_others_go(crm: Any) -> None:
    """One bulk call of one record, one look, then batches of 200; each record is there with the id that was told."""
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(450)))
    assert told.error is None
    assert told.kinds == {DONE: 450}
    assert {key: outcome.target_id for key, outcome in told.outcomes.items()} == {
        k: r["id"] for k, r in crm.stored().items()
    }
    assert sorted(len(group) for group in told.groups) == [1, 49, 200, 200]
    assert crm.count() == {"accounts.bulkCreate": 4, "accounts.get": 1}


async def test_the_verdict_holds_for_a_day(crm: Any, time: Any) -> None:
    """Other runs don't look again; after a day the first of them does."""
    await crm.tell(crm.connect().create(ACCOUNTS, crm.make(3)))
    crm.count()
    await crm.tell(crm.connect().create(ACCOUNTS, crm.make(200, "b")))
    assert crm.count() == {"accounts.bulkCreate": 1}
    time.now += DAY
    await crm.tell(crm.connect().create(ACCOUNTS, crm.make(200, "c")))
    assert crm.count() == {"accounts.bulkCreate": 2, "accounts.get": 1}


async def test_calls_that_come_meanwhile_wait_for_the_verdict(crm: Any) -> None:
    """Of eight calls at the same time one looks: 9 bulk calls, 1 look."""
    calls = (crm.tell(crm.connect().create(ACCOUNTS, crm.make(100, prefix))) for prefix in "abcdefgh")
    assert [told.kinds for told in await asyncio.gather(*calls)] == [{DONE: 100}] * 8
    assert crm.count() == {"accounts.bulkCreate": 9, "accounts.get": 1}


async def test_each_resource_and_method_has_its_own_verdict(crm: Any) -> None:
    """Creating well says nothing of updating well."""
    target = crm.connect()
    updates = await created(crm, target, crm.make(200))
    crm.count()
    told = await crm.tell(target.update(ACCOUNTS, updates))
    assert told.kinds == {DONE: 200}
    assert {row["name"] for row in crm.stored().values()} == {f"New name of a{n}" for n in range(200)}
    assert {o.target_id for o in told.outcomes.values()} == {update.target_id for update in updates}
    assert crm.count() == {"accounts.bulkUpdate": 2, "accounts.get": 1}


async def test_a_value_that_is_normalised_shows_that_the_update_took_effect(crm: Any) -> None:
    """A telephone number without its blanks is still the one that was written."""
    crm.control.configure(normalize_phones=True)
    target = crm.connect()
    updates = [replace(u, data={"phone": "+34 911 23 45 67"}) for u in await created(crm, target, crm.make(3))]
    crm.count()
    assert (await crm.tell(target.update(ACCOUNTS, updates))).kinds == {DONE: 3}
    assert crm.count() == {"accounts.bulkUpdate": 2, "accounts.get": 1}


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_where_bulk_is_refused_records_go_one_by_one(crm: Any, time: Any, status: int) -> None:
    """Remembered for a day, for all runs; every record is written once."""
    crm.control.configure(bulk_refused={"accounts.bulkCreate": status, "accounts.bulkUpdate": status})
    target = crm.connect()
    updates = await created(crm, target, crm.make(20))
    assert len(crm.stored()) == 20
    assert crm.count() == {"accounts.bulkCreate": 1, "accounts.create": 20}
    assert (await crm.tell(target.update(ACCOUNTS, updates))).kinds == {DONE: 20}
    assert crm.count() == {"accounts.bulkUpdate": 1, "accounts.update": 20}
    await crm.tell(crm.connect().create(ACCOUNTS, crm.make(20, "b")))
    assert crm.count() == {"accounts.create": 20}
    time.now += DAY
    crm.control.configure(bulk_refused={})
    await crm.tell(crm.connect().create(ACCOUNTS, crm.make(20, "c")))
    assert crm.count() == {"accounts.bulkCreate": 2, "accounts.get": 1}


async def test_a_tenant_that_begins_to_refuse_bulk_loses_nothing(crm: Any) -> None:
    """The refused batch goes one by one."""
    target = crm.connect()
    await created(crm, target, crm.make(2))
    crm.control.configure(bulk_refused={"accounts.bulkCreate": 404})
    crm.count()
    assert (await crm.tell(target.create(ACCOUNTS, crm.make(30, "b")))).kinds == {DONE: 30}
    assert len(crm.stored()) == 32
    assert crm.count() == {"accounts.bulkCreate": 1, "accounts.create": 30}


async def test_one_record_alone_goes_alone(crm: Any) -> None:
    """It needs no look."""
    target = crm.connect()
    updates = await created(crm, target, crm.make(1))
    assert (await crm.tell(target.update(ACCOUNTS, updates))).kinds == {DONE: 1}
    assert crm.count() == {"accounts.create": 1, "accounts.update": 1}


async def test_a_bad_record_is_refused_alone(crm: Any) -> None:
    """With ForceManager's own words; the others of its batch are written."""
    items = crm.make(200)
    items[150] = replace(items[150], data={**items[150].data, "phone": 5})
    told = await crm.tell(crm.connect().create(ACCOUNTS, items))
    assert told.error is None
    assert told.kinds == {DONE: 199, REFUSED: 1}
    assert told.outcomes["a150"].message == "The field phone must be a string"
    assert len(crm.stored()) == 199


async def test_a_bad_first_record_does_not_spoil_the_verdict(crm: Any) -> None:
    """It is sent alone once more to see whose fault it is; the next one is the probe."""
    items = crm.make(200)
    items[0] = replace(items[0], data={**items[0].data, "phone": 5})
    told = await crm.tell(crm.connect().create(ACCOUNTS, items))
    assert told.kinds == {DONE: 199, REFUSED: 1}
    assert len(crm.stored()) == 199
    calls = crm.count()
    assert calls == {"accounts.bulkCreate": 3, "accounts.create": 1, "accounts.get": 1}


@pytest.mark.parametrize("bad", [[0], [199], [77], [3, 150], [10, 11, 12, 13], [0, 66, 133, 199]])
async def test_a_batch_that_is_refused_as_a_whole_is_split(crm: Any, bad: list[int]) -> None:
    """Each bad record costs about two requests for each halving; all good ones are written, once."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
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
    await created(crm, target, crm.make(2, "z"))
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
    await created(crm, target, crm.make(2, "z"))
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


async def test_a_map_that_is_all_wrong_is_noticed_by_the_probe(crm: Any) -> None:
    """Nothing is known of bulk calls and every record is bad: after 16 of them the call stops."""
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(200, phone=5)))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {REFUSED: 16, NOT_SENT: 184}
    assert crm.count() == {"accounts.bulkCreate": 16, "accounts.create": 16}


@pytest.mark.parametrize("cut", ["during", "after"])
async def test_an_unclear_create_is_never_repeated(crm: Any, cut: str) -> None:
    """The connection is cut after the batch took effect: all its records are unclear, and there once."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
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
    await created(crm, target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", times=1, **fault)
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(100)))
    assert told.kinds == {UNCLEAR: 100}
    assert len(crm.stored()) == 2
    assert crm.count() == {"accounts.bulkCreate": 1}


async def test_a_late_commit_makes_no_double(crm: Any) -> None:
    """The answer is lost and the write commits afterwards."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", commit_after_ms=60_000, times=1)
    told = await crm.tell(target.create(ACCOUNTS, crm.make(50)))
    assert told.kinds == {UNCLEAR: 50}
    assert len(crm.stored()) == 2
    crm.control.release_commits()
    assert len(crm.stored()) == 52


async def test_after_three_unclear_answers_no_more_is_sent(crm: Any) -> None:
    """Each one is 200 records that have to be looked up: what is not in flight is not sent, and the run ends."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
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
    await created(crm, target, crm.make(2, "z"))
    for nth in (1, 3, 5, 7):
        crm.control.add_fault(operation="accounts.bulkCreate", nth=nth, times=1, cut="after")
    told = [await crm.tell(target.create(ACCOUNTS, crm.make(10, prefix))) for prefix in "abcdefgh"]
    assert [t.error for t in told] == [None] * 8
    assert [t.kinds for t in told] == [{UNCLEAR: 10}, {DONE: 10}] * 4


async def test_items_that_the_answer_lacks_are_unclear(crm: Any) -> None:
    """They were written, and are not written again."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", drop_items=3, times=1)
    told = await crm.tell(target.create(ACCOUNTS, crm.make(100)))
    assert told.kinds == {DONE: 97, UNCLEAR: 3}
    assert len(crm.stored()) == 102


async def test_too_many_requests_are_sent_again(crm: Any) -> None:
    """429 had no effect: also a create is repeated."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", status=429, retry_after="7", times=2)
    crm.count()
    told = await crm.tell(target.create(ACCOUNTS, crm.make(100)))
    assert told.kinds == {DONE: 100}
    assert len(crm.stored()) == 102
    assert crm.count() == {"accounts.bulkCreate": 3}


async def test_where_all_is_throttled_nothing_was_sent(crm: Any) -> None:
    """The creates surely had no effect; the run ends as an outage."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
    crm.control.add_fault(operation="accounts.bulkCreate", status=429)
    told = await crm.tell(target.create(ACCOUNTS, crm.make(100)))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {NOT_SENT: 100}


async def test_an_expired_session_costs_no_record(crm: Any) -> None:
    """401 had no effect: signed in anew, the batch goes again."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
    crm.control.expire_sessions()
    assert (await crm.tell(target.create(ACCOUNTS, crm.make(300)))).kinds == {DONE: 300}
    assert len(crm.stored()) == 302


async def test_keys_that_are_revoked_meanwhile_end_the_call(crm: Any) -> None:
    """All items have outcomes, then the reason is raised."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
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
    updates = await created(crm, target, crm.make(100))
    crm.control.add_fault(operation="accounts.bulkUpdate", nth=2, times=1, cut="after")
    crm.control.add_fault(operation="accounts.bulkUpdate", nth=3, times=1, status=500)
    assert (await crm.tell(target.update(ACCOUNTS, updates))).kinds == {DONE: 100}
    assert {row["name"] for row in crm.stored().values()} == {f"New name of a{n}" for n in range(100)}


async def test_updates_that_stay_unanswered_are_unclear(crm: Any) -> None:
    """The first batch has been repeated; what was not begun is not sent, and the run ends as an outage."""
    target = crm.connect()
    updates = await created(crm, target, crm.make(2000))
    assert (await crm.tell(target.update(ACCOUNTS, updates[:2]))).kinds == {DONE: 2}
    crm.control.add_fault(operation="accounts.bulkUpdate", status=500)
    told = await crm.tell(target.update(ACCOUNTS, updates))
    assert isinstance(told.error, Unavailable)
    assert told.kinds[UNCLEAR] + told.kinds[NOT_SENT] == 2000
    assert told.kinds[UNCLEAR] <= 1600


@pytest.mark.parametrize("all_or_nothing", [True, False])
@pytest.mark.parametrize("readable", [True, False])
async def test_updates_of_records_that_are_gone_are_told_apart(crm: Any, all_or_nothing: bool, readable: bool) -> None:
    """Deleted, never there, or bad data: 400 stands for all of them, reading the record tells."""
    target = crm.connect()
    updates = await created(crm, target, crm.make(60))
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
    updates = await created(crm, target, crm.make(60))
    assert (await crm.tell(target.update(ACCOUNTS, updates[:2]))).kinds == {DONE: 2}
    crm.control.add_fault(operation="accounts.bulkUpdate", status=400)
    crm.control.add_fault(operation="accounts.get", status=400)
    told = await crm.tell(target.update(ACCOUNTS, updates))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {NOT_SENT: 60}


async def test_a_remote_that_goes_away_leaves_an_outcome_for_each(crm: Any, access: Any) -> None:
    """Connections are refused: nothing was sent."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
    next(iter(access._clients.values()))._base_url = "http://127.0.0.1:9"
    told = await crm.tell(target.create(ACCOUNTS, crm.make(500)))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {NOT_SENT: 500}


async def test_leaving_early_stops_the_writing(crm: Any) -> None:
    """A run that is cancelled sends nothing more."""
    target = crm.connect()
    await created(crm, target, crm.make(2, "z"))
    crm.count()
    call = target.create(ACCOUNTS, crm.make(4000))
    await anext(call)
    await call.aclose()
    sent = crm.count()["accounts.bulkCreate"]
    await asyncio.sleep(0.05)
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


@pytest.mark.parametrize("shown", [(400, {}), {"id": 1, "extId": "other"}, {"id": 1, "extId": "a", "deleted": True}])
async def test_a_bulk_create_that_shows_no_effect_is_not_trusted(
    scripted: Any, target: Any, tell: Any, shown: Any
) -> None:
    """ForceManager says "done" and shows nothing: that record is unclear, the others go one by one."""
    ids = iter(range(100, 200))
    scripted.replies |= {
        "POST /accounts/bulk": [{"code": 1, "guid": "a", "id": 1}],
        "GET /accounts/1": shown,
        "GET /accounts": lambda _: [],
        "POST /accounts": lambda _: {"message": "entity created", "id": next(ids)},
    }
    scripted.replies["POST /accounts/bulk"] = lambda _: [{"code": 1, "guid": "a", "id": 1}]
    told = await tell(target.create(ACCOUNTS, [WriteItem(key=k, data={"extId": k}) for k in "abc"]))
    assert told.kinds == {UNCLEAR: 1, DONE: 2}
    assert told.outcomes["a"].kind is UNCLEAR
    assert scripted.calls("POST") == ["POST /accounts/bulk", "POST /accounts", "POST /accounts"]


async def test_a_bulk_create_that_shows_late_is_trusted(scripted: Any, target: Any, tell: Any) -> None:
    """It is looked at again after a moment."""
    scripted.replies |= {
        "POST /accounts/bulk": lambda r: [
            {"code": 1, "guid": i["guid"], "id": n} for n, i in enumerate(msgspec.json.decode(r.body), 1)
        ],
        "GET /accounts/1": [(400, {}), (400, {}), {"id": 1, "extId": "a"}],
        "GET /accounts": lambda _: [],
    }
    told = await tell(target.create(ACCOUNTS, [WriteItem(key=k, data={"extId": k}) for k in "abc"]))
    assert told.kinds == {DONE: 3}
    assert scripted.calls("POST") == ["POST /accounts/bulk"] * 2


async def test_a_bulk_update_that_shows_no_effect_is_done_alone(scripted: Any, target: Any, tell: Any) -> None:
    """If the name of the values is another one, say, nothing is lost: all go one by one."""
    items = [WriteItem(key=str(n), target_id=n, data={"name": "new"}) for n in (1, 2, 3)]
    scripted.replies |= {f"PUT /accounts/{n}": {"Message": "entity updated"} for n in (1, 2, 3)}
    scripted.replies["PUT /accounts/bulk"] = lambda _: [{"code": 1, "guid": "1", "id": 1}]
    scripted.replies["GET /accounts/1"] = {"id": 1, "name": "old"}
    assert (await tell(target.update(ACCOUNTS, items))).kinds == {DONE: 3}
    assert scripted.calls("PUT") == ["PUT /accounts/bulk", "PUT /accounts/1", "PUT /accounts/2", "PUT /accounts/3"]


def _nothing_taken(request: Any) -> list[dict[str, Any]]:
    return [{"code": 0, "guid": item["guid"]} for item in msgspec.json.decode(request.body)]


@pytest.mark.parametrize("refusal", [(400, {"message": "no id"}), _nothing_taken])
async def test_a_bulk_call_that_is_no_use_though_single_ones_work(
    scripted: Any, target: Any, tell: Any, refusal: Any
) -> None:
    """What is refused in bulk and taken alone, twice, is the fault of bulk: it is not used any more."""
    ids = iter(range(1, 9))
    scripted.replies["POST /accounts/bulk"] = refusal
    scripted.replies["POST /accounts"] = lambda _: {"Message": "entity created", "id": next(ids)}
    told = await tell(target.create(ACCOUNTS, [WriteItem(key=k, data={"extId": k}) for k in "abcde"]))
    assert told.kinds == {DONE: 5}
    assert scripted.calls() == ["POST /accounts/bulk", "POST /accounts"] * 2 + ["POST /accounts"] * 3


async def test_one_record_that_bulk_refuses_by_chance_changes_nothing(crm: Any) -> None:
    """It is written alone, the next one is the probe, and the others go in bulk."""
    crm.control.add_fault(operation="accounts.bulkCreate", fail_items=1, times=1)
    assert (await crm.tell(crm.connect().create(ACCOUNTS, crm.make(200)))).kinds == {DONE: 200}
    assert len(crm.stored()) == 200
    assert crm.count() == {"accounts.bulkCreate": 3, "accounts.create": 1, "accounts.get": 1}


async def test_refused_updates_are_not_looked_into_after_the_call_was_stopped(crm: Any) -> None:
    """Where the first of 100 refused records can't be read, the other 99 are not tried."""
    target = crm.connect()
    updates = await created(crm, target, crm.make(100))
    assert (await crm.tell(target.update(ACCOUNTS, updates[:2]))).kinds == {DONE: 2}
    crm.control.add_fault(operation="accounts.get", status=503)
    crm.count()
    told = await crm.tell(target.update(ACCOUNTS, [replace(u, data={"phone": 5}) for u in updates]))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {NOT_SENT: 100}
    assert crm.count() == {"accounts.bulkUpdate": 1, "accounts.get": 5}


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


async def test_a_look_that_fails_leaves_the_verdict_open(scripted: Any, target: Any, tell: Any) -> None:
    """The record counts as ForceManager told; the run ends with the outage, and the next one probes."""
    scripted.replies["POST /accounts/bulk"] = lambda r: [
        {"code": 1, "guid": i["guid"], "id": 1} for i in msgspec.json.decode(r.body)
    ]
    scripted.replies["GET /accounts/1"] = (503, {})
    items = [WriteItem(key=k, data={"extId": k}) for k in "ab"]
    told = await tell(target.create(ACCOUNTS, items))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {DONE: 1, NOT_SENT: 1}
    scripted.replies["GET /accounts/1"] = {"id": 1, "extId": "c"}
    scripted.replies["POST /accounts"] = {"message": "entity created", "id": 2}
    assert (await tell(target.create(ACCOUNTS, [WriteItem(key=k, data={"extId": k}) for k in "cd"]))).kinds == {DONE: 2}


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
