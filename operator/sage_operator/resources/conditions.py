"""The closed lists of condition types and reasons, each with its meaning in one line.

Tools and alerts match on these words: a new one may be added, none may change its meaning.
"""

from enum import StrEnum
from typing import Self


class _Explained(StrEnum):
    """A word with its meaning."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        """Make a plain string that also knows its meaning."""
        word = str.__new__(cls, value)
        word._value_ = value
        word.meaning = meaning
        return word


class ConditionType(_Explained):
    """The types of `status.conditions`. All but `Ready` are there only while they are true."""

    READY = "Ready", "The settings are valid, both systems can be used, and the last run that was due ended well."
    RECONCILING = "Reconciling", "The first run, or the first one of a new generation, is due or on."
    STALLED = "Stalled", "Nothing will happen until somebody corrects what the reason names."
    SUSPENDED = "Suspended", "No run is started; settings, watermarks and ledger are kept."
    RECORDS_REJECTED = "RecordsRejected", "The integration works, but some records could not be written."
    REVIEW_PENDING = "ReviewPending", "Removals beyond the change budget wait for an approval."


class Reason(_Explained):
    """The reasons of all conditions."""

    SUCCEEDED = "Succeeded", "The last run ended well."
    SUSPENDED = "Suspended", "The integration was well when it was suspended."
    INITIALIZING = "Initializing", "No run has ended yet."

    SYNC_FAILED = "SyncFailed", "The last run failed by an error that no other reason names."
    SAGE_UNAVAILABLE = "SageUnavailable", "Sage could not be reached or answered with errors; it is tried again."
    FORCE_MANAGER_UNAVAILABLE = (
        "ForceManagerUnavailable",
        "ForceManager could not be reached or answered with errors; it is tried again.",
    )
    LEDGER_UNAVAILABLE = "LedgerUnavailable", "The operator's own store could not be used; it is tried again."
    QUOTA_EXHAUSTED = "QuotaExhausted", "A remote's quota of requests is used up; it is tried again later."
    NO_PROGRESS = "NoProgress", "The run made no progress within `timeout` and was stopped; what was done is recorded."

    CREDENTIALS_REJECTED = (
        "CredentialsRejected",
        "A remote refused the credentials in the Secret, or the Secret lacks a key.",
    )
    SECRET_NOT_FOUND = "SecretNotFound", "The Secret does not exist."
    HOST_NOT_ALLOWED = "HostNotAllowed", "The operator's configuration does not allow this host, or not without TLS."
    COMPANY_NOT_FOUND = "CompanyNotFound", "Sage has no such company, or several and none was named."
    INVALID_FIELD_MAP = "InvalidFieldMap", "A field map names a field that does not exist or does not fit its source."
    INVALID_USER_MAP = "InvalidUserMap", "A user pair matches nobody, or more than one user."
    INVALID_SCOPE = "InvalidScope", "The scope can't be read: Sage refuses a condition."
    SCHEMA_MISMATCH = (
        "SchemaMismatch",
        "A remote lacks what the integration needs: an API version, an object, the branch.",
    )
    EXISTING_RECORDS_UNDECIDED = (
        "ExistingRecordsUndecided",
        "ForceManager has records that did not come from Sage, and the spec does not say what to do with them.",
    )

    PROGRESSING = "Progressing", "The run is due or on."
    PROGRESSING_WITH_RETRY = "ProgressingWithRetry", "The run failed and is tried again."

    USER_REQUESTED = "UserRequested", "`spec.suspend` is true."
    SCHEDULED = "Scheduled", "It is suspended until a time."

    RECORDS_REJECTED = "RecordsRejected", "The message names the codes and how many records have each."
    REMOVALS_WITHHELD = "RemovalsWithheld", "The message names the number, the digest and the way to approve."


STALLED_REASONS: frozenset[Reason] = frozenset(
    {
        Reason.CREDENTIALS_REJECTED,
        Reason.SECRET_NOT_FOUND,
        Reason.HOST_NOT_ALLOWED,
        Reason.COMPANY_NOT_FOUND,
        Reason.INVALID_FIELD_MAP,
        Reason.INVALID_USER_MAP,
        Reason.INVALID_SCOPE,
        Reason.SCHEMA_MISMATCH,
        Reason.EXISTING_RECORDS_UNDECIDED,
    }
)
"""What needs a person; `Ready=False` has the same reason."""

REASONS: dict[ConditionType, frozenset[Reason]] = {
    ConditionType.READY: STALLED_REASONS
    | {
        Reason.SUCCEEDED,
        Reason.SUSPENDED,
        Reason.INITIALIZING,
        Reason.SYNC_FAILED,
        Reason.SAGE_UNAVAILABLE,
        Reason.FORCE_MANAGER_UNAVAILABLE,
        Reason.LEDGER_UNAVAILABLE,
        Reason.QUOTA_EXHAUSTED,
        Reason.NO_PROGRESS,
    },
    ConditionType.STALLED: STALLED_REASONS,
    ConditionType.RECONCILING: frozenset({Reason.PROGRESSING, Reason.PROGRESSING_WITH_RETRY}),
    ConditionType.SUSPENDED: frozenset({Reason.USER_REQUESTED, Reason.SCHEDULED}),
    ConditionType.RECORDS_REJECTED: frozenset({Reason.RECORDS_REJECTED}),
    ConditionType.REVIEW_PENDING: frozenset({Reason.REMOVALS_WITHHELD}),
}
"""Which reasons a condition may have."""


class ConditionStatus(StrEnum):
    """The status of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Phase(StrEnum):
    """`status.phase`: for people and columns only, never for decisions."""

    PENDING = "Pending"
    SYNCHRONIZING = "Synchronizing"
    FUNCTIONING = "Functioning"
    ERROR = "Error"
    PAUSED = "Paused"
