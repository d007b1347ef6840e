"""Objects and fields as the describe calls tell them."""

from typing import Any

from sage_operator.simulators.soql.schema import Field, ObjectType

_SOAP = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "double": "xsd:double", "currency": "xsd:double",
    "percent": "xsd:double", "int": "xsd:int", "date": "xsd:date", "datetime": "xsd:dateTime", "address": "urn:address",
}  # fmt: skip


def describe_global(types: list[ObjectType], base: str) -> dict[str, Any]:
    """Answer to `GET …/sobjects`."""
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [_summary(kind, base) for kind in types]}


def describe(kind: ObjectType, base: str) -> dict[str, Any]:
    """Answer to `GET …/sobjects/{object}/describe`."""
    return {**_summary(kind, base), "fields": [_field(field) for field in kind.fields], "recordTypeInfos": []}


def _summary(kind: ObjectType, base: str) -> dict[str, Any]:
    url = f"{base}/sobjects/{kind.name}"
    return {
        "name": kind.name,
        "label": kind.label,
        "labelPlural": f"{kind.label}s",
        "keyPrefix": kind.key_prefix,
        "custom": kind.name.endswith("__c"),
        "queryable": True,
        "retrieveable": True,
        "replicateable": True,
        "searchable": True,
        "layoutable": True,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def _field(field: Field) -> dict[str, Any]:
    numeric = field.type in {"double", "currency", "percent"}
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "length": field.length,
        "byteLength": field.length * 3,
        "digits": 9 if field.type == "int" else 0,
        "precision": field.precision if numeric else 0,
        "scale": field.scale if numeric else 0,
        "nillable": field.nillable,
        "calculated": field.calculated,
        "calculatedFormula": "…" if field.calculated else None,
        "custom": field.name.endswith("__c"),
        "filterable": field.filterable,
        "sortable": field.sortable,
        "groupable": field.filterable and field.type not in {"datetime", "double", "currency", "percent"},
        "createable": not field.calculated and field.nillable,
        "updateable": not field.calculated and field.nillable,
        "idLookup": field.type in {"id", "email"},
        "unique": False,
        "externalId": False,
        "nameField": field.name == "Name",
        "caseSensitive": False,
        "defaultValue": False if field.type == "boolean" else None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship,
        "picklistValues": [
            {"active": True, "defaultValue": False, "label": text, "validFor": None, "value": text}
            for text in field.picklist
        ],
        "restrictedPicklist": False,
        "inlineHelpText": None,
    }
