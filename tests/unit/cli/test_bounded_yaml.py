"""YAML as manifests have it: places, what kubectl takes, and hostile texts."""

import time
from itertools import pairwise

import pytest

from sage_operator.cli._yaml import InvalidYaml, Place, load, parts

ANCHORS = "".join(f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n" for before, after in pairwise("abcdefghi"))

HOSTILE = {
    "brackets": "[" * 100_000,
    "braces": "{a: " * 100_000,
    "dashes": "- " * 300_000,
    "question marks": "? " * 300_000,
    "billion laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n" + ANCHORS,
    "an alias of itself": "a: &a [*a]",
    "many values": "- a\n" * 200_000,
    "merged over and over": "a: &a {" + ",".join(f"k{n}: 1" for n in range(100)) + "}\nb:\n  <<: [" + "*a," * 200 + "]",
    "a huge text": "a: " + "x" * 1_000_000,
    "a huge number": "a: " + "9" * 1_000_000,
    "a huge escaped text": 'a: "' + "\\x41" * 250_000 + '"',
    "many anchors": "".join(f"- &a{n} x\n" for n in range(50_000)),
    "tabs": "\t" * 500_000,
    "a tag of Python": "a: !!python/object/apply:os.system [x]",
    "two roots": "a: 1\n...\nb: 2",
    "an unknown alias": "a: *nobody",
}


def test_places_are_those_of_keys_and_entries() -> None:
    """Expect lines and columns from 1, of keys, of entries by number and by their target, and of what is nearest."""
    node = load("spec:\n  fields:\n    - target: phone\n      source: Phone\n    - {target: fax}\n", first_line=10)
    assert node is not None
    assert node.find(("spec", "fields"))[0] == Place(12, 3)
    assert node.find(("spec", "fields", "phone", "source"))[0] == Place(14, 7)
    assert node.find(("spec", "fields", 1))[0] == Place(15, 7)
    assert node.find(("spec", "fields", "fax", "expression"))[0] == Place(15, 7)
    assert node.find(("spec", "users"))[0] == Place(11, 1)


def test_a_path_is_read_into_its_parts() -> None:
    """Expect that dots within brackets, as e-mail addresses have them, do not divide."""
    assert list(parts("users.pairs[ana@acme.example].sage")) == ["users", "pairs", "ana@acme.example", "sage"]
    assert list(parts("accounts.fieldsFrom[0]")) == ["accounts", "fieldsFrom", 0]
    assert list(parts("")) == []


def test_values_are_those_that_kubectl_takes() -> None:
    """Expect YAML 1.1, but dates as texts; aliases and merges as they are meant."""
    node = load("a: &a {x: 1, y: yes}\nb: {<<: *a, x: 2}\nc: 2024-01-01\nd: 0x1F\ne: 1.5\nf: ~\ng: '1'\nh: |\n  t\n")
    assert node is not None
    assert node.value == {
        "a": {"x": 1, "y": True},
        "b": {"x": 2, "y": True},
        "c": "2024-01-01",
        "d": 31,
        "e": 1.5,
        "f": None,
        "g": "1",
        "h": "t\n",
    }


def test_an_empty_document_is_nothing() -> None:
    """Expect None, not an error."""
    assert load("# only a remark\n") is None


def test_a_key_that_is_there_twice_is_refused() -> None:
    """Expect the place of the second one: the API server would take one of them in silence."""
    with pytest.raises(InvalidYaml, match="`c` is there twice") as refused:
        load("a: 1\nb:\n  c: 1\n  c: 2", first_line=5)
    assert (refused.value.line, refused.value.column) == (9, 3)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_refused_soon(text: str) -> None:
    """Expect a refusal in bounded time; the bound here is generous, `benchmarks/manifests.py` measures."""
    started = time.process_time()
    with pytest.raises(InvalidYaml):
        load(text)
    assert time.process_time() - started < 1
