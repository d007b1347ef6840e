from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_operator.sync.users import Associations, ForceManagerUser, Pair, SageUser, associate

ANA = SageUser(id="0050Y000001AnaAQAS", username="ana@org", email="ana@mail", name="Ana", active=True)
BEN = SageUser(id="0050Y000001BenAQAS", username="ben@org", email="ben@mail", name="Ben", active=True)
OLD = SageUser(id="0050Y000001OldAQAS", username="old@org", email="old@mail", name="Old", active=False)

FM_ANA = ForceManagerUser(id=51, email="ana@mail", nickname="anita", name="Ana", active=True)
FM_BEN = ForceManagerUser(id=52, email="ben@mail", nickname="benny", name="Ben", active=True)
FM_OLD = ForceManagerUser(id=53, email="old@mail", nickname="oldie", name="Old", active=True)
OFFICE = ForceManagerUser(id=99, email="office@mail", nickname="office", name="Office", active=True)


def _associate(
    *pairs: tuple[str, str],
    by_email: bool = False,
    fallback: str | None = None,
    sage: Iterable[SageUser] = (ANA, BEN, OLD),
    force_manager: Iterable[ForceManagerUser] = (FM_ANA, FM_BEN, FM_OLD, OFFICE),
) -> Associations:
    return associate(
        [Pair(sage=left, force_manager=right) for left, right in pairs],
        by_email=by_email,
        fallback=fallback,
        sage=tuple(sage),
        force_manager=tuple(force_manager),
    )


def _numbers(associations: Associations) -> dict[str, int]:
    return {sage_id: user.id for sage_id, user in associations.by_sage.items()}


def _variant(user: SageUser, **changes: object) -> SageUser:
    values: dict[str, object] = {name: getattr(user, name) for name in ("id", "username", "email", "name", "active")}
    return SageUser(**{**values, **changes})  # type: ignore[arg-type]


