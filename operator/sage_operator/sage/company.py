"""The companies (legal entities) of a Sage organisation."""

from decimal import Decimal

from sage_operator.sage.rows import Record
from sage_operator.sage.soql import Query
from sage_operator.sync.ids import long_id
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.sources import SourceObject

COMPANY = "s2cor__Sage_COR_Company__c"
_CURRENCY = "s2cor__Base_Currency__c"
_CODE = "s2cor__Currency_Code__c"
_START = "s2cor__FY_Start_Month__c"


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
