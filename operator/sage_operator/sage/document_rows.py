"""From the JSON and CSV of Sage to trade documents. This is the hot path: a full load reads hundreds of thousands.

Amounts are exact from the wire on: `Decimal` as they are spelled, never a binary float.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import structlog

from sage_operator.sage.document_fields import DocumentFields
from sage_operator.sage.rows import Record
from sage_operator.sync.errors import System, Unavailable
from sage_operator.sync.ids import long_id
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.reading import DocumentQuery
from sage_operator.sync.sources import SourceKind

_log = structlog.get_logger(__name__)
_NOTHING = Decimal(0)
_NAMED = 5
_Values = Sequence[Any]


class DocumentReader:
    """Makes the documents of one query, and leaves out those that don't count though Sage could not tell.

    A document without account or date belongs nowhere and is left out too; `report` names some.
    """

    def __init__(self, fields: DocumentFields, query: DocumentQuery) -> None:
        self._columns = fields.columns
        place = {path: number for number, path in enumerate(self._columns)}
        self._account, self._type, self._dated = place[fields.account], place[fields.type_name], place[fields.dated]
        self._number = tuple(place[path] for path in fields.number)
        self._due = tuple(place[path] for path in fields.due)
        self._total = place[fields.total]
        # Facts that may have no place of their own.
        self._net, self._tax, self._paid, self._outstanding, self._is_paid, self._reconciled, self._on, self._in = (
            None if path is None else place[path]
            for path in (
                fields.net, fields.tax, fields.paid, fields.outstanding, fields.is_paid, fields.is_reconciled,
                fields.reconciled_on, fields.currency,
            )
        )  # fmt: skip
        self._since = query.scope.since
        self._open_only = query.open_only
        # Salesforce compares texts without case; figures know types as they are configured.
        self._types = {name.casefold(): name for name in query.scope.types}
        self._left_out: list[str] = []
        self._left_out_count = 0

    def records(self, records: Sequence[Record]) -> list[Document]:
        """Return the documents of a page of an answer to a query.

        Raises:
            Unavailable: it is not what was asked for.
        """
        getters = [_getter(path) for path in self._columns]
        return self._documents([get(record) for get in getters] for record in records)

    def lines(self, header: Sequence[str], lines: Iterable[Sequence[str]]) -> list[Document]:
        """Return the documents of lines of CSV: empty is null, booleans are words.

        Raises:
            Unavailable: it is not what was asked for.
        """
        place = {name.lower(): number for number, name in enumerate(header)}
        try:
            columns = [(place[path.lower()], _CONVERTERS.get(kind)) for path, kind in self._columns.items()]
        except KeyError as error:
            raise _odd(f"lacks the column {error.args[0]}") from None
        return self._documents(
            [(convert(text) if convert else text) if (text := line[at]) else None for at, convert in columns]
            for line in lines
        )

    def report(self) -> None:
        """Log which documents were left out, if any."""
        if self._left_out_count:
            _log.warning(
                "documents without account or date are left out", count=self._left_out_count, first=self._left_out
            )

    def _documents(self, rows: Iterable[_Values]) -> list[Document]:
        try:
            return list(self._counting(rows))
        except (KeyError, IndexError, TypeError, ValueError, InvalidOperation) as error:
            raise _odd("has a value that is none of its field's type") from error

    def _counting(self, rows: Iterable[_Values]) -> Iterator[Document]:
        since, open_only = self._since, self._open_only
        for values in rows:
            account, dated = values[self._account], values[self._dated]
            if account is None or dated is None:
                self._leave_out(values)
                continue
            document = self._document(values, long_id(account), date.fromisoformat(dated))
            if document.is_open or not (open_only or (since is not None and document.dated < since)):
                yield document

    def _document(self, values: _Values, account: str, dated: date) -> Document:
        total = _amount(values, self._total) or _NOTHING
        paid, outstanding = _amount(values, self._paid), _amount(values, self._outstanding)
        if outstanding is None:
            outstanding = total - (paid or _NOTHING)
        if paid is None:
            paid = _NOTHING if self._paid is not None else total - outstanding
        net = _amount(values, self._net)
        if net is None:
            net = total - (_amount(values, self._tax) or _NOTHING)
        reconciled = self._reconciled is not None and values[self._reconciled] is True
        if self._is_paid is not None:
            is_open = values[self._is_paid] is not True
        elif self._reconciled is not None:
            is_open = not reconciled
        else:
            is_open = outstanding != 0
        due = next((values[at] for at in self._due if values[at] is not None), None)
        settled = values[self._on] if reconciled and self._on is not None else None
        name = values[self._type] or ""
        return Document(
            id=long_id(values[0]),
            account_id=account,
            type=self._types.get(name.casefold(), name),
            number=self._called(values),
            dated=dated,
            due=None if due is None else date.fromisoformat(due),
            net=net,
            total=total,
            paid=paid,
            outstanding=outstanding,
            currency=(values[self._in] or "") if self._in is not None else "",
            is_open=is_open,
            paid_on=None if settled is None else date.fromisoformat(settled),
        )

    def _called(self, values: _Values) -> str:
        return next((values[at] for at in self._number if values[at]), "")

    def _leave_out(self, values: _Values) -> None:
        self._left_out_count += 1
        if len(self._left_out) < _NAMED:
            self._left_out.append(self._called(values))


def _amount(values: _Values, at: int | None) -> Decimal | None:
    """Return an amount; a whole number comes as an integer in JSON."""
    value = values[at] if at is not None else None
    return Decimal(value) if type(value) is int else value


def _getter(path: str) -> Callable[[Record], Any]:
    """Return what follows a path into a record; null where a parent is."""
    *ways, name = path.split(".")
    if not ways:
        return lambda record: record[name]

    def get(record: Record) -> Any:
        value: Any = record
        for way in ways:
            value = value[way]
            if value is None:
                return None
        return value[name]

    return get


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_CONVERTERS: dict[SourceKind, Callable[[str], Any]] = {
    **dict.fromkeys((kind for kind in SourceKind if kind.is_number), _decimal),
    SourceKind.BOOLEAN: _boolean,
}
"""From the text of a value to what JSON has for it; all others stay texts."""


def _odd(what: str) -> Unavailable:
    return Unavailable(System.SAGE, f"An answer of Sage {what}.")
