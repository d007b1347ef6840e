from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.codes import Code
from sage_operator.sync.coerce import Misfit
from sage_operator.sync.fieldmap import LookupBy
from sage_operator.sync.lookups import LookupTable, user_list
from sage_operator.sync.targets import ListRow, ValueList
from sage_operator.sync.users import ForceManagerUser

from .sync_examples import COUNTRIES

TABLE = LookupTable.of(COUNTRIES)


@pytest.mark.parametrize("text", ["Spain", "España", "spain", "ESPAÑA", "  Spain ", "\tespaña\n"])
def test_labels_in_any_language_without_case_and_outer_blanks(text: str) -> None:
    """One row is found by each of its labels, however they are typed."""
    assert TABLE.find(text) == 34


def test_case_is_folded_not_lowered() -> None:
    """Letters whose capital is spelled otherwise are equal too."""
    table = LookupTable.of(ValueList(name="segments", rows=(ListRow(id=1, labels=frozenset({"Straße"})),)))
    assert table.find("STRASSE") == 1


@pytest.mark.parametrize("text", ["France", "Spa in", "ES", "", "  "])
def test_what_is_not_in_the_list(text: str) -> None:
    """Another text finds nothing; a code is no label, and a blank means no row."""
    assert TABLE.find(text) is None


@pytest.mark.parametrize(("text", "row"), [("ES", 34), (" gb ", 44), ("Spain", None), ("FR", None), ("", None)])
def test_countries_by_code(text: str, row: int | None) -> None:
    """By iso2 the codes are compared, not the labels."""
    assert TABLE.find(text, by=LookupBy.ISO2) == row


def test_several_rows_of_one_label_are_ambiguous() -> None:
    """Two rows with one label are a misfit that names the list and not the text."""
    with pytest.raises(Misfit) as caught:
        TABLE.find("georgia")
    assert caught.value.code is Code.LOOKUP_AMBIGUOUS
    assert str(caught.value) == "countries: 2 rows have this label"


def test_a_label_that_is_equal_in_two_languages_is_one_row() -> None:
    """A row whose translations differ by case or blanks only is found, not ambiguous."""
    rows = (ListRow(id=9, labels=frozenset({"Portugal", "portugal", " PORTUGAL "})),)
    assert LookupTable.of(ValueList(name="countries", rows=rows)).find("Portugal") == 9


EVERYTHING = ValueList(
    name="anything",
    rows=(
        ListRow(id=7, labels=frozenset({"Euro"}), iso_code="EUR"),
        ListRow(id=8, labels=frozenset({"Spain"}), iso2="ES", iso3="ESP"),
    ),
)


@pytest.mark.parametrize(
    ("by", "text", "row"),
    [
        (LookupBy.ID, " 7 ", 7),
        (LookupBy.ID, "07", None),
        (LookupBy.ISO3, "esp", 8),
        (LookupBy.ISO3, "ES", None),
        (LookupBy.ISO_CODE, "eur", 7),
        (LookupBy.ISO_CODE, "Euro", None),
        (LookupBy.EMAIL, "", None),
    ],
)
def test_each_column_is_compared_by_itself(by: LookupBy, text: str, row: int | None) -> None:
    """A code is no label and an id no code; a row that lacks the column is not found by it."""
    assert LookupTable.of(EVERYTHING).find(text, by=by) == row


def test_users_are_a_list() -> None:
    """They are found by name, e-mail address, nickname and id; two of one name are ambiguous."""
    users = tuple(
        ForceManagerUser(id=n, email=f"U{n}@acme.example", nickname=f"u{n}", name=name, active=n != 2)
        for n, name in ((1, "Ana"), (2, "Ben"), (3, "Ben"))
    )
    table = LookupTable.of(user_list(users))
    assert table.find("u1@ACME.example", by=LookupBy.EMAIL) == 1
    assert table.find("u2", by=LookupBy.NICKNAME) == 2
    assert table.find("3", by=LookupBy.ID) == 3
    assert table.find("ana") == 1
    with pytest.raises(Misfit, match="2 rows have this label"):
        table.find("ben")


def test_examples_are_a_few_and_in_order() -> None:
    """A message shows what the list has, not all of it."""
    rows = tuple(ListRow(id=n, labels=frozenset({f"Row {n}", f"Zeile {n}"})) for n in range(9))
    table = LookupTable.of(ValueList(name="list/rows", rows=rows))
    assert table.examples(LookupBy.LABEL) == "`Row 0`, `Row 1`, `Row 2`, `Row 3`, `Row 4` …"
    assert table.examples(LookupBy.ISO2) == ""


LABELS = st.text("aAbB é", min_size=1, max_size=3).filter(str.strip)
ROWS = st.lists(st.frozensets(LABELS, max_size=2), max_size=6)


@given(ROWS, LABELS, st.randoms())
def test_the_row_that_is_found_is_the_only_one_that_has_the_label(
    labels: list[frozenset[str]], text: str, random: Random
) -> None:
    """Nothing, one row, or a misfit: as many rows have the label; their order does not matter."""
    rows = [ListRow(id=number, labels=names) for number, names in enumerate(labels, start=1)]
    bearers = [row.id for row in rows if text.strip().lower() in {name.strip().lower() for name in row.labels}]
    random.shuffle(rows)
    table = LookupTable.of(ValueList(name="segments", rows=tuple(rows)))
    if len(bearers) > 1:
        with pytest.raises(Misfit, match=f"{len(bearers)} rows"):
            table.find(text)
    else:
        assert table.find(text) == (bearers[0] if bearers else None)
