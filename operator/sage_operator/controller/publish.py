"""Making the state of an integration known: its status, and the events of its transitions."""

import structlog

from sage_operator.controller import status
from sage_operator.controller.conditions import Situation
from sage_operator.controller.events import RECOVERED, Event, doubts, drift, transitions
from sage_operator.controller.kube import Kube
from sage_operator.controller.outages import is_held, outage_of
from sage_operator.controller.services import Services
from sage_operator.controller.slot import Slot
from sage_operator.resources import SageIntegrationStatus
from sage_operator.sync.errors import KubernetesUnavailable

log = structlog.get_logger(__name__)


def situation_of(slot: Slot) -> Situation:
    """Return what is known of an integration now."""
    spec, generation, summary = slot.integration.spec, slot.handled_generation, slot.summary
    return Situation(
        generation=generation,  # that was taken in; a newer one has not been judged yet
        suspended=slot.suspended,
        suspend_reason=spec.suspend_reason,
        suspend_until=spec.suspend_until,
        proven=slot.proven == generation,
        running=slot.progress is not None,
        error=slot.error,
        rejects=summary.rejects if summary is not None else None,
        rejected=status.rejected(summary) if summary is not None else 0,
    )


async def publish(slot: Slot, services: Services, draft: SageIntegrationStatus | None = None) -> None:
    """Bring conditions and schedule of a status up to date, write it if it has changed, post the events.

    A status that can't be written now is written at a later look; no run suffers from it.
    """
    before = slot.status
    slot.status = status.settled(
        draft or before,
        situation_of(slot),
        next_run=slot.integration.spec.suspend_until if slot.suspended else max(slot.due, services.clock()),
        now=services.clock(),
    )
    await write(slot, services.kube)
    now = slot.status
    changes = _heard(slot, services, transitions(before.conditions, now.conditions))
    for event in (*changes, *drift(before.users, now.users), *doubts(before.warnings, now.warnings)):
        await services.kube.post_event(slot.integration.metadata, event)


def _heard(slot: Slot, services: Services, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Leave out what the event of a remote's outage, or of its end, tells for all integrations."""
    outage = outage_of(slot.integration, services.upstreams)
    if outage is not None and slot.error is not None and is_held(slot, outage):
        slot.hushed = True
        return tuple(event for event in events if event.reason != slot.error.reason)
    hushed, slot.hushed = slot.hushed, slot.hushed and slot.error is not None
    return tuple(event for event in events if not (hushed and event.reason == RECOVERED))


async def write(slot: Slot, kube: Kube) -> None:
    """Write the status if it differs from what was written last."""
    if slot.gone or slot.status == slot.written:
        return
    wanted = slot.status
    try:
        version = await kube.patch_status(slot.meta, wanted.dump())
    except KubernetesUnavailable as error:
        log.warning("status-not-written", integration=slot.key, error=error.message)
        return
    except Exception:  # no run must suffer from what goes wrong in telling of it
        log.exception("status-not-written", integration=slot.key)
        return
    if version is None:
        slot.gone = True
        return
    slot.version = version
    slot.written = wanted
