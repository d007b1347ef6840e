"""One Salesforce organisation: its records, API user and request allowance."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

from sage_operator.simulators.columns import Columns, ColumnTable
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.sage.schema import object_types
from sage_operator.simulators.sage.settings import OrganisationSettings, seen_by_user, with_added
from sage_operator.simulators.soql.ids import make_id, to_18
from sage_operator.simulators.soql.periods import Calendar
from sage_operator.simulators.soql.schema import ObjectType
from sage_operator.simulators.table import Table
from sage_operator.simulators.wire import Row


class Organisation:
    """An organisation is reached with its client id and secret.

    Attributes:
        used_requests: how many requests count against the daily allowance.
        used_jobs: how many bulk jobs do.
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
        self.used_requests = self.used_jobs = 0
        self.whims = Random(self.number)
        for kind in object_types().values():
            names = {field.name for field in kind.fields}
            indexed = ["Id", *(name for name in ("OwnerId", "AccountId") if name in names)]
            stamp = "SystemModstamp" if "SystemModstamp" in names else None
            table = self._tables.get(kind.name)
            rows = self._initial.get(kind.name, ())
            if isinstance(table, ColumnTable):
                table.restore()
            elif isinstance(rows, Columns):
                table = ColumnTable(rows, ordered="SystemModstamp")
            else:
                table = table or Table[str]("Id", indexes=dict.fromkeys(indexed, str), ordered=stamp)
                table.load(rows)
            self._tables[kind.name] = table

    def configure(self, settings: OrganisationSettings) -> None:
        """Replace the settings. Raises `KeyError` for an unknown time zone."""
        self._zone = ZoneInfo(settings.time_zone)
        self.settings = settings
        self.__dict__.pop("types", None)

    @cached_property
    def types(self) -> Mapping[str, ObjectType]:
        """Objects by their name in lower case, as the API user sees them."""
        return {
            name.lower(): seen_by_user(self.kind(name), self.settings)
            for name in object_types()
            if name not in self.settings.hidden_objects
        }

    def kind(self, name: str) -> ObjectType:
        """Return an object as it is stored, nothing hidden or renamed. Raises `KeyError`."""
        return with_added(object_types()[name], self.settings)

    def stored(self, name: str, fields: Row) -> Row:
        """Return values by the names under which rows keep them."""
        usual = {new: old for old, new in self.settings.renamed_fields.get(name, {}).items()}
        return {usual.get(field, field): value for field, value in fields.items()}

    def calendar(self, now: datetime) -> Calendar:
        """Return the API user's calendar, for date literals."""
        settings = self.settings
        return Calendar(
            today=now.astimezone(self._zone).date(),
            zone=self._zone,
            week_start=6 if settings.week_start == "Sunday" else 0,
            fiscal_start_month=settings.fiscal_start_month,
        )

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
