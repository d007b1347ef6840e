from datetime import UTC, date, datetime
from typing import Any

import pytest

from sage_operator.sage import document_soql
from sage_operator.sage.soql import REQUEST_LINE, request_line
from sage_operator.simulators.soql.parse import parse
from sage_operator.sync.payments.reading import DocumentScope
from sage_operator.sync.scope import Scope
from sage_operator.sync.sources import SourceField, SourceKind

from . import trade

PATH = "/services/data/v66.0/query"
COUNTS = (
    f"s2cor__Company__c = '{trade.COMPANY_ID}' AND s2cor__Trade_Document_Type__r.Name IN ('Sales Invoice')"
    " AND s2cor__Status__c IN ('Submitted')"
)
SINCE = datetime(2026, 11, 23, 10, 15, 30, tzinfo=UTC)
UNFILTERABLE = SourceField(name="s2cor__Is_Paid__c", kind=SourceKind.BOOLEAN, calculated=True, filterable=False)


def conditions(
    of: DocumentScope | None = None, *others: SourceField, without: tuple[str, ...] = (), **asked: Any
) -> str:
    """Return the conditions of the only query that is needed."""
    ((one,),) = document_soql.documents(trade.asked(of, **asked), trade.fields(*others, without=without), path=PATH)
    parse(one.text)
    assert one.text.endswith(" ORDER BY Id")
    found = one.text.removesuffix(" ORDER BY Id").partition(" WHERE ")[2]
    assert found.startswith(COUNTS)
    return found.removeprefix(COUNTS).removeprefix(" AND ")


def test_all_that_count() -> None:
    """Expect company, types and statuses as conditions, and no other."""
    assert conditions() == ""


def test_names_are_escaped() -> None:
    """Expect quotes in types and statuses to end no string."""
    odd = DocumentScope(
        company_id=trade.COMPANY_ID, types=("L'avoir", "B"), statuses=("a\\b",), accounts=trade.EVERYBODY
    )
    ((one,),) = document_soql.documents(trade.asked(odd), trade.fields(), path=PATH)
    assert r"Name IN ('L\'avoir','B') AND s2cor__Status__c IN ('a\\b')" in one.text


def test_accounts_in_scope() -> None:
    """Expect owners and the condition to reach through the account."""
    accounts = Scope(owner_ids=("005000000000002AAA", "005000000000001AAA"), where=trade.where("Type = 'Customer'"))
    assert conditions(trade.scope(accounts)) == (
        "(s2cor__Account__r.Type = 'Customer')"
        " AND s2cor__Account__r.OwnerId IN ('005000000000001AAA','005000000000002AAA')"
    )


@pytest.mark.parametrize(
    ("without", "condition"),
    [
        ((), "s2cor__Is_Paid__c = false"),
        (
            ("s2cor__Is_Paid__c",),
            "(s2cor__Document_Number_Tag__c = null OR s2cor__Document_Number_Tag__r.s2cor__Is_Reconciled__c = false)",
        ),
        (("s2cor__Is_Paid__c", "s2cor__Document_Number_Tag__c"), "s2cor__Outstanding_Amount__c != 0"),
        (("s2cor__Is_Paid__c", "s2cor__Document_Number_Tag__c", "s2cor__Outstanding_Amount__c"), ""),
    ],
)
def test_open_ones(without: tuple[str, ...], condition: str) -> None:
    """Expect what Sage counts as paid, by the first field that tells; without any all are read."""
    assert conditions(without=without, open_only=True) == condition
    since = conditions(trade.scope(since=date(2025, 1, 1)), without=without)
    assert since == (f"(s2cor__Date__c >= 2025-01-01 OR {condition})" if condition else "")


def test_a_formula_that_can_t_be_filtered() -> None:
    """Expect open ones by what is outstanding, and no condition where that is not exact enough."""
    assert conditions(None, UNFILTERABLE, open_only=True) == "s2cor__Outstanding_Amount__c != 0"
    assert conditions(trade.scope(since=date(2025, 1, 1)), UNFILTERABLE) == ""


