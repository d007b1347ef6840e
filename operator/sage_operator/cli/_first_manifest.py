"""The first manifest of an integration, with comments where a person has to decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sage_operator.cli._people import People, comment, counted, pair_line, scalar
from sage_operator.cli._suggesting import Likeness, likenesses
from sage_operator.resources import SageIntegration, names
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import PRESET, FieldRule, LookupBy
from sage_operator.sync.findings import FindingKind
from sage_operator.sync.preflight import Known, KnownForceManager, KnownSage, examine
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.sources import SourceField, resolve, undescribed
from sage_operator.sync.targets import FieldKind, ListRow, TargetField, TargetSchema

_MOST_PAIRS: Final = 1000
_MOST_LISTED: Final = 20

_NEUTRAL: Final = {
    FieldKind.TEXT: '"-"',
    FieldKind.UNKNOWN: '"-"',
    FieldKind.INTEGER: "0",
    FieldKind.DECIMAL: '"0"',
    FieldKind.BOOLEAN: '"false"',
    FieldKind.DATE: '"1970-01-01"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the manifest is made of.

    Attributes:
        integration: what was asked for, with the preset's maps and nothing else.
        settings: its settings.
        company_problem: why documents of Sage's companies can't be read as it is; empty if they can.
    """

    integration: SageIntegration
    settings: Settings
    sage: KnownSage
    tenant: KnownForceManager
    people: People
    company_problem: str


