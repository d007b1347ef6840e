"""Mapping is total: for any rules, rows and schemas there is a value or a reject with a code, never an exception."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from sage_operator.sync.codes import Code
from sage_operator.sync.compiling import compile_map
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.fieldmap import (
    FieldRule,
    FieldSource,
    Lookup,
    LookupBy,
    OnProblem,
    WhenEmpty,
    merge,
)
from sage_operator.sync.hashing import hash_value
from sage_operator.sync.lookups import LookupTable, user_list
from sage_operator.sync.records import Scalar, SourceRow
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema
from sage_operator.sync.users import Associations

from .sync_examples import ACCOUNT_TYPES, ANA, BEN, COUNTRIES, EVE, KEY, USERS, plan_one, rep, there, written

FORBIDDEN = {Code.USER_NOT_ASSOCIATED, Code.CLAIMED_BY_OTHER}
TARGETS = ("name", "firstName", "lastName", "phone", "countryId", "typeId", "Z_One", "Z_Two")
PATHS = ("Name", "Phone", "Owner.Name", "Account.Name", "Limit__c")
LISTS = {values.name: LookupTable.of(values) for values in (COUNTRIES, ACCOUNT_TYPES, user_list((rep(51), rep(52))))}
EXPRESSIONS = (
    "record.Name",
    "record.Phone + '!'",
    "record.Phone == null ? 1 : 2",
    "record.Limit__c",
    "record.Owner.Name == 'x' || record.Phone",
    "user.email",
    "user.id + 1",
    "account.Name",
    "record.Name.split(' ')[3]",
    "1 / 0",
    "((",
    "",
)

scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from([Decimal("1E+999999"), Decimal("-1E-999999"), Decimal("sNaN"), 10**30, -(2**63)]),
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", "Spain", "ES", "34", "Georgia", "true", "12.50", "1e400", "2024-02-30", "٣", "\x00", "ß" * 9]
    ),
)
lookups = st.builds(
    Lookup, list_name=st.sampled_from([*LISTS, "accountTypos", "list/own"]), by=st.sampled_from(LookupBy)
)
sources = st.builds(FieldSource, path=st.sampled_from(PATHS), lookup=st.none() | st.none() | lookups)
settings_of_rules = {
    "target": st.sampled_from(TARGETS),
    "default": st.none() | scalars,
    "lookup": st.none() | st.none() | lookups,
    "on_too_long": st.sampled_from([OnProblem.REJECT, OnProblem.CUT]),
    "on_not_found": st.sampled_from([OnProblem.REJECT, OnProblem.EMPTY]),
    "when_empty": st.sampled_from(WhenEmpty),
    "only_on_create": st.booleans(),
    "layer": st.sampled_from(["preset", "ConfigMap crm-maps/accounts", "spec"]),
}
rules = st.one_of(
    st.builds(FieldRule, sources=st.lists(sources, min_size=1, max_size=2).map(tuple), **settings_of_rules),
    st.builds(
        FieldRule, sources=st.tuples(sources), **{**settings_of_rules, "lookup": st.none(), "default": st.none()}
    ),
    st.builds(FieldRule, expression=st.sampled_from(EXPRESSIONS) | st.text(max_size=6), **settings_of_rules),
    st.builds(FieldRule, constant=scalars, **settings_of_rules),
)
fields = st.builds(
    TargetField,
    name=st.just(""),
    kind=st.sampled_from(FieldKind),
    max_length=st.none() | st.integers(1, 5),
    table=st.none() | st.sampled_from(["countries", "accountTypes", "tblOwn"]),
    read_only=st.sampled_from([False, False, False, True]),
    required=st.booleans(),
)
schemas = st.builds(
    lambda described, listed: TargetSchema(
        fields={
            name: TargetField(
                name=name,
                kind=field.kind,
                max_length=field.max_length,
                table=field.table,
                read_only=field.read_only,
                required=field.required,
            )
            for name, field in described.items()
        },
        lists_custom_fields=listed,
    ),
    st.dictionaries(st.sampled_from(TARGETS), fields),
    st.booleans(),
)
entities = st.sampled_from([Entity.ACCOUNTS, Entity.CONTACTS])
rows = st.fixed_dictionaries(dict.fromkeys(PATHS, scalars))
owners = st.sampled_from([ANA, BEN, EVE])


def _context(entity: Entity, maps: list[FieldRule], tenant: TargetSchema) -> tuple[PlanContext, int]:
    compiled, findings = compile_map(entity, merge(maps), tenant, LISTS)
    for finding in findings:
        assert finding.subject.startswith(f"{entity}.fields[")
        assert finding.message
        assert finding.remedy.endswith(".")
        assert "\n" not in finding.message + finding.remedy
    context = PlanContext(
        entity=entity,
        rules=compiled,
        lists=LISTS,
        users=Associations(by_sage=USERS.by_sage, fallback=rep(99)),
        branch_id=7,
        read_only=True,
        reassign=False,
        hash_key=KEY,
        now=datetime(2026, 11, 24, tzinfo=UTC),
    )
    return context, len(findings)


def _row(entity: Entity, values: dict[str, Scalar], owner: str) -> SourceRow:
    parent = "001000000000001AAA" if entity is Entity.CONTACTS else None
    return SourceRow(id="003000000000001AAA", owner_id=owner, parent_id=parent, parent_owner_id=ANA, fields=values)


@settings(max_examples=500, deadline=None)
@given(entities, st.lists(rules, min_size=1, max_size=6), schemas, st.tuples(rows, rows), owners)
def test_mapping_is_total(
    entity: Entity,
    maps: list[FieldRule],
    tenant: TargetSchema,
    edits: tuple[dict[str, Scalar], dict[str, Scalar]],
    owner: str,
) -> None:
    """Whatever is mapped is written or rejected with a code; what was just written gives nothing to do."""
    context, _ = _context(entity, maps, tenant)
    first, second = edits
    company = SourceRow(id="001000000000001AAA", owner_id=ANA, fields={})
    parent = there(company) if entity is Entity.CONTACTS else None
    state = None
    for values in (first, second, second):
        action = plan_one(_row(entity, values, owner), context, state=state, parent=parent)
        if action.kind is ActionKind.REJECT:
            assert action.code is not None
            assert action.code not in FORBIDDEN
            assert action.message
        elif action.is_write:
            once = {c.rule.target for c in context.rules if c.rule.only_on_create}
            assert state is None or not once & action.payload.keys()
            kept = {c.rule.target for c in context.rules if c.rule.when_empty is WhenEmpty.KEEP}
            assert not [target for target in kept if action.payload.get(target, ...) is None]
            for target, value in action.payload.items():
                hash_value(KEY, target, value)
            state = written(action)
            again = plan_one(_row(entity, values, owner), context, state=state, parent=parent)
            assert again.kind is ActionKind.UNCHANGED


@settings(max_examples=150, deadline=None)
@given(entities, st.lists(rules, max_size=6), schemas)
def test_what_is_wrong_is_found_in_any_order(entity: Entity, maps: list[FieldRule], tenant: TargetSchema) -> None:
    """The findings of a map are the same however its entries are ordered, the gravest first, each once."""
    unique = list({rule.target: rule for rule in maps}.values())
    _, findings = compile_map(entity, tuple(unique), tenant, LISTS)
    _, backwards = compile_map(entity, tuple(reversed(unique)), tenant, LISTS)
    assert findings == backwards
    assert [f.kind.severity for f in findings] == sorted(f.kind.severity for f in findings)
    assert len(set(findings)) == len(findings)
