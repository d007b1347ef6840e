"""The companies (legal entities) of a Sage organisation, and which of them an integration is about."""

from collections.abc import Sequence
from decimal import Decimal

from sage_operator.sage.rows import Record
from sage_operator.sage.soql import Query
from sage_operator.sync.errors import CompanyNotFound
from sage_operator.sync.ids import long_id
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.sources import SourceObject

COMPANY = "s2cor__Sage_COR_Company__c"
_CURRENCY = "s2cor__Base_Currency__c"
_CODE = "s2cor__Currency_Code__c"
_START = "s2cor__FY_Start_Month__c"
_NAMED = 5


class CompanyFields:
    """What can be known of companies: beside their names the base currency and the fiscal year, if they are seen."""

    def __init__(self, company: SourceObject, currency: SourceObject | None) -> None:
        reference, start = company.field(_CURRENCY), company.field(_START)
        code = currency.field(_CODE) if currency is not None else None
        self._start = start.name if start is not None else None
        self._currency = (
            (reference.relationship_name, code.name) if reference and reference.relationship_name and code else None
        )

    def query(self) -> Query:
        """Ask for all companies."""
        start = (self._start,) if self._start is not None else ()
        currency = (".".join(self._currency),) if self._currency is not None else ()
        return Query(sage_object=COMPANY, columns=("Id", "Name", *start, *currency))

    def company(self, record: Record) -> Company:
        """Return a company from an answer to `query`."""
        currency = None
        if self._currency is not None:
            way, code = self._currency
            currency = (record[way] or {}).get(code)
        return Company(
            id=long_id(record["Id"]),
            name=record["Name"] or "",
            currency=currency or "",
            fiscal_start=_month(record[self._start]) if self._start is not None else None,
        )


def _month(number: int | Decimal | None) -> int | None:
    """Return the month that a number stands for: Sage keeps it as a double."""
    return int(number) if number is not None and number in range(1, 13) else None


def choose(companies: Sequence[Company], name: str | None) -> Company:
    """Return the company of a name, in exactly this or else in any case; without a name the only one there is.

    Raises:
        CompanyNotFound: none is, or more than one.
    """
    if not companies:
        raise CompanyNotFound(
            "Sage has no company, or hides all of them from the integration user.",
            remedy="In Salesforce's Setup give the integration user Read on Companies of Sage, and share them.",
        )
    if name is None:
        if len(companies) == 1:
            return companies[0]
        raise CompanyNotFound(f"Sage has {len(companies)} companies: {_listed(companies)}.")
    exact = [one for one in companies if one.name == name]
    found = exact or [one for one in companies if one.name.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise CompanyNotFound(
            f"Sage has {len(found)} companies that are called {name!r}.", remedy="Give them different names in Sage."
        )
    raise CompanyNotFound(f"Sage has no company {name!r}. It has {_listed(companies)}.")


def _listed(companies: Sequence[Company]) -> str:
    """Name the first companies by the alphabet, and say how many more there are."""
    names = sorted(one.name for one in companies)
    more = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {more} more" if more > 0 else "")
