from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sage_operator.sage.rows import RowReader, changed_rows, read_page, sage_users
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import InvalidFieldMap, System, Unavailable
from sage_operator.sync.records import ChangedRow
from sage_operator.transport import Answer

ID, OWNER, PARENT = "001000000000001AAA", "005000000000001AAA", "001000000000009AAA"


def account(**fields: Any) -> dict[str, Any]:
    """An account as Salesforce sends it."""
    return {"attributes": {"type": "Account", "url": "/x"}, "Id": ID, "OwnerId": OWNER, "Name": "Acme", **fields}


def contact(**fields: Any) -> dict[str, Any]:
    """A contact as Salesforce sends it."""
    return {
        "Id": "003000000000001AAA",
        "OwnerId": OWNER,
        "AccountId": PARENT,
        "Account": {"OwnerId": "005000000000002AAA"},
        "FirstName": "Ana",
        "LastName": "Ruiz",
        **fields,
    }


def answer(body: bytes) -> Answer:
    """An answer with a body."""
    return Answer(status=200, headers={}, content=body, system=System.SAGE, host="acme.example")


def test_rows_bear_the_map_s_spelling() -> None:
    """Fields are found whatever the case, and keyed as the field map spells them, twice if it spells them twice."""
    read = RowReader(Entity.ACCOUNTS, ("NAME", "name", "phone", "owner.NAME"))
    (row,) = read([account(Phone="1", Owner={"attributes": {}, "Name": "Eva"})])
    assert row.fields == {"NAME": "Acme", "name": "Acme", "phone": "1", "owner.NAME": "Eva"}
    assert (row.id, row.owner_id, row.parent_id, row.parent_owner_id, row.label) == (ID, OWNER, None, None, "Acme")


def test_contacts_have_their_account_and_its_owner() -> None:
    """A contact knows its account and the owner of that; its label is what it has of its names."""
    read = RowReader(Entity.CONTACTS, ())
    rows = read([contact(), contact(FirstName=None), contact(Account=None, AccountId=None, LastName=None)])
    assert [(row.parent_id, row.parent_owner_id, row.label) for row in rows] == [
        (PARENT, "005000000000002AAA", "Ana Ruiz"),
        (PARENT, "005000000000002AAA", "Ruiz"),
        (None, None, "Ana"),
    ]


def test_a_parent_that_is_null_gives_null() -> None:
    """Dotted sources are null where a parent on the way is null, in some rows or in all of a page."""
    read = RowReader(Entity.ACCOUNTS, ("Parent.Owner.Name",))
    some = read([account(Parent=None), account(Parent={"Owner": None}), account(Parent={"Owner": {"Name": "Eva"}})])
    assert [row.fields["Parent.Owner.Name"] for row in some] == [None, None, "Eva"]
    assert [row.fields["Parent.Owner.Name"] for row in read([account(Parent=None)])] == [None]
    assert read([]) == ()


def test_numbers_stay_exact() -> None:
    """A number with a fraction is the Decimal that was sent, a whole one an int, a boolean a boolean."""
    body = b'{"done":true,"records":[{"Id":"%s","OwnerId":"x","Name":null,"A":1234567.10,"B":3,"C":true}]}'
    page = read_page(answer(body % ID.encode()))
    (row,) = RowReader(Entity.ACCOUNTS, ("A", "B", "C"))(page.records)
    assert str(row.fields["A"]) == "1234567.10"
    assert row.fields == {"A": Decimal("1234567.10"), "B": 3, "C": True}
    assert row.label == ""


def test_a_compound_field_is_refused_by_name() -> None:
    """An address is no value: the error names it and says to map its parts, also when the first row has none."""
    read = RowReader(Entity.ACCOUNTS, ("Phone", "BillingAddress"))
    rows = [account(Phone="1", BillingAddress=None), account(Phone="1", BillingAddress={"city": "Vigo"})]
    with pytest.raises(InvalidFieldMap, match=r"BillingAddress is compound.*BillingStreet"):
        read(rows)


def test_an_answer_without_what_was_asked_is_no_answer() -> None:
    """A field that Salesforce leaves out is told, not taken for empty."""
    with pytest.raises(Unavailable, match="lacks the field Phone"):
        RowReader(Entity.ACCOUNTS, ("Phone",))([account()])
    with pytest.raises(Unavailable, match="no parent"):
        RowReader(Entity.ACCOUNTS, ("Name.First",))([account()])


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b'{"records": []}', b'{"records": 1, "done": true}', b'{"records": [], "done": false}', b"\xff"],
)
def test_what_is_no_page_is_unavailable(body: bytes) -> None:
    """Anything but a page, or a page that promises more and does not say where, is no usable answer."""
    with pytest.raises(Unavailable, match="no page of records"):
        read_page(answer(body))


def test_changes_and_users() -> None:
    """Deletion and merge are told; hidden e-mails and names are empty."""
    assert changed_rows([{"Id": ID, "IsDeleted": True, "MasterRecordId": PARENT}]) == [
        ChangedRow(id=ID, deleted=True, merged_into=PARENT)
    ]
    raw = msgspec.json.decode(
        b'[{"Id":"005000000000001AAA","Username":"ana@acme.example","Email":null,"Name":null,"IsActive":false}]'
    )
    (user,) = sage_users(raw)
    assert (user.username, user.email, user.name, user.active) == ("ana@acme.example", "", "", False)
