from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sage_operator.sage import SageSource
from sage_operator.sage.document_fields import DOCUMENT, DOCUMENT_TYPE, TAG
from sage_operator.sync.errors import CompanyNotFound, SchemaMismatch
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.reading import DocumentQuery, DocumentScope
from sage_operator.sync.scope import Scope
from sage_operator.sync.where import Condition, parse_condition

from .sage_organisation import EVERYTHING, Connect, Organisation, until

COMPANY = "s2cor__Sage_COR_Company__c"
TYPES = ("Sales Invoice", "Sales Credit")


def scope(
    trading: Organisation, accounts: Scope = EVERYTHING, *, company: str = "ACME Iberia", **others: Any
) -> DocumentScope:
    """Documents of a company that are submitted."""
    ids = {row["Name"]: key for key, row in trading.rows(COMPANY).items()}
    return DocumentScope(company_id=ids[company], types=TYPES, statuses=("Submitted",), accounts=accounts, **others)


def expected(trading: Organisation, of: DocumentScope) -> dict[str, Document]:
    """Return the documents of a scope by plain loops over all records."""
    types = {key: row["Name"] for key, row in trading.rows(DOCUMENT_TYPE).items()}
    tags, currencies = trading.rows(TAG), trading.rows("s2cor__Sage_COR_Currency__c")
    accounts = trading.rows("Account")
    found = {}
    for key, row in trading.rows(DOCUMENT).items():
        owner = accounts[row["s2cor__Account__c"]]["OwnerId"]
        if (
            types[row["s2cor__Trade_Document_Type__c"]] in of.types
            and row["s2cor__Status__c"] in of.statuses
            and row["s2cor__Company__c"] == of.company_id
            and (of.accounts.owner_ids is None or owner in of.accounts.owner_ids)
        ):
            tag = tags[row["s2cor__Document_Number_Tag__c"]]
            settled = tag.get("s2cor__Reconciled_Date__c") if tag["s2cor__Is_Reconciled__c"] else None
            found[key] = Document(
                id=key,
                account_id=row["s2cor__Account__c"],
                type=types[row["s2cor__Trade_Document_Type__c"]],
                number=row["s2cor__Document_Number__c"],
                dated=date.fromisoformat(row["s2cor__Date__c"]),
                due=date.fromisoformat(row["s2cor__Due_Date__c"]),
                net=Decimal(row["s2cor__Net_Amount__c"]),
                total=Decimal(row["s2cor__Total_Amount__c"]),
                paid=Decimal(row["s2cor__Paid_Amount__c"]),
                outstanding=Decimal(row["s2cor__Outstanding_Amount__c"]),
                currency=currencies[row["s2cor__Currency__c"]]["s2cor__Currency_Code__c"],
                is_open=not row["s2cor__Is_Paid__c"],
                paid_on=date.fromisoformat(settled) if settled else None,
            )
    return found


async def read(source: SageSource, of: DocumentScope, **conditions: Any) -> dict[str, Document]:
    """Return documents by id; none comes twice, no page is empty, and they are in order where that is promised."""
    found: list[Document] = []
    async for page in source.documents(DocumentQuery(scope=of, **conditions)):
        assert page or conditions.get("any_order")
        found.extend(page)
    ids = [one.id for one in found]
    assert len(set(ids)) == len(ids)
    if conditions.get("after_id") or (conditions.get("everything") and not conditions.get("any_order")):
        assert ids == sorted(ids)
    return {one.id: one for one in found}


def after_all(trading: Organisation) -> datetime:
    """Move the clock on, and return a time that what has been changed by now is before."""
    now = trading.control.advance_clock(timedelta(minutes=1))
    return now.replace(microsecond=0)


def customers(trading: Organisation) -> list[str]:
    """Return the ids of accounts, in order."""
    return sorted(trading.rows("Account"))


async def test_all_documents_of_a_company(trade: Connect, trading: Organisation) -> None:
    """Expect each document that counts, exactly as Sage has it, over several pages and in order."""
    trading.control.configure(page_limit=200)
    of = scope(trading)
    wanted = expected(trading, of)
    assert len(wanted) > 400
    assert await read(trade(), of, everything=True) == wanted
    assert trading.requests()["queryMore"] > 1
    other = scope(trading, company="ACME France")
    assert await read(trade(), other, everything=True) == expected(trading, other) != {}


