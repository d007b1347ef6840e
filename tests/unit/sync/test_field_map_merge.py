from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import (
    PRESET as PRESET_LAYER,
)
from sage_operator.sync.fieldmap import (
    FieldRule,
    FieldSource,
    Lookup,
    OnProblem,
    from_constant,
    from_field,
    lists_used,
    merge,
)
from sage_operator.sync.preflight.needs import paths_of

PRESET = (
    FieldRule(target="phone", sources=(FieldSource(path="Phone"),), on_too_long=OnProblem.CUT, layer=PRESET_LAYER),
    FieldRule(target="name", sources=(FieldSource(path="Name"),), layer=PRESET_LAYER),
)


def test_own_entry_replaces_the_presets_whole() -> None:
    """Of a target that both have, the own entry holds with all its settings; nothing of the preset's is left."""
    own = from_constant("phone", "none")
    assert merge(PRESET, [own]) == (PRESET[1], own)
    assert not own.from_preset


def test_own_entries_reject_by_default() -> None:
    """In `fields` a value that is too long, or that no row has, rejects the record."""
    for rule in (from_field("phone", "Phone"), from_constant("phone", 5)):
        assert rule.on_too_long is OnProblem.REJECT
        assert rule.on_not_found is OnProblem.REJECT


def test_nothing_is_lost() -> None:
    """What only one of both has is in the effective map."""
    own = from_field("Z_Code", "AccountNumber")
    assert {rule.target for rule in merge(PRESET, [own])} == {"name", "phone", "Z_Code"}
    assert merge(PRESET, []) == (PRESET[1], PRESET[0])
    assert merge([], []) == ()


RULES = st.lists(
    st.builds(from_field, st.sampled_from("abcd"), st.sampled_from(["X", "Y"])), unique_by=lambda r: r.target
)


@given(RULES, RULES, st.randoms())
def test_order_of_entries_does_not_matter(preset: list[FieldRule], own: list[FieldRule], random: Random) -> None:
    """The effective map is sorted, has each target once, and is the same however the spec is ordered."""
    merged = merge(preset, own)
    shuffled = [list(preset), list(own)]
    for rules in shuffled:
        random.shuffle(rules)
    assert merge(*shuffled) == merged
    assert [rule.target for rule in merged] == sorted({rule.target for rule in [*preset, *own]})


def test_what_a_map_reads() -> None:
    """Sources and lists are named once each, sorted; constants read nothing."""
    rules = [
        FieldRule(
            target="countryId",
            sources=(
                FieldSource(path="Code", lookup=Lookup(list_name="countries")),
                FieldSource(path="BillingCountry", lookup=Lookup(list_name="countries")),
            ),
        ),
        FieldRule(target="typeId", sources=(FieldSource(path="Type", lookup=Lookup(list_name="accountTypes")),)),
        from_field("Z_Owner", "Owner.Name"),
        from_field("comment", "Code"),
        from_constant("Z_Origin", "Sage"),
    ]
    read = {path for rule in rules for path in paths_of(rule, Entity.ACCOUNTS)}
    assert sorted(read) == ["BillingCountry", "Code", "Owner.Name", "Type"]
    assert lists_used(rules) == ("accountTypes", "countries")
