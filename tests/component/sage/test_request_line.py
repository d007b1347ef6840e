from aiohttp import web
from aiohttp.test_utils import TestServer

from sage_operator.sage import lists, soql
from sage_operator.sync.errors import System
from sage_operator.transport import HostPolicy, RemoteClient

PATH = "/services/data/v66.0/query"


async def test_a_request_line_is_as_long_as_was_reckoned() -> None:
    """What goes over the wire is what the splitting of lists counts on, and the query arrives as it was written."""
    lines: list[int] = []
    queries: list[str] = []

    async def take(request: web.Request) -> web.Response:
        lines.append(len(f"GET {request.raw_path} HTTP/1.1"))
        queries.append(request.query["q"])
        return web.Response()

    app = web.Application()
    app.router.add_get(PATH, take)
    asked = [
        soql.Query(sage_object="Account", columns=("Id", "Owner.Name"), conditions=("A >= 2026-11-23T10:00:00Z",)),
        soql.Query(sage_object="Account", columns=("Id",), conditions=(f"Id IN ({','.join(['x' * 18] * 200)})",)),
        soql.Query(
            sage_object="Contact", columns=("Id",), conditions=("A = " + lists.literal("é+%&#;=!*'"), "B != null")
        ),
    ]
    hosts = HostPolicy(allowed=("127.0.0.1",), insecure_http=True)
    async with (
        TestServer(app) as server,
        RemoteClient(system=System.SAGE, base_url=str(server.make_url("/")), hosts=hosts) as client,
    ):
        for query in asked:
            url = f"{PATH}?q={lists.encode(query.text)}"
            assert (await client.send("GET", url, operation="query", repeatable=True)).status == 200
    assert queries == [query.text for query in asked]
    reckoned = [soql.request_line(query, path=PATH) for query in asked]
    assert all(on_the_wire <= line for on_the_wire, line in zip(lines, reckoned, strict=True))
    assert lines[:2] == reckoned[:2]
