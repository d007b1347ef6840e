"""Small tenants, organisations and records to plan with."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sage_operator.sync.compiling import compile_rules
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import Entity, RecordStatus
from sage_operator.sync.fieldmap import FieldRule
from sage_operator.sync.lookups import LookupTable
from sage_operator.sync.plan import Knowledge, plan
from sage_operator.sync.presets import PRESETS
from sage_operator.sync.records import Action, RecordState, Scalar, SourceRow
from sage_operator.sync.state import Claim
from sage_operator.sync.targets import FieldKind, ListRow, TargetField, TargetSchema, ValueList
from sage_operator.sync.users import Associations, ForceManagerUser

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
KEY = b"key of one ledger scope"

ANA, BEN, EVE = "0050000000000ANAAK", "0050000000000BENAK", "0050000000000EVEAK"
REP_OF_ANA, REP_OF_BEN, FALLBACK = 51, 52, 99

COUNTRIES = ValueList(
    name="countries",
    rows=(
        ListRow(id=34, labels=frozenset({"Spain", "España"}), iso2="ES"),
        ListRow(id=44, labels=frozenset({"United Kingdom", "Reino Unido"}), iso2="GB"),
        ListRow(id=71, labels=frozenset({"Georgia"}), iso2="GE"),
        ListRow(id=72, labels=frozenset({"Georgia"}), iso2="XG"),
    ),
)
ACCOUNT_TYPES = ValueList(
    name="accountTypes",
    rows=(ListRow(id=1, labels=frozenset({"Customer", "Cliente"})), ListRow(id=2, labels=frozenset({"Prospect"}))),
)

TABLES = {values.name: LookupTable.of(values) for values in (COUNTRIES, ACCOUNT_TYPES)}

_TEXTS = {
    Entity.ACCOUNTS: "vatNumber email phone phone2 fax website comment address1 city postcode region",
    Entity.CONTACTS: "firstName lastName email phone1 phone2 comment address1 city postcode region",
}


def text(name: str, max_length: int | None = None) -> TargetField:
    """Describe a text field."""
    return TargetField(name=name, kind=FieldKind.TEXT, max_length=max_length)


def schema(entity: Entity, *fields: TargetField, without: Iterable[str] = ()) -> TargetSchema:
    """Describe the standard fields of a tenant; `fields` are added or replace them, `without` are left out."""
    standard = [text(name) for name in _TEXTS[entity].split()]
    standard.append(TargetField(name="countryId", kind=FieldKind.REFERENCE, table="countries"))
    if entity is Entity.ACCOUNTS:
        standard.append(text("name", 40))
        standard.append(TargetField(name="typeId", kind=FieldKind.REFERENCE, table="accountTypes"))
    else:
        standard.append(TargetField(name="birthday", kind=FieldKind.DATE))
    by_name = {field.name: field for field in (*standard, *fields)}
    return TargetSchema(fields={name: field for name, field in by_name.items() if name not in set(without)})


def rep(number: int, *, active: bool = True) -> ForceManagerUser:
    """Make a ForceManager user."""
    return ForceManagerUser(id=number, email=f"u{number}@crm.example", nickname=f"u{number}", name="", active=active)


USERS = Associations(by_sage={ANA: rep(REP_OF_ANA), BEN: rep(REP_OF_BEN)})


def context(
    entity: Entity = Entity.ACCOUNTS,
    *,
    rules: Iterable[FieldRule] | None = None,
    tenant: TargetSchema | None = None,
    users: Associations = USERS,
    branch_id: int | None = 7,
    read_only: bool = True,
    reassign: bool = False,
) -> PlanContext:
    """Make what a plan rests on; the preset's map unless told otherwise."""
    wanted = PRESETS[entity] if rules is None else tuple(rules)
    return PlanContext(
        entity=entity,
        rules=compile_rules(entity, wanted, tenant or schema(entity), TABLES),
        lists=TABLES,
        users=users,
        branch_id=branch_id,
        read_only=read_only,
        reassign=reassign,
        hash_key=KEY,
        now=NOW,
    )


def account(number: int = 1, *, owner_id: str = ANA, **fields: Scalar) -> SourceRow:
    """Make an account of Sage; it has a name unless told otherwise."""
    return SourceRow(
        id=f"00100000000{number:04d}AAA",
        owner_id=owner_id,
        label=f"Account {number}",
        fields={"Name": f"Account {number}", **fields},
    )


def contact(number: int = 1, *, of: SourceRow | None = None, owner_id: str = ANA, **fields: Scalar) -> SourceRow:
    """Make a contact of Sage; `of` is its account."""
    return SourceRow(
        id=f"00300000000{number:04d}AAA",
        owner_id=owner_id,
        parent_id=of.id if of else None,
        parent_owner_id=of.owner_id if of else None,
        label=f"Contact {number}",
        fields={"FirstName": "Kim", "LastName": f"Lee {number}", **fields},
    )


def written(action: Action, *, target_id: int = 1001) -> RecordState:
    """Return what the ledger knows of a record after a write that succeeded."""
    return RecordState(
        sage_id=action.sage_id,
        status=RecordStatus.SYNCHRONIZED,
        target_id=action.target_id or target_id,
        parent_id=action.parent_id,
        mapped_hash=action.mapped_hash,
        field_hashes=action.field_hashes,
    )


def plan_one(
    row: SourceRow,
    plan_context: PlanContext | None = None,
    *,
    state: RecordState | None = None,
    claim: Claim | None = None,
    indexed: tuple[int, ...] = (),
    parent: RecordState | None = None,
) -> Action:
    """Plan one row."""
    parents: Mapping[str, RecordState] = {parent.sage_id: parent} if parent else {}
    knowledge = Knowledge(
        states={row.id: state} if state else {},
        claims={row.id: claim or Claim(mine=True, holder="crm/acme")},
        indexed={row.id: indexed} if indexed else {},
        parents=parents,
    )
    (action,) = plan([row], knowledge, plan_context or context())
    return action


def there(row: SourceRow, target_id: int = 500, *, status: RecordStatus = RecordStatus.SYNCHRONIZED) -> RecordState:
    """Return the state of an account that is in ForceManager."""
    return RecordState(sage_id=row.id, status=status, target_id=target_id, mapped_hash="0" * 24)
