import pytest

from sage_operator.sync.where import check_condition, parse_condition

from .organisation import OBJECTS


@pytest.mark.parametrize(
    "text",
    [
        "Name = 'x' AND Name LIKE 'x%' AND Name IN ('a', null) AND Name < 'm' AND BillingStreet = 'x'",
        "type = 'customer' OR Type NOT IN ('Prospect', 'P2') OR Type LIKE 'C%'",
        "Brands__c INCLUDES ('Red;Blue', 'Blue') AND Brands__c EXCLUDES ('Red') AND Brands__c = 'Red;Blue'",
        "AnnualRevenue >= 1000.50 AND NumberOfEmployees IN (1, 2) AND Discount__c < 5 AND Score__c != 0",
        "Vip__c = TRUE AND Vip__c != false AND Vip__c != null",
        "Since__c >= 2024-01-01 AND CreatedDate < 2024-01-01T00:00:00Z",
        "OwnerId = '005000000000001' AND Id > '001000000000001AAA' AND ParentId IN ('001000000000001AAA')",
        "Owner.Department = 'Sales' AND Parent.Parent.Owner.Name LIKE 'A%' AND Owner.Manager.Name != null",
        "Later__c > 5 AND Later__c = 'x'",
    ],
)
def test_what_fits_has_no_problem(text: str) -> None:
    """Expect no problem where fields, operators, values and choices fit."""
    assert check_condition(parse_condition(text), OBJECTS) == ()


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("Nmae = 'x'", 1, "or it is hidden from the integration user; did you mean `Name`?"),
        ("Zzz__c = 'x'", 1, "Account has no field `Zzz__c`, or it is hidden from the integration user"),
        ("Owner.Dept = 'x'", 7, "User has no field `Dept`"),
        ("Ownr.Name = 'x'", 1, "did you mean `Owner`?"),
        ("OwnerId.Name = 'x'", 1, "reached by the relationship; did you mean `Owner`?"),
        ("Name.Name = 'x'", 1, "`Name` of Account has no parent"),
        ("Owner = 'x'", 1, "did you mean `Owner.Name`?"),
        ("Description = 'x'", 1, "`Description` (a long text) can't be used"),
        ("Photo__c = 'x'", 1, "Sage can't filter by it"),
        ("BillingAddress = 'x'", 1, "compare its parts, such as `BillingCity`"),
        ("Parent.BillingAddress != null", 8, "is an address"),
        ("Site__c = null", 1, "is a location"),
        ("Vip__c > TRUE", 8, "> can't be used with `Vip__c`, a checkbox: use one of !=, ="),
        ("Vip__c IN (TRUE)", 8, "IN can't be used"),
        ("OwnerId LIKE '005%'", 9, "LIKE can't be used with `OwnerId`, a reference"),
        ("AnnualRevenue LIKE '1%'", 15, "an amount of money"),
        ("Brands__c IN ('Red')", 11, "a multi-select picklist: use one of !=, =, EXCLUDES, INCLUDES"),
        ("Name INCLUDES ('x')", 6, "INCLUDES can't be used with `Name`, a text"),
        ("Name = 5", 8, "but 5 is a number: write it in single quotes"),
        ("Name IN ('a', 5)", 15, "write it in single quotes"),
        ("AnnualRevenue > '5'", 17, "but '5' is a text: write digits"),
        ("NumberOfEmployees = 1.5", 21, "a whole number, and 1.5 is none"),
        ("Vip__c = 'true'", 10, "write TRUE or FALSE"),
        ("Since__c = 2024-01-01T00:00:00Z", 12, "write 2026-01-31, without quotes and time"),
        ("CreatedDate > 2024-01-01", 15, "write 2026-01-31T00:00:00Z"),
        ("CreatedDate > '2024-01-01'", 15, "write 2026-01-31T00:00:00Z, without quotes"),
        ("OwnerId = 'Ana'", 11, "holds ids of 15 or 18"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_column(text: str, column: int, message: str) -> None:
    """Expect one problem, at its column, that is no warning."""
    (problem,) = check_condition(parse_condition(text), OBJECTS)
    assert (problem.column, problem.is_warning) == (column, False)
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("Type = 'Custmer'", 8, "'Custmer' is no value of the picklist `Type`, which has 'Customer', 'Prospect', 'P2'"),
        ("Type IN ('Customer', 'Partner')", 22, "but the label of 'P2': write that"),
        ("Brands__c INCLUDES ('Red;Green')", 21, "'Green' is no value"),
    ],
)
def test_a_value_that_a_picklist_lacks_is_a_warning(text: str, column: int, message: str) -> None:
    """Expect a warning only: records may still have a value that was taken off the list."""
    (problem,) = check_condition(parse_condition(text), OBJECTS)
    assert (problem.column, problem.is_warning) == (column, True)
    assert message in problem.message


def test_all_problems_are_told_in_the_order_of_columns() -> None:
    """Expect every mistake at once."""
    problems = check_condition(parse_condition("Nme = 'x' AND (Vip__c = 1 OR Type = 'y') AND Fone = 'z'"), OBJECTS)
    assert [problem.column for problem in problems] == [1, 25, 37, 46]
