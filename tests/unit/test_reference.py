from pathlib import Path

import pytest
from click.testing import CliRunner

from sage_operator.reference import PAGES
from sage_operator.reference.__main__ import main
from sage_operator.reference._words import RESERVED
from sage_operator.resources.conditions import ConditionType, Reason

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "sage_operator"


@pytest.mark.parametrize("name", PAGES)
def test_pages_in_the_repository_are_what_the_code_gives(name: str) -> None:
    """Expect that nobody changed the code without its reference, or the other way round."""
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_no_page_is_left_over() -> None:
    """Expect that what is no longer generated is no longer there."""
    assert {path.name for path in (ROOT / "docs" / "reference").iterdir()} == PAGES.keys()


def test_command_writes_all_pages(tmp_path: Path) -> None:
    """Expect that `make docs` gives what the tests compare with."""
    result = CliRunner().invoke(main, ["--output-dir", str(tmp_path / "new")])
    assert result.exit_code == 0, result.output
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir()} == {
        name: render() for name, render in PAGES.items()
    }


def test_reserved_words_are_those_that_nothing_gives() -> None:
    """Expect that a word loses its mark with the code that gives it, and that no other word lacks such code."""
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "reference" and path != PACKAGE / "resources" / "conditions.py"
    )
    # An error's reason is a text in the domain, `SageUnavailable` and its twin are composed of the system's name.
    given = {
        word
        for word in (*ConditionType, *Reason)
        if f'"{word.value}"' in code or f".{word.name}" in code or word.value.endswith("Unavailable")
    }
    assert set(RESERVED) == {*ConditionType, *Reason} - given
