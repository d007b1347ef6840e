"""Everything that can go wrong with a run, as one tree.

::

    SyncError
    ├── Blocked                 a human must act; the integration is stalled until then
    │   ├── CredentialsRejected     the remote refused the keys, or the Secret lacks one
    │   ├── SecretNotFound
    │   ├── HostNotAllowed          refused before any byte is sent
    │   ├── CompanyNotFound         Sage has no such company, or several and none was named
    │   ├── InvalidFieldMap         a field that does not exist, or has another type
    │   ├── InvalidUserMap          a pair that matches nobody, or more than one
    │   ├── InvalidScope            the scope can't be read
    │   └── SchemaMismatch          API version, object or value that the remote lacks
    ├── Transient               passes by itself; the run is tried again
    │   ├── Unavailable             no answer, 5xx, or too busy for longer than retries last
    │   │   └── NothingTaken            it answers, and refuses one record after another
    │   ├── QuotaExhausted          the day's allowance is used up
    │   ├── ClockSkew               Sage's clock and ours differ by more than an hour
    │   ├── LedgerUnavailable
    │   └── KubernetesUnavailable   the API refused, or did not answer, one of our own calls
    │       └── WatchRefused        the operator has no right to list or watch
    ├── NoProgress              nothing moved for `spec.timeout`
    └── Stopped                 suspended, deleted, or the operator is ending; nothing is wrong

`reason` is the condition's reason (`Stalled` and `Ready` share it); `remedy` tells the reader what to do about it.
Messages hold no secret and no personal data, and are equal for equal causes, so that conditions do not flap.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, Final, Self

from sage_operator.sync.findings import Finding, FindingKind, errors_of, told


class System(StrEnum):
    """The two remotes, as metrics and messages name them."""

    SAGE = "sage"
    FORCE_MANAGER = "forcemanager"

    @property
    def spoken(self) -> str:
        """The name that people use."""
        return {System.SAGE: "Sage", System.FORCE_MANAGER: "ForceManager"}[self]


class SyncError(Exception):
    """Anything that ends a run early."""

    reason: ClassVar[str] = "SyncFailed"
    default_remedy: ClassVar[str] = ""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        """Take what happened, and what the reader can do (the class's own advice by default)."""
        super().__init__(message)
        self.message = message
        self.remedy = self.default_remedy if remedy is None else remedy

    def alone(self) -> Self:
        """Return it without the way it came, whose frames hold all that a run had read."""
        self.__traceback__ = self.__cause__ = self.__context__ = None
        return self

    def __str__(self) -> str:
        """Return the cause and the remedy in one line."""
        return f"{self.message} {self.remedy}".strip()


class Blocked(SyncError):
    """A human must act: the spec, a Secret or a remote's set-up is wrong. `findings` are all that was found at once."""

    def __init__(self, message: str, *, remedy: str | None = None, findings: Sequence[Finding] = ()) -> None:
        """Take what happened, what the reader can do, and the findings that the message sums up."""
        super().__init__(message, remedy=remedy)
        self.findings = tuple(findings)


class CredentialsRejected(Blocked):
    """The remote refused the credentials, or the Secret lacks a key."""

    reason = "CredentialsRejected"
    default_remedy = "Correct the Secret; the next attempt uses it at once."


class SecretNotFound(Blocked):
    """The Secret named by the spec does not exist."""

    reason = "SecretNotFound"
    default_remedy = "Create the Secret in the integration's namespace."


class HostNotAllowed(Blocked):
    """The URL's host is not on the operator's allow-list, or plain http is not allowed."""

    reason = "HostNotAllowed"
    default_remedy = "Correct the URL, or let the operator's administrator add the host to --allowed-hosts."


class CompanyNotFound(Blocked):
    """Sage has no company of that name, or several and none was named."""

    reason = "CompanyNotFound"
    default_remedy = "Set spec.sage.company to the name of one."


class InvalidFieldMap(Blocked):
    """A field map names a field that does not exist or cannot take the value."""

    reason = "InvalidFieldMap"
    default_remedy = "Correct spec.accounts.fields or spec.contacts.fields."


class InvalidUserMap(Blocked):
    """A pair of `spec.users` matches nobody, or more than one user."""

    reason = "InvalidUserMap"
    default_remedy = "Correct spec.users."


class InvalidScope(Blocked):
    """Sage cannot read the scope as it is written."""

    reason = "InvalidScope"
    default_remedy = "Correct spec.accounts."


class SchemaMismatch(Blocked):
    """The remote lacks what the integration needs: an API version, an object, a branch."""

    reason = "SchemaMismatch"
    default_remedy = "Correct spec.sage or spec.forceManager, or set up what the remote lacks."


class Transient(SyncError):
    """Passes by itself: the next attempt may succeed without anybody acting."""


class Unavailable(Transient):
    """A remote gave no usable answer for longer than retries last."""

    def __init__(self, system: System, message: str, *, remedy: str | None = None) -> None:
        """Take which remote it is and what was seen."""
        super().__init__(message, remedy=remedy)
        self.system = system

    default_remedy = "It is tried again by itself."

    @property
    def reason(self) -> str:  # type: ignore[override]
        """`SageUnavailable` or `ForceManagerUnavailable`."""
        return f"{self.system.spoken}Unavailable"


class NothingTaken(Unavailable):
    """A remote refuses one record after another and takes none: it is out of order, or the map is."""


class QuotaExhausted(Transient):
    """The remote's daily allowance of requests is used up."""

    reason = "QuotaExhausted"
    default_remedy = "It goes on when the allowance is renewed; a longer spec.interval needs fewer requests."


class ClockSkew(Transient):
    """Sage's clock and ours differ by more than an hour: no watermark can be trusted."""

    default_remedy = "Set the clock of the operator's node."


class LedgerUnavailable(Transient):
    """The ledger cannot be read or written; nothing is written to ForceManager without it."""

    reason = "LedgerUnavailable"
    default_remedy = "Check the ledger's volume: space, permissions, mount."


class KubernetesUnavailable(Transient):
    """The Kubernetes API refused or did not answer one of our own calls."""

    default_remedy = "It is tried again by itself; if it lasts, check the operator's rights."


class WatchRefused(KubernetesUnavailable):
    """The operator has no right to list or watch what it was asked to."""

    default_remedy = (
        "A change is then noticed by the next run only; grant list and watch (only metadata is asked for), as"
        " deploy/base does."
    )


class NoProgress(SyncError):
    """Nothing moved for `spec.timeout`; the run was stopped cleanly."""

    reason = "NoProgress"
    default_remedy = "What was done is recorded and the next run goes on; raise spec.timeout if the remotes are slow."


class Stopped(SyncError):
    """The run was told to stop: suspended, deleted, or the operator is ending."""

    reason = "Stopped"


def blocked(findings: Sequence[Finding]) -> Blocked:
    """Return the error for what was found, warnings left aside: the gravest gives its reason, all are in it."""
    errors = errors_of(findings)
    return _BY_KIND.get(errors[0].kind, InvalidFieldMap)(told(errors), remedy="", findings=errors)


def restored(reason: str, message: str) -> SyncError:
    """Return the error that a condition tells of: the message bears its remedy already."""
    for system in System:
        if reason == f"{system.spoken}Unavailable":
            return Unavailable(system, message, remedy="")
    kinds: list[type[SyncError]] = [*Blocked.__subclasses__(), *Transient.__subclasses__(), NoProgress]
    kind = next((kind for kind in kinds if kind is not Unavailable and kind.reason == reason), SyncError)
    return kind(message, remedy="")


_BY_KIND: Final[Mapping[FindingKind, type[Blocked]]] = {
    FindingKind.HOST_NOT_ALLOWED: HostNotAllowed,
    FindingKind.SIGN_IN_REFUSED: CredentialsRejected,
    FindingKind.API_VERSION_UNSUPPORTED: SchemaMismatch,
    FindingKind.COMPANY_NOT_FOUND: CompanyNotFound,
    FindingKind.OBJECT_NOT_READABLE: SchemaMismatch,
    FindingKind.INVALID_CONDITION: InvalidScope,
    FindingKind.BRANCH_NOT_FOUND: SchemaMismatch,
    FindingKind.USER_NOT_FOUND: InvalidUserMap,
}
"""By the kind of the gravest finding; what is not here is a mistake of a field map."""
