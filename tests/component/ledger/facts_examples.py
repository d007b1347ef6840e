"""Trade documents for the ledger's tests."""

from datetime import date
from decimal import Decimal
from typing import Any

from sage_operator.sync.payments.documents import Document

from .examples import account_id

TODAY = date(2026, 11, 23)


def document_id(number: int) -> str:
    """Return the Salesforce id of a document, 18 characters."""
    return f"a0B{number:012d}AAA"


def document(place: int, account: int = 1, **changes: Any) -> Document:
    """Return an open invoice of an account."""
    facts: dict[str, Any] = {
        "id": document_id(place),
        "account_id": account_id(account),
        "type": "Sales Invoice",
        "number": f"SIN{place:06d}",
        "dated": date(2026, 10, 1),
        "due": date(2026, 10, 31),
        "net": Decimal("100.10"),
        "total": Decimal("121.12"),
        "paid": Decimal("21.12"),
        "outstanding": Decimal("100.00"),
        "currency": "EUR",
        "is_open": True,
        "paid_on": None,
    }
    return Document(**{**facts, **changes})
