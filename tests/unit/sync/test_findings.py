from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.findings import Finding, FindingKind, by_importance, errors_of, told, warnings_of

ANY = st.lists(
    st.builds(
        Finding,
        kind=st.sampled_from(FindingKind),
        subject=st.sampled_from(["accounts.fields[a]", "contacts.fields[b]", "users.pairs[c]"]),
        message=st.sampled_from(["this", "that"]),
        remedy=st.sampled_from(["Do it.", "Don't."]),
        layer=st.sampled_from(["spec", "ConfigMap crm-maps/accounts"]),
        is_warning=st.booleans(),
    ),
    max_size=8,
)


@given(ANY, st.randoms())
def test_order_is_by_importance_alone(findings: list[Finding], random: object) -> None:
    """However findings come in, they are told alike, each once, the gravest first: conditions don't flap."""
    ordered = by_importance(findings)
    shuffled = [*findings, *findings[:1]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert by_importance(shuffled) == ordered
    assert told(shuffled) == told(findings)
    assert set(ordered) == set(findings)
    assert [(f.is_warning, f.kind.severity) for f in ordered] == sorted(
        (f.is_warning, f.kind.severity) for f in ordered
    )
    assert {*errors_of(findings), *warnings_of(findings)} == set(findings)
    assert not any(f.is_warning for f in errors_of(findings))


def test_three_are_spelled_out_and_the_others_counted() -> None:
    """The message of a condition stays readable, and says that there is more."""
    findings = [
        Finding(kind=FindingKind.INVALID_VALUE, subject=f"accounts.fields[{n}]", message="wrong", remedy="Correct it.")
        for n in range(5)
    ]
    assert told(findings[:1]) == "accounts.fields[0]: wrong. Correct it."
    assert told(findings[:3]).count(": wrong") == 3
    assert told(findings) == (
        "5 findings: 1) accounts.fields[0]: wrong. Correct it. 2) accounts.fields[1]: wrong. Correct it."
        " 3) accounts.fields[2]: wrong. Correct it. and 2 more: see `sage-operator check --live`."
    )


@given(st.lists(st.tuples(st.text(max_size=900), st.text(max_size=900)), max_size=6, unique=True))
def test_a_message_fits_a_condition(texts: list[tuple[str, str]]) -> None:
    """Whatever findings say, three are begun, the others are counted, and nothing else of a status is crowded out."""
    findings = [
        Finding(kind=FindingKind.UNKNOWN_SOURCE, subject=f"accounts.fields[{n}]", message=message, remedy=remedy)
        for n, (message, remedy) in enumerate(texts)
    ]
    message = told(findings)
    assert len(message.encode()) <= 512
    assert sum(f"accounts.fields[{n}]" in message for n in range(3)) >= min(3, len(findings))
    assert len(findings) <= 3 or f"and {len(findings) - 3} more" in message


def test_a_place_is_shown_where_there_is_room() -> None:
    """A finding that stands alone shows its place in lines of their own; among others it is told in one."""
    one = Finding(
        kind=FindingKind.INVALID_CONDITION,
        subject="accounts.where",
        message="column 8: wrong",
        remedy="Correct it.",
        excerpt="    Type = Customer\n           ^",
    )
    other = Finding(kind=FindingKind.UNKNOWN_TARGET, subject="accounts.fields[a]", message="wrong", remedy="Do it.")
    assert told([one]) == "accounts.where: column 8: wrong.\n    Type = Customer\n           ^\nCorrect it."
    assert told([one, other]).startswith("2 findings: 1) accounts.where: column 8: wrong. Correct it. 2) ")


def test_the_gravest_come_first() -> None:
    """A remote that can't be used comes before a map that never works, and that before one entry."""
    order = [
        FindingKind.SIGN_IN_REFUSED,
        FindingKind.OBJECT_NOT_READABLE,
        FindingKind.USER_NOT_FOUND,
        FindingKind.MANDATORY_TARGET_MISSING,
        FindingKind.UNKNOWN_TARGET,
        FindingKind.INVALID_VALUE,
    ]
    assert sorted(order, key=lambda kind: kind.severity) == order
