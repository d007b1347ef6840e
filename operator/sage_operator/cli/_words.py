"""Records and actions of the archive in words, and as documents."""

from typing import TYPE_CHECKING, Any

from sage_operator.cli._table import iso, shown
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import RecordStatus

if TYPE_CHECKING:
    from sage_operator.ledger import ArchivedAction, ArchivedRecord

_MEANING = {
    "Synchronized": "It is in ForceManager as Sage had it when it was last read.",
    "Pending": "It waits: a later run writes it.",
    "PendingReview": "Its removal waits for somebody to approve it.",
    "Error": "Its last change was rejected: ForceManager has what was written before it.",
    "NotSynchronized": "It is not in scope: what is in ForceManager is left alone.",
}
_UNSETTLED = "Whether its last write arrived is not known yet: the next run looks."
_ENDED = {
    "noted": "",
    "sent": "under way",
    "done": "done",
    "refused": "refused",
    "unclear": "outcome unknown",
    "unsent": "not sent",
}


def meaning(record: "ArchivedRecord") -> str:
    """Return what a record's status means."""
    if not record.settled and record.status != RecordStatus.ERROR:
        return _UNSETTLED
    if record.status == RecordStatus.ERROR and record.target_id is None:
        return "It was rejected, and is not in ForceManager."
    return _MEANING.get(record.status, "")


def remedy(code: str | None) -> str | None:
    """Return what to do about a code; None if this program does not know it."""
    return Code(code).entry.remedy if code in set(Code) else None


def how_it_ended(action: "ArchivedAction") -> str:
    """Return how an action ended."""
    return _ENDED.get(action.stage, action.stage)


def explained(action: "ArchivedAction") -> str:
    """Return why it was done, or what it changed."""
    told = ": ".join(part for part in (action.code, action.message) if part)
    if action.values is not None and action.fields:
        return told or ", ".join(_changed(action, name) for name in action.fields)
    return told or ", ".join(action.fields)


def _changed(action: "ArchivedAction", name: str) -> str:
    after = shown((action.values or {}).get(name)) or "empty"
    return f"{name}: {shown(action.before[name]) or 'empty'} → {after}" if name in action.before else f"{name}: {after}"


def record_document(record: "ArchivedRecord") -> dict[str, Any]:
    """Return a record for programs."""
    namespace, _, name = record.integration.partition("/")
    return {
        "namespace": namespace,
        "name": name,
        "entity": record.entity,
        "sageId": record.sage_id,
        "forceManagerId": record.target_id,
        "label": record.label,
        "status": record.status,
        "meaning": meaning(record),
        "code": record.code,
        "message": record.message,
        "remedy": remedy(record.code),
        "attempts": record.attempts,
        "rejectedSince": iso(record.rejected_since),
        "nextTry": iso(record.retry_at),
        "updatedAt": iso(record.updated_at),
        "lastRun": record.last_run_id,
    }


def action_document(action: "ArchivedAction") -> dict[str, Any]:
    """Return an action for programs; `changes` only if the operator keeps values."""
    document: dict[str, Any] = {
        "runId": action.run_id,
        "at": iso(action.at),
        "action": action.kind,
        "stage": action.stage,
        "entity": action.entity,
        "sageId": action.sage_id,
        "forceManagerId": action.target_id,
        "label": action.label,
        "code": action.code,
        "message": action.message,
        "fields": list(action.fields),
    }
    if action.values is not None:
        document["changes"] = {
            name: {"after": value, **({"before": action.before[name]} if name in action.before else {})}
            for name, value in action.values.items()
        }
    return document
