"""What the coordinator works with, in memory and in the event loop's time: a Kubernetes API, remotes, the ledger."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sage_operator.controller.coordinator import Coordinator
from sage_operator.controller.events import Event
from sage_operator.controller.referents import Referent, ReferentKind
from sage_operator.controller.services import Services
from sage_operator.controller.translate import shared_maps
from sage_operator.resources import ObjectMeta, SageIntegration, names
from sage_operator.runner.ports import Remotes
from sage_operator.sync.errors import SecretNotFound, System, Unavailable
from sage_operator.transport import Upstreams, host_of
from unit.runner.crm_tenant import MemoryTarget, Tenant
from unit.runner.life import START, Clock, Life
from unit.runner.memory_ledger import Disk, MemoryLedger
from unit.runner.sage_org import MemorySource, Organisation

from .bodies import body
from .condition_rules import broken_rules


class LoopClock(Clock):
    """UTC by the event loop's time, which the tests let go by without waiting."""

    def __init__(self) -> None:
        """Start on a Monday morning."""
        self._started = asyncio.get_running_loop().time()

    @property
    def now(self) -> datetime:  # type: ignore[override]
        """Return the time, UTC."""
        return START + timedelta(seconds=asyncio.get_running_loop().time() - self._started)

    def advance(self, by: timedelta) -> None:
        """Do nothing: time goes by when the loop waits."""


@dataclass(slots=True)
class MemoryKube:
    """Objects, Secrets and events. Each status that is written must keep the rules of conditions.

    `down` is raised by each write of a status while it is set.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=lambda: {"sage": "1", "forcemanager": "1"})
    config_maps: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)
    writes: Counter[str] = field(default_factory=Counter)
    down: Exception | None = None
    _version: int = 1

    def apply(self, name: str = "acme", *, token: str | None = None, **spec: Any) -> dict[str, Any]:
        """Create or change an integration, as a user does; another spec is another generation."""
        shown = self.objects.setdefault(name, body(name, generation=0))
        wanted = {**shown["spec"], **spec}
        if wanted != shown["spec"] or not shown["metadata"]["generation"]:
            shown["spec"] = wanted
            shown["metadata"]["generation"] += 1
        if token is not None:
            shown["metadata"]["annotations"] = {names.REQUESTED_AT: token} if token else {}
        self._move(shown)
        return shown

    def _move(self, shown: dict[str, Any]) -> str:
        self._version += 1
        shown["metadata"]["resourceVersion"] = str(self._version)
        return str(self._version)

    async def patch_status(self, meta: ObjectMeta, status: Mapping[str, Any]) -> str | None:
        """Merge a status into its object."""
        await asyncio.sleep(0.01)
        if self.down is not None:
            raise self.down
        shown = self.objects.get(meta.name)
        if shown is None or shown["metadata"]["uid"] != meta.uid:
            return None
        told = shown["status"] | deepcopy(dict(status))
        shown["status"] = {key: value for key, value in told.items() if value is not None}
        self.writes[meta.name] += 1
        assert broken_rules(shown) == []
        return self._move(shown)

    async def post_event(self, meta: ObjectMeta, event: Event) -> None:
        """Keep an event."""
        await asyncio.sleep(0.01)
        self.events.append((meta.name, event.reason))


@dataclass(slots=True)
class MemoryConnector:
    """Opens remotes in memory; a request takes `pace` seconds.

    `fails` are raised by the next connections of an integration, `hook` is called in place of the first request. While
    it is `down`, ForceManager answers nobody; `tried` are the integrations that ran then.
    """

    kube: MemoryKube
    clock: LoopClock
    organisation: Organisation
    tenant: Tenant
    pace: float = 0.1
    fails: dict[str, list[BaseException]] = field(default_factory=dict)
    hooks: dict[str, Callable[[], Any]] = field(default_factory=dict)
    on: Counter[str] = field(default_factory=Counter)
    most_on: int = 0
    connections: list[tuple[str, datetime]] = field(default_factory=list)
    upstreams: Upstreams | None = None
    down: bool = False
    tried: list[str] = field(default_factory=list)
    target: MemoryTarget | None = None

    @asynccontextmanager
    async def connect(self, integration: SageIntegration, used: dict[Referent, str]) -> AsyncIterator[Remotes]:
        """Open both."""
        name = integration.metadata.name
        self.connections.append((name, self.clock.now))
        for secret in ("sage", "forcemanager"):
            used[secret_named(secret)] = self.kube.secrets.get(secret, "")
            if secret not in self.kube.secrets:
                raise SecretNotFound(f"Secret `{secret}` does not exist.")
        if self.fails.get(name):
            raise self.fails[name].pop(0)
        self._reach(integration)
        life = Life(self.clock, pace=self.pace)
        source = MemorySource(self.organisation, life)
        if name in self.hooks:
            source.identify = self.hooks[name]  # type: ignore[method-assign]
        self.target = target = MemoryTarget(self.tenant, life)
        self.on[name] += 1
        assert self.on[name] == 1, "two runs of one integration"
        self.most_on = max(self.most_on, self.on.total())
        try:
            yield Remotes(source=source, target=target)
        finally:
            self.on[name] -= 1

    async def shared_maps(self, integration: SageIntegration, used: dict[Referent, str]) -> dict[tuple[str, str], str]:
        """Read the ConfigMaps."""
        found = {}
        for name, key in shared_maps(integration):
            version, texts = self.kube.config_maps.get(name, ("", {}))
            used[Referent(kind=ReferentKind.CONFIG_MAP, namespace="crm", name=name)] = version
            found |= {(name, key): texts[key]} if key in texts else {}
        return found

    def _reach(self, integration: SageIntegration) -> None:
        """Let the circuit breakers see what the adapters would make them see."""
        assert self.upstreams is not None
        host = host_of(integration.spec.force_manager.url)
        if not self.down:
            self.upstreams.answered(System.FORCE_MANAGER, host)
            return
        self.tried.append(integration.metadata.name)
        for _ in range(5):
            self.upstreams.failed(System.FORCE_MANAGER, host, "timeout")
        raise Unavailable(System.FORCE_MANAGER, f"ForceManager ({host}) answers 503.")


def secret_named(name: str) -> Referent:
    """Return a Secret of the integrations' namespace."""
    return Referent(kind=ReferentKind.SECRET, namespace="crm", name=name)


