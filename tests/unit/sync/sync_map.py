"""A field map of each kind of entry, values for it, and what they should become, spelled by hand."""

from decimal import Decimal

from hypothesis import strategies as st

from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import FieldRule, FieldSource, Lookup, OnProblem, from_field
from sage_operator.sync.records import Scalar, SourceRow
from sage_operator.sync.targets import FieldKind, TargetField

from .sync_examples import account, context, schema

TENANT = schema(Entity.ACCOUNTS, TargetField(name="Z_Credit", kind=FieldKind.DECIMAL))
RULES: dict[str, FieldRule] = {
    "name": from_field("name", "Name"),
    "phone": from_field("phone", "Phone"),
    "fax": from_field("fax", "Fax"),
    "Z_Credit": from_field("Z_Credit", "Limit"),
    "countryId": FieldRule(
        target="countryId",
        sources=(FieldSource(path="BillingCountry", lookup=Lookup(list_name="countries")),),
        on_not_found=OnProblem.EMPTY,
    ),
}
OPTIONAL = sorted(RULES.keys() - {"name"})
VALUES: dict[str, list[Scalar]] = {
    "Name": ["Acme", "Bolt"],
    "Phone": [None, "", "1", "2"],
    "Fax": [None, "", "1", "2"],
    "Limit": [None, 0, Decimal("12.50"), Decimal("12.5"), "12.50", 7],
    "BillingCountry": [None, "", "Spain", "españa", "Reino Unido", "Atlantis"],
}
COUNTRY_IDS = {"spain": 34, "españa": 34, "reino unido": 44}
FIELDS = st.fixed_dictionaries({path: st.sampled_from(values) for path, values in VALUES.items()})
ROWS = st.lists(FIELDS, max_size=6).map(
    lambda all_fields: [account(number, **fields) for number, fields in enumerate(all_fields, start=1)]
)
EVERYTHING = context(rules=RULES.values(), tenant=TENANT)


def desired(row: SourceRow, mapped: set[str]) -> dict[str, Scalar]:
    """Say by hand what ForceManager should show of a row."""
    limit = row.fields["Limit"]
    wanted: dict[str, Scalar] = {
        "name": row.fields["Name"],
        "phone": row.fields["Phone"],
        "fax": row.fields["Fax"],
        "Z_Credit": Decimal(limit) if isinstance(limit, str) else limit,
        "countryId": COUNTRY_IDS.get(str(row.fields["BillingCountry"]).lower()),
    }
    return {target: value for target, value in wanted.items() if target in mapped and value not in (None, "")}
