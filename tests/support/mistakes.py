"""An integration with ten mistakes, of ten kinds."""

from typing import Any

from sage_operator.simulators import Simulators

from .manifests import integration

KINDS = (
    "InvalidCondition",
    "BranchNotFound",
    "UserNotFound",
    "UnknownTarget",
    "CustomFieldMissing",
    "UnknownSource",
    "InvalidExpression",
    "TypeMismatch",
    "WrongList",
    "InvalidValue",
)
"""What is wrong with it, the gravest first."""


def with_ten_mistakes(namespace: str, simulators: Simulators) -> dict[str, Any]:
    """Return its manifest."""
    body = integration(
        namespace,
        simulators,
        users={"matching": "Email", "pairs": [{"sage": "nobody@acme.example", "forceManager": "neither"}]},
        accounts={
            "where": "Phne = '1'",
            "fields": [
                {"target": "phnoe", "source": "Phone"},
                {"target": "fax", "source": "Faxx"},
                {"target": "statusId", "value": "Custmer", "lookup": {"list": "accountStatuses"}},
                {"target": "typeId", "value": "Customer", "lookup": {"list": "accountStatuses"}},
                {"target": "Z_Nowhere", "source": "AccountNumber"},
                {"target": "Z_OverdueDays", "source": "CreatedDate"},
                {"target": "comment", "expression": "record.Description +"},
            ],
        },
    )
    body["spec"]["forceManager"]["branch"] = "Madird"
    return body
