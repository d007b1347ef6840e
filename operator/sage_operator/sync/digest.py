"""The configuration digest: what a plan depends on besides the records. Another digest means planning all anew."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from hashlib import blake2b

from sage_operator.sync.context import PlanContext
from sage_operator.sync.fieldmap import lists_used
from sage_operator.sync.scope import Scope
from sage_operator.sync.targets import ValueList


def configuration_digest(scope: Scope, contexts: Iterable[PlanContext], lists: Iterable[ValueList]) -> str:
    """Digest the effective maps with the types of their targets, the associations, scope and lists in use.

    Order does not matter, nor does anything that no map uses: a new row in an unused list changes nothing.
    """
    contexts = tuple(contexts)
    used = {name for context in contexts for name in lists_used(c.rule for c in context.rules)}
    users = contexts[0].users if contexts else None
    document = {
        "scope": None if scope.owner_ids is None else sorted(scope.owner_ids),
        "where": scope.where.text if scope.where else None,
        "users": sorted((sage_id, user.id, user.active) for sage_id, user in users.by_sage.items()) if users else [],
        "fallback": (users.fallback.id, users.fallback.active) if users and users.fallback else None,
        "maps": {
            context.entity.value: {
                "rules": sorted(
                    json.dumps([asdict(c.rule), asdict(c.field)], sort_keys=True, default=str) for c in context.rules
                ),
                "branch": context.branch_id,
                "readOnly": context.read_only,
                "reassign": context.reassign,
            }
            for context in contexts
        },
        "lists": {values.name: _rows(values) for values in lists if values.name in used},
    }
    return blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=128)
def _rows(values: ValueList) -> tuple[tuple[int, tuple[str, ...], str], ...]:
    """Return what of a list's rows matters, in order; runs share it."""
    return tuple(sorted((row.id, tuple(sorted(row.labels)), row.iso2 or "") for row in values.rows))
