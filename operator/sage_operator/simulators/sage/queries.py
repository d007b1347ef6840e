"""The query endpoints: pages of results behind locators."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from sage_operator.simulators.clock import Clock
from sage_operator.simulators.sage.answers import refusal
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.soql import SoqlError, execute
from sage_operator.simulators.soql.ids import make_id
from sage_operator.simulators.soql.project import Projection
from sage_operator.simulators.wire import Answer, Call, Row

_MOST_CURSORS = 500
"""Older cursors are forgotten, for the sake of memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    """An open query: the rows that it found, as they were then."""

    organisation: Organisation
    rows: list[Row]
    project: Projection
    size: int


class Queries:
    """Runs queries and keeps what is left of them to be fetched."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()
        self._opened = 0

    def run(self, call: Call, organisation: Organisation, base: str, *, deleted: bool) -> Answer:
        """Answer `query` and `queryAll`. Raises `Refusal`."""
        text = call.query.get("q")
        if not text:
            raise refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
        try:
            result = execute(text, organisation, calendar=organisation.calendar(self._clock.now()), deleted=deleted)
        except SoqlError as error:
            raise refusal(400, error.code, error.message) from None
        if result.project is None:
            return Answer.json({"totalSize": len(result.rows), "done": True, "records": []})
        cursor = _Cursor(organisation=organisation, rows=result.rows, project=result.project, size=_batch_size(call))
        return self._page(cursor, None, 0, base)

    def more(self, organisation: Organisation, locator: str, base: str) -> Answer:
        """Answer a `nextRecordsUrl`. Raises `Refusal`."""
        key, _, offset = locator.rpartition("-")
        cursor = self._cursors.get(key)
        if cursor is None or cursor.organisation is not organisation or not offset.isdigit():
            raise refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, key, int(offset), base)

    def forget(self) -> int:
        """Close all cursors; return how many there were."""
        count = len(self._cursors)
        self._cursors.clear()
        return count

    def _page(self, cursor: _Cursor, key: str | None, offset: int, base: str) -> Answer:
        settings, whims = cursor.organisation.settings, cursor.organisation.whims
        size = min(cursor.size, settings.page_limit)
        if settings.page_whim and whims.random() < settings.page_whim:
            most = max(1, min(size, len(cursor.rows) - offset))
            size = whims.randint(most // 4 or 1, most)
        end = offset + size
        project = cursor.project
        body: dict[str, Any] = {"totalSize": len(cursor.rows), "done": end >= len(cursor.rows)}
        if not body["done"]:
            body["nextRecordsUrl"] = f"{base}/query/{key or self._open(cursor)}-{end}"
        body["records"] = [project(row, base) for row in cursor.rows[offset:end]]
        return Answer.json(body)

    def _open(self, cursor: _Cursor) -> str:
        self._opened += 1
        key = make_id("01g", cursor.organisation.number, self._opened)
        self._cursors[key] = cursor
        while len(self._cursors) > _MOST_CURSORS:
            self._cursors.popitem(last=False)
        return key


def _batch_size(call: Call) -> int:
    match = re.search(r"batchSize=(\d+)", call.headers.get("sforce-query-options", ""), re.IGNORECASE)
    return min(max(int(match[1]), 200), 2000) if match else 2000
