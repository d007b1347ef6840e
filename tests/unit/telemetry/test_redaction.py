import base64
import json
import string
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.telemetry import redaction
from sage_operator.telemetry.redaction import MASK, protect, redact, redact_event

# The mask's own character can't be told from a mask, and a secret of blanks and asterisks is none.
SECRETS = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=6, max_size=40)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register each test's random secrets in a set of its own: another test's texts may contain them."""
    monkeypatch.setattr(redaction, "_secrets", redaction._Secrets())


@given(secret=SECRETS, before=TEXTS, after=TEXTS)
def test_no_protected_value_survives_in_a_text(secret: str, before: str, after: str) -> None:
    """Whatever stands around a protected value, it is gone."""
    protect(secret)
    assert secret not in redact(before + secret + after)


@given(secrets=st.lists(SECRETS, min_size=2, max_size=5), text=TEXTS)
def test_overlapping_values_leave_no_rest(secrets: list[str], text: str) -> None:
    """Of protected values that follow one another, or share characters, none survives."""
    for secret in secrets:
        protect(secret)
    overlapped = secrets[0] + secrets[1][3:] + text + "".join(secrets)
    assert not [secret for secret in secrets if secret in redact(overlapped)]


def test_a_longer_secret_that_overlaps_a_shorter_one_is_blanked_whole() -> None:
    """Where one value ends inside another, both are covered by one mask."""
    protect("xx-begin")
    protect("begin-and-the-rest")
    assert redact("<xx-begin-and-the-rest>") == f"<{MASK}>"


@given(secret=SECRETS)
def test_encoded_spellings_are_found(secret: str) -> None:
    """A protected value is found in a URL, in JSON, in a Python literal and in base64."""
    protect(secret)
    for spelled in (
        quote(secret, safe=""),
        quote_plus(secret),
        urlencode({"x": secret}),
        json.dumps({"x": secret}),
        json.dumps({"x": secret}, ensure_ascii=False),
        repr({"x": secret}),
        repr(secret.encode()),
        base64.b64encode(secret.encode()).decode(),
    ):
        inner = spelled.removeprefix("x=").removeprefix('{"x": ')
        assert inner not in redact(spelled)
        assert secret not in redact(spelled)


NESTED = st.recursive(
    SECRETS | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SECRETS, inner, max_size=3),
    max_leaves=8,
)


def _texts(value: object) -> list[str]:
    """Return all texts and numbers of a nested structure as texts."""
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in _texts(item)]
    if isinstance(value, list | tuple | set):
        return [text for item in value for text in _texts(item)]
    return [str(value)]


@given(secret=SECRETS, nested=NESTED)
def test_no_protected_value_survives_in_an_event(secret: str, nested: object) -> None:
    """Keys, nested values, other objects' `repr` and the message are redacted."""
    protect(secret)
    event = {"event": f"it was {secret}", "nested": [nested, {secret: secret}], "error": ValueError(secret)}
    redacted = redact_event(None, "info", event)
    assert not [text for text in _texts(redacted) if secret in text]


def test_a_number_that_is_a_secret_is_blanked_and_other_values_stay() -> None:
    """Numbers, booleans and None stay what they are, unless they spell a secret."""
    protect("987654321")
    event = {"event": "x", "pin": 987654321, "n": 5, "ratio": 0.5, "ok": True, "none": None}
    assert redact_event(None, "info", event) == {**event, "pin": MASK}


def test_a_value_whose_name_says_secret_is_blanked() -> None:
    """The name of a field is enough, at any depth; an empty one shows that it is empty."""
    event = {"event": "x", "password": "p", "headers": {"X-Session-Key": ["k"], "Accept": "json"}, "token": None}
    assert redact_event(None, "info", event) == {
        "event": "x",
        "password": MASK,
        "headers": {"X-Session-Key": MASK, "Accept": "json"},
        "token": None,
    }


def test_a_structure_that_contains_itself_ends() -> None:
    """A cycle is cut, not followed for ever."""
    loop: list[object] = []
    loop.append(loop)
    assert "..." in str(redact_event(None, "info", {"loop": loop}))


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer CANARY",
        "authorization: Basic CANARY",
        "{'Authorization': 'Bearer CANARY'}",
        '{"access_token": "CANARY", "id": 1}',
        "grant_type=refresh_token&refresh_token=CANARY&x=1",
        "client_secret=CANARY",
        "X-Session-Key: CANARY",
        "[(b'x-session-key', b'CANARY')]",
        "{'X-Session-Key': 'CANARY'}",
        '"token":"CANARY"',
        r'"password": "with \" quote CANARY"',
        "privateKey=CANARY",
        "sid 00D5g000004AbCd!CANARY",
        "jwt eyJhbGciOi.eyJpc3MiCANARY.c2ln",
        "mail to jane.CANARY@example.com, please",
        "Jürgen.CANARY@büro.example.com",
        "owner CANARY+tag@mail.example.co.uk",
    ],
)
def test_shapes_of_secrets_are_blanked(text: str) -> None:
    """What was never registered is found by what it looks like."""
    assert "CANARY" not in redact(text)
    assert MASK in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Secret sage/crm lacks the keys 'clientSecret', 'publicKey'.",
        "Correct spec.users.pairs: nobody has the name Jane Doe.",
        "ForceManager refused the token after 3 attempts.",
        "Timer 'heartbeat' succeeded.",
        "@mention at 12:30, a@b",
    ],
)
def test_messages_that_hold_no_secret_stay(text: str) -> None:
    """Messages that talk about secrets are not damaged."""
    assert redact(text) == text


def test_short_values_are_not_registered() -> None:
    """A value too short to be a secret does not blank every text that has it."""
    protect("ready")
    assert redact("it is ready") == "it is ready"


def test_the_oldest_secret_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaced tokens don't pile up; one that is protected again stays."""
    monkeypatch.setattr(redaction, "CAPACITY", 3)
    secrets = redaction._Secrets()
    names = ["canary-one", "canary-two", "canary-three", "canary-four"]
    for name in (*names[:3], names[0], names[3]):
        secrets.add(name)
    assert [secrets.blank(name) for name in names] == [MASK, "canary-two", MASK, MASK]
    assert len(secrets._spellings) == 3


def test_the_time_depends_on_the_text_alone() -> None:
    """Ten thousand secrets and a text of 100 kB that is one word still take well under a second."""
    for number in range(10_000):
        protect(f"canary-{number}")
    text = string.ascii_letters * 2_000
    started = time.perf_counter()
    redact(text)
    assert time.perf_counter() - started < 1
