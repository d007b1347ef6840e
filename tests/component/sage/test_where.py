import re
from datetime import timedelta
from pathlib import Path

import pytest

from sage_operator.runner.ports import Source
from sage_operator.runner.preflight import describe_needed
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidScope, SchemaMismatch, blocked
from sage_operator.sync.findings import Finding, errors_of
from sage_operator.sync.preflight import KnownSage
from sage_operator.sync.preflight.condition import examine_condition
from sage_operator.sync.scope import Scope
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.where import Condition

from .sage_organisation import Connect, Organisation, accounts, contacts, read

PAGE = (Path(__file__).parents[3] / "docs/scope.md").read_text(encoding="utf-8")
TAKEN = re.findall(r"^\| `([^`]+)` \| [^|0-9][^|]* \|$", PAGE, re.MULTILINE)
REFUSED = [(text, int(column)) for text, column in re.findall(r"^\| `([^`]+)` \| (\d+) \|", PAGE, re.MULTILINE)]


async def scope_condition(text: str, source: Source) -> tuple[Condition | None, tuple[Finding, ...]]:
    """Return a condition and warnings; a mistake is looked for once more in fresh descriptions."""
    settings = Settings(
        integration="crm/acme",
        branch="",
        pairs=(),
        match_by_email=True,
        fallback=None,
        all_accounts=True,
        reassign=False,
        entities=(EntitySettings(entity=Entity.ACCOUNTS, rules=(), read_only=False),),
        timeout=timedelta(minutes=1),
        where=text,
    )
    findings: tuple[Finding, ...] = ()
    for fresh in (False, True):
        objects, absent = await describe_needed(settings, source, fresh=fresh)
        known = KnownSage(organisation="", users=(), objects=objects, absent=absent)
        condition, findings = examine_condition(text, known)
        if not errors_of(findings):
            return condition, findings
    raise blocked(findings)


def test_the_page_has_examples() -> None:
    """Expect that examples are found, so that the other tests test something."""
    assert len(TAKEN) >= 15
    assert len(REFUSED) >= 12


@pytest.mark.parametrize("text", TAKEN)
async def test_examples_of_the_page_are_taken(connect: Connect, sage: Organisation, text: str) -> None:
    """Expect no mistake and no warning, and that Sage answers for accounts and contacts."""
    source = connect()
    await source.identify()
    where, warnings = await scope_condition(text, source)
    assert warnings == ()
    scope = Scope(owner_ids=None, where=where)
    taken = {row.id for row in await read(source, accounts(scope=scope))}
    assert taken <= set(sage.rows("Account"))
    assert {row.parent_id for row in await read(source, contacts(scope=scope))} <= taken


@pytest.mark.parametrize(("text", "column"), REFUSED)
async def test_refused_examples_are_refused_at_their_column(connect: Connect, text: str, column: int) -> None:
    """Expect InvalidScope that names the column of the page, and a caret under it."""
    source = connect()
    await source.identify()
    with pytest.raises(InvalidScope, match=rf"^accounts\.where: column {column}: ") as caught:
        await scope_condition(text, source)
    shown = str(caught.value).split("\n")
    assert shown[1].strip() == text
    assert shown[2] == "    " + " " * (column - 1) + "^"


async def test_a_condition_restricts_accounts_and_their_contacts(connect: Connect, sage: Organisation) -> None:
    """Expect exactly the accounts that fulfil it of those in scope by their owners, and these accounts' contacts."""
    owners = tuple(sage.owners()[:6])
    source = connect()
    where, _ = await scope_condition("Type = 'customer' AND (NOT Name LIKE 'A%')", source)
    scope = Scope(owner_ids=owners, where=where)
    expected = {
        row["Id"]
        for row in sage.rows("Account").values()
        if row["OwnerId"] in owners and row.get("Type") == "Customer" and not row["Name"].upper().startswith("A")
    }
    assert 0 < len(expected) < len(sage.rows("Account")) / 2
    assert {row.id for row in await read(source, accounts("Name", scope=scope))} == expected
    children = {row["Id"] for row in sage.rows("Contact").values() if row.get("AccountId") in expected}
    assert {row.id for row in await read(source, contacts("LastName", scope=scope))} == children
    some = tuple(sorted(sage.rows("Account"))[:100])
    assert {row.id for row in await read(source, accounts(scope=scope, ids=some))} == expected & set(some)


async def test_descriptions_are_asked_for_once_an_hour(connect: Connect, sage: Organisation) -> None:
    """Expect one request an object for all runs of a user; a mistake is looked for in fresh ones, once a minute."""
    for _ in range(3):
        await scope_condition("Owner.Department = 'Sales'", connect())
    assert sage.requests()["describe"] == 2
    for _ in range(3):
        with pytest.raises(InvalidScope):
            await scope_condition("Owner.Nope = 'Sales'", connect())
    assert sage.requests()["describe"] == 2


async def test_a_hidden_field_is_no_field(connect: Connect, sage: Organisation) -> None:
    """Expect that field-level security is told as what it may be."""
    sage.control.configure(hidden_fields={"Account": ["Industry"]})
    with pytest.raises(InvalidScope, match="no field `Industry`, or it is hidden from the integration user"):
        await scope_condition("Industry != null", connect())


@pytest.mark.parametrize(("name", "advice"), [("Account", "permission set"), ("s2cor__Sage_Nope__c", "package")])
async def test_an_object_that_is_not_there_is_told(
    connect: Connect, sage: Organisation, name: str, advice: str
) -> None:
    """Expect SchemaMismatch with a remedy: the package is missing, or a permission."""
    sage.control.configure(hidden_objects=["Account"])
    with pytest.raises(SchemaMismatch, match=f"no object {name}") as caught:
        await connect().describe(name)
    assert advice in caught.value.remedy


async def test_a_version_that_is_not_offered_is_told_by_describe_too(connect: Connect) -> None:
    """Expect the version to be named, not the object."""
    with pytest.raises(SchemaMismatch, match=r"version 99\.0"):
        await connect(api_version="99.0").describe("Account")
