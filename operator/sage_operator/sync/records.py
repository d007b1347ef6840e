"""Records as they pass between Sage, the plan, ForceManager and the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus

Scalar: TypeAlias = str | int | Decimal | bool | None
"""A value on either wire. Numbers with a fraction are exact `Decimal`; dates are ISO 8601 texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A record in scope, as Sage gave it.

    Attributes:
        id: Salesforce id, 18 characters.
        owner_id: Salesforce id of its owner.
        parent_id: for contacts the account's id; None for accounts and for private contacts.
        parent_owner_id: for contacts the owner of the account.
        label: a name for people.
        fields: by the source path as the field map spells it (`Owner.Name`); a parent that is null gives null.
    """

    id: str
    owner_id: str
    parent_id: str | None = None
    parent_owner_id: str | None = None
    label: str = ""
    fields: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """A row that Sage changed, in scope or not: the answer to what has changed."""

    id: str
    deleted: bool
    merged_into: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordState:
    """What the ledger knows of one record.

    Attributes:
        target_id: its id in ForceManager; None while it is not there (or not known to be).
        mapped_hash: of all that was last written; None if nothing was, or if its outcome is not known.
        field_hashes: a keyed hash by target of what was last written; one that was written empty is absent,
            unless its rule clears it whoever wrote it (`Clear`).
        figures_hash: of all figures that were last written; None if none were, or if their outcome is not known.
        figure_hashes: a keyed hash by target of each figure that was last written, apart from the mapped fields.
        code: why it is in `Error` or `Pending`.
        attempts: how often in a row it was rejected.
        retry_at: UTC; when a reject is due again by itself.
        unclear_since: UTC; a create was sent then and its outcome is not known.
    """

    sage_id: str
    status: RecordStatus
    target_id: int | None = None
    parent_id: str | None = None
    mapped_hash: str | None = None
    field_hashes: Mapping[str, str] = field(default_factory=dict)
    figures_hash: str | None = None
    figure_hashes: Mapping[str, str] = field(default_factory=dict)
    code: Code | None = None
    attempts: int = 0
    retry_at: datetime | None = None
    unclear_since: datetime | None = None

    @property
    def is_ours(self) -> bool:
        """Tell whether the record is in scope, as far as is known."""
        return self.status is not RecordStatus.NOT_SYNCHRONIZED


WRITES: Final = (ActionKind.CREATE, ActionKind.UPDATE, ActionKind.DELETE)
"""What is a call to ForceManager."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a run does with one record.

    Attributes:
        sage_id: Salesforce id, 18 characters; it is the record's `extId` in ForceManager.
        target_id: the ForceManager id; None for a create.
        payload: what to send: everything for a create, the changed fields for an update, nothing otherwise.
        mapped_hash: of the whole desired record, to be stored when the write succeeded.
        field_hashes: by target, likewise.
        figures_hash: of all figures of the account; None if they were not looked at: they stay as they are.
        figure_hashes: by target, likewise.
        figures_only: the record itself was not read: the action says nothing of the mapped fields, nor of the status.
        retry_at: UTC; when it is due again by itself if it is, or ends as, a reject.
        warnings: one for each value that was cut or left out by the presets' rules, naming target and cause.
        lacking: the value lists that have no row for what the record refers to, by name.
    """

    kind: ActionKind
    entity: Entity
    sage_id: str
    label: str = ""
    target_id: int | None = None
    parent_id: str | None = None
    payload: Mapping[str, Scalar] = field(default_factory=dict)
    mapped_hash: str | None = None
    field_hashes: Mapping[str, str] = field(default_factory=dict)
    figures_hash: str | None = None
    figure_hashes: Mapping[str, str] = field(default_factory=dict)
    figures_only: bool = False
    code: Code | None = None
    message: str = ""
    retry_at: datetime | None = None
    warnings: tuple[str, ...] = ()
    lacking: frozenset[str] = frozenset()

    @property
    def is_write(self) -> bool:
        """Tell whether it is a call to ForceManager."""
        return self.kind in WRITES


class OutcomeKind(StrEnum):
    """How one write ended."""

    DONE = "Done"
    REFUSED = "Refused"  # ForceManager said no to this record
    UNCLEAR = "Unclear"  # it may or may not have taken effect
    UNKNOWN_ID = "UnknownId"  # an update of a record that ForceManager no longer has
    NOT_SENT = "NotSent"  # surely without effect: never sent, or refused before it was looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteItem:
    """One record to be written. `key` is the Salesforce id and comes back with the outcome."""

    key: str
    target_id: int | None = None
    data: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOutcome:
    """How the write of one item ended; `target_id` is set for a `DONE` create."""

    key: str
    kind: OutcomeKind
    target_id: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """A live record of ForceManager, as far as the index of an Initial run needs it."""

    id: int
    ext_id: str
