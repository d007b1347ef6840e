from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.forcemanager.payload import NOT_TOLD, Method, as_sale, bulk_body, read_bulk, read_single, single_body
from sage_operator.sync.records import OutcomeKind, WriteItem, WriteOutcome

NEW = WriteItem(key="a", data={"name": "n"})
OLD = WriteItem(key="b", target_id=19, data={"name": "n"})

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12)
payloads = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | decimals)


def test_values_are_spelled_as_forcemanager_takes_them() -> None:
    """Money digit by digit and as a number, references as integers, clearing as null."""
    data: dict[str, Any] = {"Z_Out": Decimal("1234567890123.10"), "branchId": 16, "comment": None, "readOnly": True}
    assert single_body(data) == b'{"Z_Out":1234567890123.10,"branchId":16,"comment":null,"readOnly":true}'


def test_bulk_bodies_name_key_and_id() -> None:
    """A create has no id, an update has; a delete has nothing else."""
    assert bulk_body(Method.CREATE, [NEW]) == b'[{"guid":"a","data":{"name":"n"}}]'
    assert bulk_body(Method.UPDATE, [OLD]) == b'[{"guid":"b","id":19,"data":{"name":"n"}}]'
    assert bulk_body(Method.DELETE, [OLD]) == b'[{"guid":"b","id":19}]'


@pytest.mark.parametrize("date", ["2018-10-10", "2018-10-10T00:00:00Z", "2018-10-10T02:00:00+02:00"])
def test_a_sales_date_is_spelled_as_sales_want_it(date: str) -> None:
    """Blank instead of T, no zone; the rest of the sale, and a change without a date, stay as they are."""
    sale = WriteItem(key="a", data={"date": date, "total": Decimal("1.10")})
    assert single_body(as_sale(sale).data) == b'{"date":"2018-10-10 00:00:00","total":1.10}'
    assert as_sale(OLD) is OLD


def test_data_may_be_any_mapping() -> None:
    """The plan may protect its payloads against change."""
    data = MappingProxyType({"name": "n"})
    assert single_body(data) == b'{"name":"n"}'
    assert bulk_body(Method.CREATE, [WriteItem(key="a", data=data)]) == bulk_body(Method.CREATE, [NEW])


@given(payloads)
def test_every_payload_comes_back_exactly(data: Mapping[str, Any]) -> None:
    """What is encoded is read back equal, with exact numbers."""
    assert msgspec.json.Decoder(float_hook=Decimal).decode(single_body(data)) == data


@pytest.mark.parametrize(
    "body", [b'{"Message":"entity created","id":7}', b'{"message":"entity created","id":7}', b'{"id":7}']
)
def test_a_create_that_was_accepted_has_its_id(body: bytes) -> None:
    """Only the id counts."""
    assert read_single(body, NEW) == WriteOutcome(key="a", kind=OutcomeKind.DONE, target_id=7)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"Message":"entity created"}', b'{"id":null}', b'{"id":0}', b"\xff"]
)
def test_a_create_without_an_id_is_unclear(body: bytes) -> None:
    """It was accepted, but we don't know as what: never sent again before it was looked up."""
    assert read_single(body, NEW) == WriteOutcome(key="a", kind=OutcomeKind.UNCLEAR, message=NOT_TOLD)


def test_bulk_outcomes_are_matched_by_guid() -> None:
    """Order doesn't matter; code 1 is success, other codes are refusals, what is missing is unclear."""
    items = [WriteItem(key=key, data={}) for key in "abcdef"]
    body = b"""[
        {"code":0,"guid":"b","id":null,"message":"no ana@acme.example"}, {"code":1,"guid":"a","id":1,"message":"ok"},
        {"code":-3,"guid":"c"}, {"code":"1","guid":"d","id":4}, {"guid":"f","id":6}, {"code":1,"guid":"x","id":9}, 5
    ]"""
    assert read_bulk(body, items) == [
        WriteOutcome(key="a", kind=OutcomeKind.DONE, target_id=1),
        WriteOutcome(key="b", kind=OutcomeKind.REFUSED, message="no ***"),
        WriteOutcome(key="c", kind=OutcomeKind.REFUSED, message="ForceManager gave the code -3."),
        WriteOutcome(key="d", kind=OutcomeKind.DONE, target_id=4),
        WriteOutcome(key="e", kind=OutcomeKind.UNCLEAR, message=NOT_TOLD),
        WriteOutcome(key="f", kind=OutcomeKind.UNCLEAR, message=NOT_TOLD),
    ]


def test_a_done_update_keeps_the_id_that_it_was_sent_with() -> None:
    """Whatever the answer says."""
    assert read_bulk(b'[{"code":1,"guid":"b"}]', [OLD])[0].target_id == 19


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message":"ok"}', b"null", b'[{"code":1,"guid":"a"}]'])
def test_an_answer_that_says_nothing_of_a_create_leaves_it_unclear(body: bytes) -> None:
    """Done without an id is as good as nothing."""
    assert [o.kind for o in read_bulk(body, [NEW])] == [OutcomeKind.UNCLEAR]
