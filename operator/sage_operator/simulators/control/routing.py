"""Routes of the control API: a typed payload in, a value out."""

import inspect
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sage_operator.simulators.wire import dumps

T = TypeVar("T")
Action = Callable[[Request], Any]


def route(method: str, path: str, action: Action) -> Route:
    """Make a route of a function that gets the request and returns (or awaits) what is answered as JSON."""
    return Route(f"/_control/{path}", _endpoint(lambda request, _body: action(request)), methods=[method])


def route_with(method: str, path: str, payload: type[T], action: Callable[[Request, T], Any]) -> Route:
    """As `route`, of a function that gets the decoded body too. Wrong payloads are answered with 400."""
    decoder = msgspec.json.Decoder(payload, float_hook=Decimal)
    return Route(
        f"/_control/{path}", _endpoint(lambda request, body: action(request, decoder.decode(body))), methods=[method]
    )


def _endpoint(action: Callable[[Request, bytes], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            value = action(request, await request.body())
            value = await value if inspect.isawaitable(value) else value
        except (msgspec.MsgspecError, ValueError, KeyError, re.error) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, status=400)
        return _json({} if value is None else value)

    return endpoint


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status_code=status, media_type="application/json")
