"""The effective field maps of an integration, each entry with the layer that set it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sage_operator.cli._chosen import chosen
from sage_operator.cli._options import Choice, RemoteOptions
from sage_operator.cli._remotes import answer
from sage_operator.controller.translate import SharedMaps, settings_and_findings
from sage_operator.resources import SageIntegration
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import FieldRule, Lookup, LookupBy, OnProblem, WhenEmpty
from sage_operator.sync.findings import Finding
from sage_operator.sync.settings import Settings

_DEFAULT = FieldRule(target="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One target of the effective map; `replaced` are the rules of earlier layers for it, the last one first."""

    entity: Entity
    rule: FieldRule
    replaced: tuple[FieldRule, ...]


def read_effective(which: Choice) -> tuple[str, list[Line], tuple[Finding, ...]]:
    """Return an integration's `namespace/name`, the lines of its maps, and what is wrong with their layers.

    Raises:
        click.ClickException: it can't be read.
    """
    integration, shared = answer(_read(which))
    return integration.key, *effective(integration, shared)


async def _read(which: Choice) -> tuple[SageIntegration, SharedMaps]:
    async with chosen(which, RemoteOptions()) as found:
        return found.integration, found.shared


def effective(integration: SageIntegration, shared: SharedMaps) -> tuple[list[Line], tuple[Finding, ...]]:
    """Return the lines of the effective maps, in the order of entities and targets, and what is wrong with layers."""
    settings, findings = settings_and_findings(integration, shared=shared)
    layers = [_rules(settings_and_findings(each, shared=shared)[0]) for each in _lower_layers(integration)]
    lines = []
    for (entity, target), rule in _rules(settings).items():
        below = [found for layer in reversed(layers) if (found := layer.get((entity, target))) is not None]
        distinct = dict.fromkeys(each for each in below if each != rule)
        lines.append(Line(entity=entity, rule=rule, replaced=tuple(distinct)))
    return lines, findings


def _lower_layers(integration: SageIntegration) -> Iterator[SageIntegration]:
    """Yield the integration with the preset alone, then with one ConfigMap more each time, never with `fields`."""
    spec = integration.spec
    most = max(len(spec.accounts.fields_from), len(spec.contacts.fields_from))
    for count in range(most + 1):
        update = {
            "accounts": spec.accounts.model_copy(
                update={"fields": (), "fields_from": spec.accounts.fields_from[:count]}
            ),
            "contacts": spec.contacts.model_copy(
                update={"fields": (), "fields_from": spec.contacts.fields_from[:count]}
            ),
        }
        yield integration.model_copy(update={"spec": spec.model_copy(update=update)})


def _rules(settings: Settings) -> Mapping[tuple[Entity, str], FieldRule]:
    return {(each.entity, rule.target): rule for each in settings.entities for rule in each.rules}


def row(line: Line) -> tuple[object, ...]:
    rule = line.rule
    return (
        line.entity.value,
        rule.target,
        _origin(rule),
        "" if rule.default is None else repr(rule.default),
        "; ".join(_lookup(lookup) for lookup in rule.lookups),
        ", ".join(f"{name}: {value}" for name, value in _options(rule).items()),
        rule.layer,
        "; ".join(f"{_origin(each)} ({each.layer})" for each in line.replaced),
    )


def document(line: Line) -> dict[str, Any]:
    rule = line.rule
    return {
        "entity": line.entity.value,
        "target": rule.target,
        **_from(rule),
        "default": rule.default,
        "lookups": [{"list": lookup.list_name, "by": lookup.by.value} for lookup in rule.lookups],
        "options": _options(rule),
        "layer": rule.layer,
        "replaces": [{**_from(each), "layer": each.layer} for each in line.replaced],
    }


def _from(rule: FieldRule) -> dict[str, Any]:
    return {
        "sources": [source.path for source in rule.sources],
        "expression": rule.expression,
        "value": rule.constant,
    }


def _origin(rule: FieldRule) -> str:
    """Return where a value comes from, as people read it; of several sources the first that has one wins."""
    if rule.expression is not None:
        return f"CEL: {rule.expression}"
    if rule.is_constant:
        return repr(rule.constant if rule.constant is not None else "")
    return ", else ".join(source.path for source in rule.sources)


def _lookup(lookup: Lookup) -> str:
    return lookup.list_name if lookup.by is LookupBy.LABEL else f"{lookup.list_name} by {lookup.by}"


def _options(rule: FieldRule) -> dict[str, Any]:
    """Return the options that are not as by default, as the spec spells them."""
    options: dict[str, Any] = {}
    if rule.lookups and rule.on_not_found is OnProblem.EMPTY:
        options["onNotFound"] = rule.on_not_found.value
    if rule.on_too_long is not _DEFAULT.on_too_long:
        options["onTooLong"] = rule.on_too_long.value
    if rule.when_empty is not WhenEmpty.CLEAR_OWN:
        options["whenEmpty"] = rule.when_empty.value
    if rule.only_on_create:
        options["onlyOnCreate"] = True
    return options
