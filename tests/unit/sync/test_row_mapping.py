from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.codes import Code
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import FieldRule, FieldSource, Lookup, OnProblem, from_constant, from_field
from sage_operator.sync.mapping import map_row
from sage_operator.sync.records import Scalar
from sage_operator.sync.targets import FieldKind, TargetField

from .sync_examples import account, contact, context, schema, text

NAME = from_field("name", "Name")
CREDIT = TargetField(name="Z_Credit", kind=FieldKind.DECIMAL)
TENANT = schema(Entity.ACCOUNTS, text("phone", 10), CREDIT)
COUNTRY = FieldSource(path="BillingCountry", lookup=Lookup(list_name="countries"))
SHIPPING_COUNTRY = FieldSource(path="ShippingCountry", lookup=Lookup(list_name="countries"))


def _context(*rules: FieldRule) -> PlanContext:
    return context(rules=[NAME, *rules], tenant=TENANT)


def _phone(*paths: str, default: Scalar = None) -> FieldRule:
    return FieldRule(target="phone", sources=tuple(FieldSource(path=path) for path in paths), default=default)


def test_values_pass_exactly() -> None:
    """Money stays the same decimal on its way, zero and false are values."""
    rules = (from_field("Z_Credit", "Limit"), from_field("Z_Zero", "Zero"), from_field("Z_No", "No"))
    mapped = map_row(account(Limit=Decimal("1234567.10"), Zero=0, No=False), _context(*rules))
    assert mapped.values == {"name": "Account 1", "Z_Credit": Decimal("1234567.10"), "Z_Zero": 0, "Z_No": False}


@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_text_are_equal(empty: Scalar) -> None:
    """Both are no value: the target is absent, or gets its default."""
    assert "phone" not in map_row(account(Phone=empty), _context(_phone("Phone"))).values
    assert map_row(account(Phone=empty), _context(_phone("Phone", default="none"))).values["phone"] == "none"
    assert "phone" not in map_row(account(Phone=empty), _context(_phone("Phone", default=""))).values


def test_field_that_a_row_lacks_is_empty() -> None:
    """A row without the field is like one whose field is null."""
    assert map_row(account(), _context(_phone("Phone", default="none"))).values["phone"] == "none"


@pytest.mark.parametrize(
    ("first", "second", "phone"),
    [("1", "2", "1"), (None, "2", "2"), ("", "2", "2"), (None, None, "none"), ("1", None, "1")],
)
def test_first_source_that_gives_a_value_wins(first: Scalar, second: Scalar, phone: str) -> None:
    """Sources are asked in their order, the default comes last."""
    rule = _phone("Phone", "Fax", default="none")
    assert map_row(account(Phone=first, Fax=second), _context(rule)).values["phone"] == phone


def test_default_is_converted_like_a_value() -> None:
    """A default takes the type of its target."""
    rule = FieldRule(target="Z_Credit", sources=(FieldSource(path="Limit"),), default="0.50")
    assert map_row(account(), _context(rule)).values["Z_Credit"] == Decimal("0.50")


def test_constants_fill_every_record() -> None:
    """A constant needs no source."""
    assert map_row(account(), _context(from_constant("Z_Credit", "5"))).values["Z_Credit"] == 5


def test_lookup_writes_the_id() -> None:
    """A text is replaced by the id of its row; a later source is not asked."""
    rule = FieldRule(target="countryId", sources=(COUNTRY, SHIPPING_COUNTRY))
    mapped = map_row(account(BillingCountry="españa", ShippingCountry="Atlantis"), _context(rule))
    assert mapped.values["countryId"] == 34
    assert mapped.warnings == ()


def test_lookup_that_finds_nothing_rejects_by_default() -> None:
    """The problem names target, list and source, not the value."""
    rule = FieldRule(target="countryId", sources=(COUNTRY,))
    (problem,) = map_row(account(BillingCountry="Atlantis"), _context(rule)).problems
    assert (problem.code, problem.target) == (Code.LOOKUP_NOT_FOUND, "countryId")
    assert str(problem) == "countryId: no row of countries for BillingCountry"


def test_lookup_that_finds_nothing_is_left_empty_with_a_warning() -> None:
    """With `Empty` the record is written without it, and the warning says why."""
    rule = FieldRule(target="countryId", sources=(COUNTRY,), on_not_found=OnProblem.EMPTY)
    mapped = map_row(account(BillingCountry="Atlantis"), _context(rule))
    assert "countryId" not in mapped.values
    assert mapped.problems == ()
    assert mapped.warnings == ("countryId: left empty, no row of countries for BillingCountry",)


def test_ambiguous_lookup_rejects() -> None:
    """Several rows of one label are a problem also where an unknown one is not: the choice would be a guess."""
    rule = FieldRule(target="countryId", sources=(COUNTRY,), on_not_found=OnProblem.EMPTY)
    (problem,) = map_row(account(BillingCountry="Georgia"), _context(rule)).problems
    assert (problem.code, problem.target) == (Code.LOOKUP_AMBIGUOUS, "countryId")
    assert "countries" in str(problem)


@pytest.mark.parametrize("empty", [None, ""])
def test_empty_mandatory_field_is_a_problem(empty: Scalar) -> None:
    """What ForceManager demands and Sage lacks is told by the name of the Sage field."""
    (problem,) = map_row(account(Name=empty), _context()).problems
    assert problem.code is Code.MISSING_MANDATORY_FIELD
    assert str(problem) == "name: Name empty in Sage"


def test_contacts_need_a_last_name() -> None:
    """The preset has a default for the first name only."""
    (problem,) = map_row(contact(FirstName="", LastName=None), context(Entity.CONTACTS)).problems
    assert (problem.code, problem.target) == (Code.MISSING_MANDATORY_FIELD, "lastName")


def test_all_problems_are_collected() -> None:
    """Whoever corrects a record learns everything that is wrong with it at once."""
    rules = (_phone("Phone"), from_field("Z_Credit", "Limit"), FieldRule(target="countryId", sources=(COUNTRY,)))
    row = account(Name=None, Phone="12345678901", Limit="a lot", BillingCountry="Atlantis")
    problems = {problem.target: problem.code for problem in map_row(row, _context(*rules)).problems}
    assert problems == {
        "name": Code.MISSING_MANDATORY_FIELD,
        "phone": Code.TOO_LONG,
        "Z_Credit": Code.TYPE_MISMATCH,
        "countryId": Code.LOOKUP_NOT_FOUND,
    }


def test_mandatory_field_that_does_not_fit_is_one_problem() -> None:
    """A name that is too long is not missing as well."""
    (problem,) = map_row(account(Name="x" * 41), _context()).problems
    assert problem.code is Code.TOO_LONG


@given(st.text("Maria Secreta 0123456789", min_size=12))
def test_problems_and_warnings_never_repeat_a_value(value: str) -> None:
    """Messages go to status, events and logs: no personal data in them."""
    rules = (
        FieldRule(target="phone", sources=(FieldSource(path="Phone"),), on_too_long=OnProblem.CUT),
        from_field("Z_Credit", "Limit"),
        FieldRule(target="countryId", sources=(COUNTRY,)),
        FieldRule(target="typeId", sources=(FieldSource(path="Type", lookup=Lookup(list_name="accountTypes")),)),
    )
    row = account(Name=None, Phone=value, Limit=f"{value}x", BillingCountry=f"{value}x", Type=f"{value}x")
    mapped = map_row(row, _context(*rules))
    told = "; ".join([*map(str, mapped.problems), *mapped.warnings])
    assert len(mapped.problems) == 4
    assert value.strip() not in told or not value.strip()
