"""Whatever a manifest holds: an answer, never a traceback."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sage_operator.cli import main
from sage_operator.cli._yaml import InvalidYaml, load
from sage_operator.resources import names

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
WORDS = st.sampled_from(
    [
        "spec",
        "sage",
        "forceManager",
        "users",
        "pairs",
        "accounts",
        "contacts",
        "fields",
        "fieldsFrom",
        "where",
        "target",
        "source",
        "expression",
        "value",
        "default",
        "lookup",
        "list",
        "configMapRef",
        "name",
        "url",
        "branch",
        "payments",
    ]
)
SPECS = st.recursive(
    VALUES, lambda inner: st.dictionaries(WORDS, inner, max_size=6) | st.lists(inner, max_size=3), max_leaves=20
)


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_what_was_written_is_read(value: object) -> None:
    """Expect the same values as another library has written."""
    node = load(yaml.safe_dump(value, allow_unicode=True))
    assert node is not None
    assert node.value == value


@given(st.text(alphabet=st.sampled_from(list("ab:-?[]{}&*!|>'\"#%@`,.~ \n\t\\0123<=é")), max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Expect no other exception, and a place within the text."""
    refused: InvalidYaml | None = None
    try:
        load(text)
    except InvalidYaml as error:
        refused = error
    if refused is not None:
        assert 1 <= refused.line <= text.count("\n") + 2
        assert refused.column >= 1


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is written anew for each example."""
    return tmp_path_factory.mktemp("any") / "any.yaml"


@given(spec=SPECS, metadata=VALUES)
@settings(max_examples=150, deadline=None)
def test_any_manifest_is_checked(path: Path, spec: object, metadata: object) -> None:
    """Expect findings or none, at lines of the file."""
    body = {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": metadata, "spec": spec}
    path.write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    result = CliRunner().invoke(main, ["check", "-f", str(path)])
    assert result.exit_code in {0, 1}, result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit)
