from decimal import Decimal

import pytest

from sage_operator.sage.company import CompanyFields
from sage_operator.sync.errors import CompanyNotFound, restored
from sage_operator.sync.payments.companies import choose
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.sources import SourceField, SourceKind

from . import trade

ID = "a03000000000001AAA"
START = SourceField(name="s2cor__FY_Start_Month__c", kind=SourceKind.DECIMAL)
WHOLE = trade.described({}, trade.reference("Base_Currency"), START)


def companies(*names: str) -> list[Company]:
    """Return companies of these names."""
    return [Company(id=f"{number}", name=name, currency="", fiscal_start=None) for number, name in enumerate(names)]


def test_a_company() -> None:
    """Expect currency and fiscal year from where they are."""
    fields = CompanyFields(WHOLE, trade.currency())
    assert fields.query().text == (
        "SELECT Id,Name,s2cor__FY_Start_Month__c,s2cor__Base_Currency__r.s2cor__Currency_Code__c"
        " FROM s2cor__Sage_COR_Company__c ORDER BY Id"
    )
    found = fields.company({
        "Id": ID[:15], "Name": "ACME", "s2cor__FY_Start_Month__c": Decimal("4.0"),
        "s2cor__Base_Currency__r": {"s2cor__Currency_Code__c": "GBP"},
    })  # fmt: skip
    assert found == Company(id=ID, name="ACME", currency="GBP", fiscal_start=4)


@pytest.mark.parametrize(
    ("stored", "month"),
    [(1, 1), (12, 12), (Decimal("12.0"), 12), (0, None), (13, None), (Decimal("1.5"), None), (-1, None), (None, None)],
)
def test_the_fiscal_year_begins_in_a_month_or_nobody_knows(stored: Decimal | int | None, month: int | None) -> None:
    """Expect 1 to 12, and None for whatever else a double may be."""
    record = {"Id": ID, "Name": "ACME", "s2cor__FY_Start_Month__c": stored, "s2cor__Base_Currency__r": None}
    assert CompanyFields(WHOLE, trade.currency()).company(record).fiscal_start == month


def test_hidden_fields_are_done_without() -> None:
    """Expect id and name only where the user sees no more."""
    for fields in (CompanyFields(trade.described({}), trade.currency()), CompanyFields(trade.described({}), None)):
        assert fields.query().columns == ("Id", "Name")
        found = fields.company({"Id": ID, "Name": None})
        assert found == Company(id=ID, name="", currency="", fiscal_start=None)


def test_the_only_one_needs_no_name() -> None:
    """Expect the only company without a name, and none of several."""
    assert choose(companies("A"), None).name == "A"
    with pytest.raises(CompanyNotFound, match="Sage has 2 companies: 'A', 'B'") as caught:
        choose(companies("B", "A"), None)
    assert "spec.sage.company" in caught.value.remedy


def test_names_are_compared_exactly_and_then_without_case() -> None:
    """Expect the exact name before one in another case."""
    assert choose(companies("acme", "ACME"), "ACME").id == "1"
    assert choose(companies("other", "ACME Ibérica"), "acme IBÉRICA").id == "1"


def test_what_is_not_one_company() -> None:
    """Expect the first five names told, in their order, and that several of one name help nobody."""
    with pytest.raises(
        CompanyNotFound, match=r"no company 'X'\. It has 'A', 'B', 'C', 'D', 'E' and 2 more\. "
    ) as caught:
        choose(companies(*"GFEDCBA"), "X")
    assert type(restored(caught.value.reason, "")) is CompanyNotFound
    with pytest.raises(CompanyNotFound, match="2 companies that are called 'A'"):
        choose(companies("A", "A"), "A")
    with pytest.raises(CompanyNotFound, match="2 companies that are called 'aa'"):
        choose(companies("AA", "Aa"), "aa")
    with pytest.raises(CompanyNotFound, match="hides all of them"):
        choose([], "A")
