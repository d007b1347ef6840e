"""A value that was added to a list in ForceManager a minute ago, against both simulators."""

from collections.abc import Iterator

import pytest

from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import Mode
from sage_operator.sync.fieldmap import FieldRule, FieldSource, Lookup

from .integrations import Integration

TYPES = FieldRule(
    target="typeId", sources=(FieldSource(path="AccountNumber"),), lookup=Lookup(list_name="accountTypes")
)


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    """A small organisation and an empty tenant."""
    with Simulators(dataset=Dataset(accounts=10, contacts=10)) as running:
        yield running


async def test_a_value_added_a_minute_ago_is_found_at_once(integration: Integration) -> None:
    """All accounts lack a row; one is added for one of them, found a minute later; an idle run asks nothing."""
    crm, sage = integration.simulators.forcemanager.control, integration.simulators.sage.control
    integration.edit(TYPES)
    report = await integration.run()
    assert report.succeeded, report.error
    missing = report.codes.get(Code.LOOKUP_NOT_FOUND, 0)
    assert missing
    key = crm.add_list_row("accountTypes", EN="Added just now")
    integration.clock.now += 61
    one = min(row["Id"] for row in sage.records("Account"))
    sage.update("Account", one, AccountNumber="Added just now")
    report = await integration.run()
    assert report.succeeded, report.error
    assert [row["typeId"] for row in crm.records("accounts") if row["extId"] == one] == [key]
    assert (await integration.run()).result.mode is Mode.REPLAN
    crm.reset_counters()
    report = await integration.run()
    assert (report.result.mode, report.result.requests["forceManager"]) == (Mode.INCREMENTAL, 0)
