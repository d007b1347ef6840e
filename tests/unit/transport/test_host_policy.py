import pytest

from sage_operator.sync.errors import HostNotAllowed
from sage_operator.transport import HostPolicy

POLICY = HostPolicy(allowed=("*.my.salesforce.com", "api.forcemanager.com", "127.0.0.1:8443", "[::1]"))


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.my.salesforce.com",
        "https://ACME.My.Salesforce.COM/services/data",
        "https://acme--uat.sandbox.my.salesforce.com/x",
        "https://acme.my.salesforce.com./x",
        "https://api.forcemanager.com:8443/api/v4",
        "https://127.0.0.1:8443/x",
        "https://[::1]:9000/x",
        "HTTPS://api.forcemanager.com",
    ],
)
def test_allowed_hosts_pass(url: str) -> None:
    """A host that a pattern matches passes, whatever its case, port or trailing dot."""
    POLICY.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://evil.example/acme.my.salesforce.com",
        "https://evil.example?acme.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.example/",
        "https://user:pass@acme.my.salesforce.com/",
        "https://evil.example\\@acme.my.salesforce.com/",
        "https://evil.example\t.my.salesforce.com/",
        "https://evil.example#.my.salesforce.com",
        "https://127.0.0.1:8444/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://\u0430cme.my.salesforce.com",  # a Cyrillic letter
        "ftp://api.forcemanager.com",
        "file:///etc/passwd",
        "//api.forcemanager.com",
        "https:///path",
        "",
    ],
)
def test_other_hosts_are_refused(url: str) -> None:
    """A URL whose host is not on the list, or that parsers could read in two ways, is refused."""
    with pytest.raises(HostNotAllowed):
        POLICY.check(url)


def test_plain_http_needs_its_own_permission() -> None:
    """Plain http is refused, and the message says so, unless the policy allows it."""
    with pytest.raises(HostNotAllowed, match="plain http"):
        POLICY.check("http://api.forcemanager.com")
    HostPolicy(allowed=("api.forcemanager.com",), insecure_http=True).check("http://api.forcemanager.com")


def test_message_names_host_and_remedy_and_nothing_else() -> None:
    """The message names the host and the flag, not the path."""
    with pytest.raises(HostNotAllowed) as caught:
        POLICY.check("https://evil.example/secret?token=1")
    assert "evil.example" in str(caught.value)
    assert "--allowed-hosts" in str(caught.value)
    assert "secret" not in str(caught.value)
