"""The presets, held against the table of the contract ("Exact meanings")."""

import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import FieldRule, LookupBy, OnProblem
from sage_operator.sync.mapping import map_row
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.records import Scalar

from .sync_examples import ACCOUNT_TYPES, COUNTRIES, account, contact, context, schema, text

# target: the Sage fields that are asked in this order, each with the list and the column it is looked up in.
PROMISED: dict[Entity, dict[str, list[str]]] = {
    Entity.ACCOUNTS: {
        "name": ["Name"],
        "vatNumber": ["s2cor__VAT_Registration_Number__c"],
        "email": ["s2cor__Email_address__c"],
        "phone": ["Phone"],
        "fax": ["Fax"],
        "website": ["Website"],
        "comment": ["Description"],
        "address1": ["BillingStreet"],
        "city": ["BillingCity"],
        "postcode": ["BillingPostalCode"],
        "region": ["BillingState"],
        "countryId": ["s2cor__Country_Code__c countries iso2", "BillingCountry countries label"],
        "typeId": ["Type accountTypes label"],
    },
    Entity.CONTACTS: {
        "firstName": ["FirstName"],
        "lastName": ["LastName"],
        "email": ["Email"],
        "phone1": ["Phone"],
        "phone2": ["MobilePhone"],
        "comment": ["Title"],
        "address1": ["MailingStreet"],
        "city": ["MailingCity"],
        "postcode": ["MailingPostalCode"],
        "region": ["MailingState"],
        "countryId": ["MailingCountry countries label"],
        "birthday": ["Birthdate"],
    },
}
EVERY_RULE = [pytest.param(rule, id=f"{entity}-{rule.target}") for entity, rules in PRESETS.items() for rule in rules]


def _spelled(rule: FieldRule) -> list[str]:
    return [f"{s.path} {s.lookup.list_name} {s.lookup.by}" if s.lookup is not None else s.path for s in rule.sources]


@pytest.mark.parametrize("entity", PRESETS)
def test_presets_fill_what_is_promised_from_what_is_promised(entity: Entity) -> None:
    """Each target has its sources, in their order; there are no others."""
    assert {rule.target: _spelled(rule) for rule in PRESETS[entity]} == PROMISED[entity]


@pytest.mark.parametrize("rule", EVERY_RULE)
def test_presets_keep_no_customer_out(rule: FieldRule) -> None:
    """Texts are cut, look-ups left empty, targets that the tenant lacks left out; first names alone have a default."""
    assert rule.on_too_long is OnProblem.CUT
    assert rule.on_not_found is OnProblem.EMPTY
    assert rule.from_preset
    assert rule.default == ("-" if rule.target == "firstName" else None)
    assert rule.constant is None


def test_lookups_use_the_lists_of_countries_and_account_types() -> None:
    """Countries are looked up by code or name, types by label; there is no other way."""
    rules = (rule for preset in PRESETS.values() for rule in preset)
    used = {(s.lookup.list_name, s.lookup.by) for rule in rules for s in rule.sources if s.lookup}
    assert used == {
        (COUNTRIES.name, LookupBy.ISO2),
        (COUNTRIES.name, LookupBy.LABEL),
        (ACCOUNT_TYPES.name, LookupBy.LABEL),
    }


@pytest.mark.parametrize(
    ("code", "name", "country", "warned"),
    [
        ("GB", "Spain", 44, False),  # the code goes first
        (None, "Spain", 34, False),
        ("", "reino unido", 44, False),
        ("XX", "Spain", 34, False),  # a code that is no country's: the name is asked
        ("XX", None, None, True),
        ("XX", "Atlantis", None, True),
        (None, None, None, False),
    ],
)
def test_country_by_code_else_by_name(code: str | None, name: str | None, country: int | None, *, warned: bool) -> None:
    """The code decides, else the name; what is in no list is left empty with a warning, never a reject."""
    row = account(s2cor__Country_Code__c=code, BillingCountry=name)
    mapped = map_row(row, context())
    assert mapped.values.get("countryId") == country
    assert mapped.problems == ()
    assert bool(mapped.warnings) == warned


@pytest.mark.parametrize("first_name", [None, ""])
def test_contacts_without_first_name_get_a_dash(first_name: Scalar) -> None:
    """ForceManager demands a first name; Sage does not have one for each contact."""
    assert map_row(contact(FirstName=first_name), context(Entity.CONTACTS)).values["firstName"] == "-"


def test_birthdays_are_midnight_utc() -> None:
    """A birthday does not move to another day by a time zone."""
    mapped = map_row(contact(Birthdate="1980-02-29"), context(Entity.CONTACTS))
    assert mapped.values["birthday"] == "1980-02-29T00:00:00Z"


def test_long_description_is_cut_with_a_warning() -> None:
    """The account is written, and the warning names the field and what was lost."""
    tenant = schema(Entity.ACCOUNTS, text("comment", 10))
    mapped = map_row(account(Description="x" * 30), context(tenant=tenant))
    assert mapped.values["comment"] == "x" * 10
    assert mapped.problems == ()
    assert mapped.warnings == ("comment: cut, 30 characters, 10 fit",)
