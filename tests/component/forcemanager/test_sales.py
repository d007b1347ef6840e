from decimal import Decimal
from typing import Any

import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.records import OutcomeKind, WriteItem
from sage_operator.sync.targets import FieldKind

SALES = Entity.SALES
DONE, REFUSED = OutcomeKind.DONE, OutcomeKind.REFUSED


async def sales(crm: Any, number: int, **values: Any) -> list[WriteItem]:
    """Make sales of an account that is there."""
    told = await crm.tell(crm.connect().create(Entity.ACCOUNTS, crm.make(1)))
    data = {"accountId": told.outcomes["a0"].target_id, "accountExtId": "a0", "salesRepExtId": "", **values}
    crm.count()
    return [
        WriteItem(key=key, data={"extId": key, "date": "2026-01-31", "total": Decimal("1234567890123.10"), **data})
        for key in (f"d{n}" for n in range(number))
    ]


def stored(crm: Any) -> dict[str, dict[str, Any]]:
    """Read the live sales by `extId`."""
    return {row["extId"]: row for row in crm.control.records("sales") if not row["deleted"]}


async def test_sales_live_like_other_records(crm: Any) -> None:
    """Created, found, corrected and deleted, all in bulk; totals to the last digit, dates as days."""
    target = crm.connect()
    told = await crm.tell(target.create(SALES, await sales(crm, 150)))
    assert told.kinds == {DONE: 150}
    assert stored(crm)["d7"]["total"] == Decimal("1234567890123.10")
    assert str(stored(crm)["d7"]["total"]) == "1234567890123.10"
    assert stored(crm)["d7"]["date"] == "2026-01-31T00:00:00.000Z"
    assert crm.count() == {"sales.bulkCreate": 2, "sales.get": 1}

    ids = {key: outcome.target_id for key, outcome in told.outcomes.items()}
    change = {"total": Decimal("-0.01"), "date": "2026-02-01T00:00:00Z"}
    updates = [WriteItem(key=key, target_id=ids[key], data=change) for key in ("d1", "d2", "d3")]
    assert (await crm.tell(target.update(SALES, updates))).kinds == {DONE: 3}
    assert (str(stored(crm)["d2"]["total"]), stored(crm)["d2"]["date"]) == ("-0.01", "2026-02-01T00:00:00.000Z")

    removals = [WriteItem(key=key, target_id=ids[key], data={}) for key in ("d1", "d2", "d3")]
    assert (await crm.tell(target.delete(SALES, removals))).kinds == {DONE: 3}
    assert await target.find(SALES, ["d1", "d4", "d5", "none"]) == {"d4": (ids["d4"],), "d5": (ids["d5"],)}
    indexed = {row.ext_id: row.id async for page in target.index(SALES) for row in page}
    assert indexed == {key: i for key, i in ids.items() if key not in {"d1", "d2", "d3"}}


@pytest.mark.parametrize("status", [404, 405])
async def test_sales_without_bulk_calls(crm: Any, status: int) -> None:
    """Whether sales have them is not documented: single calls do all of it."""
    operations = ("sales.bulkCreate", "sales.bulkUpdate", "sales.bulkDelete")
    crm.control.configure(bulk_refused=dict.fromkeys(operations, status))
    target = crm.connect()
    told = await crm.tell(target.create(SALES, await sales(crm, 5)))
    ids = {key: outcome.target_id for key, outcome in told.outcomes.items()}
    change = [WriteItem(key=key, target_id=i, data={"date": "2026-03-01", "total": 5}) for key, i in ids.items()]
    assert (await crm.tell(target.update(SALES, change))).kinds == {DONE: 5}
    assert {row["date"] for row in stored(crm).values()} == {"2026-03-01T00:00:00.000Z"}
    assert (await crm.tell(target.delete(SALES, change))).kinds == {DONE: 5}
    assert stored(crm) == {}


async def test_a_tenant_that_insists_on_a_representative_refuses(crm: Any) -> None:
    """Sale by sale, in its own words; those that name one are taken."""
    crm.control.configure(sales_need_representative=True)
    items = await sales(crm, 3)
    named = [WriteItem(key=f"n{item.key}", data={**item.data, "extId": f"n{item.key}", "salesRepExtId": "R"})
             for item in items]  # fmt: skip
    told = await crm.tell(crm.connect().create(SALES, [*named, *items]))
    assert told.kinds == {DONE: 3, REFUSED: 3}
    assert told.outcomes["d0"].message == "The field salesRepExtId is mandatory"


async def test_the_schema_of_sales(crm: Any) -> None:
    """Types are known, and that the representative follows from elsewhere."""
    fields = (await crm.connect().schema(SALES)).fields
    assert (fields["total"].kind, fields["date"].kind) == (FieldKind.DECIMAL, FieldKind.DATE)
    assert (fields["accountId"].table, fields["salesRepId"].read_only) == ("accounts", True)
