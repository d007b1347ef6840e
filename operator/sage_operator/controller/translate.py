"""From the resource to what a run is told to do."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from sage_operator.controller.translate_payments import payment_settings
from sage_operator.resources import (
    AccountScope,
    AccountsSpec,
    ContactsSpec,
    FieldEntry,
    FieldsFrom,
    InvalidResourceError,
    LookupColumn,
    LookupSpec,
    OnNotFound,
    Preset,
    SageIntegration,
    UserMatching,
)
from sage_operator.resources.shared import account_entries, contact_entries
from sage_operator.sync.compiling import refuse
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import (
    SPEC,
    FieldRule,
    FieldSource,
    Lookup,
    LookupBy,
    OnProblem,
    merge,
)
from sage_operator.sync.findings import Finding, FindingKind, by_importance
from sage_operator.sync.lookups import USERS
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.settings import EntitySettings, Settings
from sage_operator.sync.users import Pair

SharedMaps = Mapping[tuple[str, str], str]
"""The values of ConfigMaps by their name and key; what is not there is absent."""

_NONE: SharedMaps = MappingProxyType({})
_ENTRIES: Final[Mapping[Entity, Callable[[str], tuple[FieldEntry, ...]]]] = {
    Entity.ACCOUNTS: account_entries,
    Entity.CONTACTS: contact_entries,
}


def shared_maps(integration: SageIntegration) -> tuple[tuple[str, str], ...]:
    """Return the ConfigMaps and keys that an integration's field maps name, in their order, each once."""
    return tuple(dict.fromkeys(_reference(each) for _, spec in _entities(integration) for each in spec.fields_from))


def settings_of(integration: SageIntegration, *, shared: SharedMaps = _NONE) -> Settings:
    """Return the settings of an integration; its field maps with presets and shared maps merged.

    Raises:
        InvalidFieldMap: a shared map is not there or can't be read; with all findings.
    """
    settings, findings = settings_and_findings(integration, shared=shared)
    refuse(findings)
    return settings


def settings_and_findings(integration: SageIntegration, *, shared: SharedMaps) -> tuple[Settings, tuple[Finding, ...]]:
    """Return the settings, without the shared maps that are wrong, and what is wrong with those."""
    spec = integration.spec
    findings: list[Finding] = []
    settings = Settings(
        integration=integration.key,
        branch=spec.force_manager.branch,
        pairs=tuple(Pair(sage=pair.sage, force_manager=pair.force_manager) for pair in spec.users.pairs),
        match_by_email=spec.users.matching is UserMatching.EMAIL,
        fallback=spec.users.fallback,
        all_accounts=spec.accounts.scope is AccountScope.ALL,
        where=spec.accounts.where,
        reassign=spec.accounts.reassign,
        entities=tuple(
            EntitySettings(
                entity=entity, rules=merge(*_layers(entity, section, shared, findings)), read_only=section.read_only
            )
            for entity, section in _entities(integration)
        ),
        timeout=spec.timeout,
        api_version=spec.sage.api_version.removeprefix("v"),
        company=spec.sage.company,
        payments=payment_settings(spec.payments) if spec.payments is not None and spec.payments.enabled else None,
    )
    return settings, by_importance(findings)


def _entities(integration: SageIntegration) -> tuple[tuple[Entity, AccountsSpec | ContactsSpec], ...]:
    """Return what is synchronised."""
    spec = integration.spec
    accounts, contacts = (Entity.ACCOUNTS, spec.accounts), (Entity.CONTACTS, spec.contacts)
    return (accounts, contacts) if spec.contacts.enabled else (accounts,)


def _layers(
    entity: Entity, spec: AccountsSpec | ContactsSpec, shared: SharedMaps, findings: list[Finding]
) -> list[Iterable[FieldRule]]:
    """Return the layers of a field map, the lowest first."""
    layers: list[Iterable[FieldRule]] = [PRESETS[entity] if spec.preset is Preset.DEFAULT else ()]
    for place, each in enumerate(spec.fields_from):
        name, key = reference = _reference(each)
        layer = f"ConfigMap {name}/{key}"
        subject = f"{entity}.fieldsFrom[{place}]"
        text = shared.get(reference)
        if text is None:
            findings.append(_absent(subject, layer))
            continue
        try:
            layers.append([_rule(entry, layer) for entry in _ENTRIES[entity](text)])
        except InvalidResourceError as error:
            findings.append(_unreadable(subject, layer, str(error)))
    return [*layers, [_rule(entry, SPEC) for entry in spec.fields]]


def _reference(each: FieldsFrom) -> tuple[str, str]:
    return each.config_map_ref.name, each.config_map_ref.key


def _absent(subject: str, layer: str) -> Finding:
    return Finding(
        kind=FindingKind.SHARED_MAP_NOT_FOUND,
        subject=subject,
        message="the ConfigMap or its key is not there",
        remedy=f"Create {layer} in the integration's namespace, or take the entry out.",
        layer=layer,
    )


def _unreadable(subject: str, layer: str, problem: str) -> Finding:
    return Finding(
        kind=FindingKind.INVALID_SHARED_MAP,
        subject=subject,
        message=problem,
        remedy=f"Correct {layer}.",
        layer=layer,
    )


def _rule(entry: FieldEntry, layer: str) -> FieldRule:
    lookup = entry.lookup
    return FieldRule(
        target=entry.target,
        sources=(FieldSource(path=entry.source),) if entry.source is not None else (),
        expression=entry.expression,
        constant=entry.value,
        default=entry.default,
        lookup=_lookup(lookup) if lookup is not None else None,
        on_too_long=OnProblem(entry.on_too_long.value),
        on_not_found=(
            OnProblem.EMPTY if lookup is not None and lookup.on_not_found is OnNotFound.EMPTY else OnProblem.REJECT
        ),
        when_empty=entry.when_empty,
        only_on_create=entry.only_on_create,
        layer=layer,
    )


def _lookup(spec: LookupSpec) -> Lookup:
    """Return a look-up; users are looked up by e-mail address, everything else by label, unless told otherwise."""
    column = spec.by or (LookupColumn.EMAIL if spec.list == USERS else LookupColumn.LABEL)
    by = LookupBy.LABEL if column is LookupColumn.NAME else LookupBy(column.value)
    return Lookup(list_name=spec.list, by=by)
