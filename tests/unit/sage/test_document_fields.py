import re

import pytest

from sage_operator.sage.document_fields import document_fields
from sage_operator.sync.errors import SchemaMismatch
from sage_operator.sync.sources import SourceField, SourceKind

from . import trade

MANUAL = SourceField(name="s2cor__Manual_Due_Date__c", kind=SourceKind.DATE)


def test_the_whole_package() -> None:
    """Expect each fact from its own field, and only what is needed read."""
    fields = trade.fields()
    assert tuple(fields.columns) == (
        "Id", "s2cor__Document_Number__c", "Name", "s2cor__Account__c", "s2cor__Trade_Document_Type__r.Name",
        "s2cor__Date__c", "s2cor__Due_Date__c", "s2cor__Total_Amount__c", "s2cor__Net_Amount__c",
        "s2cor__Paid_Amount__c", "s2cor__Outstanding_Amount__c", "s2cor__Is_Paid__c",
        "s2cor__Document_Number_Tag__r.s2cor__Is_Reconciled__c",
        "s2cor__Document_Number_Tag__r.s2cor__Reconciled_Date__c",
        "s2cor__Currency__r.s2cor__Currency_Code__c",
    )  # fmt: skip
    assert fields.unknown == ()


def test_a_manual_due_date_goes_first() -> None:
    """Expect both dates read where there are both, and one is enough."""
    assert trade.fields(MANUAL).due == ("s2cor__Manual_Due_Date__c", "s2cor__Due_Date__c")
    assert trade.fields(MANUAL, without=["s2cor__Due_Date__c"]).due == ("s2cor__Manual_Due_Date__c",)


def test_what_others_stand_for_may_be_missing() -> None:
    """Expect amounts from one another, and tags, currencies and numbers to be done without."""
    fields = trade.fields(
        without=["s2cor__Net_Amount__c", "s2cor__Outstanding_Amount__c", "s2cor__Is_Paid__c",
                 "s2cor__Document_Number__c"], tags=False,
    )  # fmt: skip
    assert (fields.net, fields.tax) == (None, "s2cor__Tax_Amount__c")
    assert (fields.outstanding, fields.paid) == (None, "s2cor__Paid_Amount__c")
    assert (fields.is_paid, fields.is_reconciled, fields.tag_way) == (None, None, None)
    assert fields.number == ("Name",)
    assert fields.unknown == ("settlement dates", "currencies")


def test_a_hidden_reconciliation_hides_its_date() -> None:
    """Expect no settlement date where nobody can tell whether the tag is reconciled."""
    found = document_fields(trade.document(), tag=trade.tag(without=["s2cor__Is_Reconciled__c"]), currency=None)
    assert (found.is_reconciled, found.reconciled_on) == (None, None)


def test_all_that_is_missing_is_told_at_once() -> None:
    """Expect the names of all fields that nothing stands for, and what to grant."""
    hidden = ["s2cor__Account__c", "s2cor__Total_Amount__c", "s2cor__Due_Date__c", "s2cor__Net_Amount__c",
              "s2cor__Tax_Amount__c", "s2cor__Paid_Amount__c", "s2cor__Outstanding_Amount__c"]  # fmt: skip
    with pytest.raises(SchemaMismatch) as caught:
        trade.fields(without=hidden)
    told = caught.value
    assert re.findall(r"s2cor__\w+__c(?= |,|\.|\))", told.message)[1:] == [
        "s2cor__Account__c", "s2cor__Total_Amount__c", "s2cor__Due_Date__c", "s2cor__Manual_Due_Date__c",
        "s2cor__Net_Amount__c", "s2cor__Tax_Amount__c", "s2cor__Outstanding_Amount__c", "s2cor__Paid_Amount__c",
    ]  # fmt: skip
    assert "Read Access" in told.remedy


def test_a_reference_that_leads_nowhere_is_missing() -> None:
    """Expect an account field that is no reference to be refused, as owners are reached through it."""
    plain = SourceField(name="s2cor__Account__c", kind=SourceKind.TEXT)
    with pytest.raises(SchemaMismatch, match="s2cor__Account__c as a reference"):
        document_fields(
            trade.described({}, *[f for f in trade.document().fields.values() if f.name != plain.name], plain),
            tag=None,
            currency=None,
        )


def test_names_are_found_in_any_case() -> None:
    """Expect Salesforce's spelling, whatever ours is."""
    spelled = SourceField(name="S2COR__total_amount__C", kind=SourceKind.CURRENCY)
    assert trade.fields(spelled, without=["s2cor__Total_Amount__c"]).total == "S2COR__total_amount__C"
