from typing import Any

import pytest

from sage_operator.forcemanager.lists import parse_list, parse_users
from sage_operator.sync.targets import ListRow
from sage_operator.sync.users import ForceManagerUser

ANA: dict[str, Any] = {
    "id": 12, "deleted": False, "name": "Ana", "lastName": "Ruiz", "email": "ana@acme.example", "nic": "aruiz",
    "isActive": True, "dateCreated": "2019-03-04T08:30:00.123Z",
}  # fmt: skip


def test_a_user_has_name_mail_and_nickname() -> None:
    """First and last name are joined, null texts are empty."""
    users = parse_users(
        [ANA, {"id": 13, "name": "Bo", "lastName": None, "email": None, "nic": None, "isActive": 0}]
    ).users
    assert users == (
        ForceManagerUser(id=12, email="ana@acme.example", nickname="aruiz", name="Ana Ruiz", active=True),
        ForceManagerUser(id=13, email="", nickname="", name="Bo", active=False),
    )


def test_a_user_that_does_not_say_so_is_active() -> None:
    """The field is not promised."""
    assert parse_users([{"id": 1}]).users[0].active


def test_deleted_users_are_left_out_but_bear_the_fingerprint() -> None:
    """The first user of a tenant names it for ever, whatever order the rows come in."""
    directory = parse_users([{"id": 40, "deleted": False}, {**ANA, "deleted": 1}])
    assert [user.id for user in directory.users] == [40]
    assert directory.fingerprint == "12@2019-03-04T08:30:00Z"


def test_the_fingerprint_does_not_depend_on_how_a_time_is_spelled() -> None:
    """Another zone or precision is the same moment."""
    spelled = [ANA, {**ANA, "dateCreated": "2019-03-04T09:30:00+01:00"}, {**ANA, "dateCreated": "2019-03-04 08:30:00"}]
    assert len({parse_users([row]).fingerprint for row in spelled}) == 1


def test_the_fingerprint_without_a_time_is_the_id() -> None:
    """Null and nonsense are no reason to fail."""
    assert [parse_users([{"id": 3, "dateCreated": d}]).fingerprint for d in (None, "then")] == ["3@", "3@then"]


def test_no_users_at_all_are_refused() -> None:
    """Without any there is no fingerprint."""
    with pytest.raises(ValueError, match="no user"):
        parse_users([])


def test_list_rows_have_labels_in_all_languages() -> None:
    """Whatever begins with `description` or `descripcion`, `strName` and `value`; blanks go, empty ones too."""
    row = {
        "id": 75, "order": 1, "deleted": False, "description": "", "descriptionES": " España ",
        "descriptionEN": "Spain", "descripcion_fr": "Espagne", "strName": "SPAIN", "value": "Esp",
        "descriptionDE": None, "iso2": "ES", "iso3": "ESP", "isoNum": 724, "phoneCode": "34",
    }  # fmt: skip
    assert parse_list("countries", [row]).rows == (
        ListRow(id=75, labels=frozenset({"España", "Spain", "Espagne", "SPAIN", "Esp"}), iso2="ES", iso3="ESP"),
    )


def test_deleted_list_rows_are_left_out_and_the_rest_is_sorted() -> None:
    """Deleted comes as a boolean and as a number."""
    rows = [
        {"id": 3, "description": "c"},
        {"id": 1, "description": "a", "deleted": True},
        {"id": 2, "description": "b", "deleted": 1},
        {"id": 0, "description": "z", "deleted": 0},
    ]
    assert [row.id for row in parse_list("x", rows).rows] == [0, 3]


def test_rows_of_other_lists_have_no_iso_codes() -> None:
    """Empty codes are none."""
    row = parse_list("x", [{"id": 1, "iso2": "", "isoCode": " "}]).rows[0]
    assert (row.iso2, row.iso3, row.iso_code) == (None, None, None)


def test_currencies_have_their_code() -> None:
    """It is what people write, whatever the language."""
    rows = [{"id": 1, "descriptionES": "Libra esterlina", "isoCode": "GBP", "symbol": "£"}]
    assert parse_list("currencies", rows).rows[0].iso_code == "GBP"