class Surroundings:
    """One operator among all that it needs; `restart` makes another process of it."""

    def __init__(self, *, limit: int = 16, accounts: int = 0, pace: float = 0.1) -> None:
        """Begin with an empty cluster."""
        self.clock = LoopClock()
        self.kube = MemoryKube()
        self.disk = Disk()
        organisation = Organisation(self.clock)
        for number in range(accounts):
            organisation.add_account(name=f"Customer {number}")
        self.connector = MemoryConnector(
            kube=self.kube, clock=self.clock, organisation=organisation, tenant=Tenant(clock=self.clock), pace=pace
        )
        self._limit = limit
        self.restart()

    def restart(self) -> None:
        """Begin a process."""
        self.ledger = MemoryLedger(self.disk, Life(self.clock))
        self.connector.upstreams = self.upstreams = Upstreams(clock=self.clock)
        self.coordinator = Coordinator(
            Services(
                kube=self.kube,  # type: ignore[arg-type]
                connector=self.connector,
                ledger=self.ledger,
                upstreams=self.upstreams,
                limit=asyncio.Semaphore(self._limit),
                clock=self.clock,
                settling_time=timedelta(seconds=60),
            )
        )

    async def look(self, *which: str) -> None:
        """Let the coordinator look at some objects, or at all, as they are now."""
        for name in which or tuple(self.kube.objects):
            await self.coordinator.look(deepcopy(self.kube.objects[name]))

    async def apply(self, name: str = "acme", **changes: Any) -> None:
        """Change an object, and let the coordinator see it."""
        self.kube.apply(name, **changes)
        await self.look(name)

    async def put_secret(self, name: str, version: str) -> None:
        """Create, change or (with an empty version) delete a Secret; the watch tells of it."""
        if version:
            self.kube.secrets[name] = version
        else:
            del self.kube.secrets[name]
        await self.coordinator.referent_seen(secret_named(name), version)

    async def put_config_map(self, name: str, version: str, **texts: str) -> None:
        """Create or change a ConfigMap; the watch tells of it."""
        self.kube.config_maps[name] = (version, texts)
        referent = Referent(kind=ReferentKind.CONFIG_MAP, namespace="crm", name=name)
        await self.coordinator.referent_seen(referent, version)

    async def go_on(self, seconds: float, *, heartbeat: float = 10) -> None:
        """Let time go by, with a look at all objects at each heartbeat."""
        end = self.clock.now + timedelta(seconds=seconds)
        while self.clock.now < end:
            await asyncio.sleep(min(heartbeat, (end - self.clock.now).total_seconds()))
            await self.look()

    async def until(self, condition: Callable[[], bool], *, within: float = 120) -> None:
        """Let time go by without any look until something holds."""
        end = self.clock.now + timedelta(seconds=within)
        while not condition():
            assert self.clock.now < end, "it did not come to that"
            await asyncio.sleep(0.05)

    def status(self, name: str = "acme") -> dict[str, Any]:
        """Return the status that others see."""
        told: dict[str, Any] = self.kube.objects[name]["status"]
        return told

    def condition(self, kind: str = "Ready", name: str = "acme") -> dict[str, Any] | None:
        """Return a condition that others see."""
        return next((c for c in self.status(name).get("conditions", ()) if c["type"] == kind), None)

    def reason(self, name: str = "acme") -> str | None:
        """Return the reason of Ready."""
        ready = self.condition(name=name)
        return ready["reason"] if ready else None

    def runs(self, name: str = "acme") -> list[str]:
        """Return the outcomes of the runs in the ledger, oldest first; `on` for one that has not ended."""
        found = sorted((r for r in self.disk.runs.values() if r.header.integration == f"crm/{name}"), key=_by_id)
        return [run.result.outcome if run.result else "on" for run in found]

    def triggers(self, name: str = "acme") -> list[str]:
        """Return why the runs started, oldest first."""
        found = sorted((r for r in self.disk.runs.values() if r.header.integration == f"crm/{name}"), key=_by_id)
        return [run.header.trigger.value for run in found]

    def event_reasons(self, name: str = "acme") -> list[str]:
        """Return the reasons of the events of an object."""
        return [reason for of, reason in self.kube.events if of == name]


def _by_id(run: Any) -> str:
    return str(run.header.id)
