"""Sign-in with a key pair, and what session keys stand for."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sage_operator.simulators.clock import Clock
from sage_operator.simulators.forcemanager.answers import refusal
from sage_operator.simulators.forcemanager.tenant import Tenant
from sage_operator.simulators.wire import Call, loads


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a session key stands for."""

    tenant: Tenant
    public_key: str
    began: datetime


class Sessions:
    """Sessions of all tenants."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def sign_in(self, call: Call, owners: Mapping[str, Tenant]) -> dict[str, str]:
        """Answer `POST /login`. `owners` are by public key. Raises `Refusal`."""
        public, private = credentials(call)
        tenant = owners.get(public)
        if tenant is None or not hmac.compare_digest(tenant.keys[public].encode(), private.encode()):
            raise refusal(401, "Unauthorized")
        now = self._clock.now()
        token = f"{int(now.timestamp())}|{secrets.token_hex(24)}"
        self._sessions[token] = Session(tenant=tenant, public_key=public, began=now)
        return {"token": token}

    def session(self, call: Call) -> Session | None:
        """Return the session of a request; None: unknown or expired."""
        token = call.headers.get("x-session-key", "")
        session = self._sessions.get(token)
        if session is None:
            return None
        if self._clock.now() - session.began > timedelta(minutes=session.tenant.settings.session_minutes):
            del self._sessions[token]
            return None
        return session

    def expire(self, tenant: Tenant | None = None) -> int:
        """Make session keys worthless, those of one tenant or all; return how many."""
        gone = [t for t, s in self._sessions.items() if tenant is None or s.tenant is tenant]
        for token in gone:
            del self._sessions[token]
        return len(gone)


def credentials(call: Call) -> tuple[str, str]:
    """Return public and private key of a sign-in request; empty texts where it has none."""
    try:
        body: Any = loads(call.body)
    except msgspec.DecodeError:
        return "", ""
    found = [body.get(name) if isinstance(body, dict) else None for name in ("username", "password")]
    public, private = (text if isinstance(text, str) else "" for text in found)
    return public, private
