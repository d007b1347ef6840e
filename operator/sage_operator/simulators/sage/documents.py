"""Trade documents: their formulas, and what people and the ledger do to them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from sage_operator.simulators.sage.edits import Edit, Editor
from sage_operator.simulators.sage.formulas import DOCUMENT, TAG
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.wire import Row

_TAX = Decimal("0.21")


class NewDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trade document to be made; amounts are in the document's currency."""

    account: str
    """Id of the account."""
    total: Decimal
    net: Decimal | None = None
    """Without it, 21 per cent of tax are in the total."""
    dated: date | None = None
    """Without it the clock's day."""
    due: date | None = None
    """Without it 30 days after `dated`."""
    type: str = "Sales Invoice"
    company: str | None = None
    """Name of the company; without it the first."""
    currency: str | None = None
    """ISO code; without it the company's base currency."""
    exchange_rate: Decimal = Decimal(1)
    """What a unit of `currency` is worth in the base currency."""
    status: Literal["Submitted", "Unsubmitted"] = "Submitted"
    """`Unsubmitted`: a draft, without a number and its tag."""
    paid: Decimal = Decimal(0)
    """In the base currency, as the next ones."""
    discount: Decimal = Decimal(0)
    withholding: Decimal = Decimal(0)
    number: str | None = None
    """The document's number; without it the next one of its type."""


