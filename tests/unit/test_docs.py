"""What users read, held against what it speaks of."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from sage_operator.cli import main
from sage_operator.reference._words import RESERVED
from sage_operator.resources import SageIntegration
from sage_operator.resources.conditions import Reason
from sage_operator.simulators.__main__ import main as simulators
from sage_operator.sync.codes import Code

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of code of one language."""
    return [text for found, text in _FENCE.findall(page.read_text(encoding="utf-8")) if found == language]


def commands(page: Path) -> list[str]:
    """Return what a page tells to type: lines after a prompt, and code within sentences."""
    typed = [line[2:] for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]
    return typed + _INLINE.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose(page))}


def options(command: click.Command) -> set[str]:
    """Return all spellings of a command's options."""
    return {spelling for parameter in command.params for spelling in parameter.opts}


def test_there_is_something_to_read() -> None:
    """Expect the pages that everybody looks for, so that the other tests have something to test."""
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"} <= {page.name for page in PAGES}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    """Expect that each relative link names a file that is there, and each anchor a heading of it."""
    for link in _LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def integrations() -> Iterator[Any]:
    """Yield each integration that a page shows, and those of the samples."""
    sources = [(page, text) for page in PAGES for text in blocks(page, "yaml")]
    sources += [(path, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "deploy/samples").glob("*.yaml"))]
    for path, text in sources:
        for number, body in enumerate(yaml.safe_load_all(text)):
            if isinstance(body, dict) and body.get("kind") == "SageIntegration":
                yield pytest.param(body, id=f"{path.relative_to(ROOT)}-{body['metadata']['name']}-{number}")


@pytest.mark.parametrize("body", [*integrations()])
def test_integrations_that_are_shown_are_valid(body: dict[str, Any]) -> None:
    """Expect that what a reader copies is accepted; the namespace is given by kubectl."""
    body["metadata"].setdefault("namespace", "crm")
    SageIntegration.parse(body)


def test_readme_shows_the_minimal_sample() -> None:
    """Expect that the README and the sample say the same."""
    sample = yaml.safe_load((ROOT / "deploy/samples/minimal.yaml").read_text(encoding="utf-8"))
    assert sample in [yaml.safe_load(text) for text in blocks(ROOT / "README.md", "yaml")]


@each_page
def test_make_targets_exist(page: Path) -> None:
    """Expect that each `make …` that a page names is a target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {match[1] for command in commands(page) if (match := re.match(r"make ([a-z-]+)", command))}
    assert named <= targets


def whole_names(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield all commands, those of groups too, by their names behind the program's."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from whole_names(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


@each_page
def test_flags_exist(page: Path) -> None:
    """Expect that each flag of our programs that a page names is one."""
    known = {name: options(command) for name, command in whole_names(main)}
    everywhere = set().union(*known.values())
    for command in commands(page):
        flags = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", command))
        program = re.search(rf"sage-operator ({'|'.join(known)})(?= |$)", command)
        if program is not None:
            flags = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", command[program.end() :].partition(" | ")[0]))
            assert flags <= known[program[1]], command
        elif "sage_operator.simulators" in command:
            assert flags <= options(simulators) | {"-m"}, command
        elif command.startswith("--"):
            assert flags <= everywhere, command


@each_page
def test_metrics_exist(page: Path) -> None:
    """Expect that each metric that a page names is exported."""
    reference = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `(sage_\w+)`", reference, re.MULTILINE))
    for code in _INLINE.findall(prose(page)):
        for name in re.findall(r"\bsage_(?!operator\b)[a-z_]+\b", code):
            assert name in known, name


def test_troubleshooting_has_each_reason_and_code() -> None:
    """Expect a heading for each word that a user can meet when something is wrong."""
    headings = _HEADING.findall(prose(ROOT / "docs/troubleshooting.md"))
    explained = {word for heading in headings for word in heading.split(", ")}
    met = {word.value for word in (*Reason, *Code)} - {word.value for word in RESERVED} - {Reason.SUCCEEDED.value}
    assert met <= explained
    assert not explained & {word.value for word in RESERVED}
