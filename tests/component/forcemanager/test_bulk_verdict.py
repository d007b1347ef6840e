"""Whether bulk calls of a tenant do what they say: one is looked at first; where they don't, all records go alone."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Unavailable
from sage_operator.sync.records import OutcomeKind, WriteItem

ACCOUNTS = Entity.ACCOUNTS
DONE, REFUSED, UNCLEAR, NOT_SENT = OutcomeKind.DONE, OutcomeKind.REFUSED, OutcomeKind.UNCLEAR, OutcomeKind.NOT_SENT
DAY = 24 * 3600


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
    updates = await crm.created(target, crm.make(200))
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
    updates = [replace(u, data={"phone": "+34 911 23 45 67"}) for u in await crm.created(target, crm.make(3))]
    crm.count()
    assert (await crm.tell(target.update(ACCOUNTS, updates))).kinds == {DONE: 3}
    assert crm.count() == {"accounts.bulkUpdate": 2, "accounts.get": 1}


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_where_bulk_is_refused_records_go_one_by_one(crm: Any, time: Any, status: int) -> None:
    """Remembered for a day, for all runs; every record is written once."""
    crm.control.configure(bulk_refused={"accounts.bulkCreate": status, "accounts.bulkUpdate": status})
    target = crm.connect()
    updates = await crm.created(target, crm.make(20))
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
    await crm.created(target, crm.make(2))
    crm.control.configure(bulk_refused={"accounts.bulkCreate": 404})
    crm.count()
    assert (await crm.tell(target.create(ACCOUNTS, crm.make(30, "b")))).kinds == {DONE: 30}
    assert len(crm.stored()) == 32
    assert crm.count() == {"accounts.bulkCreate": 1, "accounts.create": 30}


async def test_one_record_alone_goes_alone(crm: Any) -> None:
    """It needs no look."""
    target = crm.connect()
    updates = await crm.created(target, crm.make(1))
    assert (await crm.tell(target.update(ACCOUNTS, updates))).kinds == {DONE: 1}
    assert crm.count() == {"accounts.create": 1, "accounts.update": 1}


async def test_a_bad_first_record_does_not_spoil_the_verdict(crm: Any) -> None:
    """It is sent alone once more to see whose fault it is; the next one is the probe."""
    items = crm.make(200)
    items[0] = replace(items[0], data={**items[0].data, "phone": 5})
    told = await crm.tell(crm.connect().create(ACCOUNTS, items))
    assert told.kinds == {DONE: 199, REFUSED: 1}
    assert len(crm.stored()) == 199
    calls = crm.count()
    assert calls == {"accounts.bulkCreate": 3, "accounts.create": 1, "accounts.get": 1}


async def test_a_map_that_is_all_wrong_is_noticed_by_the_probe(crm: Any) -> None:
    """Nothing is known of bulk calls and every record is bad: after 16 of them the call stops."""
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(200, phone=5)))
    assert isinstance(told.error, Unavailable)
    assert told.kinds == {REFUSED: 16, NOT_SENT: 184}
    assert crm.count() == {"accounts.bulkCreate": 16, "accounts.create": 16}


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
