"""What trade documents refer to: companies, currencies with their rates, types, dimensions."""

from datetime import date
from decimal import Decimal
from functools import cache
from math import sin
from typing import Any

from sage_operator.simulators.soql.ids import make_id

Row = dict[str, Any]

CURRENCIES = (
    ("EUR", "Euro", "€", 2),
    ("GBP", "Pound Sterling", "£", 2),
    ("USD", "US Dollar", "$", 2),
    ("JPY", "Yen", "¥", 0),
)
COMPANIES = (
    ("Iberia", "Spain", "EUR", 1),
    ("France", "France", "EUR", 1),
    ("Deutschland", "Germany", "EUR", 7),
    ("UK", "United Kingdom", "GBP", 4),
    ("Italia", "Italy", "EUR", 1),
    ("Portugal", "Portugal", "EUR", 1),
)
"""Place, country, base currency, first month of the fiscal year; a further company begins anew with the first."""
TYPES = (
    ("Sales Invoice", "SI", "Invoice"),
    ("Sales Credit", "SC", "Credit"),
    ("Sales Order", "SO", "Order"),
    ("Sales Quote", "SQ", "Quote"),
    ("Purchase Invoice", "PI", "Purchase"),
    ("Purchase Order", "PO", "Purchase"),
)
"""Name, beginning of the document numbers, classification."""
DIMENSIONS = ("Customer", *(f"{name} Number" for name, *_ in TYPES))
_EUROS = (Decimal(1), Decimal("1.17"), Decimal("0.92"), Decimal("0.0061"))
"""What a unit of each currency is worth."""


def base_currency(company: int) -> int:
    """Return the number of the currency that a company keeps its books in."""
    return [code for code, *_ in CURRENCIES].index(COMPANIES[company % len(COMPANIES)][2])


@cache
def exchange_rate(currency: int, base: int, month: int) -> Decimal:
    """Return what a unit of a currency is worth in another one; it changes from month to month."""
    if currency == base:
        return Decimal(1)
    swing = Decimal(f"{1 + 0.03 * sin(month * 0.7 + currency):.6f}")
    return round(_EUROS[currency] / _EUROS[base] * swing, 6)


def currencies(organisation: int, common: Row) -> list[Row]:
    """Return the rows of the currencies; `common` are the system fields of all rows here."""
    return [
        {
            "Id": make_id("a04", organisation, number + 1), "Name": code, "s2cor__Currency_Code__c": code,
            "s2cor__Display_Name__c": name, "s2cor__Symbol__c": symbol, "s2cor__Minor_Unit__c": minor,
            "s2cor__UID__c": code, **common,
        }
        for number, (code, name, symbol, minor) in enumerate(CURRENCIES)
    ]  # fmt: skip


def companies(organisation: int, count: int, common: Row) -> list[Row]:
    """Return the rows of the companies."""
    rows = []
    for number in range(count):
        place, country, _, start_month = COMPANIES[number % len(COMPANIES)]
        suffix = "" if number < len(COMPANIES) else f" {number // len(COMPANIES) + 1}"
        rows.append({
            "Id": make_id("a03", organisation, number + 1), "Name": f"ACME {place}{suffix}",
            "s2cor__Country__c": country, "s2cor__FY_Start_Month__c": start_month, "s2cor__UID__c": f"C{number + 1}",
            "s2cor__Base_Currency__c": make_id("a04", organisation, base_currency(number) + 1), **common,
        })  # fmt: skip
    return rows


def exchange_rates(organisation: int, today: date, common: Row) -> list[Row]:
    """Return the rows of this month's rates, from each currency to each other one."""
    month = today.year * 12 + today.month
    pairs = [(own, to) for own in range(len(CURRENCIES)) for to in range(len(CURRENCIES)) if own != to]
    return [
        {
            "Id": make_id("a05", organisation, number + 1), "Name": f"{CURRENCIES[own][0]} {CURRENCIES[to][0]}",
            "s2cor__Currency__c": make_id("a04", organisation, own + 1),
            "s2cor__To_Currency__c": make_id("a04", organisation, to + 1),
            "s2cor__Rate__c": exchange_rate(own, to, month),
            "s2cor__Effective_From__c": f"{today.replace(day=1)}T00:00:00.000+0000",
            **{name: value for name, value in common.items() if name != "OwnerId"},
        }
        for number, (own, to) in enumerate(pairs)
    ]  # fmt: skip


def document_types(organisation: int, common: Row) -> list[Row]:
    """Return the rows of the types of trade documents."""
    return [
        {
            "Id": make_id("a07", organisation, number + 1), "Name": name, "s2cor__UID__c": code,
            "s2cor__Classification__c": classification, "s2cor__Can_be_posted__c": number in {0, 1, 4},
            "s2cor__Account_Dimension__c": make_id("a10", organisation, 1),
            "s2cor__Document_Number_Dimension__c": make_id("a10", organisation, number + 2), **common,
        }
        for number, (name, code, classification) in enumerate(TYPES)
    ]  # fmt: skip


def dimensions(organisation: int, common: Row) -> list[Row]:
    """Return the rows of the dimensions: of customers, and of the numbers of each type of document."""
    return [
        {
            "Id": make_id("a10", organisation, number + 1), "Name": name, "s2cor__Is_Reconcilable__c": number > 0,
            "s2cor__Is_Public__c": True, "s2cor__Number__c": number + 1,
            "s2cor__UID__c": name.replace(" ", ""), **common,
        }
        for number, name in enumerate(DIMENSIONS)
    ]  # fmt: skip
