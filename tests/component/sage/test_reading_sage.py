from datetime import UTC, datetime, timedelta

import pytest

from sage_operator.sage import soql
from sage_operator.simulators import ClockSetting
from sage_operator.sync.entities import Entity
from sage_operator.sync.records import ChangedRow
from sage_operator.sync.scope import Scope

from .sage_organisation import LONG_AGO, Connect, Organisation, accounts, changes, contacts, read

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def test_a_run_begins_with_one_sign_in_and_one_query(connect: Connect, sage: Organisation) -> None:
    """identify() tells the organisation, Sage's clock and the users with two requests; a second run needs one."""
    sage.control.set_clock(ClockSetting(frozen_at=NOW))
    first = connect()
    with pytest.raises(RuntimeError, match="identify"):
        _ = first.clock
    organisation = await first.identify()
    assert organisation == sage.control.organisations()[0]["id"]
    assert len(organisation) == 18
    assert first.clock == NOW
    assert {user.id for user in await first.users()} == {row["Id"] for row in sage.control.records("User")}
    assert first.requests == 2
    sage.control.set_clock(ClockSetting(frozen_at=NOW + timedelta(minutes=15)))
    second = connect()
    assert await second.identify() == organisation
    assert (second.clock, second.requests) == (NOW + timedelta(minutes=15), 1)
    assert sage.requests() == {"token": 1, "query": 2}


async def test_all_rows_come_with_their_fields(connect: Connect, sage: Organisation) -> None:
    """Accounts and contacts come whole: links, label, and each field under the map's spelling."""
    source = connect()
    stored = sage.rows("Account")
    got = await read(source, accounts("Phone", "billingcity", "Owner.Name"))
    assert {row.id for row in got} == stored.keys()
    users = {row["Id"]: row["Name"] for row in sage.control.records("User")}
    for row in got:
        expected = stored[row.id]
        assert (row.owner_id, row.label) == (expected["OwnerId"], expected["Name"])
        assert row.fields == {
            "Phone": expected.get("Phone"),
            "billingcity": expected.get("BillingCity"),
            "Owner.Name": users[expected["OwnerId"]],
        }
    people = {key: row for key, row in sage.rows("Contact").items() if row.get("AccountId")}
    assert len(people) < len(sage.rows("Contact"))  # private ones are never in scope
    found = await read(source, contacts("Email"))
    assert {row.id: (row.parent_id, row.parent_owner_id, row.fields["Email"]) for row in found} == {
        key: (row["AccountId"], stored[row["AccountId"]]["OwnerId"], row.get("Email")) for key, row in people.items()
    }


async def test_scope_is_sages_business(connect: Connect, sage: Organisation) -> None:
    """Owners choose accounts, and by them contacts; without owners nothing is asked."""
    source = connect()
    owners = sage.owners()[:2]
    scope = Scope(owner_ids=tuple(owners))
    mine = {key for key, row in sage.rows("Account").items() if row["OwnerId"] in owners}
    assert {row.id for row in await read(source, accounts(scope=scope))} == mine
    theirs = {key for key, row in sage.rows("Contact").items() if row.get("AccountId") in mine}
    assert {row.id for row in await read(source, contacts(scope=scope))} == theirs
    sage.control.reset_counters()
    assert await read(source, contacts(scope=Scope(owner_ids=()))) == []
    assert sage.requests() == {}


async def test_changed_rows_are_found_with_deleted_and_merged_ones(connect: Connect, sage: Organisation) -> None:
    """Edited, deleted and merged rows are changes; what was edited before `since` is none."""
    source = connect()
    edited, deleted, loser, winner, early = list(sage.rows("Account"))[:5]
    since = datetime.now(UTC) - timedelta(minutes=5)
    sage.control.update("Account", edited, Phone="1")
    sage.control.delete("Account", deleted)
    sage.control.merge("Account", loser, winner)
    sage.control.update("Account", early, Phone="2", stamp=(since - timedelta(seconds=1)).isoformat())
    found = {row.id: row for row in await changes(source, Entity.ACCOUNTS, since)}
    assert found[edited] == ChangedRow(id=edited, deleted=False, merged_into=None)
    assert found[deleted] == ChangedRow(id=deleted, deleted=True, merged_into=None)
    assert found[loser] == ChangedRow(id=loser, deleted=True, merged_into=winner)
    assert found.keys() <= {edited, deleted, loser, winner}


async def test_a_changed_parent_changes_its_rows(connect: Connect, sage: Organisation) -> None:
    """With a dotted source, rows whose parent changed are changes as well, and only then."""
    source = connect()
    account = next(row["AccountId"] for row in sage.rows("Contact").values() if row.get("AccountId"))
    children = {key for key, row in sage.rows("Contact").items() if row.get("AccountId") == account}
    since = datetime.now(UTC) - timedelta(minutes=5)
    sage.control.update("Account", account, Name="Renamed")
    assert await changes(source, Entity.CONTACTS, since, "Email") == []
    assert {row.id for row in await changes(source, Entity.CONTACTS, since, "Email", "Account.Name")} == children
    rows = await read(source, contacts("Account.Name", since=since))
    assert {row.id: row.fields["Account.Name"] for row in rows} == dict.fromkeys(children, "Renamed")


async def test_long_lists_are_read_whole(connect: Connect, sage: Organisation) -> None:
    """Hundreds of ids, of accounts or of their parents, together with the scope, give exactly those rows, each once."""
    source = connect()
    owners = tuple(sage.owners())
    wanted = sorted(sage.rows("Account"))[:450]
    rows = await read(source, accounts(scope=Scope(owner_ids=owners), ids=tuple(wanted)))
    assert [row.id for row in rows] == wanted
    children = [key for key, row in sage.rows("Contact").items() if row.get("AccountId") in set(wanted)]
    rows = await read(source, contacts(parent_ids=tuple(wanted)))
    assert sorted(row.id for row in rows) == sorted(children)


async def test_owners_beyond_one_request_keep_the_order(
    connect: Connect, sage: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more owners than a request line takes, the rows of several queries are merged by id."""
    monkeypatch.setattr(soql, "REQUEST_LINE", 200)
    sage.control.configure(page_whim=1.0, page_limit=50)
    rows = await read(connect(), accounts(scope=Scope(owner_ids=tuple(sage.owners())), in_order=True))
    assert [row.id for row in rows] == sorted(sage.rows("Account"))
    assert sage.requests()["query"] > 2


async def test_a_cursor_goes_on_behind_an_id(connect: Connect, sage: Organisation) -> None:
    """`after_id` gives the rows behind it, in the order of their ids."""
    ids = sorted(sage.rows("Account"))
    rows = await read(connect(), accounts(after_id=ids[399], in_order=True))
    assert [row.id for row in rows] == ids[400:]


async def test_pages_of_any_size_make_one_whole(connect: Connect, sage: Organisation) -> None:
    """However Salesforce cuts the pages, every row comes once."""
    sage.control.configure(page_whim=0.7, page_limit=150)
    source = connect()
    pages = [page async for page in source.rows(accounts())]
    assert sorted(row.id for page in pages for row in page) == sorted(sage.rows("Account"))
    assert len({len(page) for page in pages}) > 2
    assert all(pages)
    assert len(await changes(source, Entity.CONTACTS, LONG_AGO)) == len(sage.control.records("Contact"))
