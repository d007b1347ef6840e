"""One Salesforce organisation: its records, API user, settings and request allowance."""

from collections.abc import Mapping
from functools import cached_property
from random import Random

import msgspec

from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.sage.schema import object_types
from sage_operator.simulators.soql.ids import make_id, to_18
from sage_operator.simulators.soql.schema import ObjectType
from sage_operator.simulators.table import Table
from sage_operator.simulators.wire import Row


class OrganisationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed about an organisation."""

    hidden_fields: dict[str, list[str]] = {}
    """Per object, fields that field-level security hides from the API user."""
    hidden_objects: list[str] = []
    """Objects that the API user can't see, such as those of a package that is not installed."""
    page_whim: float = 0.0
    """Probability that a query page is smaller than asked for, by a seeded whim."""
    page_limit: int = 2000
    """No page is bigger."""
    daily_requests: int = 100_000
    """How many requests are allowed; the count of those used is never reset by time."""
    session_minutes: float = 120
    """A token expires after so much time without a request, on the simulated clock."""
    api_disabled: bool = False
    """Every request is refused with 403 API_DISABLED_FOR_ORG."""


class Organisation:
    """An organisation is reached with its client id and secret.

    Attributes:
        used_requests: how many requests count against the daily allowance.
    """

    def __init__(
        self,
        *,
        name: str,
        number: int,
        client_id: str,
        client_secret: str,
        dataset: Dataset,
        settings: OrganisationSettings | None = None,
    ) -> None:
        self.name = name
        self.client_id = client_id
        self.client_secret = client_secret
        self.id = make_id("00D", number, number)
        self.user_id = make_id("005", number, 60_000)
        self.number = number
        self._initial = dataset.sage()
        self._initial_settings = settings or OrganisationSettings()
        self._tables: dict[str, Table[str]] = {}
        self.reset()

    def reset(self) -> None:
        """Return to the initial data and settings."""
        self.configure(self._initial_settings)
        self.used_requests = 0
        self.whims = Random(self.number)
        for kind in object_types().values():
            names = {field.name for field in kind.fields}
            indexed = ["Id", *(name for name in ("OwnerId", "AccountId") if name in names)]
            stamp = "SystemModstamp" if "SystemModstamp" in names else None
            table = self._tables.get(kind.name) or Table[str]("Id", indexes=dict.fromkeys(indexed, str), ordered=stamp)
            table.load(self._initial.get(kind.name, ()))
            self._tables[kind.name] = table

    def configure(self, settings: OrganisationSettings) -> None:
        """Replace the settings."""
        self.settings = settings
        self.__dict__.pop("types", None)

    @cached_property
    def types(self) -> Mapping[str, ObjectType]:
        """Objects by their name in lower case, as the API user sees them."""
        hidden = {name: set(fields) for name, fields in self.settings.hidden_fields.items()}
        return {
            name.lower(): _without(kind, hidden.get(name))
            for name, kind in object_types().items()
            if name not in self.settings.hidden_objects
        }

    def table(self, name: str) -> Table[str]:
        """Return the rows of an object. Raises `KeyError`."""
        return self._tables[name]

    def next_id(self, name: str) -> str:
        """Return an unused id for a new record of an object."""
        table, prefix = self._tables[name], object_types()[name].key_prefix
        number = len(table) + 1
        while (key := make_id(prefix, self.number, number)) in table.rows:
            number += 1
        return key

    def row(self, name: str, key: str) -> Row:
        """Return a record by its id of 15 or 18 characters. Raises `KeyError`."""
        return self._tables[name].rows[to_18(key) or key]


def _without(kind: ObjectType, hidden: set[str] | None) -> ObjectType:
    if not hidden:
        return kind
    fields = tuple(field for field in kind.fields if field.name not in hidden)
    return ObjectType(name=kind.name, label=kind.label, key_prefix=kind.key_prefix, fields=fields)
