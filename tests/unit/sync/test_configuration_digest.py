from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from sage_operator.sync.context import PlanContext
from sage_operator.sync.digest import configuration_digest
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import (
    FieldRule,
    FieldSource,
    Lookup,
    OnProblem,
    WhenEmpty,
    from_constant,
    from_expression,
    from_field,
    merge,
)
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.scope import Scope
from sage_operator.sync.targets import FieldKind, ListRow, TargetField, ValueList
from sage_operator.sync.users import Associations

from .sync_examples import ACCOUNT_TYPES, ANA, BEN, COUNTRIES, EVE, FALLBACK, USERS, context, rep, schema, text

SCOPE = Scope(owner_ids=(ANA, BEN))
LISTS = (COUNTRIES, ACCOUNT_TYPES)
ACCOUNTS, CONTACTS = context(), context(Entity.CONTACTS)
BASE = configuration_digest(SCOPE, [ACCOUNTS, CONTACTS], LISTS)

PHONE = FieldRule(target="phone", sources=(FieldSource(path="Phone"),))


def _of_phone(rule: FieldRule | None = None, field: TargetField | None = None) -> str:
    """Digest a map whose entry for the phone, or whose target, is another."""
    rules = merge(PRESETS[Entity.ACCOUNTS], [rule or PHONE])
    tenant = schema(Entity.ACCOUNTS, field or text("phone", 20))
    return configuration_digest(SCOPE, [context(rules=rules, tenant=tenant), CONTACTS], LISTS)


def _of_accounts(changed: PlanContext) -> str:
    return configuration_digest(SCOPE, [changed, CONTACTS], LISTS)


def test_equal_configurations_have_equal_digests() -> None:
    """The digest is a function of its input alone."""
    assert configuration_digest(SCOPE, [context(), context(Entity.CONTACTS)], LISTS) == BASE


def test_order_does_not_matter() -> None:
    """Neither the order of rules, users, owners, lists, rows and entities, nor that of labels counts."""
    contexts = [
        replace(c, rules=c.rules[::-1], users=Associations(by_sage=dict(reversed(USERS.by_sage.items()))))
        for c in (CONTACTS, ACCOUNTS)
    ]
    lists = [replace(values, rows=values.rows[::-1]) for values in reversed(LISTS)]
    assert configuration_digest(Scope(owner_ids=(BEN, ANA)), contexts, lists) == BASE


class _Backwards(frozenset[str]):
    """A set as another process may iterate over it: the order of texts in sets differs from one to the next."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__(), reverse=True))


class _Forwards(frozenset[str]):
    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))


def test_digest_is_the_same_after_a_restart() -> None:
    """Nothing of it depends on the order in which this process happens to keep a set."""
    digests = {
        configuration_digest(
            SCOPE,
            [ACCOUNTS, CONTACTS],
            [replace(v, rows=tuple(replace(row, labels=kind(row.labels)) for row in v.rows)) for v in LISTS],
        )
        for kind in (_Forwards, _Backwards)
    }
    assert digests == {BASE}


def test_what_no_plan_depends_on_does_not_matter() -> None:
    """Time, the ledger's secret, the names of users, and lists that no map uses may change."""
    later = replace(ACCOUNTS, now=ACCOUNTS.now + timedelta(days=1), hash_key=b"another")
    renamed = Associations(by_sage={ANA: replace(rep(51), name="Ana B.", email="new@crm.example"), BEN: rep(52)})
    unused = ValueList(name="segments", rows=(ListRow(id=1, labels=frozenset({"A"})),))
    contexts = [replace(later, users=renamed), replace(CONTACTS, users=renamed)]
    assert configuration_digest(SCOPE, contexts, [*LISTS, unused]) == BASE


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(replace(PHONE, sources=(FieldSource(path="Fax"),)), id="source"),
        pytest.param(replace(PHONE, sources=(*PHONE.sources, FieldSource(path="Fax"))), id="another source"),
        pytest.param(replace(PHONE, default="none"), id="default"),
        pytest.param(replace(PHONE, on_too_long=OnProblem.CUT), id="onTooLong"),
        pytest.param(replace(PHONE, on_not_found=OnProblem.EMPTY), id="onNotFound"),
        pytest.param(
            replace(PHONE, sources=(FieldSource(path="Phone", lookup=Lookup(list_name="countries")),)), id="lookup"
        ),
        pytest.param(replace(PHONE, lookup=Lookup(list_name="countries")), id="lookup of all sources"),
        pytest.param(replace(PHONE, when_empty=WhenEmpty.KEEP), id="whenEmpty"),
        pytest.param(replace(PHONE, only_on_create=True), id="onlyOnCreate"),
        pytest.param(from_expression("phone", "record.Phone"), id="expression"),
        pytest.param(from_constant("phone", "1"), id="constant"),
        pytest.param(from_field("phone2", "Phone"), id="target"),
    ],
)
def test_each_setting_of_a_rule_matters(rule: FieldRule) -> None:
    """Whatever changes what is written changes the digest."""
    assert _of_phone(rule) != _of_phone()


def test_layer_that_set_a_rule_does_not_matter() -> None:
    """An entry that moves into a shared map writes nothing else; nor does what people call a field."""
    assert _of_phone(replace(PHONE, layer="ConfigMap crm-maps/accounts")) == _of_phone()
    assert _of_phone(field=replace(text("phone", 20), label="Telephone")) == _of_phone(field=text("phone", 20))


