from dataclasses import replace
from decimal import Decimal

import pytest

from sage_operator.sync.compiling import CompiledRule, compile_map, compile_rules
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap
from sage_operator.sync.fieldmap import (
    FieldRule,
    FieldSource,
    Lookup,
    LookupBy,
    OnProblem,
    from_constant,
    from_expression,
    from_field,
    merge,
)
from sage_operator.sync.findings import FindingKind
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.records import Scalar
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema

from .sync_examples import TABLES, context, schema

NAME = from_field("name", "Name")
CREDIT = TargetField(name="Z_Credit", kind=FieldKind.DECIMAL)
ACTIVE = TargetField(name="Z_Active", kind=FieldKind.BOOLEAN)
CODE = TargetField(name="Z_Code", kind=FieldKind.TEXT, max_length=4)
SCORE = TargetField(name="score", kind=FieldKind.INTEGER, read_only=True)
BY_LABEL = Lookup(list_name="countries")
TENANT = schema(Entity.ACCOUNTS, CREDIT, ACTIVE, CODE, SCORE)


def _compile(*rules: FieldRule, tenant: TargetSchema = TENANT) -> dict[str, CompiledRule]:
    return {compiled.rule.target: compiled for compiled in compile_rules(Entity.ACCOUNTS, rules, tenant, TABLES)}


def _refusal(*rules: FieldRule, entity: Entity = Entity.ACCOUNTS) -> InvalidFieldMap:
    with pytest.raises(InvalidFieldMap) as caught:
        compile_rules(entity, rules, TENANT if entity is Entity.ACCOUNTS else schema(entity), TABLES)
    return caught.value


def test_all_mistakes_are_found_at_once() -> None:
    """Whoever corrects a map learns everything that is wrong with it; the message tells the gravest three."""
    error = _refusal(
        from_field("nmae", "Name"),
        from_field("score", "Rating"),
        from_constant("Z_Credit", "a lot"),
        from_constant("Z_Code", "LONG-CODE"),
        from_expression("phone", "record.Phone +"),
        FieldRule(target="typeId", sources=(FieldSource(path="Type"),), lookup=Lookup(list_name="accountTypos")),
        FieldRule(target="countryId", constant="Atlantis", lookup=Lookup(list_name="countries")),
    )
    assert [(finding.kind, finding.subject) for finding in error.findings] == [
        (FindingKind.MANDATORY_TARGET_MISSING, "accounts.fields[name]"),
        (FindingKind.UNKNOWN_TARGET, "accounts.fields[nmae]"),
        (FindingKind.TARGET_NOT_WRITABLE, "accounts.fields[score]"),
        (FindingKind.INVALID_EXPRESSION, "accounts.fields[phone]"),
        (FindingKind.UNKNOWN_LIST, "accounts.fields[typeId]"),
        (FindingKind.INVALID_VALUE, "accounts.fields[Z_Code]"),
        (FindingKind.INVALID_VALUE, "accounts.fields[Z_Credit]"),
        (FindingKind.INVALID_VALUE, "accounts.fields[countryId]"),
    ]
    assert error.message == (
        "8 findings: 1) accounts.fields[name]: ForceManager demands this field, and the map never fills it."
        " Add an entry for `name` to spec.accounts.fields."
        " 2) accounts.fields[nmae]: ForceManager's accounts have no such field. Correct the target; `name` is one."
        " 3) accounts.fields[score]: it can't be written in ForceManager. Map another target."
        " and 5 more: see `sage-operator check --live`."
    )
    assert error.remedy == ""


def test_findings_name_the_layer_and_the_way_out() -> None:
    """A mistake in a shared map is told with the ConfigMap; remedies name what was probably meant."""
    shared = replace(from_field("phnoe", "Phone"), layer="ConfigMap crm-maps/accounts")
    (typo,) = _refusal(NAME, shared).findings
    assert str(typo) == (
        "accounts.fields[phnoe] (ConfigMap crm-maps/accounts): ForceManager's accounts have no such field"
    )
    assert typo.remedy == "Correct the target; `phone` is one."
    (country,) = _refusal(NAME, FieldRule(target="countryId", constant="ES", lookup=BY_LABEL)).findings
    assert country.message == "its `value` is the label of no row of `countries`"
    assert "`Georgia`" in country.remedy


def test_message_is_equal_for_equal_mistakes() -> None:
    """The order of the spec does not make another message: conditions don't flap."""
    wrong = [from_field("nmae", "Name"), from_field("fone", "Phone"), from_field("Z_x", "Fax")]
    assert _refusal(*merge((), wrong)).message == _refusal(*merge((), reversed(wrong))).message


def test_message_names_the_entity() -> None:
    """The reader learns whether the map of accounts or that of contacts is wrong."""
    assert "accounts.fields[" in _refusal().message
    assert "contacts.fields[" in _refusal(entity=Entity.CONTACTS).message


