"""Descriptions of the trade objects, as an organisation with the whole package gives them."""

from collections.abc import Iterable
from typing import Any

from sage_operator.sage.document_fields import DocumentFields, document_fields
from sage_operator.sync.payments.reading import DocumentQuery, DocumentScope
from sage_operator.sync.scope import Scope
from sage_operator.sync.sources import SourceField, SourceKind, SourceObject
from sage_operator.sync.where import Condition, parse_condition

COMPANY_ID = "a03000000000001AAA"
EVERYBODY = Scope(owner_ids=None)

_DOCUMENT = {
    "Id": SourceKind.ID, "Name": SourceKind.TEXT, "s2cor__Document_Number__c": SourceKind.TEXT,
    "s2cor__Status__c": SourceKind.PICKLIST, "s2cor__Date__c": SourceKind.DATE, "s2cor__Due_Date__c": SourceKind.DATE,
    "s2cor__Net_Amount__c": SourceKind.CURRENCY, "s2cor__Tax_Amount__c": SourceKind.CURRENCY,
    "s2cor__Total_Amount__c": SourceKind.CURRENCY, "s2cor__Paid_Amount__c": SourceKind.CURRENCY,
    "s2cor__Outstanding_Amount__c": SourceKind.CURRENCY, "s2cor__Is_Paid__c": SourceKind.BOOLEAN,
}  # fmt: skip
_REFERENCES = ("Account", "Company", "Trade_Document_Type", "Document_Number_Tag", "Currency")
_TAG = {"s2cor__Is_Reconciled__c": SourceKind.BOOLEAN, "s2cor__Reconciled_Date__c": SourceKind.DATE}


def reference(name: str) -> SourceField:
    """Return a reference of the package."""
    return SourceField(
        name=f"s2cor__{name}__c", kind=SourceKind.REFERENCE, relationship_name=f"s2cor__{name}__r", relates_to=("X",)
    )


def described(kinds: dict[str, SourceKind], *others: SourceField, without: Iterable[str] = ()) -> SourceObject:
    """Return an object of fields, without some."""
    fields = (*(SourceField(name=name, kind=kind) for name, kind in kinds.items()), *others)
    return SourceObject.of(name="X", label="X", fields=[field for field in fields if field.name not in without])


def document(*others: SourceField, without: Iterable[str] = ()) -> SourceObject:
    """Return the trade document, with other fields and without some."""
    replaced = {field.name for field in others}
    kinds = {name: kind for name, kind in _DOCUMENT.items() if name not in replaced}
    return described(kinds, *map(reference, _REFERENCES), *others, without=without)


def tag(*, without: Iterable[str] = ()) -> SourceObject:
    """Return the tag of a document's number, without some fields."""
    return described(_TAG, without=without)


def currency() -> SourceObject:
    """Return the currency."""
    return described({"s2cor__Currency_Code__c": SourceKind.TEXT})


def fields(*others: SourceField, without: Iterable[str] = (), tags: bool = True) -> DocumentFields:
    """Choose the fields of the trade document."""
    return document_fields(
        document(*others, without=without), tag=tag() if tags else None, currency=currency() if tags else None
    )


def scope(accounts: Scope = EVERYBODY, **conditions: Any) -> DocumentScope:
    """Return a scope of submitted invoices."""
    return DocumentScope(
        company_id=COMPANY_ID, types=("Sales Invoice",), statuses=("Submitted",), accounts=accounts, **conditions
    )


def asked(of: DocumentScope | None = None, **conditions: Any) -> DocumentQuery:
    """Ask for documents."""
    return DocumentQuery(scope=of or scope(), **conditions)


def where(text: str) -> Condition:
    """Return a condition that has been parsed."""
    found = parse_condition(text)
    assert isinstance(found, Condition)
    return found
