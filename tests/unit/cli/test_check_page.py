"""docs/check.md and the pre-commit hook: what they tell to do is done here."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from sage_operator.cli import main

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/check.md").read_text(encoding="utf-8")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

BLOCKS = [(language, text) for language, text in _FENCE.findall(PAGE)]


def strings(value: Any) -> Iterator[str]:
    """Yield all texts within a document."""
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(each)


def commands() -> Iterator[str]:
    """Yield each command of ours that the page shows: typed ones and those of pipelines and hooks."""
    for language, text in BLOCKS:
        typed = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
        texts = typed if language in {"console", "text"} else strings(yaml.safe_load(text))
        yield from (each for each in texts if each.startswith("sage-operator ") and " -" in each)


def example() -> tuple[str, str]:
    """Return the manifest with mistakes, and what is said to be printed about it."""
    ((_, manifest),) = (b for b in BLOCKS if b[1].startswith("# acme.yaml"))
    ((_, printed),) = (b for b in BLOCKS if b[1].startswith("$ sage-operator check -f acme.yaml\n"))
    return manifest, printed.partition("\n")[2]


def test_the_page_has_commands() -> None:
    """Expect those of pipelines, too, so that the next test has something to test."""
    assert len(set(commands())) >= 9


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_commands_of_the_page_are_commands(command: str) -> None:
    """Expect that each can be parsed, options and all."""
    _, *words = shlex.split(command)
    found: click.Command = main
    context = click.Context(main)
    while isinstance(found, click.Group):
        name = words.pop(0)
        child = found.get_command(context, name)
        assert child is not None, name
        found = child
    found.make_context(found.name, list(words), resilient_parsing=False)


def test_the_example_prints_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expect the very table, and exit code 1."""
    monkeypatch.chdir(tmp_path)
    manifest, printed = example()
    Path("acme.yaml").write_text(manifest, encoding="utf-8")
    result = CliRunner().invoke(main, ["check", "-f", "acme.yaml"])
    assert (result.exit_code, result.stdout + result.stderr) == (1, printed)


# The hook


def hook() -> dict[str, Any]:
    """Return the hook that other repositories use."""
    (found,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_the_hook_is_valid() -> None:
    """Expect pre-commit itself to take it."""
    words = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_hook_checks_a_repository(tmp_path: Path) -> None:
    """Expect its entry, run as pre-commit runs it, to fail on a mistake and pass without."""
    manifest, _ = example()
    words = [*shlex.split(hook()["entry"]), *hook()["args"]]
    assert words[0] == "sage-operator"
    installed = [str(Path(sys.executable).with_name("sage-operator")), *words[1:]]
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/acme.yaml").write_text(manifest, encoding="utf-8")
    failed = subprocess.run(installed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (failed.returncode, "deploy/acme.yaml:14:5" in failed.stdout) == (1, True), failed
    right = manifest.replace("= Customer", "= 'Customer'").replace("countrys", "countries").replace("' + \"", "'\"")
    (tmp_path / "deploy/acme.yaml").write_text(right, encoding="utf-8")
    passed = subprocess.run(installed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert passed.returncode == 0, passed


def test_the_hook_works_with_pre_commit_itself(tmp_path: Path) -> None:
    """Expect `pre-commit run` to fail with our finding, by the local hook that the page shows."""
    ((_, config),) = (b for b in BLOCKS if "repo: local" in b[1])
    program = Path(sys.executable).with_name("sage-operator")
    (tmp_path / ".pre-commit-config.yaml").write_text(
        config.replace("entry: sage-operator", f"entry: {program}"), encoding="utf-8"
    )
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/acme.yaml").write_text(example()[0], encoding="utf-8")
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    run = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    env = {"PATH": "/usr/bin:/bin", "PRE_COMMIT_HOME": str(tmp_path / ".cache"), "HOME": str(tmp_path)}
    result = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "acme.yaml:14:5" in result.stdout