def test_changes_are_those_of_account_type_and_tag_too() -> None:
    """Expect the stamps of all that a document shows, and of what the condition looks at."""
    accounts = Scope(owner_ids=None, where=trade.where("Owner.Title = 'x'"))
    found = conditions(trade.scope(accounts), changed_since=SINCE)
    ways = ("", "s2cor__Account__r.", "s2cor__Trade_Document_Type__r.", "s2cor__Document_Number_Tag__r.",
            "s2cor__Account__r.Owner.")  # fmt: skip
    stamps = " OR ".join(f"{way}SystemModstamp >= 2026-11-23T10:15:30Z" for way in ways)
    assert found == f"(s2cor__Account__r.Owner.Title = 'x') AND ({stamps})"


def test_ids_accounts_and_the_cursor() -> None:
    """Expect each condition that is asked for, together."""
    found = conditions(ids=("a06000000000002AAA",), account_ids=("001000000000001AAA",), after_id="a06000000000001AAA")
    assert found == (
        "Id IN ('a06000000000002AAA') AND s2cor__Account__c IN ('001000000000001AAA') AND Id > 'a06000000000001AAA'"
    )


@pytest.mark.parametrize("empty", [{"ids": ()}, {"account_ids": ()}, {"of": trade.scope(Scope(owner_ids=()))}])
def test_nothing_is_asked_for(empty: dict[str, Any]) -> None:
    """Expect no query where a list is empty."""
    assert not document_soql.documents(trade.asked(**empty), trade.fields(), path=PATH)


def test_long_lists_are_split() -> None:
    """Expect every id in exactly one query of each owner, in steps by id, and no request line too long."""
    owners = tuple(f"005{number:012d}AAA" for number in range(900))
    ids = tuple(f"a06{number:012d}AAA" for number in range(450))
    steps = document_soql.documents(
        trade.asked(trade.scope(Scope(owner_ids=owners)), ids=ids), trade.fields(), path=PATH
    )
    assert all(request_line(one, path=PATH) <= REQUEST_LINE for step in steps for one in step)
    for step in steps:
        assert len({tuple(one for one in ids if one in query.text) for query in step}) == 1
    of_steps = [[one for one in ids if one in step[0].text] for step in steps]
    assert [one for step in of_steps for one in step] == list(ids)
    assert [owner for query in steps[0] for owner in owners if owner in query.text] == list(owners)


def test_a_bulk_job_takes_more_at_once() -> None:
    """Expect one job for a thousand owners, in no order, within what a statement may have."""
    owners = tuple(f"005{number:012d}AAA" for number in range(1000))
    query = trade.asked(trade.scope(Scope(owner_ids=owners)), everything=True, any_order=True)
    (job,) = document_soql.bulk(query, trade.fields())
    assert "ORDER BY" not in job.text
    assert all(owner in job.text for owner in owners)
    many = tuple(f"005{number:012d}AAA" for number in range(9000))
    jobs = document_soql.bulk(trade.asked(trade.scope(Scope(owner_ids=many))), trade.fields())
    assert [owner for job in jobs for owner in many if owner in job.text] == list(many)
    assert max(len(job.text) for job in jobs) <= 100_000


def test_changed_and_count() -> None:
    """Expect deleted ones among what changed, and a count without columns and order."""
    changed = document_soql.changed(SINCE)
    assert changed.everything
    assert changed.text == (
        "SELECT Id,IsDeleted FROM s2cor__Sage_INV_Trade_Document__c WHERE SystemModstamp >= 2026-11-23T10:15:30Z"
        " ORDER BY Id"
    )
    assert document_soql.count(changed).text == (
        "SELECT COUNT() FROM s2cor__Sage_INV_Trade_Document__c WHERE SystemModstamp >= 2026-11-23T10:15:30Z"
    )
