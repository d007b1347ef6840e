"""Objects of Sage as describe tells them, for conditions to be held against."""

from sage_operator.sync.sources import Described, PicklistValue, SourceField, SourceKind, SourceObject


def field(name: str, kind: SourceKind = SourceKind.TEXT, **more: object) -> SourceField:
    """Return a field."""
    return SourceField(name=name, kind=kind, **more)  # type: ignore[arg-type]


def choices(*values: str, **labels: str) -> tuple[PicklistValue, ...]:
    """Return choices: values that are their own labels, and others by value."""
    return tuple(PicklistValue(value=v, label=label) for v, label in [*((v, v) for v in values), *labels.items()])


def reference(name: str, relationship: str, *leads_to: str) -> SourceField:
    """Return a reference."""
    return field(name, SourceKind.REFERENCE, relationship_name=relationship, relates_to=leads_to)


ACCOUNT = SourceObject.of(
    name="Account",
    label="Account",
    fields=[
        field("Id", SourceKind.ID),
        field("Name"),
        field("Description", SourceKind.TEXTAREA, filterable=False),
        field("BillingStreet", SourceKind.TEXTAREA),
        field("BillingAddress", SourceKind.ADDRESS),
        field("Site__c", SourceKind.LOCATION),
        field("Type", SourceKind.PICKLIST, picklist=choices("Customer", "Prospect", P2="Partner")),
        field("Brands__c", SourceKind.MULTIPICKLIST, picklist=choices("Red", "Blue")),
        field("AnnualRevenue", SourceKind.CURRENCY),
        field("Discount__c", SourceKind.PERCENT),
        field("NumberOfEmployees", SourceKind.INTEGER),
        field("Vip__c", SourceKind.BOOLEAN),
        field("Score__c", SourceKind.DECIMAL, calculated=True),
        field("Since__c", SourceKind.DATE),
        field("CreatedDate", SourceKind.DATETIME),
        field("Photo__c", SourceKind.BASE64, filterable=False),
        field("Later__c", SourceKind.UNKNOWN),
        reference("OwnerId", "Owner", "Group", "User"),
        reference("ParentId", "Parent", "Account"),
        reference("s2cor__Company__c", "s2cor__Company__r", "s2cor__Company__c"),
    ],
)
USER = SourceObject.of(
    name="User",
    label="User",
    fields=[
        field("Name"),
        field("Department"),
        field("Rank__c", calculated=True),
        reference("ManagerId", "Manager", "User"),
    ],
)
OBJECTS: Described = {"Account": ACCOUNT, "User": USER}
