"""SOQL: what is asked, and how long it may be. Pure.

Every query is ordered by id, so that one whose cursor died goes on after the last row that came. Salesforce takes a
query by GET only; a request line beyond some 8 KiB is refused by proxies (16 KiB by Salesforce itself, with 414), so
long lists are split over several queries.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sage_operator.sage.lists import IdList, encode, literal, share
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap
from sage_operator.sync.scope import RowQuery, Scope

REQUEST_LINE = 8_000
"""Bytes of a request line that are always taken: below the 8 KiB that common proxies allow, with some to spare."""

IDS_PER_QUERY = 200
"""No more ids than this in one query, however short the rest: answers stay a page long and easy to repeat."""

LABELS = {Entity.ACCOUNTS: ("Name",), Entity.CONTACTS: ("FirstName", "LastName")}
_LINKS = {Entity.ACCOUNTS: ("OwnerId",), Entity.CONTACTS: ("OwnerId", "AccountId", "Account.OwnerId")}
_PATH = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*){0,5}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One SOQL query, ordered by id.

    Attributes:
        after: only rows with ids above it.
        everything: also what is in the recycle bin and what is archived (`queryAll`).
        ordered: by id; without it nothing can go on after a row.
    """

    sage_object: str
    columns: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    after: str | None = None
    everything: bool = False
    ordered: bool = True

    @property
    def text(self) -> str:
        """The query in SOQL."""
        conditions = list(self.conditions)
        if self.after is not None:
            conditions.append(f"Id > {literal(self.after)}")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        # Names are checked by `columns`, values escaped by `literal`.
        order = " ORDER BY Id" if self.ordered else ""
        return f"SELECT {','.join(self.columns)} FROM {self.sage_object}{where}{order}"  # noqa: S608

    def beyond(self, record_id: str) -> "Query":
        """Return the rest of the query: what comes after a row."""
        return replace(self, after=record_id)


def users() -> Query:
    """Ask for the people who can own accounts: internal users, active or not.

    `UserType` is `Standard` for the company's own people. Left out are portal and partner users (customers', resellers'
    people, of whom there may be hundreds of thousands), Chatter-only users, guests, Salesforce's automated processes
    (https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_user.htm).
    """
    return Query(
        sage_object="User",
        columns=("Id", "Username", "Email", "Name", "IsActive"),
        conditions=("UserType = 'Standard'",),
    )


def changed(entity: Entity, *, since: datetime, sources: Sequence[str]) -> Query:
    """Ask what changed, deleted rows and those out of scope included."""
    return Query(
        sage_object=entity.sage_object,
        columns=("Id", "IsDeleted", "MasterRecordId"),
        conditions=(stamped(since, sources),),
        everything=True,
    )


def rows(query: RowQuery, *, path: str) -> Sequence[Sequence[Query]]:
    """Render a `RowQuery`: steps in the order of ids, each of queries whose rows together are the step's.

    Without owners nothing is in scope, and an empty list of ids asks for nothing: no queries then. `path` is that of
    the query endpoint; it takes its part of the request line.

    Raises:
        InvalidFieldMap: a source is no field path.
    """
    scope = query.scope
    if () in (scope.owner_ids, query.ids, query.parent_ids):
        return ()
    base = Query(
        sage_object=query.entity.sage_object,
        columns=columns(query.entity, query.sources),
        conditions=tuple(_fixed_conditions(query)),
        after=query.after_id,
    )
    ids = IdList("Id IN (", query.ids, ")", most=IDS_PER_QUERY)
    parents = IdList("AccountId IN (", query.parent_ids, ")", most=IDS_PER_QUERY)
    owners = _owners(query.entity, scope)
    return steps(base, ids, parents, owners, room=room_beside(base, path=path))


def steps(base: Query, ids: IdList, *others: IdList, room: int) -> Sequence[Sequence[Query]]:
    """Split a query by its lists: steps in the order of ids, each of queries whose rows together are the step's.

    `room`: bytes that the lists may take together, as they go into a URL.
    """
    share(room, (ids, *others))
    return [
        [
            replace(base, conditions=(*base.conditions, *of_ids, *itertools.chain(*of_others)))
            for of_others in itertools.product(*(one.conditions() for one in others))
        ]
        for of_ids in ids.conditions()
    ]


def room_beside(base: Query, *, path: str) -> int:
    """Return the bytes that a request line has left for lists, also when the query goes on after a row."""
    return REQUEST_LINE - request_line(beyond_any(base), path=path)


def beyond_any(query: Query) -> Query:
    """Return a query as long as it gets when it goes on after a row."""
    return query if query.after is not None else replace(query, after="0" * 18)


def columns(entity: Entity, sources: Iterable[str]) -> tuple[str, ...]:
    """Return what to select: identity, links, label, sources; each once, whatever its case.

    Raises:
        InvalidFieldMap: a source is no field path.
    """
    chosen: dict[str, str] = {}
    for source in ("Id", *_LINKS[entity], *LABELS[entity], *sources):
        if not _PATH.fullmatch(source):
            raise InvalidFieldMap(f"{source!r} is no Sage field: a name, or names joined by dots, was expected.")
        chosen.setdefault(source.lower(), source)
    return tuple(chosen.values())


def moment(when: datetime) -> str:
    """Return a SOQL dateTime in UTC, cut to the second (earlier is safe: more is read, nothing is missed)."""
    if when.tzinfo is None:
        raise ValueError("a time without a zone")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def request_line(query: Query, *, path: str) -> int:
    """Return the length in bytes of the request line that asks a query."""
    return len(f"GET {path}?q={encode(query.text)} HTTP/1.1")


def _fixed_conditions(query: RowQuery) -> Iterable[str]:
    """Yield the conditions that no splitting touches."""
    if query.entity is Entity.CONTACTS and query.scope.owner_ids is None:
        yield "AccountId != null"  # private contacts are nobody's customers
    if query.since is not None:
        yield stamped(query.since, query.scope.watched(query.entity, query.sources))
    if (where := query.scope.where) is not None:
        # Contacts are in scope by their account.
        yield f"({where.text if query.entity is Entity.ACCOUNTS else where.of_child('Account')})"


def stamped(since: datetime, sources: Iterable[str]) -> str:
    """Return the condition that a row, or a parent that it shows fields of, changed."""
    parents: dict[str, str] = {}
    for source in sources:
        *path, _ = source.split(".")
        for parent in itertools.accumulate(path, "{}.{}".format):
            parents.setdefault(parent.lower(), parent)
    stamps = ["SystemModstamp", *(f"{parent}.SystemModstamp" for parent in parents.values())]
    either = " OR ".join(f"{stamp} >= {moment(since)}" for stamp in stamps)
    return f"({either})" if len(stamps) > 1 else either


def _owners(entity: Entity, scope: Scope) -> IdList:
    """Return the scope as a condition: accounts by their owner, contacts by that of their account."""
    if entity is Entity.ACCOUNTS:
        return IdList("OwnerId IN (", scope.owner_ids, ")")
    return IdList("AccountId IN (SELECT Id FROM Account WHERE OwnerId IN (", scope.owner_ids, "))")
