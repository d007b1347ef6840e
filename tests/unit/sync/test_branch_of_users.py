"""The branch of new records, as ForceManager's users tell it."""

import pytest

from sage_operator.sync.preflight.needs import branch_of_users
from sage_operator.sync.users import ForceManagerUser


def user(number: int, branch_id: int | None, branch: str = "", *, active: bool = True) -> ForceManagerUser:
    """Make a user of a branch."""
    return ForceManagerUser(
        id=number, email="", nickname="", name="", active=active, branch_id=branch_id, branch=branch
    )


USERS = (user(1, 16, "Madrid"), user(2, 16, "Madrid"), user(3, 17, "Leeds"), user(4, None), user(5, 18, active=False))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("Madrid", 16), (" madrid ", 16), ("17", 17), ("Leeds", 17), ("Lyon", None), ("", None), ("18", None)],
)
def test_a_branch_is_known_by_its_label_or_id(wanted: str, found: int | None) -> None:
    """Without case; that of deactivated users only is none: it may have been closed."""
    assert branch_of_users(wanted, USERS) == found


def test_two_branches_of_one_name_are_left_to_the_list() -> None:
    """Nobody can tell which is meant; a label may also be another one's id."""
    assert branch_of_users("Madrid", (*USERS, user(6, 19, "Madrid"))) is None
    assert branch_of_users("16", (*USERS, user(6, 19, "16"))) is None
