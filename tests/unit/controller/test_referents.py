"""Secrets and ConfigMaps that come, change or go: the integrations that use them run or stall at once."""

import pytest

from sage_operator.controller.referents import ReferentKind
from sage_operator.sync.entities import Entity

from .conftest import Make, proven
from .surroundings import secret_named

pytestmark = pytest.mark.looptime


async def test_a_secret_that_is_there_at_last_runs_a_stalled_integration(make: Make) -> None:
    """At once, and a Secret that stays missing runs nothing."""
    operator = make()
    del operator.kube.secrets["sage"]
    await operator.apply()
    await operator.until(lambda: operator.reason() == "SecretNotFound")
    await operator.go_on(300)
    assert operator.runs() == ["Failed"], "a Secret that is missing is no change of it"
    await operator.put_secret("sage", "2")
    await operator.until(lambda: operator.reason() == "Succeeded", within=10)
    assert operator.triggers() == ["Generation", "Secret"]


async def test_a_rotated_secret_is_used_at_once(make: Make) -> None:
    """By one run, although the same version is told twice, and one of another integration's Secret by none."""
    operator = await proven(make)
    for name, version in (("forcemanager", "2"), ("forcemanager", "2"), ("of-somebody-else", "3")):
        await operator.put_secret(name, version)
    await operator.until(lambda: len(operator.runs()) == 2, within=10)
    await operator.go_on(60)
    assert operator.triggers() == ["Generation", "Secret"]


async def test_a_deleted_secret_stalls(make: Make) -> None:
    """At once, with the remedy, rather than at the next run; the one that is created anew heals it."""
    operator = await proven(make)
    await operator.put_secret("sage", "")
    await operator.until(lambda: operator.reason() == "SecretNotFound", within=10)
    stalled = operator.condition("Stalled")
    assert stalled is not None
    assert "Create the Secret" in stalled["message"]
    await operator.put_secret("sage", "9")
    await operator.until(lambda: operator.reason() == "Succeeded", within=10)


async def test_a_secret_that_changes_during_a_run_is_used_by_another_one(make: Make) -> None:
    """The run has read the old one: what it ends with says nothing of the new one."""
    operator = make(accounts=60)
    await operator.apply()
    await operator.until(lambda: bool(operator.connector.tenant.records["accounts"]))  # type: ignore[index]
    await operator.put_secret("sage", "2")
    await operator.until(lambda: operator.runs() == ["Succeeded", "Succeeded"])
    assert operator.triggers() == ["Generation", "Secret"]


async def test_a_watch_that_lags_behind_runs_nothing(make: Make) -> None:
    """A version older than the one that the run has read is no news."""
    operator = make()
    operator.kube.secrets["sage"] = "12"
    await operator.apply()
    await operator.until(lambda: operator.reason() == "Succeeded")
    await operator.coordinator.referent_seen(secret_named("sage"), "9")
    await operator.go_on(60)
    assert operator.runs() == ["Succeeded"]


async def test_a_list_tells_what_a_broken_watch_has_missed(make: Make) -> None:
    """A Secret that is not in the list is gone; one in another namespace is nobody's business."""
    operator = await proven(make)
    here, there = {secret_named("sage"): "1", secret_named("forcemanager"): "1"}, ReferentKind.SECRET
    await operator.coordinator.referents_listed(there, "crm", here)
    await operator.coordinator.referents_listed(there, "elsewhere", {})
    await operator.go_on(30)
    assert operator.runs() == ["Succeeded"]
    del operator.kube.secrets["sage"], here[secret_named("sage")]
    await operator.coordinator.referents_listed(there, None, here)
    await operator.until(lambda: operator.reason() == "SecretNotFound", within=10)


async def test_a_changed_config_map_is_used_at_once(make: Make) -> None:
    """It is part of the field map: a Replan writes what differs; one that is missing stalls with its name."""
    operator = make(accounts=3)
    await operator.apply(accounts={"fieldsFrom": [{"configMapRef": {"name": "maps", "key": "accounts"}}]})
    await operator.until(lambda: operator.reason() == "InvalidFieldMap")
    stalled = operator.condition("Stalled")
    assert stalled is not None
    assert "ConfigMap maps/accounts" in stalled["message"]
    for number, comment in enumerate(("first", "second"), start=1):
        await operator.put_config_map("maps", str(number), accounts=f"- {{target: comment, value: {comment}}}")
        await operator.until(lambda number=number: operator.runs().count("Succeeded") == number)  # type: ignore[misc]
        told = {record["comment"] for record in operator.connector.tenant.records[Entity.ACCOUNTS].values()}
        assert told == {comment}
    assert operator.triggers() == ["Generation", "ConfigMap", "ConfigMap"]
    assert operator.status()["lastRun"]["mode"] == "Replan"
