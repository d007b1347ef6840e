"""The simulated organisation that the tests read, and how they read it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sage_operator.sage import ClientCredentials, SageAccess, SageSource
from sage_operator.simulators import Simulators
from sage_operator.sync.entities import Entity
from sage_operator.sync.records import ChangedRow, SourceRow
from sage_operator.sync.scope import RowQuery, Scope

EVERYTHING = Scope(owner_ids=None)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Organisation:
    """The first organisation of running simulators."""

    def __init__(self, simulators: Simulators) -> None:
        self.url = simulators.sage.url
        self.client_id = simulators.sage.client_id
        self.client_secret = simulators.sage.client_secret
        self.control = simulators.sage.control

    def rows(self, name: str) -> dict[str, dict[str, Any]]:
        """Return the records of an object by id, without deleted ones."""
        return {row["Id"]: row for row in self.control.records(name) if not row.get("IsDeleted")}

    def owners(self) -> list[str]:
        """Return the ids of all owners of accounts, in order."""
        return sorted({row["OwnerId"] for row in self.rows("Account").values()})

    def requests(self) -> dict[str, int]:
        """Return how many requests arrived, by operation."""
        return self.control.counters().by_operation


@dataclass(frozen=True, kw_only=False)
class Connect:
    """Begins runs."""

    access: SageAccess
    sage: Organisation

    def __call__(self, *, api_version: str = "66.0", url: str | None = None, secret: str | None = None) -> SageSource:
        """Begin a run; what is not given is right."""
        credentials = ClientCredentials(
            client_id=self.sage.client_id, client_secret=self.sage.client_secret if secret is None else secret
        )
        return self.access.connect(url=url or self.sage.url, api_version=api_version, credentials=credentials)


def accounts(*sources: str, scope: Scope = EVERYTHING, **conditions: Any) -> RowQuery:
    """Ask for accounts."""
    return RowQuery(entity=Entity.ACCOUNTS, scope=scope, sources=sources, **conditions)


def contacts(*sources: str, scope: Scope = EVERYTHING, **conditions: Any) -> RowQuery:
    """Ask for contacts."""
    return RowQuery(entity=Entity.CONTACTS, scope=scope, sources=sources, **conditions)


async def read(source: SageSource, query: RowQuery) -> list[SourceRow]:
    """Return all rows."""
    return [row async for page in source.rows(query) for row in page]


async def changes(source: SageSource, entity: Entity, since: datetime, *sources: str) -> list[ChangedRow]:
    """Return all changes."""
    return [row async for page in source.changed(entity, since=since, sources=sources) for row in page]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, at most 5 seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - it is the server that changes
            await asyncio.sleep(0.005)
