import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sage_operator.simulators import ForceManagerEdit
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Unavailable
from sage_operator.sync.records import TargetRow

Fill = Callable[..., list[int]]


@pytest.fixture
def fill(crm: Any) -> Fill:
    """Create accounts in ForceManager with these `extId`s, and return their ids."""
    branch = crm.control.records("branches")[0]["id"]
    user = crm.control.records("users")[0]["id"]

    def create(*ext_ids: str | None) -> list[int]:
        known = {"name": "n", "branchId": branch, "salesRepId1": user}
        edits = [ForceManagerEdit(op="create", fields={**known, "extId": ext_id}) for ext_id in ext_ids]
        ids: list[int] = crm.control.edit("accounts", *edits)
        return ids

    return create


def lists(crm: Any) -> int:
    """Count the pages of accounts that were asked for."""
    return int(crm.control.counters().by_operation.get("accounts.list", 0))


async def collect(target: Any) -> list[TargetRow]:
    """Read the whole index."""
    return [row async for rows in target.index(Entity.ACCOUNTS) for row in rows]


async def test_an_empty_tenant_costs_one_request(crm: Any) -> None:
    """An empty page is the end."""
    assert await collect(crm.connect()) == []
    assert lists(crm) == 1


async def test_a_short_page_is_the_last(crm: Any, fill: Fill) -> None:
    """No server has pages below 50, so 49 rows are all."""
    fill(*(f"a{n}" for n in range(49)))
    assert len(await collect(crm.connect())) == 49
    assert lists(crm) == 1


@pytest.mark.parametrize(("size", "requests"), [(50, 5), (100, 3), (1000, 2)])
async def test_the_index_is_read_to_its_end(crm: Any, fill: Fill, size: int, requests: int) -> None:
    """Whatever pages the server gives, all rows come, by id downwards."""
    crm.control.configure(max_page_size=size)
    ids = fill(*(f"a{n}" for n in range(200)))
    assert [row.id for row in await collect(crm.connect())] == sorted(ids, reverse=True)
    assert lists(crm) == requests


async def test_deleted_and_foreign_records_are_left_out(crm: Any, fill: Fill) -> None:
    """Only live records that bear an extId are in the index."""
    ids = fill("a", "b", None, "", "c")
    crm.control.delete("accounts", ids[1])
    assert {row.id: row.ext_id for row in await collect(crm.connect())} == {ids[0]: "a", ids[4]: "c"}


async def test_a_tenant_with_records_of_others_only_is_not_empty(crm: Any, fill: Fill) -> None:
    """A page of rows that are deleted or bear no extId is an empty page; without any row there is no page."""
    target = crm.connect()
    assert [rows async for rows in target.index(Entity.ACCOUNTS)] == []
    ids = fill("a", None)
    crm.control.delete("accounts", ids[0])
    assert [rows async for rows in target.index(Entity.ACCOUNTS)] == [[]]


async def test_rows_added_meanwhile_hide_none(crm: Any, fill: Fill) -> None:
    """Every page is shifted by others' creates: all old rows come all the same, and each once."""
    crm.control.configure(max_page_size=50)
    ids = fill(*(f"a{n}" for n in range(170)))
    found = []
    async for rows in crm.connect().index(Entity.ACCOUNTS):
        found += [row.id for row in rows]
        if len(found) < 170:
            fill(*(f"new{len(found)}-{n}" for n in range(50)))
    assert len(found) == len(set(found))
    assert set(ids) <= set(found)


async def test_the_index_streams(crm: Any, fill: Fill) -> None:
    """A page is asked for when it is needed."""
    crm.control.configure(max_page_size=50)
    fill(*(f"a{n}" for n in range(170)))
    rows = crm.connect().index(Entity.ACCOUNTS)
    await anext(rows)
    assert lists(crm) == 1
    await rows.aclose()


async def test_pages_without_end_are_given_up(scripted: Any, target: Any) -> None:
    """A server that gives the same full page for ever is no endless loop, and no complete index either."""
    scripted.replies["GET /accounts"] = lambda _: [{"id": n, "extId": f"a{n}"} for n in range(50)]
    with pytest.raises(Unavailable, match="round in circles"):
        await collect(target)


async def test_records_are_found_by_ext_id(crm: Any, fill: Fill) -> None:
    """Duplicates with all their ids, deleted ones not, unknown ones neither."""
    ids = fill("a", "b", "a", "c", "O'Neil", None)
    crm.control.delete("accounts", ids[3])
    found = await crm.connect().find(Entity.ACCOUNTS, ["a", "b", "c", "O'Neil", "unknown", "a"])
    assert found == {"a": (ids[0], ids[2]), "b": (ids[1],), "O'Neil": (ids[4],)}


async def test_the_filter_is_proven_once_and_asked_for_twenty_at_a_time(crm: Any, fill: Fill) -> None:
    """Three requests of proof, for all runs of the process; then one for each twenty."""
    fill(*(f"a{n}" for n in range(200)))
    wanted = [f"a{n}" for n in range(45)]
    first, second = await asyncio.gather(*(crm.connect().find(Entity.ACCOUNTS, wanted) for _ in range(2)))
    assert len(first) == 45
    assert first == second
    assert lists(crm) == 3 + 2 * 3


