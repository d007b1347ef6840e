"""What ForceManager says when it says no.

Its errors have no documented shape; seen are `{"message": …}`, `{"Message": …}`, `{"statusCode", "message", "error"}`,
`{"error", "code", "message"}` and plain text. API codes: 900 no database, 901 a bad query, 910 no such resource.
"""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from sage_operator.sync.errors import CredentialsRejected, SchemaMismatch, System, Unavailable
from sage_operator.telemetry.redaction import redact
from sage_operator.transport import Answer

_LONGEST = 300
_LOOKED_AT = 8 * _LONGEST
_TEXT_KEYS = ("message", "error_description", "error", "title", "detail")
_NO_SUCH_RESOURCE = 910
_ABSENT = {404, 405, 410, 501}
_MARKUP = re.compile(r"<[^>]*>")


def said(content: bytes) -> str:
    """Return the message of an error's body; empty if it has none. Shaped like `shortened`."""
    try:
        found = _message(msgspec.json.decode(content))
    except msgspec.DecodeError:
        found = _MARKUP.sub(" ", content[:_LOOKED_AT].decode(errors="replace"))
    return shortened(found)


def shortened(text: str) -> str:
    """Return a remote's text in one line of at most 300 characters, secrets and e-mail addresses masked."""
    line = redact(" ".join(text[:_LOOKED_AT].split()))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def refusal(answer: Answer) -> str:
    """Say how a request was refused: the remote's own words if there are any, else the status."""
    return said(answer.content) or f"ForceManager answered {answer.status}."


def fail_read(answer: Answer, what: str) -> NoReturn:
    """Raise what the refusal of a read means for the run. `what` completes "read …".

    Raises:
        SchemaMismatch: there is no such thing.
        CredentialsRejected: the keys don't permit it.
        Unavailable: anything else; 400 also stands for "service not available".
    """
    if answer.status in _ABSENT or _code(answer.content) == _NO_SUCH_RESOURCE:
        raise SchemaMismatch(
            f"ForceManager has no {what}.", remedy="Correct spec.forceManager.url, or the name in the field map."
        )
    if answer.status in {401, 403}:
        raise CredentialsRejected(
            f"ForceManager does not let the keys read {what}.",
            remedy="Give the user of the key pair the right to, or use other keys.",
        )
    detail = said(answer.content)
    raise Unavailable(
        System.FORCE_MANAGER,
        f"ForceManager answered {answer.status} when asked for {what}{': ' + detail if detail else '.'}",
    )


def _message(body: Any) -> str:
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return _message(body[0]) if body else ""
    if not isinstance(body, Mapping):
        return ""
    by_name = {str(key).lower(): value for key, value in body.items()}
    texts = (by_name.get(key) for key in _TEXT_KEYS)
    return next((found for text in texts if text and (found := _message(text))), "")


def _code(content: bytes) -> int | None:
    try:
        body = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return None
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) else None
