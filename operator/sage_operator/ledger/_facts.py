"""Facts that figures are computed from: trade documents and credit limits, by account.

A fact that changes makes the figures of its account due in the same transaction, so a crash can't lose that. One that
is stored again as it was changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, literal_column, select, update

from sage_operator.ledger import _figures, _sales
from sage_operator.ledger._sql import ForMany, any_of, listed, upsert
from sage_operator.ledger.tables import UNPAID, credit_limits, documents
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.state import ScopeState

_d, _l = documents.c, credit_limits.c
_COLUMNS = tuple(column for column in _d if column.name not in {"scope_id", "seen_by"})
_NAMES = tuple(column.name for column in _COLUMNS)
_ACCOUNT = _NAMES.index("account_id")

_here = _d.scope_id == bindparam("scope")
_these = _d.id.in_(any_of("ids"))
# The sum keeps SQLite from reading all documents of the scope by their primary key rather than those of the accounts.
_of_accounts = and_(_d.account_id.in_(any_of("accounts")), _d.scope_id + literal_column("0") == bindparam("scope"))
_stored = select(*_COLUMNS).where(_here, _these)
_of = select(*_COLUMNS).where(_of_accounts)
_open = select(_d.id).where(_here, UNPAID, _d.id > bindparam("after")).order_by(_d.id).limit(bindparam("at_most"))
_unseen = (
    select(_d.id)
    .where(_here, _d.id > bindparam("after"), _d.seen_by.is_distinct_from(bindparam("seen_by")))
    .order_by(_d.id)
    .limit(bindparam("at_most"))
)
_known = select(_d.id).where(_here, _these, _d.seen_by.is_distinct_from(bindparam("seen_by"))).order_by(_d.id)
_new = upsert(documents)
_store = ForMany(
    _new.on_conflict_do_update(
        index_elements=[column.name for column in documents.primary_key],
        set_={
            **{name: _new.excluded[name] for name in _NAMES if name != "id"},
            "seen_by": func.coalesce(_new.excluded.seen_by, _d.seen_by),
        },
    )
)
_see = update(documents).where(_here, _these).values(seen_by=bindparam("by"))
_accounts_of = select(_d.account_id).where(_here, _these).distinct()
_remove = delete(documents).where(_here, _these)
_forget_documents = delete(documents).where(_of_accounts)

_limits_here = (_l.scope_id == bindparam("scope"), _l.account_id.in_(any_of("accounts")))
_limits = select(_l.account_id, _l.amount).where(*_limits_here)
_limited = (
    select(_l.account_id)
    .where(_l.scope_id == bindparam("scope"), _l.account_id > bindparam("after"))
    .order_by(_l.account_id)
    .limit(bindparam("at_most"))
)
_new_limit = upsert(credit_limits)
_set_limit = ForMany(
    _new_limit.on_conflict_do_update(
        index_elements=[column.name for column in credit_limits.primary_key],
        set_={"amount": _new_limit.excluded.amount},
    )
)
_forget_limits = delete(credit_limits).where(*_limits_here)


def store(connection: Connection, scope: ScopeState, several: Iterable[Document], *, seen_by: str | None) -> int:
    """Store documents; returns how many of them were new or had changed."""
    rows = {document.id: _row(document) for document in several}
    which = {"scope": scope.id, "ids": listed(rows)}
    stored = {row[0]: tuple(row) for row in connection.execute(_stored, which)}
    changed = [row for row in rows.values() if stored.get(row[0]) != row]
    named = (dict(zip(_NAMES, row, strict=True)) for row in changed)
    _store(connection, named, scope_id=scope.id, seen_by=seen_by)
    if seen_by is not None:
        connection.execute(_see, {**which, "by": seen_by})
    # A document that moved to another account concerns both.
    accounts = {row[_ACCOUNT] for row in changed} | {stored[row[0]][_ACCOUNT] for row in changed if row[0] in stored}
    _figures.make_due(connection, scope, accounts)
    if changed:
        _sales.make_due(connection, scope, [row[0] for row in changed])
    return len(changed)


def remove(connection: Connection, scope: ScopeState, ids: Iterable[str]) -> None:
    """Remove documents; those that are not there do no harm."""
    ids = tuple(ids)
    which = {"scope": scope.id, "ids": listed(ids)}
    accounts = connection.scalars(_accounts_of, which).all()
    if accounts:
        _sales.make_due_before_removal(connection, scope, ids)
    connection.execute(_remove, which)
    _figures.make_due(connection, scope, accounts)


def stored(connection: Connection, scope: ScopeState, ids: Iterable[str]) -> dict[str, Document]:
    """Return those of some documents that are stored, by id."""
    rows = connection.execute(_stored, {"scope": scope.id, "ids": listed(ids)})
    return {row[0]: _document(row) for row in rows}


def open_ids(connection: Connection, scope: ScopeState, after_id: str, limit: int) -> tuple[str, ...]:
    """Return ids of open documents beyond one, in order."""
    return tuple(connection.scalars(_open, {"scope": scope.id, "after": after_id, "at_most": limit}))


def unseen(connection: Connection, scope: ScopeState, seen_by: str, after_id: str, limit: int) -> tuple[str, ...]:
    """Return ids beyond one of documents that a load has not seen, in order."""
    which = {"scope": scope.id, "seen_by": seen_by, "after": after_id, "at_most": limit}
    return tuple(connection.scalars(_unseen, which))


def known(connection: Connection, scope: ScopeState, ids: Iterable[str], *, not_seen_by: str) -> tuple[str, ...]:
    """Return which of these documents are stored and not marked by a load, in order."""
    which = {"scope": scope.id, "ids": listed(ids), "seen_by": not_seen_by}
    return tuple(connection.scalars(_known, which))


def documents_of(
    connection: Connection, scope: ScopeState, account_ids: Sequence[str]
) -> dict[str, tuple[Document, ...]]:
    """Return the documents of each of these accounts, in the order of their ids."""
    found: defaultdict[str, list[Document]] = defaultdict(list)
    for row in connection.execute(_of, {"scope": scope.id, "accounts": listed(account_ids)}):
        found[row[_ACCOUNT]].append(_document(row))
    return {account: tuple(sorted(found[account], key=lambda of: of.id)) for account in account_ids}


def store_credit_limits(connection: Connection, scope: ScopeState, limits: Mapping[str, Decimal | None]) -> None:
    """Store the credit limits of accounts; None where there is none."""
    wanted = {account: None if amount is None else _exact(amount) for account, amount in limits.items()}
    rows = connection.execute(_limits, {"scope": scope.id, "accounts": listed(wanted)})
    stored = {account: amount for account, amount in rows}  # noqa: C416 - rows of two are no pairs to the type checker
    changed = {account: amount for account, amount in wanted.items() if stored.get(account) != amount}
    gone = [account for account, amount in changed.items() if amount is None]
    connection.execute(_forget_limits, {"scope": scope.id, "accounts": listed(gone)})
    there = [{"account_id": account, "amount": amount} for account, amount in changed.items() if amount is not None]
    _set_limit(connection, there, scope_id=scope.id)
    _figures.make_due(connection, scope, changed)


def credit_limits_of(connection: Connection, scope: ScopeState, account_ids: Iterable[str]) -> dict[str, Decimal]:
    """Return the credit limits of accounts that have one."""
    rows = connection.execute(_limits, {"scope": scope.id, "accounts": listed(account_ids)})
    return {account: Decimal(amount) for account, amount in rows}


def limited_accounts(connection: Connection, scope: ScopeState, after_id: str, limit: int) -> tuple[str, ...]:
    """Return accounts beyond one that have a credit limit, in order."""
    return tuple(connection.scalars(_limited, {"scope": scope.id, "after": after_id, "at_most": limit}))


def forget(connection: Connection, scope_id: int, account_ids: Iterable[str]) -> None:
    """Drop all facts of accounts that are no longer this scope's."""
    which = {"scope": scope_id, "accounts": listed(account_ids)}
    connection.execute(_forget_documents, which)
    connection.execute(_forget_limits, which)
    _figures.forget(connection, scope_id, account_ids)


