"""From the JSON of an answer to rows. This is the hot path: a first load reads tens of thousands."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any, TypeAlias

import msgspec

from sage_operator.sage.soql import LABELS
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap, System, Unavailable
from sage_operator.sync.records import ChangedRow, Scalar, SourceRow
from sage_operator.sync.users import SageUser
from sage_operator.transport import Answer

Record: TypeAlias = dict[str, Any]
"""A row as Salesforce sends it: fields by their API names, parents nested, and `attributes`."""


class Page(msgspec.Struct, frozen=True, kw_only=True, rename={"next_url": "nextRecordsUrl", "total": "totalSize"}):
    """A part of a query's result; `next_url` leads to the next one, `total` is what a `COUNT()` is about."""

    records: list[Record]
    done: bool
    next_url: str | None = None
    total: int = 0


_PAGE = msgspec.json.Decoder(Page, float_hook=Decimal)


def read_page(answer: Answer) -> Page:
    """Decode an answer to a query; numbers with a fraction are exact `Decimal`.

    Raises:
        Unavailable: it is no page.
    """
    try:
        page = _PAGE.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _odd(answer.host) from error
    if not page.done and not page.next_url:
        raise _odd(answer.host)
    return page


class RowReader:
    """Makes `SourceRow`s of records of one query.

    Salesforce answers with its own spelling of a field's name, whatever that of the query; so names are found without
    case, once a page, and the rows bear the spelling of the field map.
    """

    def __init__(self, entity: Entity, sources: Sequence[str]) -> None:
        self._entity = entity
        self._flat = tuple(source for source in sources if "." not in source)
        self._nested = tuple(source for source in sources if "." in source)

    def __call__(self, records: Sequence[Record]) -> Sequence[SourceRow]:
        """Return the rows of a page.

        Raises:
            InvalidFieldMap: a source is a compound field (an address, say).
        """
        if not records:
            return ()
        names = _names(records[0])
        has_parent = self._entity is Entity.CONTACTS
        label = _labeller(LABELS[self._entity])
        flat = self._flat
        pick = _picker([_own_name(names, source) for source in flat])
        nested = [(source, _own_path(records, source)) for source in self._nested]
        found = []
        for record in records:
            fields: dict[str, Scalar] = dict(zip(flat, pick(record), strict=True))
            for source, path in nested:
                value: Any = record
                for name in path:
                    if value is None:
                        break
                    value = value[name]
                fields[source] = value
            if dict in set(map(type, fields.values())):
                raise _compound(fields)
            found.append(
                SourceRow(
                    id=record["Id"],
                    owner_id=record["OwnerId"],
                    parent_id=record["AccountId"] if has_parent else None,
                    parent_owner_id=account["OwnerId"] if has_parent and (account := record["Account"]) else None,
                    label=label(record),
                    fields=fields,
                )
            )
        return found


def changed_rows(records: Sequence[Record]) -> Sequence[ChangedRow]:
    """Return what changed."""
    return [
        ChangedRow(id=record["Id"], deleted=record["IsDeleted"], merged_into=record["MasterRecordId"])
        for record in records
    ]


def sage_users(records: Sequence[Record]) -> Iterable[SageUser]:
    """Return users. E-mail and name may be hidden from the API user; they are empty then."""
    return (
        SageUser(
            id=record["Id"],
            username=record["Username"],
            email=record["Email"] or "",
            name=record["Name"] or "",
            active=record["IsActive"],
        )
        for record in records
    )


def _names(record: Record) -> dict[str, str]:
    """Return the names in a record by their lower case."""
    return {name.lower(): name for name in record}


def _own_name(names: dict[str, str], asked: str) -> str:
    """Return Salesforce's spelling of a field."""
    try:
        return names[asked.lower()]
    except KeyError:
        raise Unavailable(System.SAGE, f"An answer of Sage lacks the field {asked}, which was asked for.") from None


def _own_path(records: Sequence[Record], source: str) -> list[str]:
    """Return Salesforce's spelling of a dotted path, as far as any record of the page has something there."""
    path: list[str] = []
    level: list[Record] = list(records)
    for step in source.split("."):
        if not level:
            break
        if not isinstance(level[0], dict):
            raise Unavailable(System.SAGE, f"An answer of Sage has no parent where {source} needs one.")
        name = _own_name(_names(level[0]), step)
        path.append(name)
        level = [record[name] for record in level if record[name] is not None]
    return path


def _picker(names: Sequence[str]) -> Callable[[Record], Sequence[Scalar]]:
    """Return a fast way to take some fields of a record."""
    if len(names) == 1:
        (name,) = names
        return lambda record: (record[name],)
    return itemgetter(*names) if names else lambda _: ()


def _labeller(names: Sequence[str]) -> Callable[[Record], str]:
    """Return a way to name a record for people: the parts that it has."""
    if len(names) == 1:
        (name,) = names
        return lambda record: record[name] or ""
    return lambda record: " ".join(filter(None, map(record.get, names)))


def _compound(fields: dict[str, Scalar]) -> InvalidFieldMap:
    name = next(source for source, value in fields.items() if isinstance(value, dict))
    return InvalidFieldMap(
        f"The Sage field {name} is compound: it has parts and no value of its own.",
        remedy="Map its parts (of BillingAddress: BillingStreet, BillingCity, …).",
    )


def _odd(host: str) -> Unavailable:
    return Unavailable(System.SAGE, f"Sage ({host}) answers a query with something that is no page of records.")