async def test_a_bulk_job_gives_the_same(trade: Connect, trading: Organisation) -> None:
    """Expect equal documents by a bulk job, in several pages, and no job left in Salesforce."""
    trading.control.configure(bulk_page=150)
    of = scope(trading, Scope(owner_ids=tuple(trading.owners()[:3])))
    wanted = expected(trading, of)
    assert len(wanted) > 150
    assert await read(trade(), of, everything=True, any_order=True) == wanted
    requests = trading.requests()
    assert requests["bulk.results"] > 1
    assert (requests["bulk.create"], requests["bulk.delete"]) == (1, 1)


async def test_few_documents_need_no_bulk_job(trade: Connect, trading: Organisation) -> None:
    """Expect a query where a count tells that it is enough, and where the order matters."""
    of = scope(trading, Scope(owner_ids=tuple(trading.owners()[:1])), since=date(2100, 1, 1))
    await read(trade(), of, everything=True, any_order=True)
    await read(trade(), scope(trading), everything=True)
    assert "bulk.create" not in trading.requests()


async def test_an_organisation_without_bulk_jobs(trade: Connect, trading: Organisation) -> None:
    """Expect documents by queries where jobs are refused or fail, told once."""
    of = scope(trading)
    for fault in ({"status": 403, "body": '[{"errorCode":"FEATURE_DISABLED","message":""}]'}, {"status": 404}):
        trading.control.add_fault(operation="bulk.create", times=1, **fault)
        assert await read(trade(), of, everything=True, any_order=True) == expected(trading, of)
    trading.control.configure(bulk_failure="no such luck")
    assert await read(trade(), of, everything=True, any_order=True) == expected(trading, of)
    assert trading.requests()["bulk.delete"] == 1


@pytest.mark.parametrize("operation", ["bulk.info", "bulk.results", "bulk.delete"])
async def test_a_session_that_expires_within_a_bulk_job(trade: Connect, trading: Organisation, operation: str) -> None:
    """Expect the job to go on with a new session, and to be deleted."""
    expired = '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]'
    trading.control.add_fault(operation=operation, status=401, body=expired, times=1)
    of = scope(trading)
    assert await read(trade(), of, everything=True, any_order=True) == expected(trading, of)
    assert trading.requests()["token"] == 2
    assert trading.requests()["bulk.create"] == 1


async def test_a_lost_cursor_costs_no_document(trade: Connect, trading: Organisation) -> None:
    """Expect a load to go on behind the last document when Salesforce forgets the cursor."""
    trading.control.configure(page_limit=200)
    of = scope(trading)
    seen: list[str] = []
    async with aclosing(trade().documents(DocumentQuery(scope=of, everything=True))) as pages:
        async for page in pages:
            seen.extend(one.id for one in page)
            await until(lambda: trading.control.counters().in_flight == 0)
            trading.control.expire_cursors()
    assert seen == sorted(expected(trading, of))


