import pytest

from sage_operator.sync.sources import (
    SourceField,
    Unresolved,
    resolve,
    undescribed,
)
from unit.sync.where.organisation import ACCOUNT, OBJECTS, USER


@pytest.mark.parametrize(
    ("path", "name"),
    [("Name", "Name"), ("NAME", "Name"), ("owner.DEPARTMENT", "Department"), ("Parent.Parent.Owner.Name", "Name")],
)
def test_a_path_leads_to_a_field_whatever_its_case(path: str, name: str) -> None:
    """Expect the field in Salesforce's spelling."""
    found = resolve(path, of="Account", objects=OBJECTS)
    assert isinstance(found, SourceField)
    assert found.name == name


@pytest.mark.parametrize(
    ("path", "part", "position", "nearest"),
    [
        ("Parent.Ownr.Name", "Ownr", 7, "Owner"),
        ("Parent.Owner.Nme", "Nme", 13, "Name"),
        ("Parent.OwnerId.Name", "OwnerId", 7, "Owner"),
        ("Zzz.Name", "Zzz", 0, None),
        ("s2cor__Company__r.Name", "s2cor__Company__r", 0, None),
        ("Parent.s2cor__Company__c.Name", "s2cor__Company__c", 7, "s2cor__Company__r"),
    ],
)
def test_a_path_that_leads_nowhere_says_at_which_part(path: str, part: str, position: int, nearest: str | None) -> None:
    """Expect the part, where it begins, and the name that was probably meant."""
    found = resolve(path, of="Account", objects=OBJECTS)
    assert isinstance(found, Unresolved)
    assert (found.part, found.position, found.nearest) == (part, position, nearest)
    assert path[position:].startswith(part)


def test_what_must_be_described_is_found_step_by_step() -> None:
    """Expect the object itself, then the parents that are known of, and nothing for what does not exist."""
    paths = ("Owner.Manager.Name", "s2cor__Company__r.Name", "Nope.Name", "Name.X")
    assert undescribed(paths, of="Account", objects={}) == {"Account"}
    assert undescribed(paths, of="Account", objects={"Account": ACCOUNT}) == {"User", "s2cor__Company__c"}
    assert undescribed(paths, of="Account", objects={"Account": ACCOUNT, "User": USER}) == {"s2cor__Company__c"}


def test_a_path_tells_whether_it_leads_to_a_formula() -> None:
    """Expect the paths that lead to formulas, of parents too; what leads nowhere is somebody else's mistake."""
    paths = ("Name", "Score__c", "Owner.Rank__c", "Owner.Name", "Nope")
    found = {path: resolve(path, of="Account", objects=OBJECTS) for path in paths}
    formulas = [path for path, field in found.items() if isinstance(field, SourceField) and field.calculated]
    assert formulas == ["Score__c", "Owner.Rank__c"]