class Payment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money received for a document, in the base currency.

    `how`: `Ledger` posts it to the ledger: formulas change, no SystemModstamp moves. `Stored` writes Paid_Amount, as a
    person or a program may: the document's stamp moves.
    """

    amount: Decimal | None = None
    """Without it all that is outstanding; negative: money that went back."""
    on: date | None = None
    """Without it the clock's day."""
    how: Literal["Ledger", "Stored"] = "Ledger"


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number tag becomes reconciled on a day (without one the clock's), or is no longer."""

    on: date | None = None
    reconciled: bool = True


class CreditLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limit of an account's tag, in the base currency; None: there is none."""

    amount: Decimal | None


class Bookkeeper:
    """Makes documents, posts payments and sets limits in one organisation, at the editor's time."""

    def __init__(self, organisation: Organisation, editor: Editor) -> None:
        self._organisation = organisation
        self._editor = editor
        self._today = editor.now.date()

    def create(self, new: NewDocument) -> dict[str, Any]:
        """Make a document and its number tag; return their ids. Raises `KeyError` for what there is not."""
        organisation = self._organisation
        kind = self._named("s2cor__Sage_INV_Trade_Document_Type__c", new.type)
        company = self._named("s2cor__Sage_COR_Company__c", new.company)
        base = organisation.row("s2cor__Sage_COR_Currency__c", company["s2cor__Base_Currency__c"])
        currency = self._named("s2cor__Sage_COR_Currency__c", new.currency) if new.currency else base
        account = organisation.row("Account", new.account)
        dated = new.dated or self._today
        submitted = new.status == "Submitted"
        count = len(organisation.table(DOCUMENT)) + 1
        number = new.number or f"{kind['s2cor__UID__c']}-{dated.year}-{count:06d}"
        net = new.net if new.net is not None else round(new.total / (1 + _TAX), 2)
        common = {"s2cor__Company__c": company["Id"], "s2cor__Currency__c": currency["Id"]}
        tag = None
        if submitted:
            tag = self._create(TAG, {
                **common, "Name": number, "s2cor__Dimension__c": kind["s2cor__Document_Number_Dimension__c"],
                "s2cor__Is_Reconcilable__c": True, "s2cor__Is_Reconciled__c": False, "s2cor__Active__c": True,
                "s2cor__Start_Date__c": dated.isoformat(),
            })  # fmt: skip
        rate = new.exchange_rate
        total, base_net = round(new.total * rate, 2), round(net * rate, 2)
        document = self._create(DOCUMENT, {
            **common, "Name": number, "OwnerId": account["OwnerId"], "s2cor__Account__c": account["Id"],
            "s2cor__Trade_Document_Type__c": kind["Id"], "s2cor__Document_Number_Tag__c": tag,
            "s2cor__Classification__c": kind["s2cor__Classification__c"], "s2cor__Status__c": new.status,
            "s2cor__Account_Tag__c": self._account_tag(account["Id"]),
            "s2cor__Approval_Status__c": "Approved" if submitted else "Unapproved",
            "s2cor__Document_Number__c": number if submitted else None, "s2cor__Date__c": dated.isoformat(),
            "s2cor__Due_Date__c": (new.due or date.fromordinal(dated.toordinal() + 30)).isoformat(),
            "s2cor__Foreign_Total_Amount__c": new.total, "s2cor__Foreign_Net_Amount__c": net,
            "s2cor__Foreign_Tax_Amount__c": new.total - net, "s2cor__Exchange_Rate__c": rate,
            "s2cor__Total_Amount__c": total, "s2cor__Net_Amount__c": base_net,
            "s2cor__Tax_Amount__c": total - base_net, "s2cor__Paid_Amount__c": new.paid,
            "s2cor__Discount_Amount__c": new.discount, "s2cor__Withholding_Amount__c": new.withholding,
        })  # fmt: skip
        return {"id": document, "numberTag": tag}

    def pay(self, key: str, payment: Payment) -> dict[str, Any]:
        """Post a payment; the number tag is reconciled when nothing is left to pay. Return what is outstanding.

        Raises:
            ValueError: the document is a draft.
        """
        row = self._organisation.row(DOCUMENT, key)
        if row.get("s2cor__Status__c") != "Submitted":
            raise ValueError("a draft can't be paid")
        amount = row["s2cor__Outstanding_Amount__c"] if payment.amount is None else payment.amount
        stored = payment.how == "Stored"
        if stored or self._organisation.settings.paid_amount == "Formula":
            fields = {"s2cor__Paid_Amount__c": row.get("s2cor__Paid_Amount__c", Decimal(0)) + amount}
        else:
            fields = {"_ledger": row.get("_ledger", Decimal(0)) + amount}
        stamp = "now" if stored else "keep"
        self._editor.store(DOCUMENT, row["Id"], fields, stamp)
        row = self._organisation.row(DOCUMENT, key)
        if tag := row.get("s2cor__Document_Number_Tag__c"):
            self._reconcile(tag, payment.on if row["s2cor__Is_Paid__c"] else None, row["s2cor__Is_Paid__c"], stamp)
        return {"outstanding": row["s2cor__Outstanding_Amount__c"], "isPaid": row["s2cor__Is_Paid__c"]}

    def reconcile(self, key: str, reconciliation: Reconciliation) -> None:
        """Reconcile the number tag of a document, or the tag itself, and nothing else; its stamp moves."""
        tag = key
        if not key.startswith("a09"):
            tag = self._organisation.row(DOCUMENT, key)["s2cor__Document_Number_Tag__c"]
        self._reconcile(tag, reconciliation.on, reconciliation.reconciled, "now")

    def limit(self, account: str, limit: CreditLimit) -> str:
        """Set the credit limit on an account's tag, which is made if there is none; return the tag's id."""
        key = self._account_tag(self._organisation.row("Account", account)["Id"])
        self._editor.store(TAG, key, {"s2cor__Base_Credit_Limit__c": limit.amount}, "now")
        return key

    def _reconcile(self, tag: str, on: date | None, reconciled: bool, stamp: str) -> None:
        row = self._organisation.row(TAG, tag)
        if row.get("s2cor__Is_Reconciled__c", False) is reconciled and on is None:
            return
        day = on or self._today
        began = date.fromisoformat(row["s2cor__Start_Date__c"]) if "s2cor__Start_Date__c" in row else day
        self._editor.store(TAG, row["Id"], {
            "s2cor__Is_Reconciled__c": reconciled,
            "s2cor__Reconciled_Date__c": day.isoformat() if reconciled else None,
            "s2cor__Days_To_Reconcile__c": (day - began).days if reconciled else None,
        }, stamp)  # fmt: skip

    def _account_tag(self, account: str) -> str:
        customers = self._named("s2cor__Sage_ACC_Dimension__c", "Customer")["Id"]
        tags = self._organisation.table(TAG)
        for key in sorted(tags.find("s2cor__Account__c", [account])):
            if tags.rows[key].get("s2cor__Dimension__c") == customers:
                return key
        row = self._organisation.row("Account", account)
        name = row.get("AccountNumber") or row["Name"]
        return self._create(TAG, {
            "Name": name, "s2cor__Account__c": account, "s2cor__Dimension__c": customers, "s2cor__Active__c": True,
            "s2cor__Is_Reconcilable__c": False, "s2cor__Is_Reconciled__c": False,
        })  # fmt: skip

    def _create(self, name: str, fields: Mapping[str, Any]) -> str:
        return self._editor.apply(name, Edit(op="create", fields=dict(fields)))

    def _named(self, name: str, value: str | None) -> Row:
        for row in self._organisation.table(name):
            if not row["IsDeleted"] and value in {None, row["Name"]}:
                return row
        raise KeyError(f"no {name} named {value}")
