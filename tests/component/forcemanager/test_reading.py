from typing import Any

import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import CredentialsRejected, SchemaMismatch, Unavailable
from sage_operator.sync.targets import FieldKind

HOUR = 3600


def asked(crm: Any, operation: str) -> int:
    """Count the simulator's requests of a kind."""
    return int(crm.control.counters().by_operation.get(operation, 0))


async def test_deleted_users_are_left_out_and_bear_the_fingerprint(crm: Any) -> None:
    """The tenant is the same one when its first user has gone."""
    before = crm.connect()
    oldest = (await before.users())[0].id
    crm.control.delete("users", oldest)
    crm.control.add_keys({"later-public": "later-private"})
    after = crm.connect(public_key="later-public", private_key="later-private")
    assert oldest not in [user.id for user in await after.users()]
    assert await after.identify() == await before.identify()


async def test_fresh_users_are_read_at_most_once_a_minute(crm: Any, time: Any) -> None:
    """Somebody who was added is found after a minute with `fresh`, after an hour without."""
    target = crm.connect()
    fingerprint = await target.identify()
    oldest = (await target.users())[0].id
    crm.control.delete("users", oldest)
    time.now += 61
    assert oldest in [user.id for user in await target.users()]
    assert oldest not in [user.id for user in await target.users(fresh=True)]
    assert oldest not in [user.id for user in await target.users()]
    assert await target.identify() == fingerprint
    assert asked(crm, "users.list") == 2
    time.now += HOUR
    await target.users()
    assert asked(crm, "users.list") == 3


async def test_a_value_list_is_read_once_an_hour(crm: Any, time: Any) -> None:
    """All rows but deleted ones, with labels in all languages; a tiny list costs one request."""
    types = await crm.connect().value_list("accountTypes")
    labels = {label for row in types.rows for label in row.labels}
    assert {"Customer", "Cliente", "Kunde"} <= labels
    assert "Former customer" not in labels
    await crm.connect().value_list("accountTypes")
    assert asked(crm, "accountTypes.list") == 1
    time.now += HOUR
    await crm.connect().value_list("accountTypes")
    assert asked(crm, "accountTypes.list") == 2


async def test_a_long_list_is_read_to_its_end_whatever_the_page_size(crm: Any) -> None:
    """A server that gives 50 rows a page, or 1000, gives the same list."""
    crm.control.configure(max_page_size=50)
    countries = await crm.connect().value_list("countries")
    assert len(countries.rows) > 200
    assert asked(crm, "countries.list") == len(countries.rows) // 50 + 1
    spain = next(row for row in countries.rows if row.iso2 == "ES")
    assert (spain.iso3, {"Spain", "España"} <= spain.labels) == ("ESP", True)


@pytest.mark.parametrize(("rows", "requests"), [(249, 1), (250, 2)])
async def test_a_list_that_is_not_paged_ends(scripted: Any, target: Any, rows: int, requests: int) -> None:
    """A server that gives all rows whatever page is asked for is asked twice if their number could be a page's."""
    scripted.replies["GET /countries"] = lambda _: [{"id": n, "description": str(n)} for n in range(rows)]
    assert len((await target.value_list("countries")).rows) == rows
    assert len(scripted.calls()) == requests


async def test_both_headers_ask_for_long_pages(scripted: Any, target: Any) -> None:
    """Which of the two a tenant understands is not known."""
    scripted.replies["GET /branches"] = lambda _: []
    await target.value_list("branches")
    headers = scripted.seen[-1].headers
    assert (headers["Count"], headers["X-FM-Entity-Count"], headers["X-Session-Key"]) == ("1000", "1000", "t")


@pytest.mark.parametrize("name", ["nothing", "../login", "a?b", ""])
async def test_a_list_that_does_not_exist_is_told(crm: Any, name: str) -> None:
    """A name that would lead elsewhere is refused as well."""
    with pytest.raises(SchemaMismatch):
        await crm.connect().value_list(name)


@pytest.mark.parametrize("reply", [b"<html>", {"message": "maintenance"}, (400, {"message": "Service not available"})])
async def test_an_answer_that_is_no_list_is_an_outage(scripted: Any, target: Any, reply: Any) -> None:
    """It is not taken for an empty list."""
    scripted.replies["GET /branches"] = reply
    with pytest.raises(Unavailable):
        await target.value_list("branches")


async def test_a_list_that_may_not_be_read_is_told(scripted: Any, target: Any) -> None:
    """403 is a matter of the keys' rights."""
    scripted.replies["GET /branches"] = (403, {})
    with pytest.raises(CredentialsRejected, match="branches"):
        await target.value_list("branches")


async def test_a_tenant_without_users_is_told(scripted: Any, target: Any) -> None:
    """Without users there is no fingerprint; the keys lack a right."""
    scripted.replies["GET /users"] = lambda _: []
    with pytest.raises(SchemaMismatch, match="no users"):
        await target.identify()


async def test_the_schema_is_read_once_an_hour(crm: Any, time: Any) -> None:
    """References, lengths, own fields and dates of the tenant's fields."""
    fields = (await crm.connect().schema(Entity.ACCOUNTS)).fields
    assert (fields["branchId"].kind, fields["branchId"].table) == (FieldKind.REFERENCE, "branches")
    assert fields["address1"].max_length == 180
    assert fields["id"].read_only
    kinds = [fields[name].kind for name in ("Z_Outstanding", "Z_LastPayment", "Z_OverdueDays", "Z_IsCustomer", "name")]
    assert kinds == [FieldKind.DECIMAL, FieldKind.DATE, FieldKind.INTEGER, FieldKind.BOOLEAN, FieldKind.TEXT]
    assert "lastName" in (await crm.connect().schema(Entity.CONTACTS)).fields
    await crm.connect().schema(Entity.ACCOUNTS)
    assert (asked(crm, "accounts.schema"), asked(crm, "contacts.schema")) == (1, 1)
    time.now += HOUR
    await crm.connect().schema(Entity.ACCOUNTS)
    assert asked(crm, "accounts.schema") == 2


@pytest.mark.parametrize("reply", [{}, {"properties": {}}, b"nothing"])
async def test_a_schema_without_fields_is_an_outage(scripted: Any, target: Any, reply: Any) -> None:
    """It must not look as if all mapped fields had gone."""
    scripted.replies["GET /accounts/schema"] = reply
    with pytest.raises(Unavailable):
        await target.schema(Entity.ACCOUNTS)
