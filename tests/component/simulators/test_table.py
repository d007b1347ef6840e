"""The table in memory: its indexes tell what a search of all rows would."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sage_operator.simulators.table import Table

KEYS = st.integers(0, 5)
WORDS = st.sampled_from(["a", "A", "b", None])
STAMPS = st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"])
ROWS = st.fixed_dictionaries({"id": KEYS, "word": WORDS, "stamp": STAMPS})
STEPS = st.lists(st.one_of(ROWS, KEYS, st.lists(ROWS)))


@given(STEPS)
def test_indexes_follow_every_change(steps: list[Any]) -> None:
    """Whatever is loaded, put and purged, look-ups agree with the rows."""
    table = Table[int]("id", indexes={"word": str.casefold}, ordered="stamp")
    for step in steps:
        match step:
            case dict():
                table.put(step)
            case int():
                table.purge(step)
            case _:
                table.load(step)
        for word in ("a", "B"):
            expected = {row["id"] for row in table if (row.get("word") or "").casefold() == word.casefold()}
            assert table.find("word", [word]) == expected
        for stamp in ("2026-01-02", "2026-01-04"):
            assert sorted(table.since(stamp)) == sorted(row["id"] for row in table if row["stamp"] >= stamp)


def test_rows_are_never_changed_in_place() -> None:
    """Who holds a row keeps what it was."""
    table = Table[int]("id", ordered="stamp")
    table.put({"id": 1, "stamp": "a", "word": "old"})
    held = table.rows[1]
    table.put({**held, "word": "new"})
    assert (held["word"], table.rows[1]["word"]) == ("old", "new")