async def test_an_interrupted_load_goes_on(trade: Connect, trading: Organisation) -> None:
    """Expect exactly the documents behind the last one, in order, with scopes that need several queries too."""
    owners = (*trading.owners(), *(f"005{number:012d}AAA" for number in range(600)))
    of = scope(trading, Scope(owner_ids=owners))
    wanted = expected(trading, of)
    middle = sorted(wanted)[len(wanted) // 2]
    found = await read(trade(), of, everything=True, after_id=middle)
    assert found == {key: one for key, one in wanted.items() if key > middle}


async def test_paid_without_a_stamp(trade: Connect, trading: Organisation) -> None:
    """Expect a document that was paid to leave the open ones with nothing changed, and to be paid when asked by id."""
    of = scope(trading)
    made = trading.control.create_document(customers(trading)[0], Decimal("121.00"))
    before = datetime.now(UTC) + timedelta(days=1000)
    assert (await read(trade(), of, open_only=True))[made.id].outstanding == 121
    trading.control.pay(made.id, on=date(2026, 11, 20))
    assert made.id not in await read(trade(), of, open_only=True)
    assert made.id not in await read(trade(), of, changed_since=before)
    (paid,) = (await read(trade(), of, ids=(made.id,))).values()
    assert (paid.outstanding, paid.is_open) == (0, False)


async def test_open_ones_are_exactly_those(trade: Connect, trading: Organisation) -> None:
    """Expect the open documents of a company, and `since` to keep them however old they are."""
    of = scope(trading)
    wanted = expected(trading, of)
    still_open = {key for key, one in wanted.items() if one.is_open}
    assert set(await read(trade(), of, open_only=True)) == still_open
    since = max(one.dated for one in wanted.values())
    recent = {key for key, one in wanted.items() if one.dated >= since}
    assert set(await read(trade(), scope(trading, since=since), everything=True)) == still_open | recent
    assert still_open - recent


async def test_what_does_not_count(trade: Connect, trading: Organisation) -> None:
    """Expect no draft, no other type and no other company's document, though they are among what changed."""
    account = customers(trading)[0]
    since = after_all(trading)
    made = [
        trading.control.create_document(account, 100, **others).id
        for others in ({}, {"status": "Unsubmitted"}, {"type": "Sales Order"}, {"company": "ACME France"})
    ]
    source = trade()
    assert set(await read(source, scope(trading), changed_since=since)) == {made[0]}
    changed = {row.id: row.deleted async for page in source.changed_documents(since=since) for row in page}
    assert changed == dict.fromkeys(made, False)
    trading.control.delete(DOCUMENT, made[0])
    assert not await read(source, scope(trading), ids=(made[0],))
    changed = {row.id: row.deleted async for page in source.changed_documents(since=since) for row in page}
    assert changed == {**dict.fromkeys(made, False), made[0]: True}


async def test_changes_of_what_a_document_shows(trade: Connect, trading: Organisation) -> None:
    """Expect the documents of an account that moved, and one whose number was reconciled."""
    of = scope(trading)
    wanted = expected(trading, of)
    since = after_all(trading)
    one = next(key for key, found in sorted(wanted.items()) if found.is_open)
    trading.control.reconcile(one, on=date(2026, 1, 2))
    changed = await read(trade(), of, changed_since=since)
    assert {key: found.paid_on for key, found in changed.items()} == {one: date(2026, 1, 2)}
    account = next(found.account_id for key, found in wanted.items() if found.account_id != wanted[one].account_id)
    trading.control.update("Account", account, Phone="1")
    changed = await read(trade(), of, changed_since=since)
    assert set(changed) == {one} | {key for key, found in wanted.items() if found.account_id == account}


async def test_accounts_in_scope(trade: Connect, trading: Organisation) -> None:
    """Expect documents by the owner of their account and by its condition, and of single accounts."""
    owners = tuple(trading.owners()[:2])
    of = scope(trading, Scope(owner_ids=owners))
    wanted = expected(trading, of)
    assert 0 < len(wanted) < len(expected(trading, scope(trading)))
    assert await read(trade(), of) == wanted
    name = trading.rows("Account")[next(iter(wanted.values())).account_id]["Name"].replace("'", "\\'")
    where = parse_condition(f"Name = '{name}'")
    assert isinstance(where, Condition)
    some = await read(trade(), scope(trading, Scope(owner_ids=owners, where=where)))
    assert {one.account_id for one in some.values()} == {next(iter(wanted.values())).account_id}
    accounts = tuple({one.account_id for one in wanted.values()})[:3]
    of_three = await read(trade(), of, account_ids=accounts)
    assert of_three == {key: one for key, one in wanted.items() if one.account_id in accounts}


@pytest.mark.parametrize(
    "hidden",
    [
        ["s2cor__Outstanding_Amount__c"],
        ["s2cor__Paid_Amount__c"],
        ["s2cor__Net_Amount__c"],
        ["s2cor__Is_Paid__c"],
        ["s2cor__Is_Paid__c", "s2cor__Outstanding_Amount__c", "s2cor__Document_Number_Tag__c"],
        ["s2cor__Currency__c", "s2cor__Document_Number__c"],
    ],
)
async def test_fields_that_are_hidden(trade: Connect, trading: Organisation, hidden: list[str]) -> None:
    """Expect the same documents, as far as the other fields tell, by both ways and by what is open."""
    trading.control.hide_fields(DOCUMENT, *hidden)
    of = scope(trading)
    found = await read(trade(), of, everything=True)
    assert await read(trade(), of, everything=True, any_order=True) == found
    assert set(found) == set(expected(trading, of))
    for key, one in expected(trading, of).items():
        got = found[key]
        assert (got.total, got.net, got.dated, got.account_id) == (one.total, one.net, one.dated, one.account_id)
        assert got.outstanding == (
            one.total - one.paid if hidden[0] == "s2cor__Outstanding_Amount__c" else got.outstanding
        )
    assert set(await read(trade(), of, open_only=True)) == {key for key, one in found.items() if one.is_open}


async def test_a_manual_due_date(trade: Connect, trading: Organisation) -> None:
    """Expect it where it is set."""
    trading.control.add_field(DOCUMENT, "s2cor__Manual_Due_Date__c", type="date")
    of = scope(trading)
    one, other = sorted(expected(trading, of))[:2]
    trading.control.update(DOCUMENT, one, s2cor__Manual_Due_Date__c="2030-01-01")
    found = await read(trade(), of, ids=(one, other))
    assert (found[one].due, found[other].due) == (date(2030, 1, 1), expected(trading, of)[other].due)


async def test_what_can_t_be_done_without(trade: Connect, trading: Organisation) -> None:
    """Expect the hidden fields named, before any document is asked for."""
    trading.control.hide_fields(DOCUMENT, "s2cor__Total_Amount__c", "s2cor__Account__c")
    with pytest.raises(SchemaMismatch, match=r"s2cor__Account__c, s2cor__Total_Amount__c\."):
        await read(trade(), scope(trading))
    assert "query" not in trading.requests()


async def test_tags_that_are_hidden(trade: Connect, trading: Organisation) -> None:
    """Expect documents without settlement dates where tags can't be seen; credit limits are refused."""
    trading.control.hide_object(TAG)
    of = scope(trading)
    found = await read(trade(), of)
    assert {one.paid_on for one in found.values()} == {None}
    with pytest.raises(SchemaMismatch, match=TAG):
        await limits(trade(), of)


async def test_companies(trade: Connect, trading: Organisation) -> None:
    """Expect a company by its name, in any case, asked for once an hour, and again before one is missed."""
    with pytest.raises(CompanyNotFound, match="'ACME France', 'ACME Iberia'"):
        await trade().company(None)
    before = trading.requests()["query"]
    found = await trade().company("acme iberia")
    assert (found.name, found.currency, found.fiscal_start) == ("ACME Iberia", "EUR", 1)
    assert (await trade().company("ACME France")).id != found.id
    assert trading.requests()["query"] == before
    trading.control.update(COMPANY, found.id, s2cor__FY_Start_Month__c=4.5)
    assert await trade().company("ACME Iberia") == found


async def limits(source: SageSource, of: DocumentScope, **conditions: Any) -> dict[str, Decimal | None]:
    """Return credit limits by account."""
    return {one.account_id: one.amount async for page in source.credit_limits(of, **conditions) for one in page}


async def test_credit_limits(trade: Connect, trading: Organisation) -> None:
    """Expect limits of all, of those that changed, and of some, None where there is none any more."""
    of = scope(trading)
    first, second, third = customers(trading)[:3]
    trading.control.set_credit_limit(first, Decimal("1000.50"))
    trading.control.set_credit_limit(second, None)
    everyone = await limits(trade(), of)
    assert (everyone[first], everyone[second]) == (Decimal("1000.50"), None)
    since = after_all(trading)
    assert await limits(trade(), of, since=since) == {}
    trading.control.set_credit_limit(first, None)
    tag = trading.control.set_credit_limit(third, 7)
    assert await limits(trade(), of, since=since) == {first: None, third: 7}
    assert await limits(trade(), of, account_ids=[third]) == {third: 7}
    trading.control.delete(TAG, tag)
    assert await limits(trade(), of, since=since) == {first: None, third: None}
    assert await limits(trade(), of, account_ids=[third, "001000000000009AAA"]) == {
        third: None, "001000000000009AAA": None,
    }  # fmt: skip


async def test_a_limit_of_suppliers_is_none_of_customers(trade: Connect, trading: Organisation) -> None:
    """Expect only tags of the dimension that the types of documents have for accounts."""
    account = customers(trading)[0]
    trading.control.set_credit_limit(account, 7)
    suppliers = trading.control.create("s2cor__Sage_ACC_Dimension__c", Name="Supplier")
    trading.control.create(TAG, Name="x", s2cor__Account__c=account, s2cor__Dimension__c=suppliers,
                           s2cor__Active__c=True, s2cor__Company__c=scope(trading).company_id,
                           s2cor__Base_Credit_Limit__c=9)  # fmt: skip
    assert await limits(trade(), scope(trading), account_ids=[account]) == {account: 7}


async def test_the_names_of_document_types(trade: Connect, trading: Organisation) -> None:
    """Expect them once for all runs, in whatever case they are asked for, and anew at most once a minute for a miss."""
    view = await trade().trade_view(limits=True, types={"Sales Invoice"})
    assert {"Sales Invoice", "Sales Credit", "Purchase Order"} <= set(view.types)
    assert view.lacking == ()
    before = trading.requests()["query"]
    for types in ({"sales invoice"}, {"Purchase Order"}, {"Sales Invoices"}):
        assert (await trade().trade_view(limits=True, types=types)).types == view.types
    assert trading.requests()["query"] == before, "it was read a moment ago"
