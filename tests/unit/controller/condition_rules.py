"""What tools that wait for a resource rely on, as a helper to be applied after every transition.

The rules are those that Flux checks its own controllers by, and kstatus's reading of a status; ours come last.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sage_operator.resources.conditions import REASONS, ConditionType

_SOUND = {"Ready"}
"""Conditions that are there whatever their status; all others mean trouble or work, and go when it is over."""


def kstatus(resource: Mapping[str, Any]) -> str:
    """Return what `kstatus` computes: Terminating, InProgress, Failed or Current."""
    metadata, status = resource["metadata"], resource.get("status") or {}
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    if metadata.get("deletionTimestamp"):
        return "Terminating"
    if status.get("observedGeneration") != metadata["generation"]:
        return "InProgress"
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    return "Current" if conditions.get("Ready", "True") == "True" else "InProgress"


def broken_rules(resource: Mapping[str, Any]) -> list[str]:
    """Return which rules a resource breaks; it has been looked at at least once."""
    generation, status = resource["metadata"]["generation"], resource["status"]
    listed = status.get("conditions") or []
    conditions = {c["type"]: c for c in listed}
    observed = status.get("observedGeneration", -1)
    ready = conditions.get("Ready")
    broken = [
        *(["a type is there twice"] if len(conditions) != len(listed) else ()),
        *(["observedGeneration is ahead of generation"] if observed > generation else ()),
        *_of_each(listed, observed),
    ]
    if ready is None:
        return [*broken, "Ready is missing"]
    if "Stalled" in conditions and "Reconciling" in conditions:
        broken.append("Stalled and Reconciling together")
    if "Stalled" in conditions and ready["status"] != "False":
        broken.append("Stalled, but Ready is not False")
    if "Stalled" in conditions and conditions["Stalled"]["reason"] != ready["reason"]:
        broken.append("Stalled and Ready for different reasons")
    if ready["status"] == "True" and ready["observedGeneration"] != observed:
        broken.append("Ready for another generation than the observed one")
    if ready["status"] == "True" and "Reconciling" in conditions:
        broken.append("Ready and Reconciling together")
    if ready["status"] == "Unknown" and "Reconciling" not in conditions:
        broken.append("Ready is Unknown without Reconciling")
    return broken


def _of_each(conditions: Iterable[Mapping[str, Any]], observed: int) -> Iterable[str]:
    for condition in conditions:
        name = condition["type"]
        if name not in _SOUND and condition["status"] != "True":
            yield f"{name} is kept though it is not True"
        if condition.get("observedGeneration") != observed:
            yield f"{name} has another observedGeneration"
        if condition["reason"] not in REASONS[ConditionType(name)]:
            yield f"{name} may not have the reason {condition['reason']}"
        if not condition["message"]:
            yield f"{name} has no message"
