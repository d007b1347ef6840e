"""How trade documents are asked for, and what belongs to them. Conditions are data here; `sage` renders them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from sage_operator.sync.scope import Scope

TRADE_OBJECTS: Final = ("s2cor__Sage_INV_Trade_Document__c", "s2cor__Sage_ACC_Tag__c")
"""Objects without whose fields documents, and credit limits, can't be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company (legal entity) of a Sage organisation.

    Attributes:
        id: Salesforce id, 18 characters.
        currency: ISO code of its base currency; empty if Sage does not say.
        fiscal_start: the month (1 to 12) in which its fiscal year starts; None if Sage does not say.
    """

    id: str
    name: str
    currency: str
    fiscal_start: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeView:
    """What the integration user sees of trade documents.

    Attributes:
        lacking: what keeps them from being read, a message and a remedy each; empty if they can be.
        statuses: that a document may have; empty if Sage does not tell.
        types: the names of document types that there are; empty if they can't be seen.
    """

    lacking: tuple[tuple[str, str], ...] = ()
    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentScope:
    """Which documents count: of one company, of these types and statuses, of accounts in scope.

    `since`: documents dated before it are left out unless they are open.
    """

    company_id: str
    types: tuple[str, ...]
    statuses: tuple[str, ...]
    accounts: Scope
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentQuery:
    """Documents that count. All conditions that are set hold together.

    Attributes:
        changed_since: UTC; the document's stamp, or that of its account, type or invoice-number tag, is at or after it.
        open_only: only those that Sage does not count as paid.
        ids: only these documents.
        account_ids: only those of these accounts.
        after_id: only ids above it; documents come in the order of their ids (the cursor of an interrupted load).
        everything: a full load: all of them, in the order of their ids unless `any_order` is set.
        any_order: a full load may come in any order, which lets it go by a bulk job if there are many. No id tells how
            far it has come then: who was interrupted begins anew. Pages are empty while the job is waited for.
    """

    scope: DocumentScope
    changed_since: datetime | None = None
    open_only: bool = False
    ids: tuple[str, ...] | None = None
    account_ids: tuple[str, ...] | None = None
    after_id: str | None = None
    everything: bool = False
    any_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLimit:
    """How much an account may owe, by its tag in the customer dimension; None: no limit."""

    account_id: str
    amount: Decimal | None
