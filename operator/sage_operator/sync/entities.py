"""What is synchronised, and the words for what is done with it."""

from enum import StrEnum


class Entity(StrEnum):
    """A kind of record; the value is its name in status, metrics, ledger and ForceManager's URLs."""

    ACCOUNTS = "accounts"
    CONTACTS = "contacts"
    SALES = "sales"  # one a trade document, with payments; they have no field map

    @property
    def sage_object(self) -> str:
        """The Salesforce object it is read from."""
        return _SAGE_OBJECTS[self]

    @property
    def singular(self) -> str:
        """The word for one of them, in messages."""
        return self.value[:-1]


_SAGE_OBJECTS = {
    Entity.ACCOUNTS: "Account",
    Entity.CONTACTS: "Contact",
    Entity.SALES: "s2cor__Sage_INV_Trade_Document__c",
}


class ActionKind(StrEnum):
    """What a run does with one record. `counted_as` is the word in status and metrics."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    UNCHANGED = "Unchanged"
    REJECT = "Reject"
    PENDING = "Pending"
    # The record left the scope, or Sage deleted it, and ForceManager keeps it (`Keep`): it is no longer ours.
    RELEASE = "Release"

    @property
    def counted_as(self) -> str:
        """The key in `status.lastRun.<entity>` and the label value of `sage_records_total`."""
        return _COUNTED_AS[self]


_COUNTED_AS = {
    ActionKind.CREATE: "added",
    ActionKind.UPDATE: "modified",
    ActionKind.DELETE: "deleted",
    ActionKind.UNCHANGED: "unchanged",
    ActionKind.REJECT: "rejected",
    ActionKind.PENDING: "pending",
    ActionKind.RELEASE: "released",
}


class RecordStatus(StrEnum):
    """Where one record stands, in the words of the CRM's own synchronisation pages."""

    SYNCHRONIZED = "Synchronized"
    PENDING = "Pending"
    ERROR = "Error"
    NOT_SYNCHRONIZED = "NotSynchronized"


class Mode(StrEnum):
    """Which run it is (chosen by `modes.choose`)."""

    INITIAL = "Initial"
    INCREMENTAL = "Incremental"
    REPLAN = "Replan"


class Trigger(StrEnum):
    """Why a run started."""

    SCHEDULE = "Schedule"
    GENERATION = "Generation"
    REQUEST = "Request"
    SECRET = "Secret"  # noqa: S105 - a changed Secret, the word
    CONFIG_MAP = "ConfigMap"  # a changed ConfigMap that the field maps are read from
