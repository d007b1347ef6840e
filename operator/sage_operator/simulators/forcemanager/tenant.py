"""One ForceManager tenant: its users, value lists, records, settings and key pairs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.forcemanager.columns import ENTITIES, LISTS, Column, columns
from sage_operator.simulators.forcemanager.limiter import TokenBucket
from sage_operator.simulators.forcemanager.lists import label, own_list, shown, value_lists
from sage_operator.simulators.forcemanager.render import Renderer, renderer
from sage_operator.simulators.forcemanager.settings import TenantSettings
from sage_operator.simulators.forcemanager.where import stamp
from sage_operator.simulators.table import Table
from sage_operator.simulators.wire import Row

_INDEXED = {"accounts": ("extId",), "contacts": ("extId", "accountId"), "sales": ("extId", "accountId")}


class Tenant:
    """A tenant is reached with any of its key pairs; each has a rate limit of its own.

    Args:
        number: makes users' ids and dates differ from those of other tenants.
        keys: private keys by public key.
    """

    def __init__(
        self, *, name: str, number: int, keys: dict[str, str], dataset: Dataset, settings: TenantSettings | None = None
    ) -> None:
        self.name = name
        self.number = number
        self.keys = keys
        self._dataset = dataset
        self._initial = settings or TenantSettings()
        self.tables: dict[str, Table[int]] = {}
        self.reset()

    def reset(self) -> None:
        """Return to the initial state: users and value lists, no records."""
        self.tables = {name: Table[int]("id", indexes=_indexes(name)) for name in ENTITIES}
        for name, rows in {**value_lists(), "users": self._users()}.items():
            self.tables[name] = Table[int]("id")
            for row in rows:
                self.tables[name].put(row)
        self._last_ids = dict.fromkeys(ENTITIES, 0)
        self.writes = 0
        self.configure(self._initial)

    def configure(self, settings: TenantSettings) -> None:
        """Replace the settings; rate limits start afresh."""
        self.settings = settings
        for name, labels in settings.own_lists.items():
            table: Table[int] = Table("id")
            table.load(own_list(labels))
            self.tables.setdefault(f"list/{name}", table)
        self._buckets: dict[str, TokenBucket] = {}
        for name in ("columns", "renderers"):
            self.__dict__.pop(name, None)

    @cached_property
    def columns(self) -> dict[str, dict[str, Column]]:
        """The fields of entities and users by resource and name."""
        return {name: columns(name, self.settings) for name in (*ENTITIES, "users")}

    @cached_property
    def renderers(self) -> dict[str, Renderer]:
        """How rows are shown, by resource; those of a tenant's own lists are shown as they are."""
        records = {name: renderer(name, found, self.label) for name, found in self.columns.items()}
        return {**{name: partial(shown, name) for name in LISTS}, **records}

    def wait(self, public_key: str) -> float:
        """Count a request of a key pair; return 0, or how many seconds too early it is."""
        bucket = self._buckets.get(public_key)
        if bucket is None:
            bucket = TokenBucket(self.settings.requests_per_second, self.settings.burst)
            self._buckets[public_key] = bucket
        return bucket.take()

    def next_id(self, resource: str) -> int:
        """Return the id of a new record; ids are never used again."""
        self._last_ids[resource] += 1
        return self._last_ids[resource]

    def label(self, table: str, key: int) -> str | None:
        """Return how a referenced row is shown."""
        row = self.tables[table].rows.get(key)
        if row is None:
            return None
        if table == "users":
            return f"{row.get('name', '')} {row.get('lastName', '')}".strip()
        return row.get("name") if table == "accounts" else label(row)

    @property
    def message_key(self) -> str:
        """How the next answer to a write spells it."""
        if self.settings.message_key != "alternate":
            return self.settings.message_key
        self.writes += 1
        return "Message" if self.writes % 2 else "message"

    def _users(self) -> list[Row]:
        created = datetime(2021, 3, 1, 9, tzinfo=UTC) + timedelta(minutes=self.number)
        first = self.number * 1000 + 11
        return [
            {
                "id": first + place, "deleted": False, "billable": True, "computeSfm": True, "locale": "es-ES",
                "dbLanguage": "es",
                "uiLanguage": "es", "level": 1 if place == 0 else 3, "branchRestriction": False, "branchId": 16,
                "dateCreated": stamp(created + timedelta(days=place)),
                "description": f"{user['name']} {user['lastName']}",
                "managerId": first if place else None, **user,
            }
            for place, user in enumerate(self._dataset.forcemanager_users())
        ]  # fmt: skip


def _indexes(resource: str) -> dict[str, Callable[[Any], Any]]:
    return {name: str.casefold if name == "extId" else int for name in _INDEXED[resource]}