async def test_nothing_is_asked_for_nothing(crm: Any) -> None:
    """No ids, no request."""
    assert await crm.connect().find(Entity.ACCOUNTS, []) == {}
    assert lists(crm) == 0


async def test_a_tenant_without_any_ext_id_has_nothing_to_find(crm: Any, fill: Fill) -> None:
    """Its index answers the question; the filter stays unproven."""
    fill(None, None)
    assert await crm.connect().find(Entity.ACCOUNTS, ["a"]) == {}
    assert lists(crm) == 1


async def test_a_filter_that_is_ignored_is_not_trusted(crm: Any, fill: Fill) -> None:
    """All records are read instead, from then on without another probe."""
    crm.control.configure(ignored_filters=["extId"])
    ids = fill("a", "b", "a", *(f"x{n}" for n in range(100)))
    target = crm.connect()
    assert await target.find(Entity.ACCOUNTS, ["a", "unknown"]) == {"a": (ids[0], ids[2])}
    before = lists(crm)
    assert await target.find(Entity.ACCOUNTS, ["b"]) == {"b": (ids[1],)}
    assert lists(crm) == before + 2


async def test_a_filter_that_begins_to_be_ignored_is_found_out(crm: Any, fill: Fill) -> None:
    """An answer with other records than those asked for is no answer."""
    ids = fill("a", "b", *(f"x{n}" for n in range(100)))
    target = crm.connect()
    assert await target.find(Entity.ACCOUNTS, ["a"]) == {"a": (ids[0],)}
    crm.control.configure(ignored_filters=["extId"])
    assert await target.find(Entity.ACCOUNTS, ["b"]) == {"b": (ids[1],)}
    assert await target.find(Entity.ACCOUNTS, ["a", "b"]) == {"a": (ids[0],), "b": (ids[1],)}


def rows(*ext_ids: str) -> list[dict[str, Any]]:
    """Rows as the scripted server gives them."""
    return [{"id": n, "extId": ext_id, "deleted": False} for n, ext_id in enumerate(ext_ids, 1)]


@pytest.mark.parametrize(
    ("both", "impossible"),
    [
        (rows(), rows()),  # always nothing
        (rows("known"), rows("known")),  # the same whatever is asked
        ((400, {"code": 901, "message": "SQL is not generated correctly"}), rows()),
        ((500, {"message": "Internal data error"}), rows()),
    ],
)
async def test_a_filter_that_fails_its_proof_is_not_used(
    scripted: Any, target: Any, both: Any, impossible: Any
) -> None:
    """The index is read, also if the filter is answered with an error."""
    listed = rows("known", "wanted")
    queries: list[str] = []

    def reply(request: Any) -> Any:
        if "where" not in request.query:
            return listed
        queries.append(request.query["where"])
        return both if " OR " in queries[-1] else impossible

    scripted.replies["GET /accounts"] = reply
    assert await target.find(Entity.ACCOUNTS, ["wanted"]) == {"wanted": (2,)}
    asked = len(queries)
    assert await target.find(Entity.ACCOUNTS, ["wanted"]) == {"wanted": (2,)}
    assert len(queries) == asked
    assert queries[0] == "extId='no-such-record' OR extId='known'"


@pytest.mark.parametrize("wrong", [rows("known"), rows("other"), [{"id": 9, "extId": None}]])
async def test_an_answer_with_other_records_is_not_believed(scripted: Any, target: Any, wrong: Any) -> None:
    """The filter was proven and then gives what nobody asked for: all records are read, from then on."""
    listed = rows("known", "wanted", "other")
    answers = [rows("known"), [], wrong]
    scripted.replies["GET /accounts"] = lambda request: answers.pop(0) if "where" in request.query else listed
    assert await target.find(Entity.ACCOUNTS, ["wanted"]) == {"wanted": (2,)}
    assert await target.find(Entity.ACCOUNTS, ["other"]) == {"other": (3,)}
    assert answers == []


async def test_ext_ids_that_differ_by_case_are_different(scripted: Any, target: Any) -> None:
    """A database that compares without case is no reason to distrust the filter, and none to mix records up."""
    answers = [rows("known", "KNOWN"), [], rows("known", "KNOWN")]
    scripted.replies["GET /accounts"] = lambda r: answers.pop(0) if "where" in r.query else rows("known", "KNOWN")
    assert await target.find(Entity.ACCOUNTS, ["known"]) == {"known": (1,)}
    assert answers == []


async def test_an_outage_is_no_verdict_about_the_filter(scripted: Any, target: Any) -> None:
    """When nothing can be read the look-up fails, and the filter is proven when it works again."""
    replies: dict[bool, Any] = {False: rows("known"), True: (503, {})}
    down = False

    def reply(request: Any) -> Any:
        nonlocal down
        filtered = "where" in request.query
        down = down or (filtered and replies[True] == (503, {}))
        if down:
            return (503, {})
        return [row for row in replies[False] if not filtered or row["extId"] in request.query["where"]]

    scripted.replies["GET /accounts"] = reply
    with pytest.raises(Unavailable):
        await target.find(Entity.ACCOUNTS, ["known"])
    down, replies[True] = False, None
    assert await target.find(Entity.ACCOUNTS, ["known"]) == {"known": (1,)}
    assert scripted.seen[-1].query["where"] == "extId='known'"
