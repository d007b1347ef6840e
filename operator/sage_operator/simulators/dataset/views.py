"""The documents of a ledger as rows of Sage: themselves, and the tags of their accounts and numbers."""

from array import array
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from sage_operator.simulators.columns import Column, Columns
from sage_operator.simulators.dataset.documents import SUBMITTED, Ledger
from sage_operator.simulators.dataset.trade import TYPES, base_currency, exchange_rate
from sage_operator.simulators.soql.ids import make_id, number_of

_CENTS = Decimal("0.01")
_EPOCH = date(1970, 1, 1).toordinal()


class _Keys(dict[int, str]):
    """Ids of one object by number, each made once: for objects that have few records, or many who refer to them."""

    def __init__(self, prefix: str, organisation: int) -> None:
        super().__init__()
        self._prefix, self._organisation = prefix, organisation

    def __missing__(self, number: int) -> str:
        self[number] = key = make_id(self._prefix, self._organisation, number + 1)
        return key


def document_rows(ledger: Ledger, organisation: int) -> Columns:
    """Return the trade documents."""
    facts, account = ledger.columns, ledger.account
    kind, status, company, currency = (facts[name] for name in ("type", "status", "company", "currency"))
    day, due, paid, stamp = (facts[name] for name in ("day", "due", "paid", "stamp"))
    net, tax, foreign_net, foreign_tax = (facts[name] for name in ("net", "tax", "foreign_net", "foreign_tax"))
    discount, withheld = facts["discount"], facts["withheld"]
    companies, currencies, types = (_Keys(prefix, organisation) for prefix in ("a03", "a04", "a07"))
    customer = make_id("a10", organisation, 1)
    document_number = _document_number(ledger)

    def outstanding(n: int) -> int:
        return net[n] + tax[n] - discount[n] - withheld[n] - paid[n]

    def rate(n: int) -> Decimal:
        when = date.fromordinal(day[n])
        return exchange_rate(currency[n], base_currency(company[n]), when.year * 12 + when.month)

    columns: dict[str, Column] = {
        "Name": lambda n: document_number(n) if status[n] else f"Draft {n + 1}",
        "OwnerId": lambda n: ledger.owners[account[n]],
        "IsDeleted": lambda _: False,
        **_stamps(lambda n: ledger.owners[account[n]], lambda n: _created(day[n], n), stamp.__getitem__),
        "s2cor__Account__c": lambda n: make_id("001", organisation, account[n] + 1),
        "s2cor__Account_Dimension__c": lambda _: customer,
        "s2cor__Account_Tag__c": lambda n: make_id("a09", organisation, account[n] + 1),
        "s2cor__Approval_Status__c": lambda n: "Approved" if status[n] else "Unapproved",
        "s2cor__Classification__c": lambda n: TYPES[kind[n]][2],
        "s2cor__Company__c": lambda n: companies[company[n]],
        "s2cor__Currency__c": lambda n: currencies[currency[n]],
        "s2cor__Date__c": lambda n: _day(day[n]),
        "s2cor__Discount_Amount__c": lambda n: _money(discount[n]),
        "s2cor__Document_Number__c": lambda n: document_number(n) if status[n] else None,
        "s2cor__Document_Number_Tag__c": lambda n: (
            make_id("a09", organisation, len(ledger.owners) + n + 1) if status[n] else None
        ),
        "s2cor__Due_Date__c": lambda n: _day(due[n]),
        "s2cor__Exchange_Rate__c": rate,
        "s2cor__Foreign_Net_Amount__c": lambda n: _money(foreign_net[n]),
        "s2cor__Foreign_Tax_Amount__c": lambda n: _money(foreign_tax[n]),
        "s2cor__Foreign_Total_Amount__c": lambda n: _money(foreign_net[n] + foreign_tax[n]),
        "s2cor__Is_Converted__c": lambda _: False,
        "s2cor__Is_Paid__c": lambda n: outstanding(n) <= 0,
        "s2cor__Is_Recurrent__c": lambda _: False,
        "s2cor__Net_Amount__c": lambda n: _money(net[n]),
        "s2cor__Outstanding_Amount__c": lambda n: _money(outstanding(n)),
        "s2cor__Paid_Amount__c": lambda n: _money(paid[n]),
        "s2cor__Posting_Date__c": lambda n: _day(day[n]) if status[n] else None,
        "s2cor__Reference__c": lambda n: f"PO {(n * 7919) % 100_000:05d}" if n % 3 else None,
        "s2cor__Status__c": lambda n: "Submitted" if status[n] == SUBMITTED else "Unsubmitted",
        "s2cor__Tax_Amount__c": lambda n: _money(tax[n]),
        "s2cor__Total_Amount__c": lambda n: _money(net[n] + tax[n]),
        "s2cor__Trade_Document_Type__c": lambda n: types[kind[n]],
        "s2cor__UID__c": lambda n: f"{organisation:04x}-d{n + 1:08x}",
        "s2cor__Withholding_Amount__c": lambda n: _money(withheld[n]),
    }
    by_paid = {True: array("I"), False: array("I")}
    for n in range(len(ledger)):
        by_paid[outstanding(n) <= 0].append(n)
    indexes: dict[str, Callable[[Any], Iterable[int]]] = {
        "s2cor__Account__c": lambda key: _of_account(ledger, organisation, key),
        "s2cor__Is_Paid__c": lambda value: by_paid.get(value, ()),
    }
    return Columns(
        prefix="a06", organisation=organisation, size=len(ledger), columns=columns, indexes=indexes, stamps=stamp
    )


