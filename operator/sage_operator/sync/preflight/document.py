"""What is known of both remotes as a JSON document, for checks in a pipeline.

It names no records of customers. Its only personal data are the users of both systems: names, user names and e-mail
addresses, by which they are associated. Equal knowledge gives equal bytes, sorted and indented, so that the file can be
kept in Git and its changes read. What is as by default is left out. The quota is not kept: it is another each minute.
"""

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, Final

import msgspec

from sage_operator.sync.entities import Entity
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.preflight.known import Known, KnownForceManager, KnownSage
from sage_operator.sync.sources import SourceField, SourceObject
from sage_operator.sync.targets import TargetSchema, ValueList
from sage_operator.sync.users import ForceManagerUser, SageUser

FORMAT: Final = 2


class UnreadableSchema(ValueError):
    """A text is no such document, or one of another format."""


class _Object(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    label: str = ""
    fields: tuple[SourceField, ...] = ()


class _Sage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    organisation: str
    users: tuple[SageUser, ...] = ()
    objects: tuple[_Object, ...] = ()
    absent: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    companies: tuple[Company, ...] | None = None


class _ForceManager(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tenant: str
    users: tuple[ForceManagerUser, ...] = ()
    schemas: dict[Entity, TargetSchema] = msgspec.field(default_factory=dict)
    lists: tuple[ValueList, ...] = ()
    absent: tuple[str, ...] = ()


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    sage: _Sage | None = None
    force_manager: _ForceManager | None = msgspec.field(name="forceManager", default=None)


class _Header(msgspec.Struct):
    format: int


def dump_known(known: Known) -> bytes:
    """Return what is known as JSON, ending in a line feed. Equal knowledge gives equal bytes."""
    document: dict[str, Any] = {"format": FORMAT}
    if known.sage is not None:
        document["sage"] = _sage(known.sage)
    if known.force_manager is not None:
        document["forceManager"] = _force_manager(known.force_manager)
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def load_known(content: bytes) -> Known:
    """Read what `dump_known` has written.

    Raises:
        UnreadableSchema: it is something else, or of another format.
    """
    try:
        found = msgspec.json.decode(content, type=_Header).format
        if found != FORMAT:
            raise UnreadableSchema(f"another version of sage-operator wrote it (format {found}, not {FORMAT})")
        document = msgspec.json.decode(content, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableSchema(f"it is no schema ({error})") from error
    sage, tenant = document.sage, document.force_manager
    return Known(
        sage=None
        if sage is None
        else KnownSage(
            organisation=sage.organisation,
            users=sage.users,
            objects={o.name: SourceObject.of(name=o.name, label=o.label, fields=o.fields) for o in sage.objects},
            absent=frozenset(sage.absent),
            companies=sage.companies,
            versions=sage.versions,
        ),
        force_manager=None
        if tenant is None
        else KnownForceManager(
            tenant=tenant.tenant,
            users=tenant.users,
            schemas=tenant.schemas,
            lists={values.name: values for values in tenant.lists},
            absent=frozenset(tenant.absent),
        ),
    )


def _sage(sage: KnownSage) -> dict[str, Any]:
    companies = sage.companies
    return {
        **({"versions": list(sage.versions)} if sage.versions else {}),
        **({} if companies is None else {"companies": [_plain(one) for one in sorted(companies, key=lambda c: c.id)]}),
        "organisation": sage.organisation,
        "absent": sorted(sage.absent),
        "users": [_plain(user) for user in sorted(sage.users, key=lambda user: user.id)],
        "objects": [
            {
                "name": name,
                "label": described.label,
                "fields": [_plain(field) for _, field in sorted(described.fields.items())],
            }
            for name, described in sorted(sage.objects.items())
        ],
    }


def _force_manager(tenant: KnownForceManager) -> dict[str, Any]:
    return {
        "tenant": tenant.tenant,
        "absent": sorted(tenant.absent),
        "users": [_plain(user) for user in sorted(tenant.users, key=lambda user: user.id)],
        "schemas": {entity.value: _plain(schema) for entity, schema in sorted(tenant.schemas.items())},
        "lists": [_plain(values) for _, values in sorted(tenant.lists.items())],
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: mappings and sets in order, and nothing that is as by default."""
    if is_dataclass(value):
        return {
            each.name: _plain(found)
            for each in fields(value)
            if (found := getattr(value, each.name)) != each.default or each.default is MISSING
        }
    if isinstance(value, dict):
        return {key: _plain(found) for key, found in sorted(value.items())}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, Enum) else value
