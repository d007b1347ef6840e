"""What is wrong with a configuration, found before anything is written: all of it at once, the most important first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FindingKind(StrEnum):
    """What kind of mistake or obstacle it is. Their order here is their importance, the gravest first."""

    # The remotes can't be used at all.
    HOST_NOT_ALLOWED = "HostNotAllowed"
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
    TEXT_TOO_LONG = "TextTooLong"
    FORMULA_SOURCE = "FormulaSource"
    # Some users are not associated as it may have been meant.
    USER_DEACTIVATED = "UserDeactivated"
    EMAIL_SHARED = "EmailShared"
    # Nothing is known of it: the schema that was given is that of another spec.
    NOT_CHECKED = "NotChecked"

    @property
    def severity(self) -> int:
        """Its place in the order, from 0."""
        return _ORDER[self]


_ORDER = {kind: place for place, kind in enumerate(FindingKind)}

SHOWN: Final = 3
"""How many findings a condition's message spells out."""

_MOST_BYTES: Final = 500  # a condition's message has 512 bytes of JSON, in which a quote takes two
_MORE: Final = "see `sage-operator check --live`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        subject: where, as the spec spells it: `accounts.fields[phone]`, `users.pairs[ana@acme.example]`.
        message: what is wrong, to follow the subject and a colon; no full stop at its end.
        remedy: what the reader can do, one sentence.
        layer: what set it: `spec`, `preset`, `ConfigMap crm-maps/accounts`.
        is_warning: nothing is stopped by it; it may be meant so, or concerns a few records.
        excerpt: lines that show the place, for where there is room.
    """

    kind: FindingKind
    subject: str
    message: str
    remedy: str
    layer: str = "spec"
    is_warning: bool = False
    excerpt: str = ""

    def __str__(self) -> str:
        """Return where, what set it if that is not the spec itself, and what is wrong."""
        where = self.subject if self.layer == "spec" else f"{self.subject} ({self.layer})"
        return f"{where}: {self.message}"


def by_importance(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, each once, errors before warnings, the gravest first; the order they came in does not matter."""
    return tuple(sorted(set(findings), key=_place))


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop an integration, the gravest first."""
    return tuple(finding for finding in by_importance(findings) if not finding.is_warning)


def warnings_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop nothing, the gravest first."""
    return tuple(finding for finding in by_importance(findings) if finding.is_warning)


def told(findings: Sequence[Finding]) -> str:
    """Return the message of a condition: the three gravest findings with their remedies, and how many more there are.

    At most 500 bytes, of which each finding that is spelled out has its share.
    """
    ordered = by_importance(findings)
    if not ordered:
        return ""
    if len(ordered) == 1:
        (only,) = ordered
        return _cut(f"{only}.\n{only.excerpt}\n{only.remedy}" if only.excerpt else _sentences(only), _MOST_BYTES)
    head, more = f"{len(ordered)} findings:", len(ordered) - SHOWN
    tail = f" and {more} more: {_MORE}." if more > 0 else ""
    shown = ordered[:SHOWN]
    left = _MOST_BYTES - len((head + tail).encode())
    spelled: list[str] = []
    for number, each in enumerate(shown, start=1):
        spelled.append(_cut(f" {number}) {_sentences(each)}", left // (len(shown) + 1 - number)))
        left -= len(spelled[-1].encode())
    return f"{head}{''.join(spelled)}{tail}"


def _place(finding: Finding) -> tuple[object, ...]:
    f = finding
    return f.is_warning, f.kind.severity, f.subject, f.message, f.remedy, f.layer, f.excerpt


def _sentences(finding: Finding) -> str:
    return f"{finding}. {finding.remedy}".rstrip()


def _cut(text: str, most: int) -> str:
    """Return a text of at most so many bytes of UTF-8; one that is too long ends in dots."""
    encoded = text.encode()
    return text if len(encoded) <= most else encoded[: most - len("…".encode())].decode(errors="ignore") + "…"
