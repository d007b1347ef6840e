"""ForceManager, for the length of one run."""

import re
from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import Self

from sage_operator.forcemanager import find, writes
from sage_operator.forcemanager.connection import Connection
from sage_operator.forcemanager.course import Breaker, Intend
from sage_operator.forcemanager.errors import fail_read
from sage_operator.forcemanager.lists import Directory, parse_list, parse_users
from sage_operator.forcemanager.paging import Row, pages
from sage_operator.forcemanager.payload import Method, single_body
from sage_operator.forcemanager.procedure import TABLES, Told, adds_to, completed, parse_procedure
from sage_operator.forcemanager.schema import Described, parse_schema
from sage_operator.forcemanager.session import Session
from sage_operator.forcemanager.tenant import Tenant
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import SchemaMismatch, System, Unavailable
from sage_operator.sync.records import TargetRow, WriteItem, WriteOutcome
from sage_operator.sync.targets import TargetSchema, ValueList
from sage_operator.sync.users import ForceManagerUser

_LIST_NAME = re.compile(r"(list/)?[A-Za-z0-9_]+")


class ForceManagerTarget:
    """Fills the port `Target`. Released, or left as a context, when the run ends: that frees its share of the pace.

    All methods raise the errors of `sync.errors`: `CredentialsRejected`, `HostNotAllowed`, `SchemaMismatch`,
    `Unavailable`. What is shared with other runs (`tenant.Tenant`) is fetched by whoever needs it first.
    """

    def __init__(self, tenant: Tenant, session: Session, *, requests_per_second: float) -> None:
        self._tenant = tenant
        self._connection = Connection(tenant, session)
        self._breaker = Breaker()
        self._rate: float | None = requests_per_second
        tenant.enter(requests_per_second)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the share of the pace back; done twice it does no harm."""
        if self._rate is not None:
            self._tenant.leave(self._rate)
            self._rate = None

    @property
    def requests(self) -> int:
        """Requests that this run has sent, sign-in and repetitions included."""
        return self._connection.requests

    async def identify(self) -> str:
        """Sign in if need be, and return the tenant's fingerprint, such as `12@2019-03-04T08:30:00Z`."""
        return (await self._directory()).fingerprint

    async def users(self, *, fresh: bool = False) -> Sequence[ForceManagerUser]:
        """Return all users that are not deleted, by id; at most an hour old, `fresh` at most a minute."""
        return (await self._directory(fresh=fresh)).users

    async def value_list(self, name: str, *, fresh: bool = False) -> ValueList:
        """Return the live rows of a list (`branches`, `countries`, …, `list/<own list>`); age as for `users`."""
        if not _LIST_NAME.fullmatch(name):
            raise SchemaMismatch(f"{name!r} can't be the name of a value list.", remedy="Correct the field map.")

        async def fetch() -> ValueList:
            return parse_list(name, await self._rows(f"/{name}", operation="list", what=f"value list {name}"))

        await self._connection.sign_in()
        return await self._tenant.lists[name].get(fetch, fresh=fresh)

    async def schema(self, entity: Entity, *, fresh: bool = False) -> TargetSchema:
        """Return the fields of a resource, own ones and what is demanded as far as it is told; age as for `users`.

        The procedure, which is the vendor's own, is asked where the documented schema leaves something open, and
        whenever somebody looks closely (`fresh`). If it knew more then, it is asked from then on.
        """

        async def describe() -> Described:
            answer = await self._connection.call("GET", f"/{entity}/schema", operation="schema")
            if not 200 <= answer.status < 300:
                fail_read(answer, f"schema of {entity}")
            try:
                return parse_schema(answer.json())
            except ValueError as error:
                raise Unavailable(System.FORCE_MANAGER, f"ForceManager's schema of {entity} is of no use.") from error

        await self._connection.sign_in()
        tenant = self._tenant
        described = await tenant.schemas[entity].get(describe, fresh=fresh)
        if described.tells_all and not fresh and entity not in tenant.silent:
            return described.schema
        told = await tenant.procedures[entity].get(lambda: self._told(entity), fresh=fresh)
        if told is not None and adds_to(described.schema, told):
            tenant.silent.add(entity)
        return completed(described.schema, told)

    def index(self, entity: Entity) -> AsyncGenerator[Sequence[TargetRow], None]:
        """Yield all live records that have an `extId`, paged by id downwards, each once; pages of others are empty."""
        return find.index(self._connection, entity)

    async def find(self, entity: Entity, ext_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Return the ids of live records by `extId`, lowest first; an `extId` that nobody bears is absent."""
        return await find.find(self._connection, entity, ext_ids)

    def create(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend | None = None
    ) -> AsyncGenerator[Sequence[WriteOutcome], None]:
        """Create records; see `writes.write`. A request with an unclear outcome is never repeated."""
        return writes.write(self._connection, entity, Method.CREATE, items, breaker=self._breaker, intend=intend)

    def update(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend | None = None
    ) -> AsyncGenerator[Sequence[WriteOutcome], None]:
        """Change the given fields of records; see `writes.write`. Whatever is unclear has been repeated before."""
        return writes.write(self._connection, entity, Method.UPDATE, items, breaker=self._breaker, intend=intend)

    def delete(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend | None = None
    ) -> AsyncGenerator[Sequence[WriteOutcome], None]:
        """Delete records, whose data is not used; see `writes.write`. One that is gone already is `DONE`.

        Whatever is unclear has been repeated before.
        """
        return writes.write(self._connection, entity, Method.DELETE, items, breaker=self._breaker, intend=intend)

    async def _told(self, entity: Entity) -> Told:
        """Ask the procedure for the fields of an entity; None if this tenant, or these keys, don't have it."""
        if entity not in TABLES:
            return None
        answer = await self._connection.call(
            "POST",
            "/procedure/zapier_schema",
            operation="procedure",
            content=single_body({"entity": TABLES[entity]}),
            repeatable=True,
        )
        try:
            return parse_procedure(answer.json()) if 200 <= answer.status < 300 else None
        except (ValueError, Unavailable):  # something else than fields, or no JSON at all
            return None

    async def _directory(self, *, fresh: bool = False) -> Directory:
        async def fetch() -> Directory:
            rows = await self._rows("/users", operation="users", what="users")
            try:
                return parse_users(rows)
            except ValueError as error:
                raise SchemaMismatch(
                    "ForceManager shows no users.", remedy="Give the user of the key pair the right to see them."
                ) from error

        # Whoever asks must have keys that work, also where the answer is at hand.
        await self._connection.sign_in()
        return await self._tenant.directory.get(fetch, fresh=fresh)

    async def _rows(self, path: str, *, operation: str, what: str) -> list[Row]:
        listed = pages(self._connection, path, operation=operation, what=what)
        return [row async for rows in listed for row in rows]
