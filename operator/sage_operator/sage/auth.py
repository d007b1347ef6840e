"""Signing in to Salesforce: the OAuth 2.0 client credentials flow.

(https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm). A token does not
say how long it lives: the organisation's session policy decides, 2 hours without a request by default. So it is used
until it is refused.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sage_operator.sage.errors import not_salesforce
from sage_operator.sync.errors import CredentialsRejected, SyncError, System, Unavailable
from sage_operator.sync.ids import long_id
from sage_operator.transport import Answer, RemoteClient

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """Consumer key and secret of a Salesforce external client app whose client credentials flow is enabled."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, where it is good, and the organisation's id (18 characters)."""

    value: str = field(repr=False)
    instance_url: str
    organisation: str


class Session:
    """One sign-in for all runs with the same URL and credentials.

    Runs that need one at the same time share it, its failure too: a rejected secret is not sent once a run.
    """

    def __init__(self, client: RemoteClient, credentials: ClientCredentials) -> None:
        self._client = client
        self._credentials = credentials
        self._token: Token | None = None
        self._signing_in: asyncio.Task[Token] | None = None

    async def token(self, *, sent: Callable[[], None], refused: Token | None = None) -> Token:
        """Return a token: the one at hand unless it is the one just refused. `sent` counts the requests of a sign-in.

        Raises:
            CredentialsRejected: with Salesforce's error code.
            HostNotAllowed, SchemaMismatch, Unavailable.
        """
        if self._token is not None and self._token != refused:
            return self._token
        self._token = None
        if self._signing_in is None or self._signing_in.done():
            self._signing_in = asyncio.create_task(self._sign_in(sent))
        # Shielded: who began it may be cancelled while others wait.
        return await asyncio.shield(self._signing_in)

    async def aclose(self) -> None:
        """Stop a sign-in under way and forget the token."""
        self._token = None
        if self._signing_in is not None:
            self._signing_in.cancel()
            await asyncio.gather(self._signing_in, return_exceptions=True)

    async def _sign_in(self, sent: Callable[[], None]) -> Token:
        answer = await self._client.send(
            "POST",
            TOKEN_PATH,
            operation="login",
            repeatable=True,  # a second token does no harm
            headers={"Accept": "application/json"},
            form={
                "grant_type": "client_credentials",
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.client_secret,
            },
            sent=sent,
        )
        if answer.status != 200:
            raise _explain(answer, self._credentials)
        self._token = _read_token(answer)
        return self._token


class _TokenAnswer(msgspec.Struct):
    access_token: str
    instance_url: str
    id: str
    """`https://login.salesforce.com/id/<organisation>/<user>`."""


def _read_token(answer: Answer) -> Token:
    """Read the answer of the token endpoint."""
    try:
        body = msgspec.json.decode(answer.content, type=_TokenAnswer)
        organisation = long_id(urlsplit(body.id).path.split("/")[-2])
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, IndexError):
        raise not_salesforce(answer.host) from None
    return Token(value=body.access_token, instance_url=body.instance_url.rstrip("/"), organisation=organisation)


_REMEDIES = {
    "invalid_client_id": "Correct clientId in the Secret: the Consumer Key of the external client app"
    " (Setup > External Client App Manager).",
    "invalid_client": "Correct clientSecret in the Secret: the Consumer Secret of the external client app"
    " (Setup > External Client App Manager); the app must be installed in this organisation.",
    "invalid_grant": "In Setup > External Client App Manager enable the app's Client Credentials Flow and choose an"
    " active Run As user.",
    "unsupported_grant_type": "Use the My Domain URL in spec.sage.url, and enable the app's Client Credentials Flow"
    " (Setup > External Client App Manager).",
}
# "login rate exceeded" and faults on Salesforce's side; everything else is for a human.
_TRANSIENT = {"rate_limit_exceeded", "server_error", "temporarily_unavailable", "unknown_error"}


def _explain(answer: Answer, credentials: ClientCredentials) -> SyncError:
    """Return the domain's error for a refused sign-in. OAuth errors are one object, not REST's array."""
    try:
        body: Any = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("error"), str):
        return not_salesforce(answer.host)
    code: str = body["error"]
    description = str(body.get("error_description") or "")
    for secret in (credentials.client_secret, credentials.client_id):
        description = description.replace(secret, "…")
    said = f"{code} ({' '.join(description.split())[:200]})" if description else code
    if code in _TRANSIENT or "rate exceeded" in description:
        return Unavailable(System.SAGE, f"Salesforce does not sign the integration in for now: {said}.")
    known = next((name for name in _REMEDIES if code.startswith(name)), None)
    return CredentialsRejected(
        f"Salesforce refuses the credentials: {said}.", remedy=_REMEDIES[known] if known is not None else None
    )
