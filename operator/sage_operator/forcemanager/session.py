"""Signing in: keys against a session token, which every other call carries in the header `X-Session-Key`.

How long a token lives is not documented; 401 is the only sign of its end. Twelve hours is half of what third-party
clients assume.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NoReturn

import msgspec

from sage_operator.forcemanager.errors import said
from sage_operator.sync.errors import CredentialsRejected, SchemaMismatch, System, Unavailable
from sage_operator.transport import Answer
from sage_operator.transport.cache import Cached, Clock

MAX_AGE = 12 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A key pair of ForceManager; never shown."""

    public_key: str = field(repr=False)
    private_key: str = field(repr=False)

    def login_body(self) -> bytes:
        """Return the body of `POST /login`."""
        return msgspec.json.encode({"username": self.public_key, "password": self.private_key})


class Session:
    """The token of one key pair: many ask, one signs in."""

    def __init__(self, keys: Keys, *, clock: Clock) -> None:
        self.keys = keys
        self._token: Cached[str] = Cached(max_age=MAX_AGE, clock=clock)

    async def token(self, login: Callable[[Keys], Awaitable[str]]) -> str:
        """Return the token, signed in for by `login` if there is none or it has grown old."""
        return await self._token.get(lambda: login(self.keys))

    def expired(self, token: str) -> None:
        """Forget a token that was refused; one that has replaced it since stays."""
        self._token.drop(token)


def read_token(answer: Answer) -> str:
    """Return the token of an answer to `POST /login`.

    Raises:
        CredentialsRejected: the keys are wrong. Which status says so is not documented: 400, 401 and 403 count.
        SchemaMismatch: there is no such call at this URL.
        Unavailable: the answer is something else.
    """
    if not 200 <= answer.status < 300:
        _fail(answer)
    body = answer.json()
    token = body.get("token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token:
        raise Unavailable(System.FORCE_MANAGER, "ForceManager answered the sign-in without a session token.")
    return token


def _fail(answer: Answer) -> NoReturn:
    if answer.status in {400, 401, 403}:
        raise CredentialsRejected("ForceManager refused the key pair.")
    if answer.status in {301, 302, 303, 307, 308, 404, 405, 410, 501}:
        raise SchemaMismatch(
            f"ForceManager's API is not at this URL: the sign-in was answered with {answer.status}.",
            remedy="Correct spec.forceManager.url; it ends with /api/v4.",
        )
    detail = said(answer.content)
    raise Unavailable(
        System.FORCE_MANAGER,
        f"ForceManager answered the sign-in with {answer.status}{': ' + detail if detail else '.'}",
    )
