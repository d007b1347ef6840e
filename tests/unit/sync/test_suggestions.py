import pytest

from sage_operator.sync.likeness import nearest
from sage_operator.sync.sources import SourceField, SourceKind
from sage_operator.sync.suggestions import type_for


@pytest.mark.parametrize(
    ("name", "meant"),
    [("phnoe", "phone"), ("Phone", "phone"), ("countryid", "countryId"), ("colour", None), ("", None)],
)
def test_the_name_that_was_probably_meant(name: str, meant: str | None) -> None:
    """Letters that are swapped, and case; nothing is suggested that is not alike."""
    assert nearest(name, ["phone", "phone2", "fax", "countryId", "comment"]) == meant


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        (SourceField(name="X", kind=SourceKind.TEXT, length=40), "text, at least 40 characters"),
        (SourceField(name="X", kind=SourceKind.PICKLIST, length=255), "text, at least 255 characters"),
        (SourceField(name="X", kind=SourceKind.CURRENCY, precision=18, scale=2), "decimal, 2 places"),
        (SourceField(name="X", kind=SourceKind.DECIMAL), "decimal"),
        (SourceField(name="X", kind=SourceKind.INTEGER), "integer"),
        (SourceField(name="X", kind=SourceKind.BOOLEAN), "yes/no"),
        (SourceField(name="X", kind=SourceKind.DATETIME), "date"),
        (SourceField(name="X", kind=SourceKind.UNKNOWN), "text"),
    ],
)
def test_the_type_that_holds_every_value_of_a_sage_field(field: SourceField, wanted: str) -> None:
    """What the CRM's administrator is told to create takes whatever Sage may have."""
    assert type_for(field) == wanted
