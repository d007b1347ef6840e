"""The error codes of records: a closed list, each with its class, who acts, and the remedy.

Codes are label values of `sage_rejects_total`, keys of `status.rejects` and rows of the ledger; they are stable.
"""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Why a record was rejected, or waits."""

    MISSING_MANDATORY_FIELD = "MissingMandatoryField"
    LOOKUP_NOT_FOUND = "LookupNotFound"
    LOOKUP_AMBIGUOUS = "LookupAmbiguous"
    TYPE_MISMATCH = "TypeMismatch"
    TOO_LONG = "TooLong"
    EXPRESSION_FAILED = "ExpressionFailed"
    USER_NOT_ASSOCIATED = "UserNotAssociated"
    ACCOUNT_NOT_SYNCHRONIZED = "AccountNotSynchronized"
    DUPLICATE_IN_FORCE_MANAGER = "DuplicateInForceManager"
    REFUSED_BY_FORCE_MANAGER = "RefusedByForceManager"
    UNCLEAR_OUTCOME = "UnclearOutcome"
    CLAIMED_BY_OTHER = "ClaimedByOther"

    @property
    def entry(self) -> "CatalogueEntry":
        """What is known of this code."""
        return CATALOGUE[self]


class CodeClass(StrEnum):
    """What kind of cause it is."""

    TRANSIENT = "transient"
    MAP = "map"
    RECORD = "record"
    REMOTE = "remote"


class Owner(StrEnum):
    """Who acts."""

    NOBODY = "nobody: it passes by itself"
    INTEGRATION = "whoever keeps the SageIntegration"
    SAGE = "whoever keeps the record in Sage"
    FORCE_MANAGER = "the ForceManager administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """The fixed facts of a code."""

    code_class: CodeClass
    owner: Owner
    remedy: str


CATALOGUE: dict[Code, CatalogueEntry] = {
    Code.MISSING_MANDATORY_FIELD: CatalogueEntry(
        code_class=CodeClass.RECORD,
        owner=Owner.SAGE,
        remedy="Fill the field in Sage, or give its target a constant `value` in the field map.",
    ),
    Code.LOOKUP_NOT_FOUND: CatalogueEntry(
        code_class=CodeClass.MAP,
        owner=Owner.FORCE_MANAGER,
        remedy="Add the value to the list in ForceManager, or correct it in Sage.",
    ),
    Code.LOOKUP_AMBIGUOUS: CatalogueEntry(
        code_class=CodeClass.MAP,
        owner=Owner.FORCE_MANAGER,
        remedy="Several rows of the list have this label: rename or delete all but one.",
    ),
    Code.TYPE_MISMATCH: CatalogueEntry(
        code_class=CodeClass.MAP,
        owner=Owner.INTEGRATION,
        remedy="The value does not fit the target's type: map another source or another target.",
    ),
    Code.TOO_LONG: CatalogueEntry(
        code_class=CodeClass.RECORD,
        owner=Owner.SAGE,
        remedy="Shorten the value in Sage, or map a target that holds longer texts.",
    ),
    Code.EXPRESSION_FAILED: CatalogueEntry(
        code_class=CodeClass.MAP,
        owner=Owner.INTEGRATION,
        remedy="The expression has no value for this record: let it allow for what the message names, null above all.",
    ),
    Code.USER_NOT_ASSOCIATED: CatalogueEntry(
        code_class=CodeClass.MAP,
        owner=Owner.INTEGRATION,
        remedy="Associate the owner in spec.users.pairs, or set spec.users.fallback.",
    ),
    Code.ACCOUNT_NOT_SYNCHRONIZED: CatalogueEntry(
        code_class=CodeClass.TRANSIENT,
        owner=Owner.NOBODY,
        remedy="It follows its account; see why that one is not synchronized.",
    ),
    Code.DUPLICATE_IN_FORCE_MANAGER: CatalogueEntry(
        code_class=CodeClass.REMOTE,
        owner=Owner.FORCE_MANAGER,
        remedy="Delete all but one of the records that the message names.",
    ),
    Code.REFUSED_BY_FORCE_MANAGER: CatalogueEntry(
        code_class=CodeClass.REMOTE,
        owner=Owner.INTEGRATION,
        remedy="The message is ForceManager's own; correct the field that it names.",
    ),
    Code.UNCLEAR_OUTCOME: CatalogueEntry(
        code_class=CodeClass.TRANSIENT,
        owner=Owner.NOBODY,
        remedy="ForceManager did not say whether it was created; a later run looks it up before it writes again.",
    ),
    Code.CLAIMED_BY_OTHER: CatalogueEntry(
        code_class=CodeClass.MAP,
        owner=Owner.INTEGRATION,
        remedy="Another SageIntegration writes this record into the same tenant: narrow the scope of one of them.",
    ),
}
