"""The examples of docs/field-maps.md, carried out as a reader would try them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from sage_operator.controller.translate import settings_of
from sage_operator.resources import SageIntegration
from sage_operator.sync.compiling import compile_map
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.findings import FindingKind
from sage_operator.sync.lookups import LookupTable, user_list
from sage_operator.sync.targets import FieldKind, ListRow, TargetField, TargetSchema, ValueList
from sage_operator.sync.users import Associations, ForceManagerUser

from .sync_examples import (
    ACCOUNT_TYPES,
    ANA,
    COUNTRIES,
    KEY,
    NOW,
    account,
    contact,
    plan_one,
    schema,
    text,
    there,
    written,
)

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/field-maps.md").read_text(encoding="utf-8")
MINIMAL = yaml.safe_load((ROOT / "deploy/samples/minimal.yaml").read_text(encoding="utf-8"))

USER = ForceManagerUser(id=51, email="ana@acme.example", nickname="ana", name="Ana García", active=True)
STATUSES = ValueList(
    name="accountStatuses",
    rows=(ListRow(id=1, labels=frozenset({"Customer", "Cliente"})), ListRow(id=2, labels=frozenset({"Lead"}))),
)
LISTS = {values.name: LookupTable.of(values) for values in (COUNTRIES, ACCOUNT_TYPES, STATUSES, user_list((USER,)))}
CUSTOM = (
    text("Z_Code", 8),
    TargetField(name="Z_Limit", kind=FieldKind.DECIMAL),
    TargetField(name="Z_Vip", kind=FieldKind.BOOLEAN),
    TargetField(name="Z_Since", kind=FieldKind.DATE),
    TargetField(name="statusId", kind=FieldKind.REFERENCE, table="accountStatuses"),
    TargetField(name="salesRepId2", kind=FieldKind.REFERENCE, table="users"),
)
NAMES = {"accounts": [("name", "Name")], "contacts": [("firstName", "FirstName"), ("lastName", "LastName")]}
OPERATORS = {"extId", "branchId", "salesRepId1", "salesRepId", "readOnly", "accountId"}

_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (new|`\{.*\}`) \| `(\{.*\})` \| (.+) \|$", re.MULTILINE)
_KINDS = re.compile(rf"`({'|'.join(FindingKind)})`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A map of the page. `refusal`: what is found in it; `rows`: records before and now, and what is sent."""

    line: int
    entity: Entity
    section: dict[str, Any]
    refusal: str | None
    rows: tuple[tuple[str, str, str], ...]


def examples() -> Iterator[Example]:
    """Read the page: each block with the text around it, up to the blocks before and after it."""
    blocks = [*_BLOCK.finditer(PAGE)]
    for number, block in enumerate(blocks):
        body = yaml.safe_load(block[1])
        if isinstance(body, dict) and "kind" in body:
            continue
        before = PAGE[blocks[number - 1].end() if number else 0 : block.start()].rstrip().rpartition("\n\n")[2]
        after = PAGE[block.end() : blocks[number + 1].start() if number + 1 < len(blocks) else None]
        rows = tuple((row[1], row[2], row[3]) for row in _ROW.finditer(after.partition("\n## ")[0]))
        kinds = _KINDS.findall(before)
        yield Example(
            line=PAGE.count("\n", 0, block.start()) + 1,
            entity=Entity.CONTACTS if block[1].startswith("# contacts") else Entity.ACCOUNTS,
            section=body if isinstance(body, dict) else {"preset": "None", "fields": body},
            refusal=None if rows else kinds[-1],
            rows=rows,
        )


EXAMPLES = [*examples()]


def tenant(entity: Entity) -> TargetSchema:
    """Return the fields of the page's tenant, which lists its custom fields."""
    return replace(schema(entity, *(CUSTOM if entity is Entity.ACCOUNTS else ())), lists_custom_fields=True)


def planner(example: Example) -> tuple[PlanContext, list[str]]:
    """Return what the map plans with, and the kinds of what is wrong with it; names are mapped beside it."""
    section = {**example.section, "fields": [*example.section["fields"]]}
    mapped = {entry["target"] for entry in section["fields"]}
    if section["preset"] == "None":
        section["fields"] += [{"target": t, "source": s} for t, s in NAMES[example.entity] if t not in mapped]
    body = {**MINIMAL, "metadata": {"name": "acme", "namespace": "crm"}}
    body["spec"] = {**body["spec"], example.entity.value: section}
    (config_map,) = [found for block in _BLOCK.findall(PAGE) if "kind" in (found := yaml.safe_load(block))]
    shared = {(config_map["metadata"]["name"], key): value for key, value in config_map["data"].items()}
    settings = settings_of(SageIntegration.parse(body), shared=shared)
    (rules,) = [each.rules for each in settings.entities if each.entity is example.entity]
    compiled, findings = compile_map(example.entity, rules, tenant(example.entity), LISTS)
    context = PlanContext(
        entity=example.entity,
        rules=compiled,
        lists=LISTS,
        users=Associations(by_sage={ANA: USER}),
        branch_id=7,
        read_only=True,
        reassign=False,
        hash_key=KEY,
        now=NOW,
    )
    return context, [finding.kind.value for finding in findings]


def test_there_are_examples_of_everything() -> None:
    """Expect that each setting of an entry is shown, so that the other tests have something to test."""
    shown = "\n".join(_BLOCK.findall(PAGE))
    for word in ("source", "value", "expression", "default", "lookup", "onNotFound", "onTooLong", "onlyOnCreate"):
        assert f"{word}:" in shown
    for word in ("whenEmpty: Clear", "whenEmpty: Keep", "preset: Default", "fieldsFrom", "by: iso2", "by: name"):
        assert word in shown
    assert len(EXAMPLES) >= 18
    assert sum(len(example.rows) for example in EXAMPLES) >= 30


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.refusal], ids=lambda e: f"line {e.line}")
def test_what_is_refused(example: Example) -> None:
    """Expect the finding that the text before the block names, and no other."""
    assert planner(example)[1] == [example.refusal]


@pytest.mark.parametrize(
    ("example", "row"),
    [pytest.param(e, row, id=f"line {e.line}-{n}") for e in EXAMPLES for n, row in enumerate(e.rows)],
)
def test_what_is_sent(example: Example, row: tuple[str, str, str]) -> None:
    """Expect what the row of the table says, besides what the operator writes itself."""
    before, now, sent = row
    context, findings = planner(example)
    assert findings == []

    def record(spelled: str) -> Any:
        fields = json.loads(spelled.strip("`"), parse_float=Decimal)
        company = account()
        return account(**fields) if example.entity is Entity.ACCOUNTS else contact(of=company, **fields)

    parent = there(account()) if example.entity is Entity.CONTACTS else None
    state = None
    if before != "new":
        state = written(plan_one(record(before), context, parent=parent))
    action = plan_one(record(now), context, state=state, parent=parent)
    if sent.startswith("reject"):
        assert action.kind is ActionKind.REJECT
        assert action.code is not None
        assert sent == f"reject `{action.code.value}`"
        return
    kind = ActionKind.CREATE if state is None else ActionKind.UNCHANGED if sent == "nothing" else ActionKind.UPDATE
    assert action.kind is kind, action.message
    names = {target for target, _ in NAMES[example.entity]}
    payload = {t: v for t, v in action.payload.items() if t not in OPERATORS | names}
    expected = {} if sent == "nothing" else json.loads(sent.strip("`"), parse_float=Decimal)
    assert {t: (type(v), v) for t, v in payload.items()} == {t: (type(v), v) for t, v in expected.items()}
