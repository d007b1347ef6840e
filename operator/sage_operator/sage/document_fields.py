"""Which fields of a Sage organisation tell what of a trade document. Pure.

The package has changed over the years, and an administrator may hide fields: each fact is taken from the first of
several places that the integration user sees.
"""

from dataclasses import dataclass

from sage_operator.sync.errors import SchemaMismatch
from sage_operator.sync.sources import SourceField, SourceKind, SourceObject

DOCUMENT = "s2cor__Sage_INV_Trade_Document__c"
DOCUMENT_TYPE = "s2cor__Sage_INV_Trade_Document_Type__c"
TAG = "s2cor__Sage_ACC_Tag__c"
CURRENCY = "s2cor__Sage_COR_Currency__c"

_ACCOUNT = "s2cor__Account__c"
_COMPANY = "s2cor__Company__c"
_TYPE = "s2cor__Trade_Document_Type__c"
_NUMBER = "s2cor__Document_Number__c"
_NUMBER_TAG = "s2cor__Document_Number_Tag__c"
_CURRENCY = "s2cor__Currency__c"
_CURRENCY_CODE = "s2cor__Currency_Code__c"
STATUS = "s2cor__Status__c"
_DATE = "s2cor__Date__c"
_MANUAL_DUE = "s2cor__Manual_Due_Date__c"
_DUE = "s2cor__Due_Date__c"
_TOTAL = "s2cor__Total_Amount__c"
_NET = "s2cor__Net_Amount__c"
_TAX = "s2cor__Tax_Amount__c"
_PAID = "s2cor__Paid_Amount__c"
_OUTSTANDING = "s2cor__Outstanding_Amount__c"
_IS_PAID = "s2cor__Is_Paid__c"
_IS_RECONCILED = "s2cor__Is_Reconciled__c"
_RECONCILED_ON = "s2cor__Reconciled_Date__c"

