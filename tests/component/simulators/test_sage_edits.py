"""Edits in Sage: what they do to rows, stamps and children."""

from datetime import UTC, datetime

import pytest

from sage_operator.simulators import ClockSetting, ControlError

from .clients import SageClient

NOW = datetime(2026, 11, 24, 10, 0, 0, 700_000, tzinfo=UTC)
STAMP = "2026-11-24T10:00:00.000+0000"


@pytest.fixture(autouse=True)
def _stopped_clock(sage: SageClient) -> None:
    """Edits happen at ten o'clock."""
    sage.control.set_clock(ClockSetting(frozen_at=NOW))


def parent(sage: SageClient) -> tuple[str, list[str]]:
    """Return an account that has contacts, and those."""
    contacts = sage.control.records("Contact")
    account = contacts[0]["AccountId"]
    return account, sorted(row["Id"] for row in contacts if row["AccountId"] == account)


def test_update_moves_the_stamp(sage: SageClient) -> None:
    """An edit is found by its stamp, in whole seconds; empty texts are null."""
    key = sage.control.records("Account")[0]["Id"]
    sage.control.update("Account", key, Name="Renamed", Phone="")
    (row,) = sage.rows(f"SELECT Id, Name, Phone, SystemModstamp FROM Account WHERE SystemModstamp >= {STAMP}")
    assert (row["Id"], row["Name"], row["Phone"], row["SystemModstamp"]) == (key, "Renamed", None, STAMP)


def test_kept_and_given_stamps(sage: SageClient) -> None:
    """A late commit shows a stamp from before, a formula moves none."""
    first, second = (row["Id"] for row in sage.control.records("Account")[:2])
    sage.control.update("Account", first, stamp="keep", Name="Formula")
    sage.control.update("Account", second, stamp="2026-11-24T09:58:00Z", Name="Late")
    rows = sage.rows("SELECT Name FROM Account WHERE SystemModstamp >= 2026-11-24T00:00:00Z")
    assert [row["Name"] for row in rows] == ["Late"]
    assert sage.rows(f"SELECT Name FROM Account WHERE Id = '{first}'")[0]["Name"] == "Formula"


def test_create(sage: SageClient) -> None:
    """A new record has an id of its own and the usual system fields."""
    key = sage.control.create("Contact", LastName="Nuevo", FirstName="Ana")
    (row,) = sage.rows(f"SELECT Name, OwnerId, CreatedDate, IsDeleted, AccountId FROM Contact WHERE Id = '{key}'")
    assert (row["Name"], row["CreatedDate"], row["IsDeleted"], row["AccountId"]) == ("Ana Nuevo", STAMP, False, None)
    assert row["OwnerId"]
    assert len(sage.rows("SELECT Id FROM Contact")) == 61


def test_delete_takes_the_contacts_along(sage: SageClient) -> None:
    """Deleted rows are in queryAll only; undelete brings back what went together."""
    account, contacts = parent(sage)
    sage.control.delete("Account", account)
    changed = f"WHERE SystemModstamp >= {STAMP}"
    assert sage.rows(f"SELECT Id FROM Contact {changed}") == []
    gone = sage.rows(f"SELECT Id, IsDeleted FROM Contact {changed}", everything=True)
    assert [(row["Id"], row["IsDeleted"]) for row in gone] == [(key, True) for key in contacts]
    sage.control.undelete("Account", account)
    assert [row["Id"] for row in sage.rows(f"SELECT Id FROM Contact {changed}")] == contacts


def test_merge(sage: SageClient) -> None:
    """The loser is deleted with its master's id, its contacts move to the winner and keep living."""
    account, contacts = parent(sage)
    winner = next(row["Id"] for row in sage.control.records("Account") if row["Id"] != account)
    sage.control.merge("Account", account, winner)
    (loser,) = sage.rows(f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{account}'", everything=True)
    assert (loser["IsDeleted"], loser["MasterRecordId"]) == (True, winner)
    moved = sage.rows(f"SELECT Id FROM Contact WHERE AccountId = '{winner}' AND SystemModstamp >= {STAMP}")
    assert [row["Id"] for row in moved] == contacts


def test_owner_changes_are_found_by_owner(sage: SageClient) -> None:
    """Indexes follow edits."""
    key = sage.control.records("Account")[0]["Id"]
    user = sage.control.create("User", LastName="Neu", Email="neu@acme.example", IsActive=True)
    sage.control.update("Account", key, OwnerId=user)
    assert [row["Id"] for row in sage.rows(f"SELECT Id FROM Account WHERE OwnerId = '{user}'")] == [key]


def test_wrong_edits_are_refused(sage: SageClient) -> None:
    """Unknown fields and records are errors of the caller."""
    with pytest.raises(ControlError, match="Nope"):
        sage.control.create("Account", Nope=1)
    with pytest.raises(ControlError, match="KeyError"):
        sage.control.update("Account", "001000000000000", Name="x")


def test_reset(sage: SageClient) -> None:
    """A reset restores records and settings."""
    before = sage.control.records("Account")
    sage.control.delete("Account", before[0]["Id"])
    sage.control.create("Account", Name="More")
    sage.control.configure(page_limit=5)
    sage.control.reset()
    assert sage.control.records("Account") == before
    assert sage.control.counters().total == 0
