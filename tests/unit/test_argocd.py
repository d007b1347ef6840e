"""What Argo CD sees of an integration, by a real Lua, over every state."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sage_operator.reference._states import State, kstatus, states
from support.missing import unavailable

FOLDER = Path(__file__).parents[2] / "deploy" / "argocd"
KEY = "integrations.forcemanager.io_SageIntegration"
STATES = {state.name: state for state in states()}


@pytest.fixture(scope="module")
def lua() -> str:
    """Return the Lua program, 5.1 to 5.4: Argo CD's own is a 5.1 with `os.date`."""
    found = (shutil.which(name) for name in ("lua5.4", "lua5.3", "lua5.1", "lua"))
    program = next(filter(None, found), None)
    if program is None:
        unavailable("no Lua: install Debian's lua5.4")
    return program


def literal(value: Any) -> str:
    """Return a value as Lua spells it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{json.dumps(key)}] = {literal(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(literal, value)) + "}"
    return "nil" if value is None else json.dumps(value)


def run(lua: str, script: str, resource: dict[str, Any]) -> dict[str, Any]:
    """Run a script on a resource and return the table that it returns."""
    encode = """
    local function encode(value)
      if type(value) ~= "table" then
        return type(value) == "string" and string.format("%q", value):gsub("\\\\\\n", "\\\\n") or tostring(value)
      end
      local parts = {}
      for key, part in pairs(value) do parts[#parts + 1] = string.format("%q", tostring(key)) .. ":" .. encode(part) end
      return "{" .. table.concat(parts, ",") .. "}"
    end
    """
    whole = f"{encode}\nlocal obj = {literal(resource)}\nlocal function main()\n{script}\nend\nprint(encode(main()))"
    done = subprocess.run([lua, "-"], input=whole, capture_output=True, text=True, check=False, timeout=10)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def resource_in(state: State) -> dict[str, Any]:
    """Return the resource as Argo CD gets it."""
    conditions = [condition.model_dump(mode="json", by_alias=True) for condition in state.conditions]
    return {
        "metadata": {"name": "acme", "generation": 1},
        "spec": {"suspend": state.situation.suspended},
        "status": {"observedGeneration": 1, "conditions": conditions},
    }


@pytest.mark.parametrize("name", STATES)
def test_health_agrees_with_kstatus(lua: str, name: str) -> None:
    """Failed is Degraded, InProgress is Progressing, Current is Healthy, and a pause is told as such."""
    state = STATES[name]
    health = run(lua, (FOLDER / "health.lua").read_text(), resource_in(state))
    expected = {"Failed": "Degraded", "InProgress": "Progressing", "Current": "Healthy"}[kstatus(state.conditions)]
    if expected == "Healthy" and state.situation.suspended:
        expected = "Suspended"
    assert health["status"] == expected
    assert health["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"status": None},
        {"status": {"observedGeneration": -1}},
        {"status": {"observedGeneration": 0, "conditions": []}},
        {"metadata": {"generation": 1, "deletionTimestamp": "2026-01-01T00:00:00Z"}},
    ],
    ids=["no status", "just created", "older generation", "being deleted"],
)
def test_what_the_operator_has_not_seen_is_progressing(lua: str, change: dict[str, Any]) -> None:
    """So a sync wave waits: neither an old status nor none counts as healthy."""
    resource = resource_in(STATES["in step"]) | change
    assert run(lua, (FOLDER / "health.lua").read_text(), resource)["status"] == "Progressing"


def test_rejects_are_told_in_the_message_of_a_healthy_one(lua: str) -> None:
    """The integration works; what it could not write is read there."""
    health = run(lua, (FOLDER / "health.lua").read_text(), resource_in(STATES["in step, some records rejected"]))
    assert health["status"] == "Healthy"
    assert "3 TooLong" in health["message"]


@pytest.mark.parametrize(
    ("action", "spec"),
    [
        ("suspend", {"suspend": True, "suspendReason": "Suspended in Argo CD"}),
        ("resume", {"suspend": False}),
        ("sync-now", {"suspend": False}),
    ],
)
def test_actions_change_what_they_say(lua: str, action: str, spec: dict[str, Any]) -> None:
    """`suspend` and `resume` set the spec, `sync-now` puts a new token on the annotation."""
    changed = run(lua, (FOLDER / f"actions/{action}.lua").read_text(), resource_in(STATES["in step"]))
    assert changed["spec"] == spec
    token = changed["metadata"].get("annotations", {}).get("integrations.forcemanager.io/requestedAt")
    assert bool(token and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", token)) == (action == "sync-now")


@pytest.mark.parametrize("suspended", [False, True])
def test_offered_is_what_makes_sense(lua: str, suspended: bool) -> None:
    """A suspended one can be resumed and nothing else."""
    state = STATES["suspended" if suspended else "in step"]
    offered = run(lua, (FOLDER / "actions/discovery.lua").read_text(), resource_in(state))
    assert {name for name, of in offered.items() if not of["disabled"]} == (
        {"resume"} if suspended else {"sync-now", "suspend"}
    )


def test_patch_holds_the_same_lua_as_the_files() -> None:
    """Expect that nobody changed one without the other."""
    data = yaml.safe_load((FOLDER / "argocd-cm.yaml").read_text())["data"]
    assert data[f"resource.customizations.health.{KEY}"] == (FOLDER / "health.lua").read_text()
    actions = yaml.safe_load(data[f"resource.customizations.actions.{KEY}"])
    assert actions["discovery.lua"] == (FOLDER / "actions/discovery.lua").read_text()
    assert {of["name"]: of["action.lua"] for of in actions["definitions"]} == {
        path.stem: path.read_text() for path in (FOLDER / "actions").glob("*.lua") if path.stem != "discovery"
    }
