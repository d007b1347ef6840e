import pytest

from sage_operator.forcemanager.errors import fail_read, refusal, said
from sage_operator.sync.errors import CredentialsRejected, SchemaMismatch, SyncError, System, Unavailable
from sage_operator.transport import Answer


def answer(status: int, content: bytes = b"") -> Answer:
    """Make an answer."""
    return Answer(status=status, headers={}, content=content, system=System.FORCE_MANAGER, host="crm.test")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message":"Bad Request"}', "Bad Request"),
        (b'{"Message":"entity not found"}', "entity not found"),
        (b'{"statusCode":400,"message":"No name","error":"Bad Request"}', "No name"),
        (b'{"error":"Bad Request","code":901,"message":"Internal data error"}', "Internal data error"),
        (b'{"error":"only this"}', "only this"),
        (b'{"error":{"message":"nested"}}', "nested"),
        (b'[{"message":"first"},{"message":"second"}]', "first"),
        (b'"a text"', "a text"),
        (b"plain text", "plain text"),
        (b"<html><body><h1>502</h1>Bad\n Gateway</body></html>", "502 Bad Gateway"),
        (b'{"message":null}', ""),
        (b"{}", ""),
        (b"[]", ""),
        (b"7", ""),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_a_message_is_found_in_every_shape(body: bytes, message: str) -> None:
    """All shapes that are documented or seen give their message in one line."""
    assert said(body) == message


def test_a_long_message_is_cut() -> None:
    """300 characters at most, with a sign that there was more."""
    found = said(b'{"message":"' + b"x" * 400 + b'"}')
    assert len(found) == 300
    assert found.endswith("…")


def test_an_email_address_is_masked() -> None:
    """A message that echoes an address shows none."""
    assert said(b'{"message":"The e-mail ana.b@acme.example is taken"}') == "The e-mail *** is taken"


def test_a_refusal_without_words_names_the_status() -> None:
    """There is always something to read."""
    assert refusal(answer(403)) == "ForceManager answered 403."


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b"", SchemaMismatch),
        (405, b"", SchemaMismatch),
        (400, b'{"code":910,"message":"Resource does not exist"}', SchemaMismatch),
        (403, b"", CredentialsRejected),
        (400, b'{"message":"Service not available"}', Unavailable),
        (302, b"", Unavailable),
    ],
)
def test_a_refused_read_is_classed(status: int, body: bytes, error: type[SyncError]) -> None:
    """What is not there or not permitted needs a human, anything else passes by itself."""
    with pytest.raises(error):
        fail_read(answer(status, body), "accounts")
