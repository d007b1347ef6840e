"""What the ledger remembers between runs, as the domain sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, Mode, RecordStatus, Trigger
from sage_operator.sync.records import Action, WriteOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A reading of everything in scope (Initial, Replan) that is under way or was interrupted.

    Attributes:
        id: the id of the run that began it; records that it saw bear it.
        as_of: UTC on Sage's clock; the watermark when it is complete.
        digest: the configuration that it plans with; another one starts over.
        cursors: by entity, the highest id up to which everything has its outcome in the ledger.
        finished: entities that are done.
        indexed: ForceManager's live records have been indexed.
    """

    id: str
    mode: Mode
    as_of: datetime
    digest: str
    cursors: Mapping[Entity, str] = field(default_factory=dict)
    finished: frozenset[Entity] = frozenset()
    indexed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A reading of a whole stream of facts that is under way or was interrupted.

    Attributes:
        id: the id of the run that began it; facts that it saw bear it.
        as_of: UTC on Sage's clock; the stream's watermark when it is complete.
        digest: of the configuration that it reads with; another one starts over.
        cursor: how far all is in the ledger, in the reader's own words: the last id, or a bulk job and its locator.
    """

    id: str
    as_of: datetime
    digest: str
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """How far a stream of facts (documents, reconciliations) has been read; facts have no record in ForceManager.

    Attributes:
        watermark: UTC on Sage's clock, up to which everything has been read; None before the first complete load.
        digest: of the configuration that the watermark was reached with.
    """

    watermark: datetime | None = None
    digest: str | None = None
    load: Load | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeState:
    """What the ledger holds for one integration and one pair of remotes.

    Attributes:
        id: the ledger's key.
        hash_key: secret of this scope; hashes of values can't be compared or guessed without it.
        watermark: UTC on Sage's clock, up to which everything has been processed; None before the first complete pass.
        digest: of the configuration that the watermark was reached with.
        figures_as_of: the date for which the figures of all accounts were last made due.
    """

    id: int
    hash_key: bytes
    tenant: str
    watermark: datetime | None = None
    digest: str | None = None
    unfinished: Pass | None = None
    figures_as_of: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who synchronises a record into a tenant.

    Attributes:
        mine: this scope holds it.
        holder: `namespace/name` of the integration that holds it.
        target_id: the ForceManager id that an earlier holder left behind.
    """

    mine: bool
    holder: str
    target_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A write and how it ended; `code` is set if it is a reject now, due again at `action.retry_at`."""

    action: Action
    outcome: WriteOutcome
    code: Code | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """A run as it begins. `id` is a ULID, times are UTC."""

    id: str
    integration: str
    trigger: Trigger
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run as it ended.

    Attributes:
        outcome: `Succeeded`, `Failed`, `Stopped`, or `Interrupted` (the process died).
        reason: the condition's reason; `Succeeded` for a success.
        counts: by entity and action; zeros may be left out.
        requests: by system.
        data_as_of: UTC; set by a complete run only.
    """

    outcome: str
    reason: str
    message: str
    mode: Mode | None
    completed_at: datetime
    counts: Mapping[Entity, Mapping[ActionKind, int]]
    requests: Mapping[str, int]
    data_as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as the ledger kept it.

    Attributes:
        result: None while it is under way.
        times: how many runs this one stands for: neighbours that did nothing and ended alike are kept as the newest.
        first_at: UTC; when the first of them began, None if it stands for itself alone.
    """

    header: RunHeader
    result: RunResult | None
    times: int = 1
    first_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectGroup:
    """Records of one scope in `Error`, by code: how many, the newest message, and the label of one of them."""

    code: Code
    count: int
    message: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The records of one scope by entity and status, and the five most frequent codes of those in `Error`.

    `unclear`: how many creates were sent and have no known outcome yet.
    """

    records: Mapping[Entity, Mapping[RecordStatus, int]]
    rejects: tuple[RejectGroup, ...]
    unclear: int = 0
