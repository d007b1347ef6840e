from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.findings import Finding, FindingKind, by_importance, remedy, told

ANY = st.lists(
    st.builds(
        Finding,
        kind=st.sampled_from(FindingKind),
        subject=st.sampled_from(["accounts.fields[a]", "contacts.fields[b]", "users.pairs[c]"]),
        message=st.sampled_from(["this", "that"]),
        remedy=st.sampled_from(["Do it.", "Don't."]),
        layer=st.sampled_from(["spec", "ConfigMap crm-maps/accounts"]),
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
    assert [f.kind.severity for f in ordered] == sorted(f.kind.severity for f in ordered)
    assert remedy(findings) == (ordered[0].remedy if ordered else "")


def test_three_are_spelled_out_and_the_others_counted() -> None:
    """The message of a condition stays readable, and says that there is more."""
    findings = [
        Finding(kind=FindingKind.INVALID_VALUE, subject=f"accounts.fields[{n}]", message="wrong", remedy="Correct it.")
        for n in range(5)
    ]
    assert told(findings[:1]) == "accounts.fields[0]: wrong."
    assert told(findings[:3]).count(": wrong") == 3
    assert told(findings).endswith("accounts.fields[2]: wrong; and 2 more.")


def test_the_gravest_come_first() -> None:
    """A remote that can't be used comes before a map that never works, and that before one entry."""
    order = [
        FindingKind.SIGN_IN_REFUSED,
        FindingKind.OBJECT_NOT_READABLE,
        FindingKind.USER_NOT_FOUND,
        FindingKind.MANDATORY_TARGET_MISSING,
        FindingKind.UNKNOWN_TARGET,
        FindingKind.INVALID_VALUE,
        FindingKind.DRIFT,
    ]
    assert sorted(order, key=lambda kind: kind.severity) == order
