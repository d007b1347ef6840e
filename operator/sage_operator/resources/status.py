"""`SageIntegration.status`: what the operator tells. A summary below 8 KiB, always; the ledger has the rest."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, PlainSerializer, WithJsonSchema

from sage_operator.resources._base import Cut, Model
from sage_operator.resources.conditions import ConditionStatus, Phase

MAX_REJECTS = 5
MAX_HISTORY = 5
LONGEST_TOKEN = 128


def _rfc3339(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[
    AwareDatetime,
    AfterValidator(lambda time: time.astimezone(UTC).replace(microsecond=0)),
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment in UTC, whole seconds, as Kubernetes writes them: so what is read back equals what was written."""

Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]


class Condition(Model):
    """One aspect of the state, in the form of `metav1.Condition`."""

    type: Annotated[str, Field(max_length=64)]
    """What it is about: `Ready` (always present), `Reconciling`, `Stalled`, `Suspended`, `RecordsRejected`."""

    status: ConditionStatus
    """`True`, `False` or `Unknown`."""

    reason: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    """Why, in one word of a closed list, for programs."""

    message: Annotated[str, Cut(512)] = ""
    """Why, and what to do about it, for people."""

    last_transition_time: Time
    """When `status` changed last."""

    observed_generation: Count = 0
    """The `metadata.generation` that it is about."""


class RecordCounts(Model):
    """How many records of one kind a run treated, by what it did."""

    added: Count = 0
    """Created in ForceManager."""
    modified: Count = 0
    """Updated in ForceManager."""
    unchanged: Count = 0
    """Read, and equal to what ForceManager has already."""
    deleted: Count = 0
    """Deleted in ForceManager."""
    released: Count = 0
    """No longer in scope, or deleted in Sage; kept in ForceManager."""
    rejected: Count = 0
    """Not written, each with an error code."""
    pending: Count = 0
    """Waiting: for their account, or for the outcome of an earlier write."""


class RequestCounts(Model):
    """How many requests were sent, by remote."""

    sage: Count = 0
    """To Sage."""
    force_manager: Count = 0
    """To ForceManager."""


class CurrentRun(Model):
    """The run that is on. Written at most every 5 seconds."""

    id: Annotated[str, Cut(32)]
    """ULID; the key into the ledger."""
    trigger: Annotated[str, Cut(32)]
    """Why it started: `Schedule`, `Generation`, `Request` or `Secret`."""
    mode: Annotated[str, Cut(32)]
    """`Initial`, `Incremental` or `Replan`."""
    started_at: Time
    """When it started."""
    stage: Annotated[str, Cut(32)] = ""
    """What it is doing."""
    done: Count = 0
    """Records treated so far."""
    total: Count | None = None
    """Records to treat, as far as that is known."""


class LastRun(Model):
    """The last run that ended, well or not."""

    id: Annotated[str, Cut(32)]
    """ULID; the key into the ledger."""
    trigger: Annotated[str, Cut(32)]
    """Why it started: `Schedule`, `Generation`, `Request` or `Secret`."""
    mode: Annotated[str, Cut(32)]
    """`Initial`, `Incremental` or `Replan`."""
    started_at: Time
    """When it started."""
    completed_at: Time
    """When it ended."""
    accounts: RecordCounts = RecordCounts()
    """What it did with accounts."""
    contacts: RecordCounts = RecordCounts()
    """What it did with contacts."""
    sales: RecordCounts | None = None
    """What it did with sales, if documents are written as sales."""
    requests: RequestCounts = RequestCounts()
    """What it cost."""


class EntityCounts(Model):
    """A number of each kind of record."""

    accounts: Count = 0
    """The number for accounts."""
    contacts: Count = 0
    """The number for contacts."""
    sales: Count | None = None
    """The number for sales, if documents are written as sales."""


class FieldCounts(Model):
    """How many fields of ForceManager are filled."""

    accounts: Count = 0
    """By the map of accounts."""
    contacts: Count = 0
    """By the map of contacts."""
    payments: Count | None = None
    """With figures of payments, if there are any."""


class UserCounts(Model):
    """How many active Sage users have a ForceManager user."""

    associated: Count = 0
    """Sage users with a ForceManager user."""
    unassociated: Count = 0
    """Active Sage users without one."""
    unmatched: Annotated[str, Cut(160)] = ""
    """Pairs of the spec that used to match and no longer do, since a user was renamed or deleted. Their accounts have
    left the scope, the rest goes on."""


