"""The configuration digest: what a plan depends on besides the records. Another digest means planning all anew."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from hashlib import blake2b

from sage_operator.sync.compiling import CompiledRule
from sage_operator.sync.context import PlanContext
from sage_operator.sync.fieldmap import FieldRule, LookupBy, lists_used
from sage_operator.sync.lookups import keys
from sage_operator.sync.payments.compiling import CompiledFigure
from sage_operator.sync.payments.reading import Company, DocumentScope
from sage_operator.sync.payments.settings import PaymentSettings
from sage_operator.sync.scope import Scope
from sage_operator.sync.targets import TargetField, ValueList
from sage_operator.sync.users import Associations


def configuration_digest(scope: Scope, contexts: Iterable[PlanContext], lists: Iterable[ValueList]) -> str:
    """Digest the effective maps with the types of their targets, the associations, scope and lists in use.

    Order does not matter, nor does anything that no map uses: a new row in an unused list changes nothing.
    """
    contexts = tuple(contexts)
    used = {name for context in contexts for name in lists_used(c.rule for c in context.rules)}
    users = contexts[0].users if contexts else None
    document = {
        **_accounts(scope),
        "users": sorted((sage_id, user.id, user.active) for sage_id, user in users.by_sage.items()) if users else [],
        "fallback": (users.fallback.id, users.fallback.active) if users and users.fallback else None,
        "maps": {
            context.entity.value: {
                "rules": sorted(map(_rule_of, context.rules)),
                "people": _people(context.users) if context.reads_user else [],
                "branch": context.branch_id,
                "readOnly": context.read_only,
                "reassign": context.reassign,
            }
            for context in contexts
        },
        "lists": {values.name: _rows(values) for values in lists if values.name in used},
    }
    return _digest(document)


def documents_digest(scope: DocumentScope) -> str:
    """Digest which documents count: another one means reading all of them anew. Order does not matter."""
    return _digest(
        {
            "company": scope.company_id,
            "types": sorted(scope.types),
            "statuses": sorted(scope.statuses),
            "since": scope.since and scope.since.isoformat(),
            **_accounts(scope.accounts),
        }
    )


def figures_digest(settings: PaymentSettings, company: Company, figures: Iterable[CompiledFigure]) -> str:
    """Digest what the figures depend on besides documents and the date: another one means computing all anew."""
    computed = {
        key: value
        for key, value in asdict(settings).items()
        if key not in {"time_zone", "statuses", "sales", "on_void", "rules"}
    }
    fields = [{**asdict(each.rule), "kind": each.field.kind, "length": each.field.max_length} for each in figures]
    return _digest(
        {
            "settings": computed,
            "company": [company.id, company.fiscal_start],
            "fields": sorted(json.dumps(field, sort_keys=True) for field in fields),
        }
    )


def sales_digest(settings: PaymentSettings) -> str:
    """Digest what sales depend on besides documents: another one means comparing all of them anew."""
    return _digest({"signs": settings.signs, "onVoid": settings.on_void})


def _digest(document: object) -> str:
    return blake2b(json.dumps(document, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def _accounts(scope: Scope) -> dict[str, object]:
    """Return which accounts are in scope."""
    return {
        "scope": None if scope.owner_ids is None else sorted(scope.owner_ids),
        "where": scope.where.text if scope.where else None,
    }


def _rule_of(compiled: CompiledRule) -> str:
    rule = compiled.rule
    # True, 1 and 1.0 are equal, and not the same value.
    return _rule(rule, compiled.field, type(rule.constant).__name__, type(rule.default).__name__)


@lru_cache(maxsize=1024)
def _rule(rule: FieldRule, field: TargetField, *_: str) -> str:
    """Return what of a rule matters: neither which layer set it nor what people call its target. Runs share it."""
    of_rule = {key: value for key, value in asdict(rule).items() if key != "layer"}
    of_field = {key: value for key, value in asdict(field).items() if key != "label"}
    return json.dumps([of_rule, of_field], sort_keys=True, default=str)


def _people(users: Associations) -> list[tuple[str, str, str, str]]:
    """Return what expressions may read of users, besides the ids that count anyway."""
    return sorted((sage_id, user.email, user.nickname, user.name) for sage_id, user in users.by_sage.items())


@lru_cache(maxsize=128)
def _rows(values: ValueList) -> str:
    """Digest what of a list's rows matters, in whatever order they come; runs share it."""
    return _digest(
        sorted(
            (row.id, tuple(f"{by}={key}" for by in LookupBy for key in sorted(keys(row, by)))) for row in values.rows
        )
    )
