"""Whose sales are due: they may differ from what was written, and no run has told otherwise yet.

A mark outlives its document: that one is gone is what its sale is due for. Marks are made while sales are followed
only (their stream has a digest); whoever begins to follow them makes all due.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Text, and_, bindparam, column, delete, func, literal_column, or_, select, true

from sage_operator.ledger import _reading
from sage_operator.ledger._sql import any_of, insert_selected, listed
from sage_operator.ledger.tables import OPEN, documents, records, sales_due, streams
from sage_operator.sync.entities import Entity, RecordStatus
from sage_operator.sync.payments.sales import STREAM
from sage_operator.sync.state import ScopeState

_s, _d, _r = sales_due.c, documents.c, records.c
_here = _s.scope_id == bindparam("scope")
_these = _s.document_id.in_(any_of("ids"))
_followed = (
    select(streams.c.name)
    .where(streams.c.scope_id == bindparam("scope"), streams.c.name == STREAM, streams.c.digest.is_not(None))
    .exists()
)
_sale_of_scope = and_(_r.scope_id == bindparam("scope"), _r.entity == Entity.SALES.value)

_ids = func.json_each(bindparam("ids", type_=Text)).table_valued(column("value", Text))
_changed = insert_selected(sales_due, select(bindparam("scope"), _ids.c.value).where(_followed))
_open = insert_selected(sales_due, select(bindparam("scope"), _ids.c.value).where(true()))
_removed = insert_selected(
    sales_due,
    select(_d.scope_id, _d.id).where(_d.scope_id == bindparam("scope"), _d.id.in_(any_of("ids")), _followed),
)
_all_documents = insert_selected(sales_due, select(_d.scope_id, _d.id).where(_d.scope_id == bindparam("scope")))
# A sale that was kept counts as ours no longer, but it may have to be deleted now.
_all_sales = insert_selected(
    sales_due,
    select(_r.scope_id, _r.sage_id).where(
        _sale_of_scope, or_(_r.status != RecordStatus.NOT_SYNCHRONIZED.value, _r.target_id.is_not(None))
    ),
)

_entered = (
    select(_r.sage_id)
    .where(
        _r.scope_id == bindparam("scope"),
        _r.entity == Entity.ACCOUNTS.value,
        OPEN,
        _r.entered,
        _r.target_id.is_not(None),
        _r.status != RecordStatus.NOT_SYNCHRONIZED.value,
    )
    .scalar_subquery()
)
# The sum keeps SQLite from reading all documents of the scope rather than those of the accounts.
_documents_of_entered = insert_selected(
    sales_due,
    select(_d.scope_id, _d.id).where(
        _d.account_id.in_(_entered), _d.scope_id + literal_column("0") == bindparam("scope")
    ),
)
_sale = records.alias("sale")
# Documents may have gone while their account was away: of those nothing but the sale is left.
_sales_of_entered = insert_selected(
    sales_due,
    select(_sale.c.scope_id, _sale.c.sage_id).where(
        _sale.c.scope_id == bindparam("scope"),
        _sale.c.entity == Entity.SALES.value,
        _sale.c.parent_id.in_(_entered),
        _sale.c.target_id.is_not(None),
    ),
)
_due = select(_s.document_id).where(_here, _s.document_id > bindparam("after")).order_by(_s.document_id)
_page = _due.limit(bindparam("at_most"))
_forget = delete(sales_due).where(_here, _these)
_forget_all = delete(sales_due).where(_here)


def make_due(connection: Connection, scope: ScopeState, document_ids: Iterable[str]) -> None:
    """Make the sales of documents due, if sales are followed."""
    connection.execute(_changed, {"scope": scope.id, "ids": listed(document_ids)})


def make_due_before_removal(connection: Connection, scope: ScopeState, document_ids: Iterable[str]) -> None:
    """Make the sales of those documents due that are stored, if sales are followed."""
    connection.execute(_removed, {"scope": scope.id, "ids": listed(document_ids)})


def make_all_due(connection: Connection, scope: ScopeState) -> None:
    """Make the sales of all documents due, and all sales whose document is gone."""
    connection.execute(_all_documents, {"scope": scope.id})
    connection.execute(_all_sales, {"scope": scope.id})


def make_open_due(connection: Connection, scope: ScopeState, *, now: datetime) -> None:
    """Make the sales of accounts due that have entered, and those that are not settled."""
    connection.execute(_documents_of_entered, {"scope": scope.id})
    connection.execute(_sales_of_entered, {"scope": scope.id})
    unsettled = _reading.due(connection, scope, Entity.SALES, now=now)
    connection.execute(_open, {"scope": scope.id, "ids": listed(unsettled)})


def due(connection: Connection, scope: ScopeState, *, after_id: str, limit: int) -> tuple[str, ...]:
    """Return ids of documents beyond one whose sales are due, in order."""
    which = {"scope": scope.id, "after": after_id, "at_most": limit}
    return tuple(connection.scalars(_page, which))


def forget(connection: Connection, scope: ScopeState, document_ids: Iterable[str]) -> None:
    """Let sales be due no longer: their record tells from here on, or there is nothing to do."""
    connection.execute(_forget, {"scope": scope.id, "ids": listed(document_ids)})


def forget_all(connection: Connection, scope: ScopeState) -> None:
    """Let no sale be due."""
    connection.execute(_forget_all, {"scope": scope.id})
