"""Lists of ids and texts in SOQL, and how they are split where a request line has no room for them. Pure."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote_plus

# Commas, quotes and parentheses may stand in a query string (RFC 3986, 3.4); escaped they would triple in length.
_UNESCAPED = "'(),:!"


def literal(text: str) -> str:
    """Return a SOQL string."""
    return f"'{text.translate(_ESCAPES)}'"


_ESCAPES = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r"})


def encode(text: str) -> str:
    """Return a query as it goes into a URL's query string."""
    return quote_plus(text, safe=_UNESCAPED)


def any_of(texts: Iterable[str]) -> str:
    """Return the right side of a condition that takes any of some texts."""
    return f"IN ({','.join(map(literal, texts))})"


class IdList:
    """A condition with a list of ids, which may be split; without a list no condition."""

    def __init__(self, start: str, ids: Sequence[str] | None, end: str = ")", *, most: int = 10_000) -> None:
        """Take the list and what stands around it, and how long its parts are at most."""
        self._start = start
        self._end = end
        # In order and each once, so that the parts follow one another as the rows do.
        self._literals = [literal(one) for one in sorted(set(ids))] if ids is not None else None
        self._most = most

    @property
    def need(self) -> int:
        """Bytes that the whole list would take."""
        if self._literals is None:
            return 0
        return self._frame + sum(len(encode(one)) + 1 for one in self._literals[: self._most])

    def fit(self, room: int) -> None:
        """Split the list so that no part takes more than `room` bytes (one id is always taken)."""
        if self._literals:
            longest = max(len(encode(one)) + 1 for one in self._literals)
            self._most = min(self._most, max(1, (room - self._frame) // longest))

    def conditions(self) -> Sequence[tuple[str, ...]]:
        """Return the condition of each part, or once none."""
        if self._literals is None:
            return [()]
        parts = (self._literals[at : at + self._most] for at in range(0, len(self._literals), self._most))
        return [(f"{self._start}{','.join(part)}{self._end}",) for part in parts]

    @property
    def _frame(self) -> int:
        return len(encode(f" AND {self._start}{self._end}")) if self._literals is not None else 0


def share(room: int, lists: Sequence[IdList]) -> None:
    """Give each list its part of the request line: short ones whole, long ones what is left in equal parts."""
    waiting = sorted(lists, key=lambda one: one.need)
    for position, one in enumerate(waiting):
        part = min(one.need, room // (len(waiting) - position))
        one.fit(part)
        room -= part
