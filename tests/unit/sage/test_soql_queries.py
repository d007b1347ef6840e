from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage_operator.sage import lists, soql
from sage_operator.simulators.soql.parse import parse
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap
from sage_operator.sync.scope import RowQuery, Scope

PATH = "/services/data/v66.0/query"
SINCE = datetime(2026, 11, 23, 10, 15, 30, tzinfo=UTC)
EVERYTHING = Scope(owner_ids=None)
ID_A, ID_B = "001000000000001AAA", "001000000000002AAA"


def make_ids(count: int, prefix: str = "001") -> tuple[str, ...]:
    """Return ids of 18 characters in ascending order."""
    return tuple(f"{prefix}{number:012d}AAA" for number in range(count))


def one(query: RowQuery) -> str:
    """Return the only query that a request needs."""
    ((only,),) = soql.rows(query, path=PATH)
    return only.text


def accounts(*sources: str, scope: Scope = EVERYTHING, **conditions: object) -> RowQuery:
    """Ask for accounts."""
    return RowQuery(entity=Entity.ACCOUNTS, scope=scope, sources=sources, **conditions)  # type: ignore[arg-type]


def contacts(*sources: str, scope: Scope = EVERYTHING, **conditions: object) -> RowQuery:
    """Ask for contacts."""
    return RowQuery(entity=Entity.CONTACTS, scope=scope, sources=sources, **conditions)  # type: ignore[arg-type]


def test_all_accounts() -> None:
    """Without conditions there is no WHERE; identity, owner and name are always read."""
    assert one(accounts("Phone")) == "SELECT Id,OwnerId,Name,Phone FROM Account ORDER BY Id"


def test_accounts_in_scope_are_those_of_owners() -> None:
    """The scope of accounts is their owner, in a fixed order."""
    assert one(accounts(scope=Scope(owner_ids=(ID_B, ID_A)))) == (
        f"SELECT Id,OwnerId,Name FROM Account WHERE OwnerId IN ('{ID_A}','{ID_B}') ORDER BY Id"
    )


def test_contacts_in_scope_are_those_of_accounts_in_scope() -> None:
    """The scope of contacts is that of their account, by semi-join; private contacts are never in scope."""
    columns = "SELECT Id,OwnerId,AccountId,Account.OwnerId,FirstName,LastName FROM Contact"
    assert one(contacts(scope=Scope(owner_ids=(ID_A,)))) == (
        f"{columns} WHERE AccountId IN (SELECT Id FROM Account WHERE OwnerId IN ('{ID_A}')) ORDER BY Id"
    )
    assert one(contacts()) == f"{columns} WHERE AccountId != null ORDER BY Id"


def test_conditions_hold_together() -> None:
    """Stamp, ids, parents, scope and cursor are joined by AND; the stamps of parents by OR, in parentheses."""
    query = contacts(
        "Email",
        "Account.Name",
        "Account.Owner.Name",
        scope=Scope(owner_ids=(ID_A,)),
        since=SINCE,
        ids=("003000000000001AAA",),
        parent_ids=(ID_A,),
        after_id="003000000000000AAA",
    )
    assert one(query) == (
        "SELECT Id,OwnerId,AccountId,Account.OwnerId,FirstName,LastName,Email,Account.Name,Account.Owner.Name"
        " FROM Contact WHERE (SystemModstamp >= 2026-11-23T10:15:30Z OR Account.SystemModstamp >= 2026-11-23T10:15:30Z"
        " OR Account.Owner.SystemModstamp >= 2026-11-23T10:15:30Z)"
        " AND Id IN ('003000000000001AAA')"
        f" AND AccountId IN ('{ID_A}')"
        f" AND AccountId IN (SELECT Id FROM Account WHERE OwnerId IN ('{ID_A}'))"
        " AND Id > '003000000000000AAA' ORDER BY Id"
    )


def test_changed_rows_have_no_scope_and_include_deleted_ones() -> None:
    """The first query of a run asks for all that changed, without scope, by queryAll."""
    query = soql.changed(Entity.ACCOUNTS, since=SINCE, sources=("Name", "owner.Name", "Owner.Email"))
    assert query.everything
    assert query.text == (
        "SELECT Id,IsDeleted,MasterRecordId FROM Account WHERE (SystemModstamp >= 2026-11-23T10:15:30Z"
        " OR owner.SystemModstamp >= 2026-11-23T10:15:30Z) ORDER BY Id"
    )


def test_times_are_utc_and_cut_to_the_second() -> None:
    """Times of any zone are written in UTC, never later than they are; a time without zone is a mistake."""
    madrid = timezone(timedelta(hours=1))
    assert soql.moment(datetime(2026, 11, 23, 0, 30, 59, 999_999, tzinfo=madrid)) == "2026-11-22T23:30:59Z"
    with pytest.raises(ValueError, match="zone"):
        soql.moment(datetime(2026, 11, 23))  # noqa: DTZ001