@pytest.mark.parametrize("entity", PRESETS)
def test_presets_do_without_what_the_tenant_lacks(entity: Entity) -> None:
    """Targets of a preset that the schema lacks, or that can't be written, are left out; the rest is used."""
    kept = "name" if entity is Entity.ACCOUNTS else "firstName"
    tenant = schema(
        entity,
        TargetField(name="comment", kind=FieldKind.TEXT, read_only=True),
        without={"email", "countryId"},
    )
    targets = {compiled.rule.target for compiled in compile_rules(entity, PRESETS[entity], tenant, TABLES)}
    assert targets == {rule.target for rule in PRESETS[entity]} - {"email", "countryId", "comment"}
    assert kept in targets


def test_an_own_entry_is_not_forgiven_what_a_presets_is() -> None:
    """A target that the user wrote and that the tenant lacks is a mistake, also where the preset has it too."""
    rules = merge(PRESETS[Entity.ACCOUNTS], [from_field("fax", "Fax")])
    with pytest.raises(InvalidFieldMap, match=r"fields\[fax\]"):
        compile_rules(Entity.ACCOUNTS, rules, schema(Entity.ACCOUNTS, without={"fax"}), TABLES)


def test_custom_field_that_the_schema_does_not_list_is_taken_as_it_is() -> None:
    """Whether `/schema` lists custom fields is not documented: they are trusted, and values are not converted."""
    compiled = _compile(NAME, from_field("Z_Elsewhere", "Fax"), from_constant("Z_Number", "12.50"))
    assert compiled["Z_Elsewhere"].field.kind is FieldKind.UNKNOWN
    assert compiled["Z_Number"].constant == "12.50"


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (from_field("Z_Code2", "AccountNumber"), "Z_Code2: text, at least 40 characters"),
        (from_field("Z_Code2", "Unknown__c"), "Z_Code2: the type of Unknown__c"),
        (from_constant("Z_Code2", "Sage"), "Z_Code2: text, at least 4 characters"),
        (from_constant("Z_Code2", "12.50"), "Z_Code2: decimal"),
        (from_constant("Z_Code2", "true"), "Z_Code2: yes/no"),
        (from_constant("Z_Code2", 5), "Z_Code2: integer"),
        (from_expression("Z_Code2", "record.Name"), "Z_Code2: text"),
        (FieldRule(target="Z_Code2", constant="Spain", lookup=Lookup(list_name="countries")), "a list (countries)"),
    ],
)
def test_custom_field_that_is_surely_missing_is_told_with_the_type_to_create(rule: FieldRule, wanted: str) -> None:
    """Once the tenant lists its own fields, one that it lacks is a finding for the CRM's administrator."""
    tenant = replace(TENANT, lists_custom_fields=True)
    types = {"AccountNumber": "text, at least 40 characters"}
    compiled, (finding,) = compile_map(Entity.ACCOUNTS, (NAME, rule), tenant, TABLES, source_types=types)
    assert [each.rule.target for each in compiled] == ["name"]
    assert finding.kind is FindingKind.CUSTOM_FIELD_MISSING
    assert wanted in finding.remedy


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
    assert "fields[Z_Active]" in message
    assert "perhaps" not in message


@pytest.mark.parametrize(("by", "value"), [(LookupBy.LABEL, " españa"), (LookupBy.ISO2, "es"), (LookupBy.ID, 34)])
def test_constants_are_looked_up_once(by: LookupBy, value: Scalar) -> None:
    """A constant with a look-up is resolved before any record is read, and so is a default."""
    lookup = Lookup(list_name="countries", by=by)
    assert _compile(NAME, FieldRule(target="countryId", constant=value, lookup=lookup))["countryId"].constant == 34
    rule = FieldRule(target="countryId", sources=(FieldSource(path="Code"),), default=value, lookup=lookup)
    assert _compile(NAME, rule)["countryId"].default == 34


def test_constant_that_no_row_has_is_a_mistake_also_where_records_would_be_forgiven() -> None:
    """`onNotFound: Empty` is for the values of records; a constant that is in no list is wrong for all of them."""
    rule = FieldRule(target="countryId", constant="Atlantis", lookup=BY_LABEL, on_not_found=OnProblem.EMPTY)
    assert [f.kind for f in _refusal(NAME, rule).findings] == [FindingKind.INVALID_VALUE]
    georgia = FieldRule(target="countryId", constant="Georgia", lookup=BY_LABEL)
    assert "2 rows have this label" in _refusal(NAME, georgia).message


def test_default_that_does_not_fit_is_a_mistake_of_the_map() -> None:
    """It would be found by the first record without a value, perhaps weeks later."""
    rule = FieldRule(target="Z_Credit", sources=(FieldSource(path="Limit"),), default="none")
    (finding,) = _refusal(NAME, rule).findings
    assert finding.message == "its `default` does not fit: a text is not a decimal number"


