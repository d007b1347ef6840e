"""The coordinator: every trigger only says "look at this one now"; it decides what is to be done.

One run an integration at a time, a global limit, no stacking. All state is in the slots; nothing here depends on Kopf.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

import structlog

from sage_operator.controller.attempt import attempt, crashed
from sage_operator.controller.history import LOOK_BACK, behind, ledger_is_behind, past_of
from sage_operator.controller.outages import beginning, concerns, end, is_held, outage_of, waiting_for
from sage_operator.controller.publish import publish, write
from sage_operator.controller.referents import Referent, ReferentKind
from sage_operator.controller.samples import sample
from sage_operator.controller.services import Services
from sage_operator.controller.slot import Slot
from sage_operator.resources import InvalidResourceError, ObjectMeta, SageIntegration
from sage_operator.sync.entities import Trigger
from sage_operator.sync.errors import Stopped, SyncError, System
from sage_operator.sync.state import RunRecord
from sage_operator.telemetry import metrics
from sage_operator.telemetry.metrics import IntegrationSample
from sage_operator.transport import Outage

log = structlog.get_logger(__name__)


class Coordinator:
    """Looks at integrations, starts their runs, ends them."""

    def __init__(self, services: Services) -> None:
        """Take the surroundings; nothing is started before the first look."""
        self._services = services
        self._slots: dict[str, Slot] = {}
        # Uids that are gone. A look that was under way then must not take them up again.
        self._gone: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        # By uid, while somebody is at it.
        self._sightings: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting = 0
        self._running = 0
        self._closing = False
        # Of each outage the integration whose events tell of it.
        self._tellers: dict[tuple[System, str], ObjectMeta] = {}
        services.upstreams.opened = lambda outage: self._soon(self._outage_began(outage))
        services.upstreams.closed = lambda outage, lasted: self._soon(self._outage_ended(outage, lasted))

    async def look(self, body: Mapping[str, Any]) -> None:
        """Look at an integration as the API server has it now, and do what is due.

        A body that does not fit the models is logged and left alone: the API server's schema refuses it already.
        """
        metadata = body.get("metadata", {})
        slot = self._slots.get(metadata.get("uid", ""))
        # Most looks are heartbeats, and see nothing new: reading the body again would be most of their work.
        if slot is None or slot.integration.metadata.resource_version != metadata.get("resourceVersion"):
            slot = await self._see(body)
        if slot is not None:
            await self._decide(slot)

    async def _see(self, body: Mapping[str, Any]) -> Slot | None:
        """Read an object that is new, or has changed; None if it can't be read, or is gone."""
        try:
            integration = SageIntegration.parse(body)
        except InvalidResourceError as error:
            log.error("resource-not-understood", error=str(error))  # noqa: TRY400 - the trace tells nothing
            return None
        slot = await self._slot(integration)
        if slot is not None:
            slot.see(integration)
        return slot

    async def referent_seen(self, referent: Referent, version: str) -> None:
        """Look at the integrations that name a Secret or ConfigMap, if it is another one than they have used."""
        for slot in list(self._slots.values()):
            if slot.told(referent, version):
                await self._decide(slot)

    async def referents_listed(self, kind: ReferentKind, namespace: str | None, found: dict[Referent, str]) -> None:
        """Do the same for all of a namespace, or of all namespaces: what is named and not found is gone.

        After a start nothing has been used yet, and the list tells nothing new: each run reads what it uses.
        """
        for slot in list(self._slots.values()):
            concerned = [r for r in slot.used if r.kind is kind and namespace in {None, r.namespace}]
            told = {slot.told(referent, found.get(referent, "")) for referent in concerned}
            if True in told:
                await self._decide(slot)

    async def leave(self, uid: str) -> None:
        """End the run of an integration, if one is on: the object is being deleted. Returns when it has ended."""
        self._gone.add(uid)
        slot = self._slots.get(uid)
        if slot is None:
            return
        slot.gone = True
        await self._end(slot, "It was deleted.", grace=timedelta(seconds=10))

    async def forget(self, uid: str, key: str) -> None:
        """Drop an integration that is gone, and release its claims; its record state stays in the ledger."""
        await self.leave(uid)
        self._slots.pop(uid, None)
        self._forget_unused_hosts()
        if any(slot.key == key for slot in self._slots.values()):
            return
        metrics.drop_integration(*key.split("/"))
        try:
            await self._services.ledger.release_integration(key)
        except SyncError as error:
            log.warning("claims-not-released", integration=key, error=str(error))

    async def close(self, grace: timedelta) -> None:
        """End all runs after their batches in hand; what takes longer than `grace` is cut short."""
        self._closing = True
        await asyncio.gather(
            *(self._end(slot, "The operator is ending.", grace=grace) for slot in self._slots.values())
        )
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def samples(self) -> Iterable[IntegrationSample]:
        """Return what `/metrics` shows of each integration."""
        return [sample(slot) for slot in list(self._slots.values()) if not slot.gone]

    async def _slot(self, integration: SageIntegration) -> Slot | None:
        """Return the slot of an integration, made on first sight from its status and the ledger; None if it is gone."""
        uid = integration.metadata.uid
        # A second look at the same integration must not reset what the first has begun to run. Others do not wait: a
        # thousand that are new would each stand in the ledger's queue behind the runs of those before it.
        async with self._sightings.setdefault(uid, asyncio.Lock()):
            if uid not in self._slots:
                try:
                    records = await self._services.ledger.last_runs(integration.key, limit=LOOK_BACK)
                    is_behind = await self._hold_against_status(integration, records)
                except SyncError as error:
                    log.warning("ledger-not-read", integration=integration.key, error=str(error))
                    return None
                if uid not in self._gone:
                    self._slots[uid] = slot = Slot.found(integration, past_of(records))
                    if is_behind:
                        # The run that the ledger lacks may have left creates that ForceManager still carries out.
                        slot.due_now = True
                        slot.not_before = self._services.clock() + self._services.settling_time
        return self._slots.get(uid)

    async def _hold_against_status(self, integration: SageIntegration, records: Sequence[RunRecord]) -> bool:
        """Return whether the ledger is older than the status; then it begins anew, before it has any newer run.

        Should the process die in between, the next one finds the same.
        """
        told = integration.status.last_run
        if told is None or not ledger_is_behind(records, told):
            return False
        await self._services.ledger.begin_anew(integration.key)
        event = behind(records, told)
        log.warning("ledger-older-than-status", integration=integration.key, reason=event.reason, detail=event.message)
        self._soon(self._services.kube.post_event(integration.metadata, event))
        return True

    async def _decide(self, slot: Slot) -> None:
        """Start, stop or leave alone."""
        async with slot.lock:
            if self._closing or slot.gone or slot.integration.metadata.deletion_timestamp is not None:
                return
            if slot.integration.spec.is_suspended(self._services.clock()):
                await self._suspend(slot)
                return
            if slot.suspended:  # resumed, by somebody or by the time
                slot.suspended, slot.due_now = False, True
                await publish(slot, self._services)
            trigger = slot.trigger(self._services.clock())
            if slot.running:
                if trigger is Trigger.GENERATION and slot.progress is not None:
                    slot.progress.stop(Stopped("A new generation of the spec is there."))
                return
            if trigger is None:
                await write(slot, self._services.kube)
            elif not await self._held(slot, trigger):
                self._start(slot, trigger)

    async def _held(self, slot: Slot, trigger: Trigger) -> bool:
        """Tell whether an integration waits for a remote that is down; what somebody asked for is tried in any case."""
        outage = outage_of(slot.integration, self._services.upstreams)
        if trigger is not Trigger.SCHEDULE or outage is None or outage.take_probe(self._services.clock()):
            return False
        if slot.error is None:
            slot.error = waiting_for(outage)
            await publish(slot, self._services)
        return True

    def _forget_unused_hosts(self) -> None:
        active = [slot.integration for slot in self._slots.values() if not slot.suspended]
        self._services.upstreams.forget_unused(lambda outage: any(concerns(outage, one) for one in active))

    async def _outage_began(self, outage: Outage) -> None:
        """Say once that a remote is down, whoever uses it."""
        concerned = sorted((s for s in self._slots.values() if concerns(outage, s.integration)), key=lambda s: s.key)
        system, host = outage.system, outage.host
        log.warning("upstream-down", system=system.value, host=host, cause=outage.cause, integrations=len(concerned))
        if concerned:
            self._tellers[system, host] = teller = concerned[0].meta
            await self._services.kube.post_event(teller, beginning(outage, len(concerned)))

    async def _outage_ended(self, outage: Outage, lasted: timedelta) -> None:
        """Say once that a remote is back and how long it was away, and let those run that wait for it."""
        system, host = outage.system, outage.host
        log.info("upstream-back", system=system.value, host=host, seconds=round(lasted.total_seconds()))
        teller = self._tellers.pop((system, host), None)
        if teller is not None:
            await self._services.kube.post_event(teller, end(outage, lasted))
        for slot in list(self._slots.values()):
            if is_held(slot, outage):
                slot.due_now = True
                await self._decide(slot)

    async def _suspend(self, slot: Slot) -> None:
        """Let the batch in hand end, and say so. The generation counts as handled: resuming is a new one."""
        if slot.running:
            if slot.progress is not None:
                slot.progress.stop(Stopped("It was suspended."))
            return
        slot.handled_generation = slot.integration.metadata.generation
        slot.suspended = True
        self._forget_unused_hosts()
        await publish(slot, self._services)

    def _start(self, slot: Slot, trigger: Trigger) -> None:
        slot.waiting = True
        slot.task = self._spawn(self._take_turn(slot, trigger))

    async def _take_turn(self, slot: Slot, trigger: Trigger) -> None:
        """Wait for the global limit, run, and look again."""
        due = slot.due
        self._waiting += 1
        self._measure()
        try:
            await self._services.limit.acquire()
        finally:
            self._waiting -= 1
            slot.waiting = False
            self._measure()
        self._running += 1
        self._measure()
        try:
            if not self._closing and not slot.gone:
                await attempt(slot, trigger, self._services, due=due)
        except Exception as error:
            log.exception("attempt-crashed", integration=slot.key)
            await crashed(slot, error, self._services)
        finally:
            self._services.limit.release()
            self._running -= 1
            self._measure()
        self._spawn(self._look_again(slot))

    async def _look_again(self, slot: Slot) -> None:
        """Do what has become due during a run."""
        if slot.task is not None:
            await asyncio.wait({slot.task})
        await self._decide(slot)

    async def _end(self, slot: Slot, reason: str, *, grace: timedelta) -> None:
        if not slot.running or slot.task is None:
            return
        if slot.progress is not None:
            slot.progress.stop(Stopped(reason))
        if not slot.waiting:
            await asyncio.wait({slot.task}, timeout=grace.total_seconds())
        slot.task.cancel()
        await asyncio.gather(slot.task, return_exceptions=True)

    def _soon(self, coroutine: Any) -> None:
        """Do something without making the caller wait, unless the operator is ending."""
        if self._closing:
            coroutine.close()
        else:
            self._spawn(coroutine)

    def _spawn(self, coroutine: Any) -> "asyncio.Task[None]":
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _measure(self) -> None:
        metrics.set_runs(self._running, self._waiting)
