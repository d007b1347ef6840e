"""Lists that are maps: their entries are merged by a key, and no key comes twice."""

from collections import Counter
from typing import Any

from pydantic import AfterValidator


def map_by(key: str) -> Any:
    """Say that a list is a map by this key: its entries are merged by it, and none may come twice."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def unique_by(key: str) -> AfterValidator:
    """Refuse a key that comes twice, as the API server does by the list's type."""

    def check(entries: tuple[Any, ...]) -> tuple[Any, ...]:
        times = Counter(getattr(entry, key) for entry in entries)
        if twice := sorted(name for name, number in times.items() if number > 1):
            raise ValueError(f"`{key}` must be unique; twice or more: {', '.join(twice)}")
        return entries

    return AfterValidator(check)