def test_row_of_another_list_is_a_mistake() -> None:
    """The id would be taken for that of another row, and nobody would notice."""
    rule = FieldRule(target="typeId", sources=(FieldSource(path="Type"),), lookup=BY_LABEL)
    (finding,) = _refusal(NAME, rule).findings
    assert finding.kind is FindingKind.WRONG_LIST
    assert finding.message == "it holds a row of `accountTypes`, not of `countries`"


def test_lookup_into_a_yes_or_no_is_a_mistake() -> None:
    """An id fits neither a boolean nor a date."""
    rule = FieldRule(target="Z_Active", sources=(FieldSource(path="Type"),), lookup=BY_LABEL)
    assert [f.kind for f in _refusal(NAME, rule).findings] == [FindingKind.TYPE_MISMATCH]


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        (Entity.ACCOUNTS, "account.Name"),
        (Entity.ACCOUNTS, "user.password"),
        (Entity.CONTACTS, "nobody.Name"),
        (Entity.CONTACTS, "record.Parent__c.Name"),
    ],
)
def test_expression_that_reads_what_is_not_there_is_a_mistake(entity: Entity, text: str) -> None:
    """Accounts have no account, users four fields, and parents are named by their relationship."""
    (finding,) = _refusal(*PRESETS[entity], from_expression("Z_X", text), entity=entity).findings
    assert (finding.kind, finding.subject) == (FindingKind.INVALID_EXPRESSION, f"{entity}.fields[Z_X]")


def test_expressions_name_the_fields_to_read() -> None:
    """`account.X` of a contact is read as `Account.X`; the user comes from the associations."""
    rule = from_expression("comment", "record.Title + account.Owner.Name + user.email")
    sources = context(Entity.CONTACTS, rules=[*PRESETS[Entity.CONTACTS], rule]).sources
    assert {"Title", "Account.Owner.Name"} <= set(sources)
    assert not [source for source in sources if "email" in source or "user" in source]


def test_constant_is_never_cut() -> None:
    """A constant that is too long is a mistake of the map, also where texts may be cut."""
    rule = FieldRule(target="Z_Code", constant="LONG-CODE", on_too_long=OnProblem.CUT)
    assert "9 characters, 4 fit" in _refusal(NAME, rule).message


@pytest.mark.parametrize(
    ("entity", "mandatory"), [(Entity.ACCOUNTS, ["name"]), (Entity.CONTACTS, ["firstName", "lastName"])]
)
def test_mandatory_targets_need_an_entry(entity: Entity, mandatory: list[str]) -> None:
    """Without a preset each target that ForceManager demands is asked for; what the operator writes itself is not."""
    error = _refusal(entity=entity)
    assert [finding.subject for finding in error.findings] == [f"{entity}.fields[{name}]" for name in mandatory]
    assert {finding.kind for finding in error.findings} == {FindingKind.MANDATORY_TARGET_MISSING}


def test_what_the_tenant_demands_is_mandatory_too() -> None:
    """`required_via_api` counts like the known ones; the operator's own targets are never missing."""
    demanded = [
        TargetField(name="segmentId", kind=FieldKind.REFERENCE, table="accountSegments", required=True),
        TargetField(name="branchId", kind=FieldKind.REFERENCE, table="branches", required=True),
        TargetField(name="id", kind=FieldKind.INTEGER, required=True, read_only=True),
    ]
    tenant = schema(Entity.ACCOUNTS, *demanded)
    with pytest.raises(InvalidFieldMap) as caught:
        compile_rules(Entity.ACCOUNTS, (NAME,), tenant, TABLES)
    assert [finding.subject for finding in caught.value.findings] == ["accounts.fields[segmentId]"]
    assert _compile(NAME, from_field("segmentId", "Segment__c"), tenant=tenant)["segmentId"].mandatory


def test_mandatory_target_with_an_empty_constant_is_never_filled() -> None:
    """An entry that gives nothing to any record is as good as none."""
    (finding,) = _refusal(from_constant("name", "")).findings
    assert finding.kind is FindingKind.MANDATORY_TARGET_MISSING


def test_mandatory_target_that_the_tenant_lacks_is_told() -> None:
    """A preset's mandatory target that is left out leaves a map that can't work."""
    with pytest.raises(InvalidFieldMap, match=r"fields\[name\]: ForceManager demands"):
        compile_rules(Entity.ACCOUNTS, PRESETS[Entity.ACCOUNTS], schema(Entity.ACCOUNTS, without={"name"}), TABLES)


def test_sources_of_a_context_are_those_of_its_map() -> None:
    """What is left out of the map is not read from Sage either."""
    tenant = schema(Entity.ACCOUNTS, without={"countryId", "fax"})
    sources = context(tenant=tenant).sources
    assert "Fax" not in sources
    assert "BillingCountry" not in sources
    assert sources == tuple(sorted(set(sources)))
    assert {"Name", "Phone"} <= set(sources)
