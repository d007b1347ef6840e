"""The token endpoint and what tokens stand for."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from sage_operator.simulators.clock import Clock
from sage_operator.simulators.sage.answers import oauth_refusal
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.wire import Call


@dataclass(slots=True)
class _Session:
    organisation: Organisation
    last_used: datetime


class Sessions:
    """Access tokens of all organisations."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, _Session] = {}

    def sign_in(self, call: Call, organisations: Mapping[str, Organisation]) -> dict[str, Any]:
        """Answer a token request. `organisations` are by client id. Raises `Refusal` with an OAuth error."""
        form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
        client_id, client_secret = _basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
        grant = form.get("grant_type")
        if grant != "client_credentials":
            raise oauth_refusal("unsupported_grant_type", "grant type not supported")
        organisation = organisations.get(client_id)
        if organisation is None:
            raise oauth_refusal("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(organisation.client_secret.encode(), client_secret.encode()):
            raise oauth_refusal("invalid_client", "invalid client credentials")
        now = self._clock.now()
        token = f"{organisation.id[:15]}!{secrets.token_urlsafe(32)}"
        self._sessions[token] = _Session(organisation, now)
        url = f"{call.scheme}://{call.headers.get('host', 'localhost')}"
        issued = str(int(now.timestamp() * 1000))
        identity = f"{url}/id/{organisation.id}/{organisation.user_id}"
        digest = hmac.digest(organisation.client_secret.encode(), (identity + issued).encode(), hashlib.sha256)
        return {
            "access_token": token,
            "signature": base64.b64encode(digest).decode(),
            "token_format": "opaque",
            "instance_url": url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }

    def organisation(self, call: Call) -> Organisation | None:
        """Return whose token a request carries; None: unknown or expired. Counts as activity."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        session = self._sessions.get(token) if scheme.lower() in {"bearer", "oauth"} else None
        if session is None:
            return None
        now = self._clock.now()
        if now - session.last_used > timedelta(minutes=session.organisation.settings.session_minutes):
            del self._sessions[token]
            return None
        session.last_used = now
        return session.organisation

    def expire(self, organisation: Organisation | None = None) -> int:
        """Make tokens worthless, those of one organisation or all; return how many."""
        gone = [t for t, s in self._sessions.items() if organisation is None or s.organisation is organisation]
        for token in gone:
            del self._sessions[token]
        return len(gone)


def _basic(call: Call) -> tuple[str, str] | None:
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)
