"""The values of ConfigMaps, which anybody may have written."""

from time import perf_counter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.resources import AccountField, InvalidResourceError
from sage_operator.resources.shared import MAX_CHARACTERS, account_entries, contact_entries

BOMB = "- &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"- &{chr(ord('a') + n + 1)} [{', '.join(['*' + chr(ord('a') + n)] * 8)}]\n" for n in range(12)
)
MERGES = "a: &a {k: v}\n" + "".join(
    f"{chr(ord('a') + n + 1)}: &{chr(ord('a') + n + 1)} {{<<: [{', '.join(['*' + chr(ord('a') + n)] * 9)}]}}\n"
    for n in range(12)
)


def test_entries_are_those_of_the_spec() -> None:
    """Expect the same models, in either style of YAML."""
    (first, second) = account_entries("- target: phone\n  source: Phone\n- {target: Z_X, value: 5, onlyOnCreate: true}")
    assert first == AccountField(target="phone", source="Phone")
    assert second == AccountField(target="Z_X", value=5, only_on_create=True)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]", "null"])
def test_an_empty_map_has_no_entries(text: str) -> None:
    """Expect that a ConfigMap may be filled later."""
    assert account_entries(text) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("target: phone", "it must be a list of entries"),
        ("phone", "it must be a list of entries"),
        ("- {target: phone", "it can't be read: expected ',' or '}', but got '<stream end>' (line 1, column 17)"),
        ("- {target: phone, source: Phone}\n- {target: phone, source: Fax}", "`target` must be unique"),
        ("- {target: phone, value: yes}", "[0].value: must be a text or a whole number"),
        ("- {target: phone, value: 2024-01-01}", "[0].value: must be a text or a whole number"),
        ("- {target: phone, value: 2024-02-31}", "it can't be read"),
        ("- phone", "[0]: "),
        ("- !!python/object/apply:os.getpid []", "it can't be read: could not determine a constructor"),
        ("- &a {target: phone, source: Phone}\n- *a", "aliases (`*name`) are not allowed"),
        (BOMB, "aliases (`*name`) are not allowed"),
        (MERGES, "aliases (`*name`) are not allowed"),
        ("%YAML 1.9\n---\n" + MERGES, "aliases (`*name`) are not allowed"),
        ("%YAML 1.9\n---\n" + "[" * 5000, "it is more than a list of entries can be"),
        ("%YAML 1.9\n---\n- {target: phone, source: Phone}", "it can't be read"),
        ("[" * 5000, "it can't be read"),
        ("- {target: a, " + "? {" * 3000, "it can't be read"),
        ("x" * (MAX_CHARACTERS + 1), "are allowed"),
        ("- {target: Z_A, value: \x07}", "it can't be read"),
        ("\n".join(f"- {{target: Z_{n}, value: 1}}" for n in range(201)), "at most 200"),
    ],
    ids=lambda text: text[:24],
)
def test_what_is_refused(text: str, told: str) -> None:
    """Expect a message that says where and what, soon, whatever it is."""
    started = perf_counter()
    with pytest.raises(InvalidResourceError) as caught:
        account_entries(text)
    assert perf_counter() - started < 5
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text("-{}[]:,&*!? ntargesou\n'\"|>#%@0", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Expect entries or the one error, and none where there is nothing."""
    for read in (account_entries, contact_entries):
        try:
            entries = read(text)
        except InvalidResourceError:
            continue
        assert not yaml.safe_load(text) or entries
