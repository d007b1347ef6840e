"""The objects and fields of the simulated organisation, made from the facts in `objects.json`.

A WSDL tells names, types and relationships. Lengths, picklists and what can be filtered are Salesforce's usual ones for
fields of these names.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

from sage_operator.simulators.sage.formulas import FORMULAS
from sage_operator.simulators.soql.schema import Field, ObjectType

ACCOUNT_TYPES = ("Customer", "Prospect", "Partner", "Supplier", "Distributor", "Competitor", "Other")
_PICKLISTS = {
    "Type": ACCOUNT_TYPES,
    "Industry": (
        "Agriculture",
        "Construction",
        "Consulting",
        "Energy",
        "Food & Beverage",
        "Manufacturing",
        "Retail",
        "Technology",
    ),
    "Salutation": ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
    "Rating": ("Hot", "Warm", "Cold"),
    "Ownership": ("Public", "Private", "Subsidiary", "Other"),
    "AccountSource": ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"),
    "LeadSource": ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"),
    "s2cor__Active__c": ("Yes", "No"),
    "s2cor__CustomerPriority__c": ("High", "Medium", "Low"),
    "s2cor__Status__c": ("Unsubmitted", "Submitted"),
    "s2cor__Approval_Status__c": ("Unapproved", "Approved"),
    "s2cor__Classification__c": ("Invoice", "Credit", "Order", "Quote", "Purchase"),
}
_LENGTHS = {
    "AccountNumber": 40, "BillingCity": 40, "BillingCountry": 80, "BillingPostalCode": 20, "BillingState": 80,
    "ShippingCity": 40, "ShippingCountry": 80, "ShippingPostalCode": 20, "ShippingState": 80, "MailingCity": 40,
    "MailingCountry": 80, "MailingPostalCode": 20, "MailingState": 80, "OtherCity": 40, "OtherCountry": 80,
    "OtherPostalCode": 20, "OtherState": 80, "FirstName": 40, "LastName": 80, "Title": 128, "Department": 80,
    "Alias": 8,
    "Username": 80, "EmployeeNumber": 20, "s2cor__Country_Code__c": 3, "s2cor__Currency_Code__c": 3,
}  # fmt: skip
_READ_ONLY_NULLS = frozenset({"Id", "Name", "OwnerId", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate",
                              "LastModifiedById", "SystemModstamp", "LastName", "Username", "Email",
                              "IsActive"})  # fmt: skip
_PREFIXES = {"Account": "001", "Contact": "003", "User": "005"}


class _Facts(msgspec.Struct, frozen=True):
    source: str
    objects: dict[str, dict[str, str]]


@cache
def object_types() -> dict[str, ObjectType]:
    """Return all objects by name."""
    text = resources.files(__package__).joinpath("objects.json").read_bytes()
    facts = msgspec.json.decode(text, type=_Facts)
    return {
        name: ObjectType(
            name=name,
            label=_label(name),
            key_prefix=_PREFIXES.get(name) or f"a{number:02d}",
            fields=tuple(_fields(name, kinds)),
        )
        for number, (name, kinds) in enumerate(facts.objects.items())
    }


def _fields(owner: str, kinds: dict[str, str]) -> Iterator[Field]:
    yield Field(name="Id", label=f"{_label(owner)} ID", type="id", length=18, nillable=False)
    for wsdl_type, names in kinds.items():
        for text in names.split():
            name, _, relation = text.partition(":")
            relationship, _, target = relation.partition(">")
            yield _field(owner, name, wsdl_type, relationship, target)


def _field(owner: str, name: str, wsdl_type: str, relationship: str, target: str) -> Field:
    kind = _describe_type(name, wsdl_type)
    long = kind == "textarea" and not name.endswith("Street")
    return Field(
        name=name,
        label=_label(name),
        type=kind,
        length=_length(name, kind),
        # A person's e-mail may be missing, a user's may not.
        nillable=name not in _READ_ONLY_NULLS or (name == "Email" and owner != "User"),
        filterable=not long and kind != "address",
        sortable=not long and kind != "address",
        reference_to=(("Group", "User") if target == "Name" else (target,)) if target else (),
        relationship=relationship or None,
        picklist=_PICKLISTS.get(name, ()) if kind == "picklist" else (),
        calculated=name in FORMULAS.get(owner, ()) and name != "Name",
        scale=6 if name in {"s2cor__Exchange_Rate__c", "s2cor__Rate__c"} else 2,
    )


def _describe_type(name: str, wsdl_type: str) -> str:
    if wsdl_type == "string":
        if name in {"Description", "AboutMe", "s2cor__Description__c"}:
            return "textarea"
        if name.endswith("Street"):
            return "textarea"
        if name in _PICKLISTS:
            return "picklist"
        if name in {"Phone", "Fax"} or name.endswith("Phone"):
            return "phone"
        if name == "Email" or name in {"s2cor__Email_address__c", "s2cor__Email__c", "SenderEmail"}:
            return "email"
        return "url" if name in {"Website", "s2cor__Website__c"} or name.endswith("Url") else "string"
    if wsdl_type == "double":
        money = re.search(r"Amount|Revenue|Debit|Credit|Balance|Outstanding", name)
        return "currency" if money else "double"
    return {"dateTime": "datetime"}.get(wsdl_type, wsdl_type)


def _length(name: str, kind: str) -> int:
    if kind == "textarea":
        return 255 if name.endswith("Street") else 32_000
    if kind in {"reference", "id"}:
        return 18
    if kind == "email":
        return 80
    if kind == "phone":
        return 40
    return _LENGTHS.get(name, 255) if kind in {"string", "picklist", "url"} else 0


def _label(name: str) -> str:
    bare = re.sub(r"^s2cor__|__c$", "", name)
    bare = bare.removeprefix("Sage_") if bare.startswith("Sage_") and name.endswith("__c") else bare
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare.replace("_", " ")).removesuffix(" Id") or name
