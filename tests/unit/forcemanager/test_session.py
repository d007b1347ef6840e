import pytest

from sage_operator.forcemanager.session import Keys, read_token
from sage_operator.sync.errors import CredentialsRejected, SchemaMismatch, SyncError, System, Unavailable
from sage_operator.transport import Answer


def answer(status: int, content: bytes = b"") -> Answer:
    """Make an answer to a sign-in."""
    return Answer(status=status, headers={}, content=content, system=System.FORCE_MANAGER, host="crm.test")


def test_keys_are_never_shown() -> None:
    """Neither repr nor str tells a key."""
    keys = Keys(public_key="the-public", private_key="the-private")
    assert "the-" not in f"{keys!r} {keys}"
    assert keys.login_body() == b'{"username":"the-public","password":"the-private"}'


def test_the_token_is_read() -> None:
    """It is opaque."""
    assert read_token(answer(200, b'{"token":"15|x"}')) == "15|x"


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (400, b"", CredentialsRejected),
        (401, b"", CredentialsRejected),
        (403, b"", CredentialsRejected),
        (404, b"", SchemaMismatch),
        (302, b"", SchemaMismatch),
        (418, b'{"message":"a teapot"}', Unavailable),
        (200, b"<html>", Unavailable),
        (200, b"{}", Unavailable),
        (200, b'{"token":null}', Unavailable),
        (200, b"[]", Unavailable),
    ],
)
def test_a_sign_in_that_fails_is_classed(status: int, content: bytes, error: type[SyncError]) -> None:
    """Wrong keys and a wrong URL need a human, the rest passes."""
    with pytest.raises(error):
        read_token(answer(status, content))
