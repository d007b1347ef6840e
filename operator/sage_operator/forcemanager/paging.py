"""Lists, page by page.

`page` counts from 0; the size is asked for by header, in both spellings that are documented. There is no pointer to a
next page and no total: the vendor's own client asks until a page is empty. `order=id` is documented as descending, so
that records added meanwhile push rows onto later pages (repeats) and hide none.
"""

from collections.abc import AsyncGenerator
from typing import Any

from sage_operator.forcemanager.connection import Connection
from sage_operator.forcemanager.errors import fail_read
from sage_operator.sync.errors import System, Unavailable

ASKED = 1000
# The documented default: no server caps a page below it, so a shorter one is the last.
SMALLEST_CAP = 50
# Sizes of pages, documented ones and caps alike, are round numbers: a page of 254 rows was not cut, it is the last.
_ROUND = 10
# Others may add records as fast as we read; but not for ever.
_FRUITLESS = 50

Row = dict[str, Any]


async def pages(
    connection: Connection, path: str, *, operation: str, what: str, where: str | None = None, grows: bool = False
) -> AsyncGenerator[list[Row], None]:
    """Yield the rows of a list, deleted ones too, each id once. A page without news is left out.

    Args:
        connection: the run's.
        path: of the list.
        operation: label in metrics.
        what: how errors call it.
        where: a filter.
        grows: records are added while we read. Then only an empty or a short page is the end; otherwise one that
            repeats what is known (some lists may not be paged at all), or that is no round number long, is an end too.

    Raises:
        SchemaMismatch: there is no such list.
        CredentialsRejected: the keys don't permit to read it.
        Unavailable: no usable answer.
    """
    seen: set[int] = set()
    fruitless = page = 0
    while True:
        params: dict[str, str | int] = {"page": page, "order": "id"}
        if where is not None:
            params["where"] = where
        answer = await connection.call(
            "GET",
            path,
            operation=operation,
            params=params,
            headers=count(ASKED),
        )
        if not 200 <= answer.status < 300:
            fail_read(answer, what)
        rows = answer.json()
        if not isinstance(rows, list):
            raise Unavailable(System.FORCE_MANAGER, f"ForceManager answered with something else than a list of {what}.")
        news = {row["id"]: row for row in rows if has_id(row) and row["id"] not in seen}
        seen.update(news)
        if news:
            yield list(news.values())
        if len(rows) < SMALLEST_CAP or not (news or grows) or (not grows and len(rows) % _ROUND):
            return
        fruitless = 0 if news else fruitless + 1
        if fruitless == _FRUITLESS:
            raise Unavailable(System.FORCE_MANAGER, f"ForceManager's pages of {what} go round in circles.")
        page += 1


def count(rows: int) -> dict[str, str]:
    """Return the headers that ask for so many rows a page."""
    return {"Count": str(rows), "X-FM-Entity-Count": str(rows)}


def has_id(row: Any) -> bool:
    """Tell whether a row is one."""
    return isinstance(row, dict) and isinstance(row.get("id"), int)
