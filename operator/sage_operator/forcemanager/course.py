"""What the parts of one call of `create`, `update` or `delete` share: whether to go on, and why not."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from sage_operator.forcemanager.connection import Connection
from sage_operator.forcemanager.errors import refusal
from sage_operator.forcemanager.paging import count, has_id
from sage_operator.forcemanager.payload import Method, outcomes
from sage_operator.forcemanager.values import flag
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import NothingTaken, SyncError, System, Unavailable
from sage_operator.sync.records import OutcomeKind, WriteItem, WriteOutcome
from sage_operator.transport import Answer, UnclearAnswer

# One cut connection is an accident. Each further one may be 200 records whose outcome nobody knows.
_UNCLEAR_IN_A_ROW = 3
# Bad records exist; so many one after another, and none good among them, are the service's doing or the map's.
_REFUSED_IN_A_ROW = 16
_SOME = 50
# The documentation's examples of bulk calls name them.
_NAMED = frozenset({Entity.ACCOUNTS, Entity.CONTACTS})


Intend = Callable[[Sequence[WriteItem]], Awaitable[None]]
"""Told of the items of each request just before it is sent: what was not told of was surely not sent."""


class Breaker:
    """Counts what speaks against the service, over all write calls of a run. Each success resets it."""

    def __init__(self) -> None:
        self._unclear = 0
        self._refused = 0

    def works(self) -> None:
        """Note that ForceManager wrote a record."""
        self._unclear = self._refused = 0

    def unclear(self, message: str) -> Unavailable | None:
        """Note a request with an unclear outcome; return why to stop, if it is time to."""
        self._unclear += 1
        if self._unclear < _UNCLEAR_IN_A_ROW:
            return None
        self._unclear = 0
        return Unavailable(
            System.FORCE_MANAGER, f"The outcome of {_UNCLEAR_IN_A_ROW} writes in a row is unclear. {message}"
        )

    def refused(self, message: str) -> NothingTaken | None:
        """Note a request for one record that was refused; return why to stop, if it is time to."""
        self._refused += 1
        if self._refused < _REFUSED_IN_A_ROW:
            return None
        self._refused = 0
        return NothingTaken(
            System.FORCE_MANAGER,
            f"ForceManager refused {_REFUSED_IN_A_ROW} records in a row and took none. {message}",
            remedy="If it says what is wrong with them, correct the field map; else it is tried again by itself.",
        )


class Course:
    """One call of `create`, `update` or `delete` under way."""

    def __init__(
        self, connection: Connection, entity: Entity, method: Method, breaker: Breaker, intend: Intend | None = None
    ) -> None:
        self._intend = intend
        self.connection = connection
        self.tenant = connection.tenant
        self.entity = entity
        self.method = method
        self.breaker = breaker
        self.bulk = self.tenant.bulk[entity, method]
        self.lock = self.tenant.locks[entity]
        self.failure: SyncError | None = None
        """Why nothing more is sent; raised when all outcomes are told."""
        self.contradictions = 0
        """How many records were refused by a bulk call and taken by a single one."""
        self._vouched = False
        self._asking = asyncio.Lock()

    def intending(self, items: Sequence[WriteItem]) -> Callable[[], Awaitable[None]] | None:
        """Return what is to be awaited just before a request with these items is sent."""
        return partial(self._intend, items) if self._intend is not None else None

    @property
    def locked(self) -> bool:
        """Tell whether it changes records in a tenant that is known to refuse that of records that are readOnly."""
        return self.method is not Method.CREATE and self.lock.value is True

    @property
    def form_is_proven(self) -> bool:
        """Tell whether another resource of the documentation's examples was created by bulk calls, and looked at.

        How creates are written and answered is documented, and the same for all; what could differ is whether a
        resource takes them. That of updates is documented in part, and sales are not named there.
        """
        if self.method is not Method.CREATE or self.entity not in _NAMED:
            return False
        return any(self.tenant.bulk[other, Method.CREATE].value for other in _NAMED - {self.entity})

    def stop(self, failure: SyncError | None) -> None:
        """Send nothing more, if there is a failure; the first one counts."""
        self.failure = self.failure or failure

    def vouch(self) -> None:
        """Note that ForceManager works: it judged records one by one."""
        self._vouched = True

    def carried_out(self) -> None:
        """Note that ForceManager wrote a record of this call."""
        self.vouch()
        self.breaker.works()

    def failed(self, items: Sequence[WriteItem], error: SyncError | UnclearAnswer) -> list[WriteOutcome]:
        """Return the outcomes of items whose request brought no answer."""
        if isinstance(error, UnclearAnswer):
            self.stop(self.breaker.unclear(error.message))
            return outcomes(items, OutcomeKind.UNCLEAR, error.message)
        self.stop(error)
        # Updates and deletes were repeated before the transport gave up; any of the attempts may have arrived.
        maybe = isinstance(error, Unavailable) and self.method is not Method.CREATE
        return outcomes(items, OutcomeKind.UNCLEAR if maybe else OutcomeKind.NOT_SENT, error.message)

    async def works(self) -> bool:
        """Tell whether ForceManager works at all: it has judged records of this call, or gives a list. If not, stop.

        400 stands for bad data, for unknown ids and for "service not available".
        """
        async with self._asking:
            if not self._vouched and self.failure is None:
                try:
                    await self._some_rows()
                except SyncError as error:
                    self.stop(error)
                else:
                    self._vouched = True
            return self._vouched

    async def read_another(self) -> None:
        """Read some live record by its id: an id is taken for unknown only if others are known at the same time.

        A record that is taken for gone may be created again. If there is none at all, the list is proof enough.

        Raises:
            Unavailable: it can't be read.
        """
        row = next((row for row in await self._some_rows() if not flag(row.get("deleted"))), None)
        if row is not None:
            self._check(await self.connection.call("GET", f"/{self.entity}/{row['id']}", operation="read"))

    async def _some_rows(self) -> list[dict[str, Any]]:
        """Read the first rows of the list."""
        answer = await self.connection.call(
            "GET", f"/{self.entity}", operation="read", params={"page": 0, "order": "id"}, headers=count(_SOME)
        )
        self._check(answer)
        rows = answer.json()
        return [row for row in rows if has_id(row)] if isinstance(rows, list) else []

    def _check(self, answer: Answer) -> None:
        if not 200 <= answer.status < 300:
            raise Unavailable(
                System.FORCE_MANAGER, f"ForceManager refuses reading and writing alike. {refusal(answer)}"
            )
