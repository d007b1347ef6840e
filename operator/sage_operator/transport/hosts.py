"""Which hosts the operator may talk to: the administrator's allow-list.

Whoever may create an integration chooses its URLs. Without the list that person could let the operator reach
whatever its network reaches (metadata services, other tenants' systems) and hand it credentials.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from sage_operator.sync.errors import HostNotAllowed

# Strict on purpose: no user info, no backslash, no blanks. URL parsers disagree about those, and the one that checks
# must see the same host as the one that connects.
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
# Brackets of an IPv6 address would be a set of characters to the globs.
_NO_BRACKETS = str.maketrans("", "", "[]")
_UNSAFE = re.compile(r"[\x00-\x20\\\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPolicy:
    """The allow-list.

    Attributes:
        allowed: glob patterns of hosts, compared without case: `*.my.salesforce.com`, `api.forcemanager.com`.
            A `*` matches dots too. A pattern may name a port (`127.0.0.1:8443`); one that names none allows all ports.
        insecure_http: plain http is allowed; for demos and tests only.
    """

    allowed: tuple[str, ...]
    insecure_http: bool = False

    def check(self, url: str) -> None:
        """Let an absolute URL pass, or raise.

        Raises:
            HostNotAllowed: the host is not on the list, the scheme is not allowed, or the URL is odd.
        """
        authority = _authority(url)
        if urlsplit(url).scheme.lower() == "http" and not self.insecure_http:
            raise HostNotAllowed(f"{authority} would be reached by plain http.", remedy="Use https.")
        host, _, port = authority.lower().rpartition(":") if _has_port(authority) else (authority.lower(), "", "")
        host = host.rstrip(".").translate(_NO_BRACKETS)
        for pattern in (pattern.lower().translate(_NO_BRACKETS) for pattern in self.allowed):
            if fnmatchcase(host, pattern) or (port and fnmatchcase(f"{host}:{port}", pattern)):
                return
        raise HostNotAllowed(f"The host {host} is not on the operator's allow-list.")


def host_of(url: str) -> str:
    """Return host and port of a URL as messages, logs and metrics name it."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _authority(url: str) -> str:
    """Return host and port of an absolute http(s) URL that every parser reads alike."""
    parts = urlsplit(url) if not _UNSAFE.search(url) else None
    if parts is None or parts.scheme.lower() not in {"http", "https"} or not _AUTHORITY.fullmatch(parts.netloc):
        raise HostNotAllowed("A URL is not of the form https://host/path.", remedy="Correct the URL.")
    return parts.netloc


def _has_port(authority: str) -> bool:
    """Tell whether an authority ends with a port (the colons within an IPv6 address are none)."""
    return ":" in authority.rpartition("]")[2]