def test_users_details_matter_where_an_expression_reads_them() -> None:
    """A new e-mail address of a user is written where the map asks for it, and nowhere else."""
    renamed = Associations(by_sage={ANA: replace(rep(51), email="new@crm.example"), BEN: rep(52)})
    plain = context()
    reading = context(rules=[*PRESETS[Entity.ACCOUNTS], from_expression("phone2", "user.email")])
    assert _of_accounts(replace(plain, users=renamed)) == _of_accounts(plain)
    assert _of_accounts(replace(reading, users=renamed)) != _of_accounts(reading)


def test_order_of_sources_matters() -> None:
    """The first source that gives a value wins, so their order is a setting."""
    both = (FieldSource(path="Phone"), FieldSource(path="Fax"))
    assert _of_phone(replace(PHONE, sources=both)) != _of_phone(replace(PHONE, sources=both[::-1]))


def test_types_of_constants_matter() -> None:
    """A text and a number that look alike are written differently where the type of the target is not known."""
    digests = {
        configuration_digest(
            SCOPE, [context(rules=[from_field("name", "Name"), from_constant("Z_Code", value)])], LISTS
        )
        for value in (1, "1", True, "true")
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    "field",
    [
        text("phone", 30),
        text("phone"),
        TargetField(name="phone", kind=FieldKind.UNKNOWN, max_length=20),
        TargetField(name="phone", kind=FieldKind.TEXT, max_length=20, table="phones"),
    ],
)
def test_type_of_a_target_matters(field: TargetField) -> None:
    """When ForceManager changes a field that the map uses, all is planned anew."""
    assert _of_phone(field=field) != _of_phone()


def test_fields_that_no_map_uses_do_not_matter() -> None:
    """A field that somebody adds to ForceManager changes nothing."""
    assert _of_accounts(context(tenant=schema(Entity.ACCOUNTS, text("Z_New")))) == BASE


@pytest.mark.parametrize(
    "owners", [None, (), (ANA,), (ANA, BEN, EVE)], ids=["all accounts", "none", "one less", "one more"]
)
def test_scope_matters(owners: tuple[str, ...] | None) -> None:
    """Another set of owners is another scope; all accounts are not the same as none."""
    digests = {configuration_digest(Scope(owner_ids=o), [ACCOUNTS, CONTACTS], LISTS) for o in (owners, SCOPE.owner_ids)}
    assert len(digests) == 2


@pytest.mark.parametrize(
    "users",
    [
        pytest.param(Associations(by_sage={ANA: rep(51)}), id="one less"),
        pytest.param(Associations(by_sage={ANA: rep(52), BEN: rep(51)}), id="swapped"),
        pytest.param(Associations(by_sage={ANA: rep(51, active=False), BEN: rep(52)}), id="deactivated"),
        pytest.param(Associations(by_sage=USERS.by_sage, fallback=rep(FALLBACK)), id="fallback"),
    ],
)
def test_associations_matter(users: Associations) -> None:
    """Whoever owns records in ForceManager is part of the configuration."""
    assert configuration_digest(SCOPE, [replace(c, users=users) for c in (ACCOUNTS, CONTACTS)], LISTS) != BASE


def test_state_of_the_fallback_matters() -> None:
    """A fallback that is deactivated, or is another one, owns no new records any more."""
    digests = {
        _of_accounts(replace(ACCOUNTS, users=Associations(by_sage=USERS.by_sage, fallback=fallback)))
        for fallback in (None, rep(FALLBACK), rep(FALLBACK, active=False), rep(98))
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(ACCOUNTS, branch_id=8), id="branch"),
        pytest.param(replace(ACCOUNTS, branch_id=None), id="no branch"),
        pytest.param(replace(ACCOUNTS, read_only=False), id="readOnly"),
        pytest.param(replace(ACCOUNTS, reassign=True), id="reassign"),
        pytest.param(replace(ACCOUNTS, rules=ACCOUNTS.rules[1:]), id="one entry less"),
    ],
)
def test_settings_of_an_entity_matter(changed: PlanContext) -> None:
    """Each of them changes what is written."""
    assert _of_accounts(changed) != BASE


def test_switching_contacts_off_matters() -> None:
    """An entity less is another configuration."""
    assert configuration_digest(SCOPE, [ACCOUNTS], LISTS) != BASE


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(COUNTRIES.rows[:-1], id="row deleted"),
        pytest.param((*COUNTRIES.rows, ListRow(id=33, labels=frozenset({"France"}), iso2="FR")), id="row added"),
        pytest.param((replace(COUNTRIES.rows[0], labels=frozenset({"Spain"})), *COUNTRIES.rows[1:]), id="label"),
        pytest.param((replace(COUNTRIES.rows[0], iso2="XS"), *COUNTRIES.rows[1:]), id="code"),
        pytest.param((replace(COUNTRIES.rows[0], id=35), *COUNTRIES.rows[1:]), id="id"),
    ],
)
def test_rows_of_lists_in_use_matter(rows: tuple[ListRow, ...]) -> None:
    """What a look-up would find now is part of the configuration."""
    lists = [ValueList(name="countries", rows=rows), ACCOUNT_TYPES]
    assert configuration_digest(SCOPE, [ACCOUNTS, CONTACTS], lists) != BASE
