"""Credit limits: how much an account may owe, from its tag in the customers' dimension. Pure.

An account has a tag in each dimension that it plays a part in; that of customers is the account dimension of the
types of documents that count. The limit of an account is that of its active tag of the company, else of its active tag
of no company; of several the oldest (the lowest id) that has a limit. Deleted and inactive tags, and those of other
companies, say nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sage_operator.sage.document_fields import DOCUMENT_TYPE, GRANT, TAG
from sage_operator.sage.document_soql import of_accounts
from sage_operator.sage.lists import IdList, any_of
from sage_operator.sage.rows import Record
from sage_operator.sage.soql import IDS_PER_QUERY, Query, room_beside, stamped, steps
from sage_operator.sync.errors import SchemaMismatch
from sage_operator.sync.ids import long_id
from sage_operator.sync.payments.reading import DocumentScope
from sage_operator.sync.sources import SourceObject

_ACCOUNT = "s2cor__Account__c"
_LIMIT = "s2cor__Base_Credit_Limit__c"
_COMPANY = "s2cor__Company__c"
_ACTIVE = "s2cor__Active__c"
_DIMENSION = "s2cor__Dimension__c"
_OF_TYPE = "s2cor__Account_Dimension__c"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFields:
    """Names of fields of a tag; None where the organisation has no such one. `of_type` is one of the document type."""

    account: str
    account_way: str
    limit: str
    company: str | None
    active: str | None
    dimension: str | None
    of_type: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """What is read."""
        return ("Id", self.account, self.limit, *(name for name in (self.company, self.active) if name is not None))


def limit_fields(tag: SourceObject, kind: SourceObject | None) -> LimitFields:
    """Choose the fields of tags; `kind` is the type of documents, None if the user may not see that.

    Raises:
        SchemaMismatch: account or limit are missing, or hidden.
    """
    account, limit = tag.field(_ACCOUNT), tag.field(_LIMIT)
    if account is None or account.relationship_name is None or limit is None:
        lacking = [name for name, field in ((_ACCOUNT, account), (_LIMIT, limit)) if field is None] or [_ACCOUNT]
        raise SchemaMismatch(
            f"Sage's {TAG} lacks fields that credit limits need, or hides them from the integration user:"
            f" {', '.join(lacking)}.",
            remedy=GRANT,
        )
    of_type = kind.field(_OF_TYPE) if kind is not None else None
    company, active, dimension = (
        field.name if (field := tag.field(name)) is not None else None for name in (_COMPANY, _ACTIVE, _DIMENSION)
    )
    return LimitFields(
        account=account.name,
        account_way=account.relationship_name,
        limit=limit.name,
        company=company,
        active=active,
        dimension=dimension,
        of_type=of_type.name if of_type is not None else None,
    )


def tags(
    scope: DocumentScope, fields: LimitFields, *, path: str, account_ids: Sequence[str] | None = None
) -> Sequence[Query]:
    """Ask for the tags of accounts in scope, whether they count or not."""
    return _split(_base(scope, fields), scope, fields, path=path, account_ids=account_ids)


def changed_tags(scope: DocumentScope, fields: LimitFields, *, since: datetime, path: str) -> Sequence[Query]:
    """Ask for the tags of accounts in scope that changed, deleted ones included."""
    base = _base(scope, fields)
    base = replace(base, conditions=(*base.conditions, stamped(since, ())), everything=True)
    return _split(base, scope, fields, path=path, account_ids=None)


class Chosen:
    """The limit of each account, from its tags in the order of their ids."""

    def __init__(self, scope: DocumentScope, fields: LimitFields) -> None:
        self._company_id = scope.company_id
        self._fields = fields
        self._of_company: set[str] = set()
        self.limits: dict[str, Decimal | None] = {}
        """By account; None where no tag that counts has a limit."""

    def add(self, records: Sequence[Record]) -> None:
        """Take tags into account."""
        fields, limits = self._fields, self.limits
        for record in records:
            account = long_id(record[fields.account])
            limit = record[fields.limit]
            company = record[fields.company] if fields.company is not None else None
            known = limits.setdefault(account, None)
            if limit is None or (fields.active is not None and record[fields.active] is False):
                continue
            if company == self._company_id:
                if account not in self._of_company:
                    self._of_company.add(account)
                    limits[account] = Decimal(limit)
            elif company is None and known is None:
                limits[account] = Decimal(limit)


def _base(scope: DocumentScope, fields: LimitFields) -> Query:
    conditions = [f"{fields.account} != null"]
    if fields.dimension is not None and fields.of_type is not None:
        # Names are those of describe, values are escaped.
        of_types = f"SELECT {fields.of_type} FROM {DOCUMENT_TYPE} WHERE Name {any_of(scope.types)}"  # noqa: S608
        conditions.append(f"{fields.dimension} IN ({of_types})")
    conditions.extend(of_accounts(scope.accounts, fields.account_way)[1])
    return Query(sage_object=TAG, columns=fields.columns, conditions=tuple(conditions))


def _split(
    base: Query, scope: DocumentScope, fields: LimitFields, *, path: str, account_ids: Sequence[str] | None
) -> Sequence[Query]:
    if () in (scope.accounts.owner_ids, account_ids):
        return ()
    owners, _ = of_accounts(scope.accounts, fields.account_way)
    accounts = IdList(f"{fields.account} IN (", account_ids, most=IDS_PER_QUERY)
    found = steps(base, IdList("", None), accounts, owners, room=room_beside(base, path=path))
    return [one for step in found for one in step]
