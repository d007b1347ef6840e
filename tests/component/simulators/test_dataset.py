"""Data from a seed."""

import time
from collections import Counter

import pytest

from sage_operator.simulators import Dataset
from sage_operator.simulators.forcemanager.lists import value_lists
from sage_operator.simulators.sage.schema import object_types


def test_repeatable() -> None:
    """The same parameters give the same rows, another seed others."""
    assert Dataset(seed=3).sage() == Dataset(seed=3).sage()
    assert Dataset(seed=3).sage() != Dataset(seed=4).sage()
    assert Dataset(seed=3).forcemanager_users() == Dataset(seed=3).forcemanager_users()


def test_rows_fit_the_schema() -> None:
    """All fields exist, texts are no longer than described, references lead somewhere, nothing is null or empty."""
    data = Dataset(accounts=1000, contacts=1000, owners=20, companies=8, documents=1000).sage()
    keys = {row["Id"] for rows in data.values() for row in rows}
    for name, rows in data.items():
        fields = {field.name: field for field in object_types()[name].fields}
        for row in rows:
            for field, value in row.items():
                assert value not in (None, ""), field
                if isinstance(value, str) and fields[field].length:
                    assert len(value) <= fields[field].length, (field, value)
                if fields[field].type == "reference":
                    assert value in keys


@pytest.mark.parametrize("owners", [1, 2, 10, 40])
def test_user_pairs(owners: int) -> None:
    """Equal e-mail addresses associate most owners; some users are on one side only, some inactive."""
    dataset = Dataset(owners=owners)
    pairs = dataset.user_pairs()
    assert len(pairs) == max(1, round(owners * 0.7))
    assert all(pair.sage_email == pair.forcemanager_email.lower() for pair in pairs)
    emails = [user["email"].lower() for user in dataset.forcemanager_users()]
    assert len(set(emails)) == len(emails) > len(pairs)
    if owners >= 10:
        assert not all(pair.active_in_sage for pair in pairs)
        assert any(pair.sage_email != pair.forcemanager_email for pair in pairs)


def test_share_of_associated_owners() -> None:
    """By default every account's owner has a ForceManager user; less on demand."""
    associated = {pair.sage_id for pair in Dataset().user_pairs()}
    assert {row["OwnerId"] for row in Dataset().sage()["Account"]} <= associated
    rows = Dataset(accounts=2000, associated_share=0.75).sage()["Account"]
    assert 0.7 < sum(row["OwnerId"] in associated for row in rows) / 2000 < 0.8


def test_variety() -> None:
    """Countries come by code, by name and not at all, types by label; some texts are longer than the target takes."""
    rows = Dataset(accounts=5000).sage()["Account"]
    labels = {row["descriptionEN"] for row in value_lists()["accountTypes"]}
    shown = Counter(row.get("Type") in labels for row in rows)
    assert shown[True] > shown[False] > 0
    assert any(len(row.get("Description", "")) > 6000 for row in rows)
    assert any(len(row["BillingStreet"]) > 180 for row in rows)
    both = Counter(("s2cor__Country_Code__c" in row, "BillingCountry" in row) for row in rows)
    assert len(both) == 4
    private = Dataset(contacts=500, private_share=0.2).sage()["Contact"]
    assert 50 < sum("AccountId" not in row for row in private) < 150
    assert any("FirstName" not in row for row in private)


def test_speed() -> None:
    """Ten thousand records take less than two seconds of processor time, also on a busy machine."""
    begin = time.process_time()
    Dataset(accounts=3_000, contacts=7_000, owners=50).sage()
    assert time.process_time() - begin < 2
