import msgspec
import pytest

from sage_operator.sage.describe import read_description
from sage_operator.simulators.sage.describe import describe
from sage_operator.simulators.sage.schema import object_types
from sage_operator.sync.errors import System, Unavailable
from sage_operator.sync.sources import SourceKind
from sage_operator.transport import Answer


def answer(content: bytes) -> Answer:
    """Return an answer to describe."""
    return Answer(status=200, headers={}, content=content, system=System.SAGE, host="acme.example")


def test_a_description_becomes_fields() -> None:
    """Expect kinds, lengths, parents and choices as Salesforce tells them."""
    text = msgspec.json.encode(describe(object_types()["Account"], "/services/data/v66.0"))
    account = read_description(answer(text))
    assert account.name == "Account"
    kinds = {name: account.field(name).kind for name in ("Name", "TYPE", "ownerid", "AnnualRevenue", "CreatedDate")}  # type: ignore[union-attr]
    assert kinds == {
        "Name": SourceKind.TEXT,
        "TYPE": SourceKind.PICKLIST,
        "ownerid": SourceKind.REFERENCE,
        "AnnualRevenue": SourceKind.CURRENCY,
        "CreatedDate": SourceKind.DATETIME,
    }
    owner = account.parent("owner")
    assert owner is not None
    assert (owner.name, owner.leads_to) == ("OwnerId", "User")
    assert "Customer" in {choice.value for choice in account.fields["type"].picklist}
    assert account.fields["billingcity"].length == 40


def test_types_that_are_not_known_do_no_harm() -> None:
    """Expect a field of a later type as unknown, one without most properties too, and null labels."""
    text = b'{"name":"X","fields":[{"name":"A","type":"hologram","relationshipName":null,"x":{}},'
    text += b'{"name":"B","type":"int","digits":9,"picklistValues":[{"value":"v","label":null,"active":true}]}]}'
    described = read_description(answer(text))
    assert described.fields["a"].kind is SourceKind.UNKNOWN
    assert (described.fields["b"].kind, described.fields["b"].precision) == (SourceKind.INTEGER, 9)
    assert described.fields["b"].picklist[0].label == "v"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"name":1,"fields":[]}'])
def test_what_is_no_description_is_no_answer(content: bytes) -> None:
    """Expect Unavailable for anything else, as of a page that is none."""
    with pytest.raises(Unavailable, match="describes no object"):
        read_description(answer(content))
