"""A condition from the spec to both remotes: all real but Salesforce and ForceManager, which are simulated."""

from collections.abc import Iterator
from typing import Any

import pytest

from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.entities import ActionKind, Entity, Mode
from sage_operator.sync.errors import InvalidScope

from .integrations import Integration


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    """A small organisation and an empty tenant."""
    with Simulators(dataset=Dataset(accounts=60, contacts=120)) as running:
        yield running


def live(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return rows that are not deleted, by id."""
    return {row["Id"]: row for row in rows if not row.get("IsDeleted")}


async def test_a_condition_from_the_spec_to_forcemanager(integration: Integration) -> None:
    """Expect exactly what fulfils it, then that an edit of it releases what leaves, and that it is kept."""
    sage, crm = integration.simulators.sage.control, integration.simulators.forcemanager.control
    accounts, contacts = live(sage.records("Account")), live(sage.records("Contact"))

    def in_forcemanager(resource: str) -> set[str]:
        return {row["extId"] for row in crm.records(resource) if row.get("extId")}

    integration.edit(where="Type IN ('Customer', 'Partner')")
    first = await integration.run()
    assert first.error is None
    assert first.result.mode is Mode.INITIAL
    wide = {key for key, row in accounts.items() if row.get("Type") in {"Customer", "Partner"}}
    written = in_forcemanager("accounts")
    owners = {accounts[key]["OwnerId"] for key in written}
    assert written == {key for key in wide if accounts[key]["OwnerId"] in owners}
    assert in_forcemanager("contacts") == {key for key, row in contacts.items() if row.get("AccountId") in written}
    assert first.result.counts[Entity.ACCOUNTS][ActionKind.CREATE] == len(written)

    integration.edit(where="Type = 'Customer'")
    second = await integration.run()
    assert second.error is None
    assert second.result.mode is Mode.REPLAN
    left = {key for key in written if accounts[key]["Type"] == "Partner"}
    assert left
    assert second.result.counts[Entity.ACCOUNTS][ActionKind.RELEASE] == len(left)
    assert second.result.counts[Entity.ACCOUNTS][ActionKind.UNCHANGED] == len(written - left)
    assert in_forcemanager("accounts") == written

    third = await integration.run()
    assert third.error is None
    assert third.result.mode is Mode.INCREMENTAL
    assert third.result.requests["sage"] <= 6

    integration.edit(where="Type = Customer")
    wrong = await integration.run()
    assert isinstance(wrong.error, InvalidScope)
    assert wrong.error.reason == "InvalidScope"
