"""What is wrong with a configuration, found before anything is written: all of it at once, the most important first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What kind of mistake or obstacle it is. Their order here is their importance, the gravest first."""

    # The remotes can't be used at all.
    SIGN_IN_REFUSED = "SignInRefused"
    API_VERSION_UNSUPPORTED = "ApiVersionUnsupported"
    COMPANY_NOT_FOUND = "CompanyNotFound"
    OBJECT_NOT_READABLE = "ObjectNotReadable"
    QUOTA_TOO_SMALL = "QuotaTooSmall"
    # No record could be written, or the wrong ones would be.
    INVALID_CONDITION = "InvalidCondition"
    BRANCH_NOT_FOUND = "BranchNotFound"
    USER_NOT_FOUND = "UserNotFound"
    SHARED_MAP_NOT_FOUND = "SharedMapNotFound"
    INVALID_SHARED_MAP = "InvalidSharedMap"
    MANDATORY_TARGET_MISSING = "MandatoryTargetMissing"
    # One entry of a field map is wrong.
    UNKNOWN_TARGET = "UnknownTarget"
    CUSTOM_FIELD_MISSING = "CustomFieldMissing"
    TARGET_NOT_WRITABLE = "TargetNotWritable"
    TARGET_TWICE = "TargetTwice"
    UNKNOWN_SOURCE = "UnknownSource"
    INVALID_EXPRESSION = "InvalidExpression"
    TYPE_MISMATCH = "TypeMismatch"
    UNKNOWN_LIST = "UnknownList"
    WRONG_LIST = "WrongList"
    INVALID_VALUE = "InvalidValue"
    # The map worked once, and what it rests on has changed.
    DRIFT = "Drift"

    @property
    def severity(self) -> int:
        """Its place in the order, from 0."""
        return _ORDER[self]


_ORDER = {kind: place for place, kind in enumerate(FindingKind)}

_SHOWN = 3
"""How many findings a condition's message spells out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        subject: where, as the spec spells it: `accounts.fields[phone]`, `users.pairs[ana@acme.example]`.
        message: what is wrong, to follow the subject and a colon; no full stop at its end.
        remedy: what the reader can do, one sentence.
        layer: what set it: `spec`, `preset`, `ConfigMap crm-maps/accounts`.
    """

    kind: FindingKind
    subject: str
    message: str
    remedy: str
    layer: str = "spec"

    def __str__(self) -> str:
        """Return where, what set it if that is not the spec itself, and what is wrong."""
        where = self.subject if self.layer == "spec" else f"{self.subject} ({self.layer})"
        return f"{where}: {self.message}"


def by_importance(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once, the gravest first; the order they came in does not matter."""
    return tuple(sorted(set(findings), key=lambda f: (f.kind.severity, f.subject, f.message, f.remedy, f.layer)))


def told(findings: Sequence[Finding]) -> str:
    """Return the message of a condition: the three gravest findings, and how many more there are."""
    ordered = by_importance(findings)
    more = len(ordered) - _SHOWN
    return "; ".join(map(str, ordered[:_SHOWN])) + (f"; and {more} more." if more > 0 else ".")


def remedy(findings: Sequence[Finding]) -> str:
    """Return what to do about the gravest finding."""
    ordered = by_importance(findings)
    return ordered[0].remedy if ordered else ""
