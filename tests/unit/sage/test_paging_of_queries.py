from collections.abc import AsyncGenerator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sage.paging import CursorLostError, merged, pages
from sage_operator.sage.rows import Page
from sage_operator.sage.soql import Query
from sage_operator.sync.errors import Unavailable
from sage_operator.sync.records import SourceRow


class FakeSage:
    """Answers queries from lists of ids, page by page, and loses cursors as told."""

    def __init__(self, ids: dict[str, list[str]], *, size: int, lose: Sequence[int] = ()) -> None:
        self._ids = ids
        self._size = size
        self._lose = set(lose)
        self.asked: list[str] = []

    async def first(self, query: Query) -> Page:
        """Begin a query."""
        left = [one for one in self._ids[query.sage_object] if query.after is None or one > query.after]
        return self._page(query.sage_object, left)

    async def following(self, url: str) -> Page:
        """Go on."""
        name, _, after = url.partition("/")
        return self._page(name, [one for one in self._ids[name] if one > after])

    def _page(self, name: str, left: list[str]) -> Page:
        self.asked.append(name)
        if len(self.asked) in self._lose:
            raise CursorLostError
        page, rest = left[: self._size], left[self._size :]
        return Page(
            records=[{"Id": one} for one in page], done=not rest, next_url=f"{name}/{page[-1]}" if rest else None
        )


def numbers(count: int) -> list[str]:
    """Return ids in order."""
    return [f"{number:04d}" for number in range(count)]


@given(
    counts=st.lists(st.integers(0, 30), max_size=4),
    size=st.integers(1, 7),
    lose=st.sets(st.integers(2, 40), max_size=8),
)
async def test_all_rows_of_all_queries_come_once_and_in_order(counts: list[int], size: int, lose: set[int]) -> None:
    """However long the queries, whatever the pages, whichever cursors are lost: each row comes once, query by query."""
    lose = {one for one in lose if one % 3}  # never so many in a row that it gives up
    ids = {f"Q{number}": numbers(count) for number, count in enumerate(counts)}
    sage = FakeSage(ids, size=size, lose=tuple(lose))
    queries = [Query(sage_object=name, columns=("Id",)) for name in ids]
    found: list[str] = []
    async for page in pages(queries, first=sage.first, following=sage.following):
        assert page
        found.extend(row["Id"] for row in page)
    assert found == [one for count in counts for one in numbers(count)]


async def test_cursors_lost_without_end_are_an_outage() -> None:
    """A query that never gets past its first page ends after a few attempts."""
    sage = FakeSage({"Q": numbers(9)}, size=3, lose=range(2, 100))
    found: list[str] = []

    async def collect() -> None:
        async for page in pages([Query(sage_object="Q", columns=("Id",))], first=sage.first, following=sage.following):
            found.extend(row["Id"] for row in page)

    with pytest.raises(Unavailable, match="again and again"):
        await collect()
    assert found == numbers(3)
    assert len(sage.asked) == 1 + 1 + 3


@given(
    split=st.lists(st.integers(0, 4), max_size=80),
    sizes=st.lists(st.integers(1, 9), min_size=5, max_size=5),
)
async def test_merged_streams_are_in_order_and_whole(split: list[int], sizes: list[int]) -> None:
    """However rows are spread over streams and pages, the merged stream has them all in the order of their ids."""
    rows = [SourceRow(id=f"{number:04d}", owner_id="", fields={}) for number in range(len(split))]
    parts = [[row for row, where in zip(rows, split, strict=True) if where == part] for part in range(5)]

    async def stream(part: list[SourceRow], size: int) -> AsyncGenerator[Sequence[SourceRow], None]:
        for at in range(0, len(part), size):
            yield part[at : at + size]

    streams = [stream(part, size) for part, size in zip(parts, sizes, strict=True)]
    assert [row async for page in merged(streams) for row in page] == rows