def _row(document: Document) -> tuple[Any, ...]:
    """Return the columns of a document: equal documents give equal rows."""
    return (
        document.id,
        document.account_id,
        document.type,
        document.number,
        document.dated.isoformat(),
        document.due and document.due.isoformat(),
        _exact(document.net),
        _exact(document.total),
        _exact(document.paid),
        _exact(document.outstanding),
        document.currency,
        document.is_open,
        document.paid_on and document.paid_on.isoformat(),
    )


def _document(row: Sequence[Any]) -> Document:
    sage_id, account_id, kind, number, dated, due, net, total, paid, outstanding, currency, is_open, paid_on = row
    return Document(
        id=sage_id,
        account_id=account_id,
        type=kind,
        number=number,
        dated=date.fromisoformat(dated),
        due=due and date.fromisoformat(due),
        net=Decimal(net),
        total=Decimal(total),
        paid=Decimal(paid),
        outstanding=Decimal(outstanding),
        currency=currency,
        is_open=is_open,
        paid_on=paid_on and date.fromisoformat(paid_on),
    )


def _exact(amount: Decimal) -> str:
    """Spell an amount with all its digits; 12.50 is 12.5, and minus zero is zero.

    Raises:
        ValueError: it is no number.
    """
    if not amount.is_finite():
        raise ValueError("An amount must be a number.")
    if not amount:
        return "0"
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
