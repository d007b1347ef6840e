"""The closed lists: conditions and their reasons, the error codes of records, the presets of field maps."""

from typing import Final

from sage_operator.reference._markdown import code, codes, document, section, table
from sage_operator.resources.conditions import REASONS, STALLED_REASONS, ConditionType, Phase, Reason
from sage_operator.sync.codes import CATALOGUE
from sage_operator.sync.fieldmap import FieldRule, FieldSource, LookupBy
from sage_operator.sync.presets import PRESETS

RESERVED: Final = frozenset(
    {
        ConditionType.REVIEW_PENDING,
        Reason.EXISTING_RECORDS_UNDECIDED,
        Reason.REMOVALS_WITHHELD,
    }
)
"""Words that are taken for later: nothing gives them yet."""

_CONDITIONS = """\
`status.conditions` follows the rules of kstatus: `Ready` is always present, the others only while they are true; \
`Reconciling` and `Stalled` are never there together; `Stalled` implies `Ready=False` for the same reason. A routine \
run touches none of them. A word may be added to these lists, none changes its meaning. Causes and remedies: \
[troubleshooting](../troubleshooting.md)."""

_CODES = """\
Why a record was not written, or waits. The codes are in `status.rejects`, in the metric `sage_rejects_total` and in \
the ledger. A rejected record is tried again when it, or the configuration, changes, and by itself after 1 hour, \
2 hours, 4 hours and so on up to a day. What to look at: [troubleshooting](../troubleshooting.md)."""

_PRESETS = """\
The field maps that `preset: Default` starts from. An entry of `fields` replaces the preset's entry of the same \
target; `preset: None` starts from nothing. A target that the tenant lacks is left out. A text that is too long is \
cut, and a value that a list lacks is left out, each with a warning that is counted in the log line of the run. A \
value that is empty in Sage is empty in ForceManager."""


def conditions() -> str:
    """Return the page of the conditions."""
    types = table(("type", "meaning"), ((code(kind.value), _meaning(kind)) for kind in ConditionType))
    reasons = [
        section(
            f"Reasons of {code(kind.value)}",
            "" if kind is not ConditionType.READY else "Besides these, `False` has each reason of `Stalled`.",
            table(
                ("reason", "meaning"),
                (
                    (code(reason.value), _meaning(reason))
                    for reason in Reason
                    if reason in REASONS[kind] and not (kind is ConditionType.READY and reason in STALLED_REASONS)
                ),
            ),
        )
        for kind in ConditionType
    ]
    phases = section("Phases", f"`status.phase` is for people: {codes(phase.value for phase in Phase)}.")
    return document("Conditions", _CONDITIONS, section("Types", types), *reasons, phases)


def error_codes() -> str:
    """Return the page of the error codes."""
    rows = (
        (code(name.value), entry.code_class.value, entry.owner.value, entry.remedy) for name, entry in CATALOGUE.items()
    )
    return document("Error codes of records", _CODES, table(("code", "class", "who acts", "remedy"), rows))


def presets() -> str:
    """Return the page of the built-in field maps."""
    maps = (
        section(
            entity.value.capitalize(),
            table(("ForceManager field", "from Sage"), ((code(rule.target), _origin(rule)) for rule in rules)),
        )
        for entity, rules in PRESETS.items()
    )
    return document("Presets of field maps", _PRESETS, *maps)


def _meaning(word: ConditionType | Reason) -> str:
    return f"{word.meaning}{' *Reserved: nothing gives it yet.*' if word in RESERVED else ''}"


def _origin(rule: FieldRule) -> str:
    sources = ", else ".join(map(_source, rule.sources))
    return f"{sources}, else {code(rule.default)}" if rule.default is not None else sources


def _source(source: FieldSource) -> str:
    if source.lookup is None:
        return code(source.path)
    by = "ISO code" if source.lookup.by is LookupBy.ISO2 else "label"
    return f"{code(source.path)} (the row of {code(source.lookup.list_name)} with this {by})"
