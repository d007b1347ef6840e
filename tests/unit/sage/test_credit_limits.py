from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sage_operator.sage.credit_limits import Chosen, LimitFields, changed_tags, limit_fields, tags
from sage_operator.simulators.soql.parse import parse
from sage_operator.sync.errors import SchemaMismatch
from sage_operator.sync.scope import Scope
from sage_operator.sync.sources import SourceField, SourceKind, SourceObject

from . import trade

PATH = "/services/data/v66.0/query"
A, B = "001000000000001AAA", "001000000000002AAA"
LIMIT = SourceField(name="s2cor__Base_Credit_Limit__c", kind=SourceKind.CURRENCY)
ACTIVE = SourceField(name="s2cor__Active__c", kind=SourceKind.BOOLEAN)


def tag(*without: str) -> SourceObject:
    """Return the tag without some fields."""
    references = map(trade.reference, ("Account", "Company", "Dimension"))
    return trade.described({}, *references, LIMIT, ACTIVE, without=without)


def fields(*without: str) -> LimitFields:
    """Choose fields, without some."""
    return limit_fields(tag(*without), trade.described({}, trade.reference("Account_Dimension")))


def chosen(*records: dict[str, Any], of: LimitFields | None = None) -> dict[str, Decimal | None]:
    """Return the limits that tags of an account, in the order of their ids, tell."""
    found = Chosen(trade.scope(), of or fields())
    for number, record in enumerate(records):
        found.add([{"Id": f"a09{number:012d}AAA", "s2cor__Account__c": A, "s2cor__Active__c": True,
                    "s2cor__Company__c": None, "s2cor__Base_Credit_Limit__c": None} | record])  # fmt: skip
    return found.limits


def limit(amount: int, **others: Any) -> dict[str, Any]:
    """A tag with a limit."""
    return {"s2cor__Base_Credit_Limit__c": amount, **others}


OURS, THEIRS = {"s2cor__Company__c": trade.COMPANY_ID}, {"s2cor__Company__c": "a03000000000009AAA"}


def test_which_tag_tells() -> None:
    """Expect the company's tag before one of no company, the oldest with a limit, and no other company's."""
    assert chosen(limit(5)) == {A: 5}
    assert chosen(limit(5), limit(6)) == {A: 5}
    assert chosen({}, limit(6)) == {A: 6}
    assert chosen(limit(5), limit(6, **OURS), limit(7, **OURS), limit(8)) == {A: 6}
    assert chosen(limit(6, **OURS), limit(5)) == {A: 6}
    assert chosen(limit(0)) == {A: 0}


def test_what_tells_nothing() -> None:
    """Expect None of tags without a limit, of inactive ones, and of other companies'."""
    assert chosen({}) == {A: None}
    assert chosen(limit(5, s2cor__Active__c=False)) == {A: None}
    assert chosen(limit(5, **THEIRS)) == {A: None}
    assert chosen(limit(5), limit(6, s2cor__Active__c=False, **OURS)) == {A: 5}
    assert chosen() == {}


def test_limits_are_exact() -> None:
    """Expect whole numbers and fractions as decimals."""
    found = chosen(limit(5))[A], chosen({"s2cor__Base_Credit_Limit__c": Decimal("0.10")})[A]
    assert [type(one) for one in found] == [Decimal, Decimal]
    assert str(found[1]) == "0.10"


def test_the_customers_dimension_by_the_types() -> None:
    """Expect tags of the dimension that the counting types have for accounts; without it of any."""
    (one,) = tags(trade.scope(), fields(), path=PATH)
    parse(one.text)
    assert one.text == (
        "SELECT Id,s2cor__Account__c,s2cor__Base_Credit_Limit__c,s2cor__Company__c,s2cor__Active__c"
        " FROM s2cor__Sage_ACC_Tag__c WHERE s2cor__Account__c != null AND s2cor__Dimension__c IN"
        " (SELECT s2cor__Account_Dimension__c FROM s2cor__Sage_INV_Trade_Document_Type__c"
        " WHERE Name IN ('Sales Invoice')) ORDER BY Id"
    )
    (other,) = tags(trade.scope(), limit_fields(tag(), None), path=PATH)
    assert "IN (" not in other.text


def test_accounts_in_scope_only() -> None:
    """Expect owners, condition and accounts together; changes with deleted tags."""
    scope = trade.scope(Scope(owner_ids=("005000000000001AAA",), where=trade.where("Type = 'x'")))
    (some,) = tags(scope, fields(), path=PATH, account_ids=[B, A])
    assert some.text.endswith(
        f"(s2cor__Account__r.Type = 'x') AND s2cor__Account__c IN ('{A}','{B}')"
        " AND s2cor__Account__r.OwnerId IN ('005000000000001AAA') ORDER BY Id"
    )
    (changed,) = changed_tags(scope, fields(), since=datetime(2026, 1, 1, tzinfo=UTC), path=PATH)
    assert changed.everything
    assert "SystemModstamp >= 2026-01-01T00:00:00Z AND s2cor__Account__r.OwnerId IN" in changed.text
    assert not tags(trade.scope(Scope(owner_ids=())), fields(), path=PATH)
    assert not tags(scope, fields(), path=PATH, account_ids=[])


def test_missing_fields() -> None:
    """Expect company and activity to be done without; account and limit not."""
    bare = fields("s2cor__Company__c", "s2cor__Active__c")
    assert bare.columns == ("Id", "s2cor__Account__c", "s2cor__Base_Credit_Limit__c")
    assert chosen(limit(5, **THEIRS, s2cor__Active__c=False), of=bare) == {A: 5}
    with pytest.raises(SchemaMismatch, match="s2cor__Base_Credit_Limit__c") as caught:
        fields("s2cor__Base_Credit_Limit__c")
    assert "Read Access" in caught.value.remedy
