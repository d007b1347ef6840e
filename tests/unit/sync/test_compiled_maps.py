from decimal import Decimal

import pytest

from sage_operator.sync.context import CompiledRule, compile_rules
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap
from sage_operator.sync.fieldmap import FieldRule, OnProblem, from_constant, from_field, merge
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.records import Scalar
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema

from .sync_examples import context, schema

NAME = from_field("name", "Name")
CREDIT = TargetField(name="Z_Credit", kind=FieldKind.DECIMAL)
ACTIVE = TargetField(name="Z_Active", kind=FieldKind.BOOLEAN)
CODE = TargetField(name="Z_Code", kind=FieldKind.TEXT, max_length=4)
SCORE = TargetField(name="score", kind=FieldKind.INTEGER, read_only=True)
TENANT = schema(Entity.ACCOUNTS, CREDIT, ACTIVE, CODE, SCORE)


def _compile(*rules: FieldRule, tenant: TargetSchema = TENANT) -> dict[str, CompiledRule]:
    return {compiled.rule.target: compiled for compiled in compile_rules(Entity.ACCOUNTS, rules, tenant)}


def _refusal(*rules: FieldRule, entity: Entity = Entity.ACCOUNTS) -> InvalidFieldMap:
    with pytest.raises(InvalidFieldMap) as caught:
        compile_rules(entity, rules, TENANT if entity is Entity.ACCOUNTS else schema(entity))
    return caught.value


def test_all_mistakes_are_in_one_message() -> None:
    """Whoever corrects a map learns everything that is wrong with it at once."""
    error = _refusal(
        from_field("nmae", "Name"),
        from_field("score", "Rating"),
        from_constant("Z_Credit", "a lot"),
        from_constant("Z_Code", "LONG-CODE"),
    )
    for part in ("`nmae`", "`score`", "`Z_Credit`", "`Z_Code`", "mandatory target `name`"):
        assert part in error.message
    assert error.message.count("\n") == 0
    assert error.remedy


def test_message_is_equal_for_equal_mistakes() -> None:
    """The order of the spec does not make another message: conditions don't flap."""
    wrong = [from_field("nmae", "Name"), from_field("fone", "Phone"), from_field("Z_x", "Fax")]
    assert _refusal(*merge((), wrong)).message == _refusal(*merge((), reversed(wrong))).message


def test_message_names_the_entity() -> None:
    """The reader learns whether the map of accounts or that of contacts is wrong."""
    assert _refusal().message.startswith("Accounts:")
    assert _refusal(entity=Entity.CONTACTS).message.startswith("Contacts:")


@pytest.mark.parametrize("entity", Entity)
def test_presets_do_without_what_the_tenant_lacks(entity: Entity) -> None:
    """Targets of a preset that the schema lacks, or that can't be written, are left out; the rest is used."""
    kept = "name" if entity is Entity.ACCOUNTS else "firstName"
    tenant = schema(
        entity,
        TargetField(name="comment", kind=FieldKind.TEXT, read_only=True),
        without={"email", "countryId"},
    )
    targets = {compiled.rule.target for compiled in compile_rules(entity, PRESETS[entity], tenant)}
    assert targets == {rule.target for rule in PRESETS[entity]} - {"email", "countryId", "comment"}
    assert kept in targets


def test_an_own_entry_is_not_forgiven_what_a_presets_is() -> None:
    """A target that the user wrote and that the tenant lacks is a mistake, also where the preset has it too."""
    rules = merge(PRESETS[Entity.ACCOUNTS], [from_field("fax", "Fax")])
    with pytest.raises(InvalidFieldMap, match="`fax`"):
        compile_rules(Entity.ACCOUNTS, rules, schema(Entity.ACCOUNTS, without={"fax"}))


def test_custom_field_that_the_schema_does_not_list_is_taken_as_it_is() -> None:
    """Whether `/schema` lists custom fields is not documented: they are trusted, and values are not converted."""
    compiled = _compile(NAME, from_field("Z_Elsewhere", "Fax"), from_constant("Z_Number", "12.50"))
    assert compiled["Z_Elsewhere"].field.kind is FieldKind.UNKNOWN
    assert compiled["Z_Number"].constant == "12.50"


def test_custom_field_that_the_schema_lists_has_its_type() -> None:
    """What is known of a custom field is used."""
    assert _compile(NAME, from_field("Z_Credit", "Fax"))["Z_Credit"].field is CREDIT


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        ("Z_Credit", "12.50", Decimal("12.50")),
        ("Z_Credit", 5, 5),
        ("Z_Active", "true", True),
        ("Z_Code", 5, "5"),
        ("typeId", "2", 2),
        ("comment", "Sage", "Sage"),
    ],
)
def test_constants_get_the_type_of_their_target(target: str, value: Scalar, expected: Scalar) -> None:
    """`"true"`, `"12.50"` and `5` become what the target takes, once for all records."""
    constant = _compile(NAME, from_constant(target, value))[target].constant
    assert constant == expected
    assert type(constant) is type(expected)


def test_constant_that_does_not_fit_is_a_mistake_of_the_map() -> None:
    """It is told once in the condition, without the value, instead of rejecting each record."""
    message = _refusal(NAME, from_constant("Z_Active", "perhaps")).message
    assert "`Z_Active`" in message
    assert "perhaps" not in message


def test_constant_is_never_cut() -> None:
    """A constant that is too long is a mistake of the map, also where texts may be cut."""
    rule = FieldRule(target="Z_Code", constant="LONG-CODE", on_too_long=OnProblem.CUT)
    assert "9 characters, 4 fit" in _refusal(NAME, rule).message


@pytest.mark.parametrize(
    ("entity", "mandatory"), [(Entity.ACCOUNTS, ["name"]), (Entity.CONTACTS, ["firstName", "lastName"])]
)
def test_mandatory_targets_need_an_entry(entity: Entity, mandatory: list[str]) -> None:
    """Without a preset each target that ForceManager demands is asked for; what the operator writes itself is not."""
    message = _refusal(entity=entity).message
    assert [name for name in mandatory if f"mandatory target `{name}` has no entry" in message] == mandatory
    assert message.count("mandatory") == len(mandatory)


def test_mandatory_target_that_the_tenant_lacks_is_told() -> None:
    """A preset's mandatory target that is left out leaves a map that can't work."""
    with pytest.raises(InvalidFieldMap, match="mandatory target `name`"):
        compile_rules(Entity.ACCOUNTS, PRESETS[Entity.ACCOUNTS], schema(Entity.ACCOUNTS, without={"name"}))


def test_sources_of_a_context_are_those_of_its_map() -> None:
    """What is left out of the map is not read from Sage either."""
    tenant = schema(Entity.ACCOUNTS, without={"countryId", "fax"})
    sources = context(tenant=tenant).sources
    assert "Fax" not in sources
    assert "BillingCountry" not in sources
    assert sources == tuple(sorted(set(sources)))
    assert {"Name", "Phone"} <= set(sources)
