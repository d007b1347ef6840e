"""Faults on demand: rules that pick requests, and what happens to those that they pick."""

import fnmatch
import random
import re
from collections.abc import Iterable
from typing import Literal

import msgspec


class Effect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens to a request. Several may be combined."""

    latency_ms: float = 0
    """Wait this long before anything else."""
    status: int | None = None
    """Answer with this status; the request takes no effect."""
    retry_after: str | None = None
    """With `status`: the value of a `Retry-After` header, seconds or an HTTP date."""
    body: str | None = None
    """With `status`: the body, instead of the remote's usual one."""
    cut: Literal["before", "during", "after"] | None = None
    """Break the TCP connection: before the request takes effect, after it and half of the answer, or after it and
    before any byte of the answer."""
    commit_after_ms: float | None = None
    """Break the connection now and let the request take effect this much later (or when commits are released)."""
    drop_items: int = 0
    """Of a bulk answer, leave out the outcomes of this many items, though they were written."""
    fail_items: int = 0
    """Of a bulk request, refuse this many items with a message."""


NO_EFFECT = Effect()


class Rule(Effect, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An effect and the requests that it meets. Without any condition: all."""

    method: str | None = None
    path: str | None = None
    """A regular expression that is searched for in the path with its query string."""
    operation: str | None = None
    """The simulator's operation, such as `query` or `accounts.bulkCreate`; `*` and `?` match as in file names."""
    nth: int = 1
    """The first matching request (counted from 1) that is met."""
    times: int | None = None
    """How many are met at most."""
    probability: float = 1.0
    """Which share of them is met, drawn from the rule's own seeded numbers."""
    seed: int = 0


class _Active:
    """A rule at work, with its counts."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.fired = 0
        self._path = re.compile(rule.path) if rule.path is not None else None
        self._random = random.Random(rule.seed)

    def meets(self, method: str, target: str, operation: str) -> bool:
        rule = self.rule
        if rule.method is not None and rule.method.upper() != method:
            return False
        if rule.operation is not None and not fnmatch.fnmatchcase(operation, rule.operation):
            return False
        if self._path is not None and not self._path.search(target):
            return False
        self.seen += 1
        if self.seen < rule.nth or (rule.times is not None and self.fired >= rule.times):
            return False
        if rule.probability < 1 and self._random.random() >= rule.probability:
            return False
        self.fired += 1
        return True


class FaultReport(msgspec.Struct, frozen=True, kw_only=True):
    """How often a rule was applicable and how often it struck."""

    id: int
    rule: Rule
    seen: int
    fired: int


class Faults:
    """The rules of one simulator."""

    def __init__(self) -> None:
        self._rules: dict[int, _Active] = {}
        self._last = 0

    def add(self, rule: Rule) -> int:
        """Add a rule; return its id. Raises `re.error` for a bad path expression."""
        active = _Active(rule)
        self._last += 1
        self._rules[self._last] = active
        return self._last

    def remove(self, rule_id: int) -> None:
        """Remove one rule, if it is there."""
        self._rules.pop(rule_id, None)

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def report(self) -> list[FaultReport]:
        """Tell all rules and their counts."""
        return [FaultReport(id=key, rule=a.rule, seen=a.seen, fired=a.fired) for key, a in self._rules.items()]

    def pick(self, method: str, target: str, operation: str) -> Effect:
        """Return the joint effect of all rules that strike this request; count it."""
        if not self._rules:
            return NO_EFFECT
        met = [a.rule for a in self._rules.values() if a.meets(method, target, operation)]
        return _joined(met) if met else NO_EFFECT


def _joined(effects: Iterable[Effect]) -> Effect:
    """Merge effects: latencies and items add up, of the rest the first rule that says something counts."""
    merged: dict[str, object] = {}
    for effect in effects:
        for name in Effect.__struct_fields__:
            value = getattr(effect, name)
            if name in {"latency_ms", "drop_items", "fail_items"}:
                merged[name] = merged.get(name, 0) + value
            elif merged.get(name) is None:
                merged[name] = value
    return msgspec.convert(merged, Effect)
