"""Formula fields: values that follow from others, and that nobody can write."""

from decimal import Decimal

from sage_operator.simulators.wire import Row

DOCUMENT = "s2cor__Sage_INV_Trade_Document__c"
TAG = "s2cor__Sage_ACC_Tag__c"

FORMULAS: dict[str, frozenset[str]] = {
    "Contact": frozenset({"Name"}),
    "User": frozenset({"Name"}),
    DOCUMENT: frozenset({"s2cor__Outstanding_Amount__c", "s2cor__Is_Paid__c"}),
    TAG: frozenset({"s2cor__Days_To_Reconcile__c"}),
}
"""By object. People's names are no formulas to Salesforce, but follow from their parts all the same."""
NOTHING = Decimal(0)


def evaluated(object_name: str, row: Row) -> Row:
    """Return a row with its formulas evaluated."""
    if object_name in {"Contact", "User"}:
        return {**row, "Name": " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)}
    if object_name == DOCUMENT:
        settled = ("s2cor__Paid_Amount__c", "s2cor__Discount_Amount__c", "s2cor__Withholding_Amount__c", "_ledger")
        outstanding = (row.get("s2cor__Total_Amount__c") or NOTHING) - sum(row.get(name) or NOTHING for name in settled)
        return {**row, "s2cor__Outstanding_Amount__c": outstanding, "s2cor__Is_Paid__c": outstanding <= 0}
    return row
