"""The name that was probably meant."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest
from itertools import pairwise
from typing import Final

_JUDGED: Final = 8
_ALIKE: Final = 0.7


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like one, whatever their case; None if none is.

    An object may have 800 fields whose names are much alike, for which difflib alone takes 50 ms: it judges only those
    that share most letters and pairs of them.
    """
    by_folded = _by_folded(tuple(known))
    folded = name.casefold()
    wanted = _parts(folded)
    likely = nlargest(_JUDGED, by_folded, key=lambda one: _shared(wanted, _parts(one)))
    close = get_close_matches(folded, likely, n=1, cutoff=_ALIKE)
    return by_folded[close[0]] if close else None


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how many of their parts two names share, from 0 to 1 (Dice)."""
    return 2 * len(one & other) / max(1, len(one) + len(other))


@lru_cache(maxsize=4096)
def _parts(name: str) -> frozenset[str]:
    """Return letters and pairs of letters: where two are swapped (`Nmae`), a short name has no pair in common."""
    return frozenset(name).union(map("".join, pairwise(name)))


@lru_cache(maxsize=8)
def _by_folded(known: tuple[str, ...]) -> Mapping[str, str]:
    """Return names by what they are compared as; many mistakes of a manifest ask about the same names."""
    return {each.casefold(): each for each in sorted(known)}