def tag_rows(ledger: Ledger, organisation: int) -> Columns:
    """Return the tags: first one an account, then one a document (those of drafts are not used)."""
    facts, accounts = ledger.columns, len(ledger.owners)
    kind, company, currency, day, settled = (facts[name] for name in ("type", "company", "currency", "day", "settled"))
    companies, currencies, dimensions = (_Keys(prefix, organisation) for prefix in ("a03", "a04", "a10"))
    first_day = min(day, default=date(2020, 1, 1).toordinal())
    stamps = array("I", (_created(first_day, number) for number in range(accounts)))
    stamps.extend(facts["stamp"])

    def split(of_account: Column | None, of_document: Column | None) -> Column:
        def value(n: int) -> Any:
            if n < accounts:
                return of_account(n) if of_account else None
            return of_document(n - accounts) if of_document else None

        return value

    def owner(n: int) -> str:
        return ledger.owners[n if n < accounts else ledger.account[n - accounts]]

    columns: dict[str, Column] = {
        "Name": split(lambda a: f"4300{a + 1:06d}", _document_number(ledger)),
        "OwnerId": owner,
        "IsDeleted": lambda _: False,
        **_stamps(owner, stamps.__getitem__, stamps.__getitem__),
        "s2cor__Account__c": split(lambda a: make_id("001", organisation, a + 1), None),
        "s2cor__Active__c": lambda _: True,
        "s2cor__Base_Credit_Limit__c": split(lambda a: Decimal(ledger.limit[a]) if ledger.limit[a] else None, None),
        "s2cor__Company__c": split(None, lambda n: companies[company[n]]),
        "s2cor__Currency__c": split(None, lambda n: currencies[currency[n]]),
        "s2cor__Days_To_Reconcile__c": split(None, lambda n: settled[n] - day[n] if settled[n] else None),
        "s2cor__Dimension__c": split(lambda _: dimensions[0], lambda n: dimensions[kind[n] + 1]),
        "s2cor__Is_Reconcilable__c": split(lambda _: False, lambda _: True),
        "s2cor__Is_Reconciled__c": split(lambda _: False, lambda n: settled[n] > 0),
        "s2cor__Reconciled_Date__c": split(None, lambda n: _day(settled[n]) if settled[n] else None),
        "s2cor__Start_Date__c": split(None, lambda n: _day(day[n])),
        "s2cor__UID__c": lambda n: f"{organisation:04x}-t{n + 1:08x}",
    }
    return Columns(
        prefix="a09",
        organisation=organisation,
        size=accounts + len(ledger),
        columns=columns,
        indexes={"s2cor__Account__c": lambda key: _account(ledger, organisation, key)},
        stamps=stamps,
    )


def _stamps(user: Column, created: Callable[[int], int], changed: Callable[[int], int]) -> Mapping[str, Column]:
    return {
        "CreatedDate": lambda n: _time(created(n)),
        "CreatedById": user,
        "LastModifiedDate": lambda n: _time(changed(n)),
        "LastModifiedById": user,
        "SystemModstamp": lambda n: _time(changed(n)),
    }


def _document_number(ledger: Ledger) -> Callable[[int], str]:
    kind, day = ledger.columns["type"], ledger.columns["day"]
    return lambda n: f"{TYPES[kind[n]][1]}-{date.fromordinal(day[n]).year}-{n + 1:06d}"


def _account(ledger: Ledger, organisation: int, key: str) -> Iterable[int]:
    number = number_of(key) - 1
    return (number,) if 0 <= number < len(ledger.owners) and make_id("001", organisation, number + 1) == key else ()


def _of_account(ledger: Ledger, organisation: int, key: str) -> Iterable[int]:
    for number in _account(ledger, organisation, key):
        return range(ledger.first[number], ledger.first[number + 1])
    return ()


def _created(day: int, number: int) -> int:
    """A time in the morning of a day, before anything else happens to a document."""
    return (day - _EPOCH) * 86_400 + 7 * 3600 + number % 700


@cache
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _time(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return f"{_day(days + _EPOCH)}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.000+0000"


def _money(cents: int) -> Decimal:
    return cents * _CENTS
