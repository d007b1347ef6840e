from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from sage_operator.resources import crd
from sage_operator.resources.__main__ import main

ROOT = Path(__file__).parents[3]
SCHEMA = crd.build()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def walk(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every node of a schema with its path."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from walk(child, f"{path}.{name}")
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")


NODES = [node for part in ("spec", "status") for node in walk(SCHEMA["properties"][part], part)]


def test_file_in_the_repository_is_what_the_models_give() -> None:
    """Expect that nobody changed one without the other."""
    assert (ROOT / "crds" / crd.FILE_NAME).read_text() == crd.render(), "run `python -m sage_operator.resources`"


def test_file_is_below_100_kib() -> None:
    """Expect room in the 256 KiB of the annotation that a client-side apply makes of it."""
    assert len(crd.render().encode()) < 100 * 1024


def test_text_has_everything() -> None:
    """Expect that the YAML reads back as what was built, without anchors."""
    text = crd.render()
    assert yaml.safe_load(text) == crd.build()
    assert "&id" not in text


@pytest.mark.parametrize(("path", "node"), NODES, ids=[path for path, _ in NODES])
def test_every_field_is_described_and_bounded(path: str, node: dict[str, Any]) -> None:
    """Expect what `kubectl explain` shows, and the bounds that keep the cost of rules and the size of objects small."""
    assert node["description"].endswith("."), path
    if node.get("type") == "array":
        assert {"maxItems", "x-kubernetes-list-type"} <= node.keys()
    elif node.get("type") == "object":
        assert node["properties"]
    elif node.get("type") == "string" or "x-kubernetes-int-or-string" in node:
        assert {"maxLength", "enum", "format"} & node.keys()
    else:
        assert node["type"] in {"integer", "boolean"}


def test_every_rule_is_tried() -> None:
    """Expect a bad input for each rule in the table of what must be refused."""
    tried = [case["message"] for case in yaml.safe_load((Path(__file__).parent / "refused.yaml").read_text())]
    rules = [rule["message"] for _, node in NODES for rule in node.get("x-kubernetes-validations", ())]
    assert rules
    assert [rule for rule in rules if not any(message in rule for message in tried)] == []


def test_rules_beside_a_pattern_keep_quiet_when_it_fails() -> None:
    """Expect the pattern's message alone for garbage, instead of CEL's about conversions."""
    for name in ("interval", "timeout"):
        node = SCHEMA["properties"]["spec"]["properties"][name]
        (rule,) = node["x-kubernetes-validations"]
        assert rule["rule"].startswith(f"!self.matches(r'{node['pattern']}') || ")


def test_command_writes_and_checks(tmp_path: Path) -> None:
    """Expect that the check fails for a missing or stale file and passes for the one that was written."""
    run = CliRunner().invoke
    arguments = ["--output-dir", str(tmp_path / "crds")]
    assert run(main, [*arguments, "--check"]).exit_code == 1
    assert run(main, arguments).exit_code == 0
    assert run(main, [*arguments, "--check"]).exit_code == 0
    written = tmp_path / "crds" / crd.FILE_NAME
    written.write_text(written.read_text() + "\n")
    stale = run(main, [*arguments, "--check"])
    assert (stale.exit_code, "is stale: run" in stale.output) == (1, True)


def test_unknown_keywords_are_an_error() -> None:
    """Expect that a keyword which Kubernetes would not understand is noticed here, not in a cluster."""
    with pytest.raises(NotImplementedError, match="uniqueItems"):
        crd._structural({"type": "array", "uniqueItems": True}, {})