def _fm_variant(user: ForceManagerUser, **changes: object) -> ForceManagerUser:
    values: dict[str, object] = {name: getattr(user, name) for name in ("id", "email", "nickname", "name", "active")}
    return ForceManagerUser(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("sage", [ANA.username, ANA.email, ANA.id, ANA.id[:15], "ANA@ORG", "Ana@Mail", " ana@org "])
@pytest.mark.parametrize("force_manager", ["ana@mail", "ANA@mail", "anita", "Anita", "51"])
def test_each_way_to_name_a_pair(sage: str, force_manager: str) -> None:
    """Username, e-mail, id of 15 or 18 characters; e-mail, nickname, number: names without case, all mean the same."""
    associations = _associate((sage, force_manager))
    assert _numbers(associations) == {ANA.id: 51}
    assert associations.problems == ()


def test_salesforce_ids_are_compared_with_case() -> None:
    """An id in another case is another user's."""
    associations = _associate((ANA.id.swapcase(), "anita"))
    assert associations.by_sage == {}
    assert len(associations.problems) == 1


def test_a_name_of_fifteen_letters_is_not_taken_for_an_id_only() -> None:
    """A username that has the shape of an id still names its user."""
    user = _variant(ANA, username="abcdefghijklmno")
    assert _numbers(_associate(("abcdefghijklmno", "51"), sage=[user])) == {ANA.id: 51}


def test_pairs_that_match_nobody_are_all_listed() -> None:
    """Each wrong side is told in the words of the spec, with the system that lacks it; right pairs are kept."""
    associations = _associate(("nobody@org", "anita"), ("ana@org", "nobody"), ("ben@org", "52"))
    assert _numbers(associations) == {BEN.id: 52}
    assert len(associations.problems) == 2
    assert "`nobody@org`" in associations.problems[0]
    assert "Sage" in associations.problems[0]
    assert "`nobody`" in associations.problems[1]
    assert "ForceManager" in associations.problems[1]


def test_pairs_that_match_several_are_listed() -> None:
    """A name that two users bear associates neither, on either side."""
    twin, fm_twin = _variant(BEN, email=ANA.email), _fm_variant(FM_BEN, nickname="anita")
    associations = _associate(
        ("ana@mail", "51"), ("ben@org", "anita"), sage=[ANA, twin], force_manager=[FM_ANA, fm_twin]
    )
    assert associations.by_sage == {}
    assert ["2 users" in problem for problem in associations.problems] == [True, True]


def test_a_user_who_bears_one_name_twice_is_one_match() -> None:
    """Username and e-mail, or nickname and e-mail, may be the same."""
    user, fm_user = _variant(ANA, username="ana@mail"), _fm_variant(FM_ANA, nickname="ana@mail")
    assert _numbers(_associate(("ana@mail", "ana@mail"), sage=[user], force_manager=[fm_user])) == {ANA.id: 51}


def test_a_sage_user_has_one_pair() -> None:
    """Two pairs that name one Sage user in two ways are a mistake; the first holds, whichever is meant."""
    associations = _associate(("ana@org", "anita"), (ANA.id, "benny"))
    assert _numbers(associations) == {ANA.id: 51}
    assert len(associations.problems) == 1
    assert f"`{ANA.id}`" in associations.problems[0]


def test_several_sage_users_may_share_a_force_manager_user() -> None:
    """A team that shares one seat in the CRM is no mistake."""
    associations = _associate(("ana@org", "office"), ("ben@org", "office"))
    assert _numbers(associations) == {ANA.id: 99, BEN.id: 99}
    assert associations.problems == ()


def test_by_email_only_if_asked() -> None:
    """Explicit matching leaves equal addresses alone."""
    assert _associate().by_sage == {}
    assert _numbers(_associate(by_email=True)) == {ANA.id: 51, BEN.id: 52, OLD.id: 53}


def test_emails_are_compared_without_case() -> None:
    """Addresses that differ by case and outer blanks are equal."""
    assert _numbers(_associate(by_email=True, sage=[_variant(ANA, email=" ANA@Mail ")])) == {ANA.id: 51}


def test_pairs_win_over_emails() -> None:
    """A paired user goes where the pair says; the others still go by e-mail."""
    assert _numbers(_associate(("ana@org", "office"), by_email=True)) == {ANA.id: 99, BEN.id: 52, OLD.id: 53}


@pytest.mark.parametrize("side", ["sage", "force_manager"])
def test_shared_emails_match_nobody(side: str) -> None:
    """An address of two active users on either side says nothing; the others go by theirs."""
    if side == "sage":
        associations = _associate(by_email=True, sage=[ANA, _variant(BEN, email="ANA@MAIL")])
        assert associations.by_sage == {}
        assert associations.unassociated == (ANA.id, BEN.id)
    else:
        associations = _associate(by_email=True, force_manager=[FM_ANA, _fm_variant(FM_BEN, email="ana@mail"), FM_OLD])
        assert _numbers(associations) == {OLD.id: 53}
    assert associations.problems == ()


def test_empty_emails_are_not_equal() -> None:
    """Users without an address are not associated with each other."""
    nobody, fm_nobody = _variant(ANA, email=""), _fm_variant(FM_ANA, email="")
    assert _associate(by_email=True, sage=[nobody], force_manager=[fm_nobody]).by_sage == {}


@pytest.mark.parametrize("by_email", [True, False])
def test_users_deactivated_in_sage_stay_associated(*, by_email: bool) -> None:
    """Their accounts stay in scope."""
    gone = _variant(ANA, active=False)
    associations = _associate(*([] if by_email else [("ana@org", "51")]), by_email=by_email, sage=[gone])
    assert _numbers(associations) == {ANA.id: 51}
    assert associations.owner_ids == (ANA.id,)


@pytest.mark.parametrize("by_email", [True, False])
def test_users_deactivated_in_force_manager_stay_associated(*, by_email: bool) -> None:
    """Their records are left with them, so they stay in scope; the plan sees that they own nothing new."""
    gone = _fm_variant(FM_ANA, active=False)
    pairs = [] if by_email else [("ana@org", "51")]
    associations = _associate(*pairs, by_email=by_email, sage=[ANA], force_manager=[gone])
    assert associations.by_sage == {ANA.id: gone}
    assert associations.problems == ()


def test_an_active_user_takes_the_address_of_a_deactivated_one() -> None:
    """A successor with the same address is associated on either side: Salesforce users can't be deleted."""
    former, fm_former = _variant(OLD, email="ana@mail"), _fm_variant(FM_OLD, email="ana@mail", active=False)
    associations = _associate(by_email=True, sage=[former, ANA], force_manager=[fm_former, FM_ANA])
    assert _numbers(associations) == {ANA.id: 51}


def test_fallback() -> None:
    """The fallback is named like any ForceManager user; one that matches nobody is listed as such."""
    assert _associate(fallback="office@mail").fallback == OFFICE
    assert _associate(fallback="99").fallback == OFFICE
    assert _associate().fallback is None
    lost = _associate(fallback="nobody")
    assert lost.fallback is None
    assert lost.problems == ("fallback: `nobody` matches no user of ForceManager",)


def test_unassociated_are_the_active_users_of_sage_without_a_seat() -> None:
    """Deactivated users are not counted as missing; ids are sorted."""
    assert _associate().unassociated == (ANA.id, BEN.id)
    assert _associate(("ana@org", "51")).unassociated == (BEN.id,)


def test_owners_in_scope_are_the_associated_ones() -> None:
    """The scope's owners are all Sage users that have a ForceManager user, sorted."""
    assert _associate(("ben@org", "51"), ("ana@org", "51"), fallback="office").owner_ids == (ANA.id, BEN.id)


EMAILS = st.sampled_from(["", "a@mail", "A@MAIL ", "b@mail", "c@mail"])
SAGE_USERS = st.lists(st.tuples(EMAILS, st.booleans()), max_size=5).map(
    lambda users: [
        SageUser(id=f"0050Y00000{n:05d}AQA", username=f"u{n}@org", email=email, name="", active=active)
        for n, (email, active) in enumerate(users)
    ]
)
FM_USERS = st.lists(st.tuples(EMAILS, st.booleans()), max_size=5).map(
    lambda users: [
        ForceManagerUser(id=n, email=email, nickname=f"nick{n}", name="", active=active)
        for n, (email, active) in enumerate(users, start=1)
    ]
)


@given(SAGE_USERS, FM_USERS, st.randoms())
def test_order_of_users_does_not_matter(
    sage: list[SageUser], force_manager: list[ForceManagerUser], random: Random
) -> None:
    """The same users give the same associations, and only equal addresses are associated."""
    associations = _associate(by_email=True, sage=sage, force_manager=force_manager)
    emails = {user.id: user.email.strip().lower() for user in sage}
    for sage_id, user in associations.by_sage.items():
        assert emails[sage_id] == user.email.strip().lower() != ""
    random.shuffle(sage)
    random.shuffle(force_manager)
    assert _associate(by_email=True, sage=sage, force_manager=force_manager) == associations