class Warnings(Model):
    """What the last look at both systems found that may be a mistake, and that stops nothing."""

    count: Count
    """How many such findings there are; `sage-operator check --live` lists them."""
    message: Annotated[str, Cut(240)] = ""
    """The gravest of them, and what to do about it."""


class Reject(Model):
    """Records that could not be written for the same cause."""

    code: Annotated[str, Cut(40)]
    """The error code."""
    count: Count
    """How many records have it now."""
    message: Annotated[str, Cut(160)] = ""
    """The cause, in the words of one of them, and what to do."""
    example: Annotated[str, Cut(60)] = ""
    """One of these records, by its Sage id or name."""


class HistoryEntry(Model):
    """Runs with the same outcome in a row."""

    outcome: Annotated[str, Cut(64)]
    """`Succeeded`, or the reason why they failed."""
    mode: Annotated[str, Cut(32)] = ""
    """`Initial`, `Incremental` or `Replan`."""
    message: Annotated[str, Cut(72)] = ""
    """The newest one's message."""
    first_at: Time
    """When the first of them ended."""
    last_at: Time
    """When the newest of them ended."""
    count: Annotated[int, Field(ge=1, json_schema_extra={"format": "int64"})] = 1
    """How many they are."""


class SageIntegrationStatus(Model):
    """The state of the integration, as the operator sees it."""

    observed_generation: Annotated[int, Field(ge=-1, json_schema_extra={"format": "int64"})] = -1
    """The `metadata.generation` that the operator has taken in; -1 before the first time."""

    phase: Annotated[Phase | None, WithJsonSchema({"type": "string", "maxLength": 32})] = None
    """The state in one word, for people: `Pending`, `Synchronizing`, `Functioning`, `Error` or `Paused`. Programs
    read `conditions`."""

    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            max_length=8, json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
        ),
    ] = ()
    """The state in all its aspects. `Ready` is always present, the others only while they are true."""

    last_handled_reconcile_at: Annotated[str, Cut(LONGEST_TOKEN)] = ""
    """The value of the annotation `integrations.forcemanager.io/requestedAt` whose run has ended."""

    last_sync_time: Time | None = None
    """When the last run ended, well or not."""

    last_success_time: Time | None = None
    """When the last run that succeeded ended."""

    next_sync_time: Time | None = None
    """When the next run is due; while suspended, when it resumes by itself, if it does."""

    data_as_of: Time | None = None
    """Everything that Sage showed up to this moment of its own clock is in ForceManager, except records that are
    rejected or pending."""

    current_run: CurrentRun | None = None
    """The run that is on; absent between runs."""

    last_run: LastRun | None = None
    """The last run that ended, well or not."""

    synchronized: EntityCounts | None = None
    """How many records are in ForceManager as Sage has them."""

    rejected: Count | None = None
    """How many records are rejected now, of all kinds and codes."""

    pending: Count | None = None
    """How many records wait now, of all kinds: for their account, or for the outcome of an earlier write."""

    users: UserCounts | None = None
    """The user associations in force."""

    warnings: Warnings | None = None
    """What may be a mistake in the spec, or is odd in one of the systems; absent if there is nothing of the kind. Pairs
    of users that no longer match are in `users`."""

    fields: FieldCounts | None = None
    """How many ForceManager fields are mapped."""

    rejects: Annotated[
        tuple[Reject, ...], Field(max_length=MAX_REJECTS, json_schema_extra={"x-kubernetes-list-type": "atomic"})
    ] = ()
    """The five most frequent error codes of records that are rejected now."""

    history: Annotated[
        tuple[HistoryEntry, ...], Field(max_length=MAX_HISTORY, json_schema_extra={"x-kubernetes-list-type": "atomic"})
    ] = ()
    """The five newest outcomes, newest first; equal neighbours are folded together."""

    def dump(self) -> dict[str, Any]:
        """Return the status as JSON for a merge patch: what has no value is null, so that the patch removes it."""
        dumped = self.model_dump(mode="json", by_alias=True)
        return {key: None if value in ("", []) else value for key, value in dumped.items()}
