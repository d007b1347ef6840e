"""What the coordinator remembers of one integration between its looks."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from sage_operator.controller.referents import Referent, ReferentKind, is_newer, referents
from sage_operator.controller.schedule import EPOCH, Past, due_at
from sage_operator.resources import (
    ConditionStatus,
    ConditionType,
    ObjectMeta,
    Reason,
    SageIntegration,
    SageIntegrationStatus,
    UsersSpec,
)
from sage_operator.runner.progress import Progress
from sage_operator.sync.entities import Trigger
from sage_operator.sync.errors import SyncError, restored
from sage_operator.sync.state import Summary


@dataclass(slots=True, kw_only=True)
class Slot:
    """One integration, live.

    Attributes:
        integration: the newest that was seen of it; replaced by `see` alone.
        referents: what it names. Each change of any Secret or ConfigMap is held against those of all integrations.
        status: the newest that we wrote or read. Our memory decides, not the event's body: that lags behind our writes.
        written: what the API server has, as far as we know; None makes the next look write.
        version: resource version that we know of.
        handled_generation, handled_token: what was taken in last, by a run or by suspending: generation and, by runs
            only, the token of `requestedAt`.
        proven: the generation that had a successful run last.
        proven_users: the section `users` of the spec that matched everybody last: later misses are drift.
        error: why the last run did not succeed.
        past: how the last run went.
        used: the versions of Secrets and ConfigMaps that runs have read last; empty for one that was not there.
        renewed: which of them have changed since then.
        task: the run that waits or is on.
        waiting: it waits for its turn under the global limit.
        suspended: no run is started.
        hushed: its trouble is a remote's outage, which is told of once for all.
        due_now: what it waited for is there again.
        not_before: UTC; no run is started before, whatever asks for it.
    """

    integration: SageIntegration
    referents: frozenset[Referent] = field(init=False)
    status: SageIntegrationStatus
    version: str
    written: SageIntegrationStatus | None = None
    handled_generation: int = -1
    handled_token: str = ""
    proven: int = -1
    proven_users: UsersSpec | None = None
    error: SyncError | None = None
    past: Past | None = None
    summary: Summary | None = None
    used: dict[Referent, str] = field(default_factory=dict)
    renewed: set[Referent] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    waiting: bool = False
    progress: Progress | None = None
    gone: bool = False
    suspended: bool = False
    hushed: bool = False
    due_now: bool = False
    not_before: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        """Take in what the integration names."""
        self.referents = referents(self.integration)

    @property
    def meta(self) -> ObjectMeta:
        """The object's metadata with the newest resource version that we know of."""
        return self.integration.metadata.model_copy(update={"resource_version": self.version})

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return self.integration.key

    @property
    def running(self) -> bool:
        """Tell whether a run waits or is on."""
        return self.task is not None and not self.task.done()

    @property
    def due(self) -> datetime:
        """When the next run is due by the schedule."""
        spec = self.integration.spec
        at = EPOCH if self.due_now else due_at(self.past, uid=self.integration.metadata.uid, interval=spec.interval)
        return at if self.not_before is None else max(at, self.not_before)

    def trigger(self, now: datetime) -> Trigger | None:
        """Return why a run is to start now, None if none is."""
        if self.not_before is not None and now < self.not_before:
            return None
        if self.integration.metadata.generation != self.handled_generation:
            return Trigger.GENERATION
        if self.integration.requested_at not in {"", self.handled_token}:
            return Trigger.REQUEST
        if self.renewed:
            secrets = any(referent.kind is ReferentKind.SECRET for referent in self.renewed)
            return Trigger.SECRET if secrets else Trigger.CONFIG_MAP
        return Trigger.SCHEDULE if self.due <= now else None

    def see(self, integration: SageIntegration) -> None:
        """Take a newer look of the object; one that lags behind what was seen before is left out."""
        if integration.metadata.generation >= self.integration.metadata.generation:
            self.integration = integration.without_status()
            self.referents = referents(integration)
            self.version = integration.metadata.resource_version

    def told(self, referent: Referent, version: str) -> bool:
        """Take what version of a Secret or ConfigMap is there, and return whether it is another than runs have used."""
        if referent not in self.referents or not is_newer(version, self.used.get(referent, "")):
            return False
        self.renewed.add(referent)
        return True

    def take(self) -> SageIntegration:
        """Take in the spec as it is now, for a run; what was wrong with another generation says nothing of it.

        The run reads the Secrets and ConfigMaps anew. One that changes afterwards is told again.
        """
        self.renewed.clear()
        self.due_now = False
        if self.integration.metadata.generation != self.handled_generation:
            self.handled_generation = self.integration.metadata.generation
            self.error = None
        self.handled_token = self.integration.requested_at or self.handled_token
        return self.integration

    @classmethod
    def found(cls, integration: SageIntegration, past: Past | None) -> "Slot":
        """Take up an integration at start, from its status and the ledger: what was handled is not handled again."""
        told = integration.status
        ready = next((c for c in told.conditions if c.type == ConditionType.READY), None)
        well = ready is not None and ready.status is ConditionStatus.TRUE
        failed = ready is not None and ready.status is ConditionStatus.FALSE
        refused = ready is not None and ready.reason == Reason.INVALID_USER_MAP
        suspended = any(c.type == ConditionType.SUSPENDED for c in told.conditions)
        # `Unknown`: its first run was announced, but may never have begun.
        handled = past is not None and (well or failed)
        current = handled and told.observed_generation == integration.metadata.generation
        matched = current and told.last_success_time is not None and not refused
        return cls(
            integration=integration.without_status(),
            status=told.model_copy(update={"current_run": None}),
            version=integration.metadata.resource_version,
            written=told,
            handled_generation=told.observed_generation if handled else -1,
            handled_token=told.last_handled_reconcile_at,
            suspended=suspended,
            proven=told.observed_generation if well else -1,
            proven_users=integration.spec.users if matched else None,
            error=restored(ready.reason, ready.message) if ready is not None and failed else None,
            past=past,
        )
