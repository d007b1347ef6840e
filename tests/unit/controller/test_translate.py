"""From the resource to the settings of a run: the layers of field maps, and what can be wrong with shared ones."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.controller.translate import settings_and_findings, settings_of, shared_maps
from sage_operator.resources import SageIntegration
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap
from sage_operator.sync.fieldmap import FieldRule, FieldSource, Lookup, LookupBy, OnProblem, WhenEmpty
from sage_operator.sync.findings import FindingKind
from sage_operator.sync.presets import PRESETS

ROOT = Path(__file__).parents[3]
MINIMAL = yaml.safe_load((ROOT / "deploy/samples/minimal.yaml").read_text(encoding="utf-8"))


def _integration(**sections: Any) -> SageIntegration:
    body = deepcopy(MINIMAL) | {"metadata": {"name": "acme", "namespace": "crm"}}
    body["spec"] |= sections
    return SageIntegration.parse(body)


def _from(*names: str) -> list[dict[str, Any]]:
    return [{"configMapRef": {"name": name, "key": "accounts"}} for name in names]


def _rules(integration: SageIntegration, shared: dict[tuple[str, str], str] | None = None) -> dict[str, FieldRule]:
    (accounts, *_) = settings_of(integration, shared=shared or {}).entities
    return {rule.target: rule for rule in accounts.rules}


def test_an_entry_becomes_a_rule_with_all_its_settings() -> None:
    """Expect each setting where the plan looks for it."""
    entry = {
        "target": "countryId",
        "source": "BillingCountry",
        "default": "Spain",
        "lookup": {"list": "countries", "by": "iso3", "onNotFound": "Empty"},
        "onlyOnCreate": True,
        "whenEmpty": "Keep",
        "onTooLong": "Cut",
    }
    rules = _rules(_integration(accounts={"preset": "None", "fields": [entry, {"target": "name", "source": "Name"}]}))
    assert rules["countryId"] == FieldRule(
        target="countryId",
        sources=(FieldSource(path="BillingCountry"),),
        default="Spain",
        lookup=Lookup(list_name="countries", by=LookupBy.ISO3),
        on_not_found=OnProblem.EMPTY,
        only_on_create=True,
        when_empty=WhenEmpty.KEEP,
        on_too_long=OnProblem.CUT,
        layer="spec",
    )
    assert rules["name"] == FieldRule(target="name", sources=(FieldSource(path="Name"),))


@pytest.mark.parametrize(
    ("lookup", "by"),
    [
        ({"list": "countries"}, LookupBy.LABEL),
        ({"list": "countries", "by": "name"}, LookupBy.LABEL),
        ({"list": "users"}, LookupBy.EMAIL),
        ({"list": "users", "by": "name"}, LookupBy.LABEL),
        ({"list": "users", "by": "nickname"}, LookupBy.NICKNAME),
        ({"list": "currencies", "by": "isoCode"}, LookupBy.ISO_CODE),
        ({"list": "list/regions", "by": "id"}, LookupBy.ID),
    ],
)
def test_what_is_compared(lookup: dict[str, str], by: LookupBy) -> None:
    """Expect labels unless told otherwise, and of users their e-mail addresses."""
    rules = _rules(_integration(accounts={"fields": [{"target": "Z_X", "source": "X__c", "lookup": lookup}]}))
    assert rules["Z_X"].lookup == Lookup(list_name=lookup["list"], by=by)


def test_layers_replace_entries_whole_and_are_remembered() -> None:
    """Expect the preset, each ConfigMap in its order, then the spec; nothing of a replaced entry is left."""
    shared = {
        ("one", "accounts"): "[{target: phone, source: A, default: x}, {target: fax, source: A}]",
        ("two", "accounts"): "- {target: phone, source: B}",
    }
    fields = [{"target": "fax", "value": "none"}]
    rules = _rules(_integration(accounts={"fieldsFrom": _from("one", "two"), "fields": fields}), shared)
    assert rules["phone"] == FieldRule(target="phone", sources=(FieldSource(path="B"),), layer="ConfigMap two/accounts")
    assert rules["fax"] == FieldRule(target="fax", constant="none", layer="spec")
    assert rules["name"].layer == "preset"
    assert set(rules) == {rule.target for rule in PRESETS[Entity.ACCOUNTS]}


def test_preset_none_starts_from_nothing() -> None:
    """Expect the shared entries and the own ones only."""
    section = {"preset": "None", "fieldsFrom": _from("one")}
    rules = _rules(_integration(accounts=section), {("one", "accounts"): "- {target: phone, source: A}"})
    assert set(rules) == {"phone"}


LAYERS = st.lists(st.dictionaries(st.sampled_from(["phone", "fax", "Z_A", "Z_B"]), st.sampled_from("ABC")), max_size=4)


@given(layers=LAYERS, preset=st.booleans())
def test_the_last_layer_that_has_a_target_wins(*, layers: list[dict[str, str]], preset: bool) -> None:
    """Expect, for any layers, the same as by writing them one over the other by hand."""
    names = [f"map-{number}" for number in range(len(layers))]
    shared = {
        (name, "accounts"): yaml.safe_dump([{"target": t, "source": s} for t, s in layer.items()])
        for name, layer in zip(names, layers, strict=True)
    }
    section = {"preset": "Default" if preset else "None", "fieldsFrom": _from(*names)}
    rules = _rules(_integration(accounts=section), shared)
    by_hand: dict[str, tuple[str, str]] = {}
    for name, layer in zip(names, layers, strict=True):
        by_hand |= {target: (source, f"ConfigMap {name}/accounts") for target, source in layer.items()}
    own = {t: (rule.sources[0].path, rule.layer) for t, rule in rules.items() if not rule.from_preset}
    assert own == by_hand
    builtin = {rule.target for rule in PRESETS[Entity.ACCOUNTS]} if preset else set()
    assert set(rules) - set(own) == builtin - set(by_hand)


def test_references_are_told_once_and_in_order() -> None:
    """Expect what is to be read: not of contacts that are switched off."""
    contacts = {"fieldsFrom": [{"configMapRef": {"name": "two", "key": "contacts"}}, *_from("one")]}
    both = _integration(accounts={"fieldsFrom": _from("one", "two", "one")}, contacts=contacts)
    assert shared_maps(both) == (("one", "accounts"), ("two", "accounts"), ("two", "contacts"))
    off = _integration(accounts={"fieldsFrom": _from("one")}, contacts=contacts | {"enabled": False})
    assert shared_maps(off) == (("one", "accounts"),)


def test_all_that_is_wrong_with_shared_maps_is_told() -> None:
    """Expect one finding a ConfigMap, each with its name, key and entry; the rest of the map stands."""
    integration = _integration(accounts={"fieldsFrom": _from("gone", "odd", "good")})
    shared = {
        ("odd", "accounts"): "[{target: phone}, {target: name, source: Name, colour: red}]",
        ("good", "accounts"): "- {target: Z_X, source: X__c}",
    }
    settings, findings = settings_and_findings(integration, shared=shared)
    assert [(f.kind, f.subject, f.layer) for f in findings] == [
        (FindingKind.SHARED_MAP_NOT_FOUND, "accounts.fieldsFrom[0]", "ConfigMap gone/accounts"),
        (FindingKind.INVALID_SHARED_MAP, "accounts.fieldsFrom[1]", "ConfigMap odd/accounts"),
    ]
    assert "[0]: exactly one of `source`, `expression` and `value`" in findings[1].message
    assert "[1].colour" in findings[1].message
    assert "Z_X" in {rule.target for rule in settings.entities[0].rules}
    with pytest.raises(InvalidFieldMap, match=r"accounts\.fieldsFrom\[0\] \(ConfigMap gone/accounts\)") as caught:
        settings_of(integration, shared=shared)
    assert caught.value.findings == findings
    assert "Create ConfigMap gone/accounts" in str(caught.value)


def test_contacts_have_their_own_reserved_targets() -> None:
    """Expect that a shared map is held against the entity it is used for."""
    ref = [{"configMapRef": {"name": "one", "key": "contacts"}}]
    _, (finding,) = settings_and_findings(
        _integration(contacts={"fieldsFrom": ref}), shared={("one", "contacts"): "- {target: accountId, value: 1}"}
    )
    assert "[0].target: must not be one of" in finding.message