@pytest.mark.parametrize(("text", "written"), [("O'Brien", r"'O\'Brien'"), ("a\\b", r"'a\\b'"), ("a\nb", r"'a\nb'")])
def test_strings_are_escaped(text: str, written: str) -> None:
    """Quotes, backslashes and line ends cannot end a string."""
    assert lists.literal(text) == written


def test_each_field_is_selected_once() -> None:
    """A field that is mapped twice, or spelled in another case, is selected once."""
    assert soql.columns(Entity.ACCOUNTS, ("name", "ID", "Phone", "phone", "Owner.Name", "OWNER.name")) == (
        "Id", "OwnerId", "Name", "Phone", "Owner.Name",
    )  # fmt: skip


@pytest.mark.parametrize("source", ["", "Name,Phone", "Name FROM User", "a.b.c.d.e.f.g", ".Name", "1st", "Na--", "Ñ"])
def test_what_is_no_field_path_is_refused(source: str) -> None:
    """Only names and dots reach a query."""
    with pytest.raises(InvalidFieldMap, match="is no Sage field"):
        soql.rows(accounts(source), path=PATH)


@pytest.mark.parametrize(
    "query",
    [
        accounts(scope=Scope(owner_ids=())),
        contacts(scope=Scope(owner_ids=())),
        accounts(ids=()),
        contacts(ids=(ID_A,), parent_ids=()),
    ],
)
def test_nothing_is_asked_when_nothing_can_come(query: RowQuery) -> None:
    """No owners, or an empty list of ids: no request."""
    assert soql.rows(query, path=PATH) == ()


def test_long_lists_of_ids_are_split_in_order() -> None:
    """1,000 ids take 5 queries of 200; the ids of one follow those of the one before; repeated ids are asked once."""
    ids = make_ids(1000)
    steps = soql.rows(accounts(ids=(*reversed(ids), *ids[:5])), path=PATH)
    assert [len(step) for step in steps] == [1] * 5
    asked = [text for step in steps for text in step[0].conditions[0].removeprefix("Id IN (").rstrip(")").split(",")]
    assert asked == [f"'{one}'" for one in ids]


def test_a_few_owners_are_never_split() -> None:
    """Fifty owners fit beside 200 ids and a preset's fields: still one query a 200 ids."""
    scope = Scope(owner_ids=make_ids(50, "005"))
    steps = soql.rows(accounts(*(f"Field{n}__c" for n in range(40)), scope=scope, ids=make_ids(400)), path=PATH)
    assert [len(step) for step in steps] == [1, 1]


@settings(max_examples=50, deadline=None)
@given(
    entity=st.sampled_from([Entity.ACCOUNTS, Entity.CONTACTS]),
    owners=st.none() | st.integers(1, 900),
    ids=st.none() | st.integers(1, 700),
    parents=st.none() | st.integers(1, 700),
    fields=st.integers(0, 60),
    since=st.booleans(),
)
def test_every_query_fits_and_together_they_ask_for_everything(
    *, entity: Entity, owners: int | None, ids: int | None, parents: int | None, fields: int, since: bool
) -> None:
    """Whatever the lengths, no request line is too long, and each combination of ids is asked exactly once."""
    if entity is Entity.ACCOUNTS:
        parents = None
    query = RowQuery(
        entity=entity,
        scope=Scope(owner_ids=None if owners is None else make_ids(owners, "005")),
        sources=tuple(f"s2cor__Field_number_{n}__c" for n in range(fields)),
        since=SINCE if since else None,
        ids=None if ids is None else make_ids(ids, "003"),
        parent_ids=None if parents is None else make_ids(parents),
        after_id="003000000000000AAA" if since else None,
    )
    queries = [one for step in soql.rows(query, path=PATH) for one in step]
    parse(queries[-1].text)  # the grammar of the simulator takes it
    asked = 0
    for one_query in queries:
        resumed = one_query.beyond("003zzzzzzzzzzzzAAA")
        assert soql.request_line(resumed, path=PATH) <= soql.REQUEST_LINE
        per_list = [text.count("AAA'") for text in one_query.conditions if " IN (" in text]
        product = 1
        for count in per_list:
            product *= count
        asked += product
    assert asked == (owners or 1) * (ids or 1) * (parents or 1)


def test_a_restart_keeps_the_conditions() -> None:
    """A query goes on after a row with everything else unchanged."""
    query = soql.changed(Entity.CONTACTS, since=SINCE, sources=())
    rest = query.beyond("003000000000001AAA")
    assert rest.text == query.text.replace(" ORDER BY", " AND Id > '003000000000001AAA' ORDER BY")
    assert rest.everything


def test_users_are_the_companys_own_people() -> None:
    """Portal, partner, Chatter and automated users are left out; deactivated ones are read."""
    assert soql.users().text == (
        "SELECT Id,Username,Email,Name,IsActive FROM User WHERE UserType = 'Standard' ORDER BY Id"
    )
