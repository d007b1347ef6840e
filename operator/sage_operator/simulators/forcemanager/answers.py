"""Error answers; the vendor's documentation shows several shapes, this is the fullest of them."""

from http import HTTPStatus
from typing import Any

from sage_operator.simulators.wire import Answer, Refusal, dumps


def refusal(status: int, message: str, *, code: int | None = None, retry_after: str | None = None) -> Refusal:
    """An error; `code` is an API error code such as 901."""
    headers = {} if retry_after is None else {"retry_after": retry_after}
    return Refusal(Answer.json(_body(status, message, code), status=status, **headers))


def fault_body(status: int) -> bytes:
    """The body of an answer that an injected fault gives."""
    return dumps(_body(status, HTTPStatus(status).phrase, 900 if status >= 500 else None))


def _body(status: int, message: str, code: int | None) -> dict[str, Any]:
    body: dict[str, Any] = {"statusCode": status, "message": message, "error": HTTPStatus(status).phrase}
    return body if code is None else {**body, "code": code}