def first_manifest(around: Surroundings) -> str:
    """Return the manifest as YAML."""
    fields = {each.entity: list(_entries(each, around)) for each in around.settings.entities}
    undecided = [line for lines in fields.values() for line in lines if "DECIDE" in line and "value:" in line]
    meta, spec = around.integration.metadata, around.integration.spec
    lines = [
        "# Written by `sage-operator init`. Read the comments; those with DECIDE wait for you.",
        "# `sage-operator check -f FILE --live` tells whether it is right.",
        f"apiVersion: {names.API_VERSION}",
        f"kind: {names.KIND}",
        "metadata:",
        f"  name: {scalar(meta.name)}",
        f"  namespace: {scalar(meta.namespace)}",
        "spec:",
        *_suspended(undecided),
        "  interval: 15m",
        "  sage:",
        f"    url: {spec.sage.url}",
        f'    apiVersion: "{spec.sage.api_version}"',
        "    credentialsSecretRef:",
        f"      name: {spec.sage.credentials_secret_ref.name}",
        "  forceManager:",
        f"    url: {spec.force_manager.url}",
        "    credentialsSecretRef:",
        f"      name: {spec.force_manager.credentials_secret_ref.name}",
        "    # DECIDE: 4 or 13, by the tenant's plan.",
        f"    requestsPerSecond: {spec.force_manager.requests_per_second}",
        *_branch(around.tenant),
        "",
        *_users(around),
        "",
        *_accounts(fields[Entity.ACCOUNTS]),
        "",
        "  contacts:",
        "    enabled: true",
        *_fields(fields[Entity.CONTACTS]),
        "",
        *_payments(around),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _suspended(undecided: Sequence[str]) -> list[str]:
    if not undecided:
        return []
    return [
        "  # ForceManager demands fields for which no source was found: see DECIDE in the field maps.",
        "  suspend: true",
        "  suspendReason: values of mandatory fields are to be decided",
    ]


def _branch(tenant: KnownForceManager) -> list[str]:
    rows = sorted(tenant.lists["branches"].rows, key=lambda row: row.id)
    first, others = rows[0], rows[1:]
    lines = ["    # DECIDE: the branch of new records. This one is the oldest."]
    if others:
        more = " …" if len(others) > _MOST_LISTED else ""
        lines.append(f"    # Others: {', '.join(comment(_label(row)) for row in others[:_MOST_LISTED])}{more}")
    same = [row for row in rows if _label(row).casefold() in {label.casefold() for label in first.labels}]
    spelled = scalar(_label(first)) if first.labels and len(same) == 1 and not _label(first).isdecimal() else first.id
    return [*lines, f"    branch: {spelled}"]


def _label(row: ListRow) -> str:
    return min(row.labels) if row.labels else str(row.id)


def _users(around: Surroundings) -> Iterator[str]:
    people, tenant = around.people, around.tenant.users
    yield "  users:"
    if not people.associated or len(people.associated) > _MOST_PAIRS:
        yield "    # Users are the same where their e-mail addresses are equal."
        yield "    matching: Email"
    else:
        yield "    # Explicit: only these pairs, found by equal e-mail addresses. Email: also those who come later."
        yield "    matching: Explicit"
        yield "    pairs:"
        for each in people.associated:
            systems = (("Sage", each.sage.active), ("ForceManager", each.force_manager.active))
            off = "".join(f", deactivated in {system}" for system, active in systems if not active)
            line = pair_line(each.sage, each.force_manager, others=tenant)
            yield f"      {line}  # {comment(each.sage.name)} = {comment(each.force_manager.name)}{off}"
    if people.waiting:
        yield "    # DECIDE: not associated; their accounts are left out with `scope: AssociatedUsers`."
    indent = "    # - " if not people.associated else "      # - "
    for waiting in people.waiting:
        about = f"{comment(waiting.sage.name)}, {counted(waiting.accounts)}"
        if waiting.suggestion is not None:
            line = pair_line(waiting.sage, waiting.suggestion, others=tenant).removeprefix("- ")
            yield f"{indent}{line}  # {about}; a similar name: {comment(waiting.suggestion.name)}"
        else:
            yield f"{indent}{{sage: {scalar(waiting.sage.username)}, forceManager: }}  # {about}"
    yield "    # DECIDE: who owns new records whose own user is deactivated or not associated; else they are rejected."
    yield "    # fallback: the e-mail address of a ForceManager user"


def _accounts(fields: Sequence[str]) -> Iterator[str]:
    yield "  accounts:"
    yield "    # DECIDE: AssociatedUsers takes the accounts of the users above; All takes all of them (see `fallback`)."
    yield "    scope: AssociatedUsers"
    yield "    # DECIDE: which of them, as a condition in SOQL."
    yield "    # where: Type = 'Customer'"
    yield "    # DECIDE: true makes the sales rep follow the owner in Sage; false leaves that to ForceManager's users."
    yield "    reassign: false"
    yield "    # true: people can't edit in ForceManager what Sage would overwrite."
    yield "    readOnly: true"
    yield from _fields(fields)


def _fields(entries: Sequence[str]) -> Iterator[str]:
    yield "    # The built-in map, as `sage-operator maps -f FILE` prints it; entries of `fields` replace its own."
    yield "    preset: Default"
    if any(not line.lstrip().startswith("#") for line in entries):
        yield "    fields:"
    elif entries:
        yield "    # fields:"
    yield from entries


def _entries(settings: EntitySettings, around: Surroundings) -> Iterator[str]:
    """Yield entries that are needed, and as comments those that may be meant."""
    entity, schema = settings.entity, around.tenant.schemas[settings.entity]
    rules = {rule.target: rule for rule in settings.rules}
    known = Known(sage=around.sage, force_manager=around.tenant)
    suggested = {each.target.name: each for each in _likenesses(settings, schema, around.sage)}
    done: set[str] = set()
    for finding in examine(around.settings, (), known).errors:
        section, _, target = finding.subject.removesuffix("]").partition(".fields[")
        if section != entity.value or target in done:
            continue
        if finding.layer == PRESET and target in rules:
            done.add(target)
            yield f"      {_without_what_sage_lacks(rules[target], entity, around.sage)}"
        elif finding.kind is FindingKind.MANDATORY_TARGET_MISSING:
            done.add(target)
            field = schema.fields.get(target) or TargetField(name=target, kind=FieldKind.UNKNOWN)
            found = suggested.pop(target, None)
            yield "      # ForceManager demands this field."
            if found is not None:
                yield f"      - {{target: {target}, source: {found.source.name}, onTooLong: Cut}}"
            else:
                yield f"      - {{target: {target}, value: {_neutral(field, around.tenant)}}}  # DECIDE: {_kind(field)}"
    for target, each in sorted(suggested.items()):
        if target not in done and target not in _FIGURES:
            about = f'{_kind(each.target)}; in Sage "{comment(each.source.label)}"'
            yield f"      # - {{target: {target}, source: {each.source.name}}}  # {about}"


def _likenesses(settings: EntitySettings, schema: TargetSchema, sage: KnownSage) -> Iterator[Likeness]:
    own = [field for name, field in sorted(schema.fields.items()) if name.startswith("Z_") or field.required]
    targets = [field for field in own if not field.read_only and field.kind is not FieldKind.REFERENCE]
    used = frozenset(source.path for rule in settings.rules for source in rule.sources)
    described = sage.objects.get(settings.entity.sage_object)
    if described is not None:
        yield from likenesses(targets, described, used=used)


def _without_what_sage_lacks(rule: FieldRule, entity: Entity, sage: KnownSage) -> str:
    """Return an entry that takes the place of the preset's, of the sources that there are."""
    of = entity.sage_object
    for source in rule.sources:
        if undescribed([source.path], of=of, objects=sage.objects):
            continue
        if isinstance(resolve(source.path, of=of, objects=sage.objects), SourceField):
            lookup = source.lookup or rule.lookup
            by = f", by: {lookup.by}" if lookup is not None and lookup.by is not LookupBy.LABEL else ""
            found = f", lookup: {{list: {lookup.list_name}{by}, onNotFound: Empty}}" if lookup is not None else ""
            return f"- {{target: {rule.target}, source: {source.path}{found}, onTooLong: Cut}}"
    lacking = ", ".join(source.path for source in rule.sources)
    return f'- {{target: {rule.target}, value: ""}}  # left empty: Sage has no {lacking}, or hides it from the user'


def _neutral(field: TargetField, tenant: KnownForceManager) -> str:
    if field.kind is not FieldKind.REFERENCE:
        return _NEUTRAL[field.kind]
    values = tenant.lists.get(field.table or "")
    return str(min((row.id for row in values.rows), default=1)) if values is not None else "1"


def _kind(field: TargetField) -> str:
    if field.kind is FieldKind.REFERENCE:
        return f"the id of a row of {field.table}"
    return f"{field.kind}, {field.max_length} characters" if field.max_length else field.kind.value


_FIGURES: Final = {
    "Z_PaymentStatus": ("{target: Z_PaymentStatus, figure: status}", "text, 20 characters"),
    "Z_Outstanding": ("{target: Z_Outstanding, figure: outstanding}", "decimal"),
    "Z_Overdue": ("{target: Z_Overdue, figure: overdue}", "decimal"),
    "Z_OverdueDays": ("{target: Z_OverdueDays, figure: overdueDays}", "integer"),
    "Z_DaysToPay": ("{target: Z_DaysToPay, figure: averageDaysToPay}", "decimal"),
    "Z_LastPayment": ("{target: Z_LastPayment, figure: lastPaymentDate}", "date"),
    "Z_CreditLimit": ("{target: Z_CreditLimit, figure: creditLimit}", "decimal"),
    "Z_MonthInvoiced": ("{target: Z_MonthInvoiced, figure: invoiced, period: Month}", "decimal"),
    "Z_MonthInvoicedBefore": (
        "{target: Z_MonthInvoicedBefore, figure: invoiced, period: Month, of: Comparison}",
        "decimal",
    ),
    "Z_MonthInvoicedChange": (
        "{target: Z_MonthInvoicedChange, figure: invoiced, period: Month, of: ChangePercent}",
        "decimal",
    ),
    "Z_YearInvoiced": ("{target: Z_YearInvoiced, figure: invoiced, period: Year}", "decimal"),
}
"""By the field of the account: its entry, and the type to create."""


def _payments(around: Surroundings) -> Iterator[str]:
    """Yield the figures whose fields the tenant has; the others, and all if there is none, as comments."""
    fields = around.tenant.schemas[Entity.ACCOUNTS].fields
    present = [name for name in _FIGURES if name in fields and not fields[name].read_only]
    usable = bool(present) and not around.company_problem
    head = "  " if usable else "  # "
    yield "  # How customers pay, computed from Sage's documents: docs/payments.md tells what each figure is."
    if around.company_problem:
        yield f"  # DECIDE: {comment(around.company_problem)}"
    yield f"{head}payments:"
    yield f"{head}  timeZone: UTC  # DECIDE: the zone that tells which day it is, such as Europe/Madrid"
    yield f"{head}  fields:"
    for name, (entry, kind) in _FIGURES.items():
        if name in present:
            yield f"{head}    - {entry}"
        else:
            yield f"  #     - {entry}  # to be created in ForceManager's accounts: {kind}"