GRANT = (
    "In Salesforce's Setup give the integration user Read Access to them (Permission Sets > Object Settings > Field"
    " Permissions)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFields:
    """Paths from a trade document, as Salesforce spells them; None where the organisation has nothing of the kind.

    Attributes:
        account_way, type_way, tag_way: relationships to account, type and invoice-number tag (`tag` is its field).
        number: what people call it; the first that is set. `Name` is always there.
        due: the first that is set; at least one.
        net: None: total less tax.
        paid: None: total less outstanding.
        outstanding: None: total less paid.
        is_paid: None: `is_reconciled` of the number tag tells, else whether anything is outstanding.
        reconciled_on: with `is_reconciled` only.
        currency: the path to the ISO code of the document's own currency.
        columns: all paths that are read, with the kinds of their values.
        unfilterable: those of them that no condition may name.
    """

    account: str
    account_way: str
    company: str
    type_way: str
    tag: str | None
    tag_way: str | None
    status: str
    number: tuple[str, ...]
    dated: str
    due: tuple[str, ...]
    total: str
    net: str | None
    tax: str | None
    paid: str | None
    outstanding: str | None
    is_paid: str | None
    is_reconciled: str | None
    reconciled_on: str | None
    currency: str | None
    columns: dict[str, SourceKind]
    unfilterable: frozenset[str]

    @property
    def type_name(self) -> str:
        """The path to the name of the type."""
        return f"{self.type_way}.Name"

    @property
    def unknown(self) -> tuple[str, ...]:
        """What can't be known of documents here, in words."""
        known = {"settlement dates": self.reconciled_on, "currencies": self.currency}
        return tuple(what for what, path in known.items() if path is None)


def document_fields(
    document: SourceObject, *, tag: SourceObject | None, currency: SourceObject | None
) -> DocumentFields:
    """Choose the fields; `tag` and `currency` are None where the user may not see those objects.

    Raises:
        SchemaMismatch: one that nothing else can stand for is missing, or hidden; it names all of them.
    """
    seen = _Seen(document)
    account, company, kind = (seen.reference(name) for name in (_ACCOUNT, _COMPANY, _TYPE))
    status, dated, total = (seen.needed(name) for name in (STATUS, _DATE, _TOTAL))
    due = tuple(name for name in (seen.own(_MANUAL_DUE), seen.own(_DUE)) if name is not None)
    net, paid, outstanding = (seen.own(name) for name in (_NET, _PAID, _OUTSTANDING))
    tax = seen.own(_TAX) if net is None else None
    if not due:
        seen.lack(f"{_DUE} (or {_MANUAL_DUE})")
    if net is None and tax is None:
        seen.lack(f"{_NET} (or {_TAX})")
    if paid is None and outstanding is None:
        seen.lack(f"{_OUTSTANDING} (or {_PAID})")
    number_tag = document.field(_NUMBER_TAG) if tag is not None else None
    is_reconciled = seen.through(number_tag, tag, _IS_RECONCILED)
    reconciled_on = seen.through(number_tag, tag, _RECONCILED_ON) if is_reconciled is not None else None
    in_currency = seen.through(document.field(_CURRENCY), currency, _CURRENCY_CODE)
    number = tuple(name for name in (seen.own(_NUMBER), "Name") if name is not None)
    if seen.lacking:
        raise SchemaMismatch(
            f"Sage's {DOCUMENT} lacks fields that payments need, or hides them from the integration user:"
            f" {', '.join(seen.lacking)}.",
            remedy=GRANT,
        )
    is_paid = seen.own(_IS_PAID)
    has_tag = number_tag is not None and is_reconciled is not None
    type_name = f"{_way(kind)}.Name"
    read = (
        "Id", *number, account.name, type_name, dated.name, *due, total.name, net, tax, paid, outstanding, is_paid,
        is_reconciled, reconciled_on, in_currency,
    )  # fmt: skip
    kinds = seen.kinds | {"Id": SourceKind.ID, "Name": SourceKind.TEXT, type_name: SourceKind.TEXT}
    return DocumentFields(
        account=account.name,
        account_way=_way(account),
        company=company.name,
        type_way=_way(kind),
        tag=number_tag.name if number_tag is not None and has_tag else None,
        tag_way=_way(number_tag) if number_tag is not None and has_tag else None,
        status=status.name,
        number=number,
        dated=dated.name,
        due=due,
        total=total.name,
        net=net,
        tax=tax,
        paid=paid,
        outstanding=outstanding,
        is_paid=is_paid,
        is_reconciled=is_reconciled,
        reconciled_on=reconciled_on,
        currency=in_currency,
        columns={path: kinds[path] for path in read if path is not None},
        unfilterable=frozenset(seen.unfilterable),
    )


class _Seen:
    """What the integration user sees of the object, and what is found wanting."""

    def __init__(self, document: SourceObject) -> None:
        self._document = document
        self.lacking: list[str] = []
        self.kinds: dict[str, SourceKind] = {}
        self.unfilterable: set[str] = set()

    def lack(self, what: str) -> None:
        self.lacking.append(what)

    def own(self, name: str) -> str | None:
        """Return the name of a field in Salesforce's spelling, None if there is no such one."""
        field = self._document.field(name)
        return self._use(field.name, field) if field is not None else None

    def needed(self, name: str) -> SourceField:
        """Return a field that nothing else can stand for."""
        field = self._document.field(name)
        if field is None:
            self.lack(name)
            return SourceField(name=name, kind=SourceKind.UNKNOWN)
        self._use(field.name, field)
        return field

    def reference(self, name: str) -> SourceField:
        """Return a field that leads to a parent."""
        field = self.needed(name)
        if field.relationship_name is None and name not in self.lacking:
            self.lack(f"{name} as a reference")
        return field

    def through(self, reference: SourceField | None, parent: SourceObject | None, name: str) -> str | None:
        """Return the path to a field of a parent, None if any part of the way is missing."""
        field = parent.field(name) if parent is not None else None
        if reference is None or reference.relationship_name is None or field is None:
            return None
        return self._use(f"{reference.relationship_name}.{field.name}", field)

    def _use(self, path: str, field: SourceField) -> str:
        self.kinds[path] = field.kind
        if not field.filterable:
            self.unfilterable.add(path)
        return path


def _way(reference: SourceField) -> str:
    return reference.relationship_name or ""
