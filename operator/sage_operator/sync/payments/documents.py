"""Trade documents of Sage, as facts: what the figures are computed from."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One trade document that counts: of a configured type and status, of the integration's company.

    Amounts are in the company's base currency, exact, as Sage stores them: before the sign of the document's type.

    Attributes:
        id: Salesforce id, 18 characters.
        account_id: Salesforce id of its account, 18 characters.
        type: name of its trade document type, such as `Sales Invoice`.
        number: what people call it.
        dated: `s2cor__Date__c`.
        due: when it is to be paid; None if Sage does not say (it is then never overdue).
        is_open: Sage does not count it as paid.
        paid_on: when it was settled: the reconciliation date of its invoice-number tag; None if that is not known.
    """

    id: str
    account_id: str
    type: str
    number: str
    dated: date
    due: date | None
    net: Decimal
    total: Decimal
    paid: Decimal
    outstanding: Decimal
    currency: str
    is_open: bool
    paid_on: date | None = None
