"""What all runs share that use one key pair of one ForceManager: pace, session, caches, and what was found out."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from sage_operator.forcemanager.lists import Directory
from sage_operator.forcemanager.procedure import Told
from sage_operator.forcemanager.schema import Described
from sage_operator.forcemanager.session import Keys, Session
from sage_operator.sync.entities import Entity
from sage_operator.sync.targets import ValueList
from sage_operator.transport import Pacer, RemoteClient
from sage_operator.transport.cache import Cached, Clock, Remembered

HOUR = 3600.0
DAY = 24 * HOUR
# Requests in flight. Above the pace times the usual duration it gains nothing, and a burst must not wait in the
# connection pool after it was paced.
IN_FLIGHT = 16


class Tenant:
    """The shared state of a key pair. Nothing here outlives the process; all of it can be found out again."""

    def __init__(
        self, *, client: RemoteClient, pacer: Pacer, clock: Clock, sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self.client = client
        self.pacer = pacer
        self.clock = clock
        self.sleep = sleep
        self.slots = asyncio.Semaphore(IN_FLIGHT)
        self.directory: Cached[Directory] = Cached(max_age=HOUR, clock=clock)
        self.lists: dict[str, Cached[ValueList]] = defaultdict(lambda: Cached(max_age=HOUR, clock=clock))
        self.schemas: dict[Entity, Cached[Described]] = defaultdict(lambda: Cached(max_age=HOUR, clock=clock))
        self.procedures: dict[Entity, Cached[Told]] = defaultdict(lambda: Cached(max_age=HOUR, clock=clock))
        # Whose schemas claim to tell all, and don't.
        self.silent: set[Entity] = set()
        # By resource and method: are bulk calls taken, and do they do what they say?
        self.bulk: dict[tuple[Entity, str], Remembered[bool]] = defaultdict(lambda: Remembered(keep=DAY, clock=clock))
        # By resource: can records be filtered by extId? Does ForceManager refuse to update records that are readOnly?
        self.filters: dict[Entity, Remembered[bool]] = defaultdict(lambda: Remembered(keep=float("inf"), clock=clock))
        self.locks: dict[Entity, Remembered[bool]] = defaultdict(lambda: Remembered(keep=DAY, clock=clock))
        self.last_used = clock()
        self._sessions: dict[str, Session] = {}
        self._rates: list[float] = []

    def session(self, keys: Keys) -> Session:
        """Return the session of a private key, a new one if need be."""
        if keys.private_key not in self._sessions:
            self._sessions[keys.private_key] = Session(keys, clock=self.clock)
        return self._sessions[keys.private_key]

    def adopt(self, session: Session) -> None:
        """Keep a session whose sign-in worked; those of private keys that it replaces go."""
        self._sessions = {session.keys.private_key: session}

    def discard(self, session: Session) -> None:
        """Forget a session whose sign-in was refused."""
        self._sessions.pop(session.keys.private_key, None)

    @property
    def in_use(self) -> bool:
        """Tell whether a run uses it now."""
        return bool(self._rates)

    def enter(self, rate: float) -> None:
        """Note a run that asks for at most `rate` requests a second."""
        self._rates.append(rate)
        self.pacer.rate = min(self._rates)

    def leave(self, rate: float) -> None:
        """Note that this run has ended."""
        self._rates.remove(rate)
        self.last_used = self.clock()
        if self._rates:
            self.pacer.rate = min(self._rates)
