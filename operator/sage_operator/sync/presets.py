"""The built-in field maps.

Texts that are too long are cut and look-ups that find nothing are left out, each with a warning that names the record:
a long description or an odd country keeps no customer out of the CRM.
"""

from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import PRESET, FieldRule, FieldSource, Lookup, LookupBy, OnProblem


def _rule(target: str, *sources: FieldSource | str, default: str | None = None) -> FieldRule:
    """Write a rule of a preset."""
    return FieldRule(
        target=target,
        sources=tuple(FieldSource(path=s) if isinstance(s, str) else s for s in sources),
        default=default,
        on_too_long=OnProblem.CUT,
        on_not_found=OnProblem.EMPTY,
        layer=PRESET,
    )


_COUNTRY_BY_CODE = Lookup(list_name="countries", by=LookupBy.ISO2)
_COUNTRY_BY_NAME = Lookup(list_name="countries")

PRESETS: dict[Entity, tuple[FieldRule, ...]] = {
    Entity.ACCOUNTS: (
        _rule("name", "Name"),
        _rule("vatNumber", "s2cor__VAT_Registration_Number__c"),
        _rule("email", "s2cor__Email_address__c"),
        _rule("phone", "Phone"),
        _rule("fax", "Fax"),
        _rule("website", "Website"),
        _rule("comment", "Description"),
        _rule("address1", "BillingStreet"),
        _rule("city", "BillingCity"),
        _rule("postcode", "BillingPostalCode"),
        _rule("region", "BillingState"),
        _rule(
            "countryId",
            FieldSource(path="s2cor__Country_Code__c", lookup=_COUNTRY_BY_CODE),
            FieldSource(path="BillingCountry", lookup=_COUNTRY_BY_NAME),
        ),
        _rule("typeId", FieldSource(path="Type", lookup=Lookup(list_name="accountTypes"))),
    ),
    Entity.CONTACTS: (
        _rule("firstName", "FirstName", default="-"),
        _rule("lastName", "LastName"),
        _rule("email", "Email"),
        _rule("phone1", "Phone"),
        _rule("phone2", "MobilePhone"),
        _rule("comment", "Title"),
        _rule("address1", "MailingStreet"),
        _rule("city", "MailingCity"),
        _rule("postcode", "MailingPostalCode"),
        _rule("region", "MailingState"),
        _rule("countryId", FieldSource(path="MailingCountry", lookup=_COUNTRY_BY_NAME)),
        _rule("birthday", "Birthdate"),
    ),
}
