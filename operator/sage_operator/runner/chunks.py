"""Cutting sequences into pieces."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield pieces of at most `size` items (`itertools.batched` comes with Python 3.12)."""
    iterator = iter(items)
    while piece := tuple(islice(iterator, size)):
        yield piece
