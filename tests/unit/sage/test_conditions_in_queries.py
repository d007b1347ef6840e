from datetime import UTC, datetime

from sage_operator.sage import lists, soql
from sage_operator.sync.entities import Entity
from sage_operator.sync.scope import RowQuery, Scope
from sage_operator.sync.where import parse_condition

PATH = "/services/data/v66.0/query"
SINCE = datetime(2026, 11, 23, 10, tzinfo=UTC)
OWNERS = tuple(f"005{number:012d}AAA" for number in range(900))
WHERE = parse_condition("Type = 'Customer' OR  Owner.Department = 'Sales'")


def rendered(entity: Entity, scope: Scope, **conditions: object) -> list[str]:
    """Return the texts of all queries."""
    query = RowQuery(entity=entity, scope=scope, sources=("Name",), **conditions)  # type: ignore[arg-type]
    return [one.text for step in soql.rows(query, path=PATH) for one in step]


def test_accounts_fulfil_the_condition_as_it_was_written() -> None:
    """Expect it in parentheses, beside owners and stamps; its parent's stamp counts like that of a source."""
    (text,) = rendered(Entity.ACCOUNTS, Scope(owner_ids=OWNERS[:1], where=WHERE), since=SINCE)
    assert text.endswith(
        " FROM Account WHERE (SystemModstamp >= 2026-11-23T10:00:00Z OR Owner.SystemModstamp >= 2026-11-23T10:00:00Z)"
        " AND (Type = 'Customer' OR  Owner.Department = 'Sales')"
        " AND OwnerId IN ('005000000000000AAA') ORDER BY Id"
    )


def test_contacts_fulfil_it_by_their_account() -> None:
    """Expect each field by way of the account, and the contact's own stamp alone."""
    (text,) = rendered(Entity.CONTACTS, Scope(owner_ids=None, where=WHERE), since=SINCE)
    assert text.endswith(
        " FROM Contact WHERE AccountId != null AND SystemModstamp >= 2026-11-23T10:00:00Z"
        " AND (Account.Type = 'Customer' OR  Account.Owner.Department = 'Sales') ORDER BY Id"
    )


def test_every_part_of_a_long_list_has_the_condition() -> None:
    """Expect that long lists are split so that each query has it whole and keeps within the request line."""
    values = ",".join(["'größer & kleiner'"] * 120)
    where = parse_condition(f"Name IN ({values})")
    for entity, more in (
        (Entity.ACCOUNTS, {"ids": OWNERS}),
        (Entity.CONTACTS, {"ids": OWNERS, "parent_ids": OWNERS}),
        (Entity.CONTACTS, {"after_id": OWNERS[0]}),
    ):
        texts = rendered(entity, Scope(owner_ids=OWNERS, where=where), since=SINCE, **more)
        assert len(texts) > 3
        for text in texts:
            assert f"({'Account.' if entity is Entity.CONTACTS else ''}{where.text})" in text
            assert len(f"GET {PATH}?q={lists.encode(text)} HTTP/1.1") <= soql.REQUEST_LINE
