"""Blanking secrets and personal data out of texts: log lines, status and event messages.

Two nets. Values that are known to be secret are registered with `protect` by whoever gets hold of one (a key of a
Secret, an issued token) and found wherever they appear, also spelled for a URL, in JSON, in a Python literal or in
base64. What was never registered is found by its shape: `Bearer …`, `access_token=…`, a Salesforce session id, a JWT,
an e-mail address.
"""

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"

MIN_LENGTH = 6
"""Shorter values are not registered: blanking them would blank every text."""

CAPACITY = 16_384
"""So many secrets are kept; those not protected again for the longest time go first (tokens that were replaced)."""

_NAMES = (
    r"(?:(?:access|refresh|id|session|bearer)?[_-]?token|client[_-]?(?:secret|assertion)|pass(?:word|wd)"
    r"|(?:private|public|secret|api|consumer)[_-]?key|x-session-key|session[_-]?(?:key|id)|(?:proxy-)?authorization"
    r"|(?:set-)?cookie)"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
_SHAPES = re.compile(
    # A name and its value: query string, form, header, JSON, Python literal or pair. The name stays.
    rf"""(?P<name>(?:(?<![A-Za-z]){_NAMES}["']?\s*[=:]\s*|\(b?["']{_NAMES}["']\s*,\s*)(?:b(?=["']))?)"""
    r"""(?:"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|(?:(?:Bearer|Basic|OAuth)\s+)?[^\s&,;"')}\]]+)"""
    r"""|(?P<scheme>\bBearer\s+)[^\s,;"')}\]]+"""
    # A Salesforce session id begins with the organisation's id.
    r"""|\b00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]+"""
    # A JSON web token begins with the base64 of `{"`.
    r"""|\beyJ[\w-]+\.[\w-]+\.[\w-]*"""
    # An e-mail address. Each run of characters is tried once, from its start, so that long texts cost linear time.
    r"""|(?<![\w.+%'-])[\w.+%'-]++@[\w-]+(?:\.[\w-]+)+""",
    re.IGNORECASE,
)


class _Secrets:
    """The registered values and all their spellings, indexed by their first characters.

    A text is searched in time that depends on its length, not on the number of secrets.
    """

    def __init__(self) -> None:
        self._spellings: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._by_start: dict[str, dict[str, int]] = {}

    def add(self, secret: str) -> None:
        if secret in self._spellings:
            self._spellings.move_to_end(secret)
            return
        self._spellings[secret] = spellings = _spell(secret)
        for spelling in spellings:
            bucket = self._by_start.setdefault(spelling[:MIN_LENGTH], {})
            bucket[spelling] = bucket.get(spelling, 0) + 1
        if len(self._spellings) > CAPACITY:
            self._drop(self._spellings.popitem(last=False)[1])

    def _drop(self, spellings: frozenset[str]) -> None:
        for spelling in spellings:
            bucket = self._by_start[spelling[:MIN_LENGTH]]
            bucket[spelling] -= 1
            if not bucket[spelling]:
                del bucket[spelling]
            if not bucket:
                del self._by_start[spelling[:MIN_LENGTH]]

    def blank(self, text: str) -> str:
        """Blank all occurrences, those that overlap as one."""
        parts: list[str] = []
        kept_to = masked_to = 0
        for start in range(len(text) - MIN_LENGTH + 1):
            bucket = self._by_start.get(text[start : start + MIN_LENGTH])
            if bucket is None:
                continue
            end = max((start + len(s) for s in bucket if text.startswith(s, start)), default=0)
            if end == 0:
                continue
            if start >= masked_to:
                parts += (text[kept_to:start], MASK)
            kept_to = masked_to = max(masked_to, end)
        return "".join((*parts, text[kept_to:])) if parts else text


def _spell(secret: str) -> frozenset[str]:
    """Return how a secret may be spelled: as it is, in a URL, in a form, in JSON, by `repr`, in base64."""
    raw = secret.encode("utf-8", "surrogatepass")
    spellings = {
        secret,
        quote(raw, safe=""),
        quote_plus(raw),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        base64.b64encode(raw).decode().rstrip("="),
    }
    return frozenset(spellings)


_secrets = _Secrets()


def protect(secret: str) -> None:
    """Register a value that no log line, status or event may show; call it again at each use, it costs nothing.

    Values shorter than `MIN_LENGTH` characters are ignored.
    """
    if len(secret) >= MIN_LENGTH:
        _secrets.add(secret)


def redact(text: str) -> str:
    """Return a text without registered secrets, without what looks like one, and without e-mail addresses."""
    return _SHAPES.sub(_keep_name, _secrets.blank(text))


def _keep_name(match: re.Match[str]) -> str:
    return (match["name"] or match["scheme"] or "") + MASK


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact a structlog event, nested values included. What is no plain value is replaced by its redacted `repr`."""
    return _redact_mapping(event, depth=0)


def _redact_mapping(values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    result = {}
    for key, value in values.items():
        name = redact(str(key))
        result[name] = MASK if value and _NAME.fullmatch(name) else _redact_value(value, depth + 1)
    return result


def _redact_value(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, int | float):
        spelled = str(value)
        return value if redact(spelled) == spelled else MASK
    if depth < 8:  # deeper than any of ours; a structure that contains itself ends here
        if isinstance(value, Mapping):
            return _redact_mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return [_redact_value(item, depth + 1) for item in value]
    return redact(repr(value))
