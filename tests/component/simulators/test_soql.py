"""The query language, on a small organisation without HTTP."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.sage.settings import NewField, OrganisationSettings
from sage_operator.simulators.soql import Calendar, SoqlError, execute
from sage_operator.simulators.soql.ids import make_id, number_of, to_18

TODAY = date(2026, 3, 18)  # a Wednesday
EMPTY = Dataset(accounts=0, contacts=0, owners=1)


def key(prefix: str, number: int) -> str:
    """Return an id of the test organisation."""
    return make_id(prefix, 1, number)


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    """Five accounts and three contacts whose values tell the cases apart."""
    found = Organisation(name="t", number=1, client_id="c", client_secret="s", dataset=EMPTY)
    anna, hidden = key("005", 2), key("005", 3)
    found.table("User").load([
        {"Id": anna, "Name": "Anna O'Connor", "Email": "anna@acme.example", "IsActive": True,
         "SystemModstamp": "2026-01-01T00:00:00.000+0000"},
        {"Id": hidden, "Name": "Bo", "IsActive": False, "SystemModstamp": "2026-03-01T00:00:00.000+0000"},
    ])  # fmt: skip
    common = {"IsDeleted": False}
    found.table("Account").load([
        {**common, "Id": key("001", 1), "Name": "Álamo", "Type": "Customer", "OwnerId": anna, "NumberOfEmployees": 5,
         "SystemModstamp": "2026-03-17T23:59:59.000+0000", "LastActivityDate": "2026-03-17"},
        {**common, "Id": key("001", 2), "Name": "alpha 100%", "Type": "customer", "OwnerId": hidden,
         "NumberOfEmployees": 50, "SystemModstamp": "2026-03-18T00:00:00.000+0000", "LastActivityDate": "2026-03-18"},
        {**common, "Id": key("001", 3), "Name": "Beta_1", "OwnerId": anna,
         "SystemModstamp": "2026-03-18T10:30:00.000+0000", "LastActivityDate": "2026-03-11"},
        {**common, "Id": key("001", 4), "Name": "O'Hara \\ Sons", "Type": "Prospect", "OwnerId": key("005", 9),
         "SystemModstamp": "2026-02-28T12:00:00.000+0000", "LastActivityDate": "2025-12-31"},
        {"IsDeleted": True, "Id": key("001", 5), "Name": "Gone", "Type": "Customer", "OwnerId": anna,
         "SystemModstamp": "2026-03-18T11:00:00.000+0000", "MasterRecordId": key("001", 1)},
    ])  # fmt: skip
    found.table("Contact").load([
        {**common, "Id": key("003", 1), "LastName": "Uno", "Name": "Uno", "AccountId": key("001", 1), "OwnerId": anna,
         "SystemModstamp": "2026-03-18T00:00:00.000+0000", "Birthdate": "1980-02-29"},
        {**common, "Id": key("003", 2), "LastName": "Dos", "Name": "Dos", "AccountId": key("001", 2), "OwnerId": anna,
         "SystemModstamp": "2026-03-18T00:00:00.000+0000"},
        {**common, "Id": key("003", 3), "LastName": "Tres", "Name": "Tres", "OwnerId": anna,
         "SystemModstamp": "2026-03-18T00:00:00.000+0000"},
    ])  # fmt: skip
    return found


def numbers(organisation: Organisation, where: str, *, name: str = "Account", deleted: bool = False) -> list[int]:
    """Return which of the rows fulfil a condition."""
    kind = {"Account": "001", "Contact": "003", "User": "005"}[name]
    places = {key(kind, number): number for number in range(1, 10)}
    result = execute(
        f"SELECT Id FROM {name} WHERE {where}", organisation, calendar=Calendar(today=TODAY), deleted=deleted
    )
    return [places[row["Id"]] for row in result.rows]


CONDITIONS = [
    # texts, without case
    ("Type = 'CUSTOMER'", [1, 2]),
    ("name = 'álamo'", [1]),
    ("Type != 'Customer'", [3, 4]),  # null differs
    ("Type <> 'Customer'", [3, 4]),
    ("Type = null", [3]),
    ("Type = ''", [3]),
    ("Type != NULL", [1, 2, 4]),
    ("NOT Type = 'Customer'", [3, 4]),
    ("Name > 'alpha'", [1, 2, 3, 4]),
    ("Name >= 'beta_1' AND Name < 'c'", [3]),
    ("Name = 'O\\'Hara \\\\ Sons'", [4]),
    # patterns
    ("Name LIKE 'AL%'", [2]),
    ("Name LIKE '%a'", []),
    ("Name LIKE 'beta__'", [3]),
    ("Name LIKE '%\\%'", [2]),
    ("Name LIKE 'Beta\\_%'", [3]),
    ("Name LIKE 'alpha\\_%'", []),
    ("NOT Name LIKE '%l%'", [3, 4]),
    # lists
    ("Type IN ('prospect', 'Customer')", [1, 2, 4]),
    ("Type NOT IN ('Customer')", [3, 4]),
    ("Type IN (null, 'Prospect')", [3, 4]),
    # ids of 15 and 18 characters
    (f"Id = '{key('001', 2)[:15]}'", [2]),
    (f"Id IN ('{key('001', 3)[:15]}', '{key('001', 1)}')", [1, 3]),
    (f"OwnerId != '{key('005', 2)}'", [2, 4]),
    # numbers
    ("NumberOfEmployees = 5", [1]),
    ("NumberOfEmployees = 5.0", [1]),
    ("NumberOfEmployees > 5", [2]),
    ("NumberOfEmployees <= 50", [1, 2]),
    ("NumberOfEmployees = NULL", [3, 4]),
    # times
    ("SystemModstamp >= 2026-03-18T00:00:00Z", [2, 3]),
    ("SystemModstamp > 2026-03-18T00:00:00Z", [3]),
    ("SystemModstamp >= 2026-03-18T01:00:00+01:00", [2, 3]),
    ("SystemModstamp >= 2026-03-17T19:00:00.000-0500", [2, 3]),
    ("SystemModstamp < 2026-03-18T00:00:00.001Z", [1, 2, 4]),
    ("SystemModstamp = 2026-03-18T10:30:00Z", [3]),
    ("LastActivityDate = 2026-03-17", [1]),
    ("LastActivityDate < 2026-03-11", [4]),
    # relative dates
    ("SystemModstamp = TODAY", [2, 3]),
    ("SystemModstamp < today", [1, 4]),
    ("SystemModstamp = YESTERDAY", [1]),
    ("LastActivityDate = LAST_N_DAYS:7", [1, 2, 3]),
    ("LastActivityDate != THIS_WEEK", [3, 4]),
    ("LastActivityDate = LAST_WEEK", [3]),
    ("LastActivityDate = THIS_MONTH", [1, 2, 3]),
    ("LastActivityDate = LAST_YEAR", [4]),
    ("LastActivityDate > LAST_QUARTER", [1, 2, 3]),
    ("LastActivityDate <= LAST_N_MONTHS:3", [4]),
    ("LastActivityDate = N_DAYS_AGO:7", [3]),
    ("LastActivityDate >= N_WEEKS_AGO:1", [1, 2, 3]),
    ("LastActivityDate = N_MONTHS_AGO:3", [4]),
    ("LastActivityDate = N_QUARTERS_AGO:1", [4]),
    ("LastActivityDate = LAST_N_QUARTERS:2", [4]),
    ("LastActivityDate = THIS_FISCAL_QUARTER", [1, 2, 3]),
    ("LastActivityDate < THIS_FISCAL_YEAR", [4]),
    ("SystemModstamp IN (2026-03-18T00:00:00Z)", [2]),
    # booleans and structure
    ("IsDeleted = false", [1, 2, 3, 4]),
    ("Type = 'Customer' AND NumberOfEmployees = 5", [1]),
    ("Type = 'Prospect' OR NumberOfEmployees = 5 OR Name = 'Beta_1'", [1, 3, 4]),
    ("(Type = 'Customer' OR Type = null) AND NOT (Name LIKE 'Á%')", [2, 3]),
    ("NOT (NOT (Type = 'Customer'))", [1, 2]),
    ("NumberOfEmployees > .5 AND NumberOfEmployees < +5.5", [1]),
    # parents
    ("Owner.Name = 'anna o\\'connor'", [1, 3]),
    ("Account.Owner.IsActive = false", [2]),
    ("Owner.Name = null", [4]),
    ("Owner.Name != 'Bo'", [1, 3, 4]),
    ("(SystemModstamp >= 2026-03-18T10:00:00Z OR Owner.SystemModstamp >= 2026-02-01T00:00:00Z)", [2, 3]),
    # semi-joins
    ("OwnerId IN (SELECT Id FROM User WHERE IsActive = true)", [1, 3]),
    ("Id IN (SELECT AccountId FROM Contact)", [1, 2]),
    ("Id NOT IN (SELECT AccountId FROM Contact WHERE LastName = 'Dos')", [1, 3, 4]),
]


@pytest.mark.parametrize(("where", "expected"), CONDITIONS)
def test_condition(organisation: Organisation, where: str, expected: list[int]) -> None:
    """A condition is true of exactly the rows that Salesforce would find."""
    assert numbers(organisation, where) == expected


@pytest.mark.parametrize(("where", "_expected"), CONDITIONS)
def test_an_index_finds_what_a_scan_finds(organisation: Organisation, where: str, _expected: list[int]) -> None:
    """A condition that no index serves beside it changes nothing."""
    assert numbers(organisation, f"({where}) AND Name != null") == numbers(organisation, where)
    assert numbers(organisation, f"({where}) OR Name = 'nobody'") == numbers(organisation, where)


@pytest.mark.parametrize(
    ("calendar", "where", "expected"),
    [
        # Midnight in Auckland is 11:00 UTC of the day before: the test's day began at 2026-03-17T11:00Z.
        (Calendar(today=TODAY, zone=ZoneInfo("Pacific/Auckland")), "SystemModstamp = TODAY", [1, 2, 3]),
        (Calendar(today=TODAY, zone=ZoneInfo("America/New_York")), "SystemModstamp = TODAY", [3]),
        (Calendar(today=TODAY, week_start=0), "LastActivityDate = THIS_WEEK", [1, 2]),
        (Calendar(today=date(2026, 3, 15)), "LastActivityDate = THIS_WEEK", [1, 2]),
        (Calendar(today=date(2026, 3, 15), week_start=0), "LastActivityDate = THIS_WEEK", [3]),
        (Calendar(today=TODAY, fiscal_start_month=12), "LastActivityDate = THIS_FISCAL_YEAR", [1, 2, 3, 4]),
        (Calendar(today=TODAY, fiscal_start_month=3), "LastActivityDate = LAST_FISCAL_QUARTER", [4]),
        (Calendar(today=TODAY, fiscal_start_month=3), "LastActivityDate = NEXT_FISCAL_QUARTER", []),
    ],
)
def test_calendar(organisation: Organisation, calendar: Calendar, where: str, expected: list[int]) -> None:
    """Date literals depend on the user's time zone and locale, and on the organisation's fiscal year."""
    result = execute(f"SELECT Id FROM Account WHERE {where}", organisation, calendar=calendar)
    assert [row["Id"] for row in result.rows] == [key("001", number) for number in expected]


def test_several_choices() -> None:
    """INCLUDES asks for any of the combinations, EXCLUDES for none of them."""
    added = {"Account": [NewField(name="Colours__c", type="multipicklist")]}
    own = OrganisationSettings(added_fields=added)
    found = Organisation(name="t", number=1, client_id="c", client_secret="s", dataset=EMPTY, settings=own)
    stamp = "2026-01-01T00:00:00.000+0000"
    common = {"IsDeleted": False, "SystemModstamp": stamp}
    found.table("Account").load([
        {**common, "Id": key("001", 1), "Colours__c": "Red;Green"},
        {**common, "Id": key("001", 2), "Colours__c": "Blue"},
        {**common, "Id": key("001", 3)},
    ])  # fmt: skip
    assert numbers(found, "Colours__c INCLUDES ('red')") == [1]
    assert numbers(found, "Colours__c INCLUDES ('Green;Red', 'Blue')") == [1, 2]
    assert numbers(found, "Colours__c INCLUDES ('Red;Blue')") == []
    assert numbers(found, "Colours__c EXCLUDES ('Red')") == [2, 3]
    assert numbers(found, "Colours__c = 'Blue' OR Colours__c = null") == [2, 3]


def test_deleted_rows(organisation: Organisation) -> None:
    """Only queryAll finds deleted rows, whatever the condition."""
    assert numbers(organisation, "Name = 'Gone'") == []
    assert numbers(organisation, "Name = 'Gone'", deleted=True) == [5]
    assert numbers(organisation, "IsDeleted = true") == []
    assert numbers(organisation, "SystemModstamp > 2026-03-18T10:30:00Z", deleted=True) == [5]


def test_a_contact_without_account(organisation: Organisation) -> None:
    """Fields of a parent that is not there are null."""
    assert numbers(organisation, "Account.Name = null", name="Contact") == [3]
    assert numbers(organisation, "Account.Type != 'x'", name="Contact") == [1, 2, 3]
    assert numbers(organisation, "Account.Name LIKE '%'", name="Contact") == [1, 2]
    assert numbers(organisation, "Account.Owner.Name = 'Bo'", name="Contact") == [2]


def records(organisation: Organisation, text: str) -> list[dict[str, Any]]:
    """Return the records of a query as they are sent."""
    result = execute(text, organisation, calendar=Calendar(today=TODAY))
    assert result.project is not None
    return [result.project(row, "/v") for row in result.rows]


def test_selection(organisation: Organisation) -> None:
    """Parents are nested objects with attributes, missing ones and missing values null, names canonical."""
    (uno, _, tres) = records(organisation, "select id, NAME, Account.Owner.name, account.Type, Birthdate from contact")
    assert uno == {
        "attributes": {"type": "Contact", "url": f"/v/sobjects/Contact/{key('003', 1)}"},
        "Id": key("003", 1),
        "Name": "Uno",
        "Account": {
            "attributes": {"type": "Account", "url": f"/v/sobjects/Account/{key('001', 1)}"},
            "Type": "Customer",
            "Owner": {
                "attributes": {"type": "User", "url": f"/v/sobjects/User/{key('005', 2)}"},
                "Name": "Anna O'Connor",
            },
        },
        "Birthdate": "1980-02-29",
    }
    assert tres["Account"] is None
    assert tres["Birthdate"] is None


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Name", ["alpha 100%", "Beta_1", "O'Hara \\ Sons", "Álamo"]),
        ("Name DESC", ["Álamo", "O'Hara \\ Sons", "Beta_1", "alpha 100%"]),
        ("Type, Name", ["Beta_1", "alpha 100%", "Álamo", "O'Hara \\ Sons"]),
        ("Type DESC NULLS LAST, Name DESC", ["O'Hara \\ Sons", "Álamo", "alpha 100%", "Beta_1"]),
        ("NumberOfEmployees ASC NULLS LAST, SystemModstamp", ["Álamo", "alpha 100%", "O'Hara \\ Sons", "Beta_1"]),
        ("Owner.Name DESC NULLS LAST, Id LIMIT 2", ["alpha 100%", "Álamo"]),
        ("Id LIMIT 2 OFFSET 1", ["alpha 100%", "Beta_1"]),
    ],
)
def test_order(organisation: Organisation, order: str, expected: list[str]) -> None:
    """Rows come in the order asked for, nulls first unless said otherwise."""
    assert [row["Name"] for row in records(organisation, f"SELECT Name FROM Account ORDER BY {order}")] == expected


def test_count(organisation: Organisation) -> None:
    """COUNT() selects no fields."""
    result = execute(
        "SELECT COUNT() FROM Account WHERE Type = 'Customer'", organisation, calendar=Calendar(today=TODAY)
    )
    assert (len(result.rows), result.project) == (2, None)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("SELECT Id FORM Account", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        ("SELECT FROM Account", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account WHERE Name = 'open", "MALFORMED_QUERY", "no viable alternative"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Type = 'b' OR Type = 'c'", "MALFORMED_QUERY", "OR"),
        ("SELECT Id FROM Account WHERE Name = 'a\\q'", "MALFORMED_QUERY", "escape"),
        ("SELECT Id FROM Account WHERE SystemModstamp > 2026-13-01T00:00:00Z", "MALFORMED_QUERY", "Invalid date"),
        # A plus that was not encoded arrives as a blank.
        ("SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01T00:00:00 01:00", "MALFORMED_QUERY", ""),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'"),
        ("SELECT Id FROM Account ORDER BY Nope", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'"),
        ("SELECT Owner FROM Account", "INVALID_FIELD", "No such column 'Owner'"),
        ("SELECT Owner.Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'User'"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT IsDeleted FROM User", "INVALID_FIELD", "No such column 'IsDeleted' on entity 'User'"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate"),
        ("SELECT Id FROM Nope__c", "INVALID_TYPE", "sObject type 'Nope__c' is not supported"),
        ("SELECT Id FROM Account WHERE Name = 'a' OR Type = 'b' AND Type = 'c'", "MALFORMED_QUERY", "AND"),
        ("SELECT Id FROM Account WHERE Type INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        (
            "SELECT Id FROM Account WHERE LastActivityDate = N_MONTHS_AGO:99999",
            "MALFORMED_QUERY",
            "Invalid date literal",
        ),
        (f"SELECT Id FROM Account WHERE Name = '{'x' * 4001}'", "INVALID_QUERY_FILTER_OPERATOR", "maximum length"),
        (f"SELECT Id FROM Account WHERE {'NOT ' * 20_000} Name = 'a'", "QUERY_TOO_COMPLICATED", "nested"),
        ("SELECT Id FROM Account WHERE NumberOfEmployees LIKE '5%'", "INVALID_QUERY_FILTER_OPERATOR", ""),
        ("SELECT Id FROM Account WHERE IsDeleted > false", "INVALID_QUERY_FILTER_OPERATOR", ""),
        ("SELECT Id FROM Account WHERE Owner.Manager.Manager.Manager.Manager.Manager.Name = 'x'", "INVALID_FIELD", ""),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Account WHERE IsDeleted = 'true'", "INVALID_FIELD", "must be of type boolean"),
        ("SELECT Id FROM Account WHERE SystemModstamp > '2026'", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        ("SELECT Id FROM Account WHERE OwnerId > '0015000000AAAAA'", "INVALID_QUERY_FILTER_OPERATOR", ""),
        ("SELECT Id FROM Account WHERE Name IN (SELECT Id FROM User)", "MALFORMED_QUERY", "inner select"),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE OwnerId IN (SELECT Id FROM User))",
            "MALFORMED_QUERY",
            "Nesting",
        ),
    ],
)
def test_refused(organisation: Organisation, text: str, code: str, words: str) -> None:
    """What Salesforce refuses is refused with its code."""
    with pytest.raises(SoqlError) as caught:
        execute(text, organisation, calendar=Calendar(today=TODAY))
    assert caught.value.code == code
    assert words in caught.value.message


@settings(deadline=None)
@given(st.text(st.sampled_from("aB'\\%_\n é"), min_size=1))
def test_any_text_can_be_escaped(text: str) -> None:
    """A name with its quotes and backslashes escaped finds exactly its row."""
    organisation = Organisation(name="t", number=1, client_id="c", client_secret="s", dataset=EMPTY)
    stamp = "2026-01-01T00:00:00.000+0000"
    organisation.table("Account").load([
        {"Id": key("001", 1), "Name": text, "IsDeleted": False, "SystemModstamp": stamp},
        {"Id": key("001", 2), "Name": text + "x", "IsDeleted": False, "SystemModstamp": stamp},
    ])  # fmt: skip
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    assert numbers(organisation, f"Name = '{escaped}'") == [1]
    assert numbers(organisation, f"Name LIKE '{escaped.replace('%', chr(92) + '%').replace('_', chr(92) + '_')}'") == [
        1
    ]


def test_ids() -> None:
    """The suffix of an id tells the case of its letters."""
    assert to_18("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert to_18("no id") is None
    assert [make_id("001", 1, n) for n in range(200)] == sorted(make_id("001", 1, n) for n in range(200))
    for organisation, number in [(1, 1), (61, 62), (3_900, 3_843), (2, 3_844), (7, 15_000_000), (1, 987_654_321)]:
        made = make_id("a0Z", organisation, number)
        assert to_18(made[:15]) == made
        assert number_of(made) == number
