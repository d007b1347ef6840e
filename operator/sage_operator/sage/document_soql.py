"""Trade documents in SOQL. Pure.

Documents are in scope when their account is: owners and conditions reach through the account. A formula whose result
can't be filtered is left out of the conditions; who reads filters by it then (`document_rows`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sage_operator.sage.document_fields import DOCUMENT, DocumentFields
from sage_operator.sage.lists import IdList, any_of, literal
from sage_operator.sage.soql import IDS_PER_QUERY, Query, room_beside, stamped, steps
from sage_operator.sync.payments.reading import DocumentQuery
from sage_operator.sync.scope import Scope

STATEMENT = 90_000
"""Bytes of a query in a bulk job, which goes in a body: below the 100,000 characters that SOQL allows, with some to
spare."""


def documents(query: DocumentQuery, fields: DocumentFields, *, path: str) -> Sequence[Sequence[Query]]:
    """Render a `DocumentQuery`: steps in the order of ids, each of queries whose rows together are the step's.

    `path` is that of the query endpoint. An empty list of owners, ids or accounts asks for nothing: no queries then.
    """
    base = _base(query, fields)
    return _split(query, fields, base, room=room_beside(base, path=path))


def bulk(query: DocumentQuery, fields: DocumentFields) -> Sequence[Query]:
    """Render a `DocumentQuery` for bulk jobs: few queries in no order, as an order keeps Salesforce from chunking."""
    base = replace(_base(query, fields), ordered=False)
    return [one for step in _split(query, fields, base, room=STATEMENT - len(base.text)) for one in step]


def count(query: Query) -> Query:
    """Ask how many rows a query finds."""
    return replace(query, columns=("COUNT()",), ordered=False)


def changed(since: datetime) -> Query:
    """Ask which documents changed, deleted ones included."""
    return Query(sage_object=DOCUMENT, columns=("Id", "IsDeleted"), conditions=(stamped(since, ()),), everything=True)


def of_accounts(scope: Scope, way: str) -> tuple[IdList, tuple[str, ...]]:
    """Return the conditions that hold for children of accounts in scope; `way` is the relationship to the account."""
    owners = IdList(f"{way}.OwnerId IN (", scope.owner_ids)
    return owners, () if scope.where is None else (f"({scope.where.of_child(way)})",)


def _split(query: DocumentQuery, fields: DocumentFields, base: Query, *, room: int) -> Sequence[Sequence[Query]]:
    owners, _ = of_accounts(query.scope.accounts, fields.account_way)
    if () in (query.scope.accounts.owner_ids, query.ids, query.account_ids):
        return ()
    ids = IdList("Id IN (", query.ids, most=IDS_PER_QUERY)
    accounts = IdList(f"{fields.account} IN (", query.account_ids, most=IDS_PER_QUERY)
    return steps(base, ids, accounts, owners, room=room)


def _base(query: DocumentQuery, fields: DocumentFields) -> Query:
    return Query(
        sage_object=DOCUMENT,
        columns=tuple(fields.columns),
        conditions=tuple(_conditions(query, fields)),
        after=query.after_id,
    )


def _conditions(query: DocumentQuery, fields: DocumentFields) -> Iterator[str]:
    """Yield the conditions that no splitting touches."""
    scope = query.scope
    yield f"{fields.company} = {literal(scope.company_id)}"
    yield f"{fields.type_name} {any_of(scope.types)}"
    yield f"{fields.status} {any_of(scope.statuses)}"
    exactly = _is_open(fields)
    if query.open_only:
        # What is outstanding nearly tells: who knows an open document that is lacking asks for it by its id.
        nearly = _of(fields, fields.outstanding, "{} != 0")
        if (condition := exactly or nearly) is not None:
            yield condition
    elif scope.since is not None and exactly is not None:
        yield f"({fields.dated} >= {scope.since.isoformat()} OR {exactly})"
    yield from of_accounts(scope.accounts, fields.account_way)[1]
    if query.changed_since is not None:
        where = scope.accounts.where
        shown = (
            fields.account_way,
            fields.type_way,
            *((fields.tag_way,) if fields.tag_way is not None else ()),
        )
        paths = (f"{way}.Id" for way in shown)
        through = (f"{fields.account_way}.{path}" for path in where.paths) if where is not None else ()
        yield stamped(query.changed_since, (*paths, *through))


def _is_open(fields: DocumentFields) -> str | None:
    """Return the condition that Sage does not count a document as paid; None if it can't be asked for."""
    if fields.is_paid is not None:
        return _of(fields, fields.is_paid, "{} = false")
    if fields.is_reconciled is not None:
        # What has no tag is not reconciled.
        return _of(fields, fields.is_reconciled, f"({fields.tag} = null OR {{}} = false)")
    return _of(fields, fields.outstanding, "{} != 0")


def _of(fields: DocumentFields, path: str | None, condition: str) -> str | None:
    return None if path is None or path in fields.unfilterable else condition.format(path)
