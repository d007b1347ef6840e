"""ForceManager: the simulator, and a server that answers as a test tells it to. Time flies in both: see `Time`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiohttp import web

from sage_operator.forcemanager import ForceManagerAccess, ForceManagerTarget, Keys
from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import SyncError
from sage_operator.sync.records import OutcomeKind, WriteItem, WriteOutcome
from sage_operator.transport import HostPolicy

Groups = AsyncIterator[Any]


class Time:
    """A clock that sleeping moves on: paces, pauses and retries take no time."""

    def __init__(self) -> None:
        """Begin far from zero, as the real one does."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the seconds pass."""
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    """The time of the adapter."""
    return Time()


@pytest.fixture(scope="session")
def simulators() -> Iterator[Simulators]:
    """Start the simulators once."""
    with Simulators(dataset=Dataset(accounts=1, contacts=1)) as running:
        yield running


@pytest.fixture
async def access(time: Time) -> AsyncIterator[ForceManagerAccess]:
    """The operator's access to all tenants."""
    opened = ForceManagerAccess(
        hosts=HostPolicy(allowed=("127.0.0.1",), insecure_http=True), clock=time, sleep=time.sleep, random=lambda: 0.5
    )
    yield opened
    await opened.aclose()


@dataclass(kw_only=True)
class Told:
    """What a write call told."""

    groups: list[list[WriteOutcome]] = field(default_factory=list)
    error: SyncError | None = None

    @property
    def outcomes(self) -> dict[str, WriteOutcome]:
        """Outcomes by key; there is one for each."""
        flat = [outcome for group in self.groups for outcome in group]
        assert len({outcome.key for outcome in flat}) == len(flat), "an item has two outcomes"
        return {outcome.key: outcome for outcome in flat}

    @property
    def kinds(self) -> dict[OutcomeKind, int]:
        """How many outcomes of each kind."""
        found = [outcome.kind for outcome in self.outcomes.values()]
        return {kind: found.count(kind) for kind in OutcomeKind if kind in found}


async def hear(groups: Groups) -> Told:
    """Hear a write call out: all groups, and the error at the end."""
    told = Told()
    try:
        async for group in groups:
            told.groups.append(list(group))
    except SyncError as error:
        told.error = error
    return told


@pytest.fixture
def tell() -> Callable[[Groups], Awaitable[Told]]:
    """Hear write calls out."""
    return hear


class Crm:
    """The simulator's tenant, and the operator's access to it."""

    tell = staticmethod(hear)

    def __init__(self, simulators: Simulators, access: ForceManagerAccess) -> None:
        """Begin with an empty tenant without a limit to speak of, as time flies."""
        self._simulators = simulators
        self._access = access
        self.server = simulators.forcemanager
        self.control = self.server.control
        self.control.reset()
        self.control.configure(requests_per_second=1e6, burst=1e6)
        self.control.reset_counters()
        self._known: dict[str, Any] = {}

    def connect(
        self, *, public_key: str | None = None, private_key: str | None = None, rate: float = 13.0
    ) -> ForceManagerTarget:
        """Begin a run, with the tenant's keys if the test has no others."""
        keys = Keys(public_key=public_key or self.server.public_key, private_key=private_key or self.server.private_key)
        return self._access.connect(url=self.server.url, keys=keys, requests_per_second=rate)

    def rotate(self, private_key: str | None = None) -> None:
        """Change the tenant's private key, or restore it."""
        keys = {self.server.public_key: private_key or self.server.private_key}
        self._simulators.call(lambda: self.server.simulator.tenants["demo"].keys.update(keys))

    def make(self, number: int, prefix: str = "a", **values: Any) -> list[WriteItem]:
        """Make accounts that the tenant takes, with a prefix for their keys and further values."""
        if not self._known:
            branch, user = (self.control.records(name)[0]["id"] for name in ("branches", "users"))
            self._known = {"branchId": branch, "salesRepId1": user}
        return [
            WriteItem(key=key, data={"name": f"Name of {key}", "extId": key, **self._known, **values})
            for key in (f"{prefix}{n}" for n in range(number))
        ]

    async def created(self, target: ForceManagerTarget, items: list[WriteItem]) -> list[WriteItem]:
        """Create accounts, and return updates of them that change the name."""
        told = await self.tell(target.create(Entity.ACCOUNTS, items))
        assert told.kinds == {OutcomeKind.DONE: len(items)}
        ids = {key: outcome.target_id for key, outcome in told.outcomes.items()}
        return [WriteItem(key=i.key, target_id=ids[i.key], data={"name": f"New name of {i.key}"}) for i in items]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something holds of the simulator, for ten seconds at most."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - it is another thread
                await asyncio.sleep(0.01)

    def stored(self) -> dict[str, dict[str, Any]]:
        """Read the live accounts by `extId`; none may be there twice."""
        rows = [row for row in self.control.records("accounts") if not row["deleted"]]
        found = {row["extId"]: row for row in rows}
        assert len(found) == len(rows), "a record was created twice"
        return found

    def count(self) -> dict[str, int]:
        """Count the requests by operation, sign-ins left out, since it was asked last."""
        found = self.control.counters().by_operation
        self.control.reset_counters()
        return {name: times for name, times in found.items() if name != "login"}


@pytest.fixture
def crm(simulators: Simulators, access: ForceManagerAccess) -> Iterator[Crm]:
    """An empty tenant; the simulator must not find a defect of its own."""
    tenant = Crm(simulators, access)
    yield tenant
    tenant.rotate()
    assert tenant.control.counters().internal_errors == []


@dataclass(kw_only=True)
class Request:
    """A request as the scripted server saw it."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def call(self) -> str:
        """Method and path below the API."""
        return f"{self.method} {self.path}"


Reply = Any
"""JSON with status 200; or (status, JSON); or bytes as they are; or a function of the request that returns these."""


@dataclass(kw_only=True)
class Scripted:
    """A server with the replies of a test by `METHOD /path`; a list is worked off, and its last reply stays."""

    url: str = ""
    replies: dict[str, Reply] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    def calls(self, beginning: str = "") -> list[str]:
        """Which requests came, in their order, but for sign-ins."""
        return [r.call for r in self.seen if r.path != "/login" and r.call.startswith(beginning)]

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        seen = Request(
            method=request.method,
            path=request.path.removeprefix("/api/v4"),
            body=await request.read(),
            headers=request.headers.copy(),
            query=request.query.copy(),
        )
        self.seen.append(seen)
        reply = self.replies.get(seen.call, (404, {"message": "no such call"}))
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if callable(reply):
            reply = reply(seen)
        status, body = reply if isinstance(reply, tuple) else (200, reply)
        return web.Response(status=status, body=body if isinstance(body, bytes) else msgspec.json.encode(body))


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    """A server that knows the sign-in; the rest is the test's."""
    server = Scripted(replies={"POST /login": {"token": "t"}})
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v4"
    yield server
    await runner.cleanup()


@pytest.fixture
def target(access: ForceManagerAccess, scripted: Scripted) -> Iterator[ForceManagerTarget]:
    """A run against the scripted server."""
    with access.connect(
        url=scripted.url, keys=Keys(public_key="p", private_key="q"), requests_per_second=13
    ) as connected:
        yield connected
