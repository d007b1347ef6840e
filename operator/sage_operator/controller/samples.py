"""What `/metrics` shows of one integration, from its live state."""

from sage_operator.controller.slot import Slot
from sage_operator.resources import ConditionType
from sage_operator.sync.entities import RecordStatus
from sage_operator.telemetry.metrics import IntegrationSample

_STATES = {
    RecordStatus.SYNCHRONIZED: "synchronized",
    RecordStatus.PENDING: "pending",
    RecordStatus.ERROR: "rejected",
}


def sample(slot: Slot) -> IntegrationSample:
    """Return the sample of an integration. Its records are known after its first run in this process."""
    spec, told = slot.integration.spec, slot.status
    ready = next((c for c in told.conditions if c.type == ConditionType.READY), None)
    records = slot.summary.records if slot.summary is not None else {}
    namespace, name = slot.key.split("/")
    return IntegrationSample(
        namespace=namespace,
        name=name,
        ready=ready.status.value if ready is not None else "Unknown",
        reason=ready.reason if ready is not None else "Initializing",
        suspended=slot.suspended,
        interval=spec.interval.total_seconds(),
        last_success=told.last_success_time,
        data_as_of=told.data_as_of,
        next_run=told.next_sync_time,
        consecutive_failures=slot.past.failures if slot.past is not None else 0,
        records={
            entity.value: {word: states.get(status, 0) for status, word in _STATES.items()}
            for entity, states in records.items()
        },
    )
