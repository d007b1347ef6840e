"""What Salesforce's describe answers, as the domain's `SourceObject`.

`GET /sobjects/{object}/describe` tells the fields that the integration user may see: those that field-level security
hides are absent
(https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm).
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import lru_cache

import msgspec

from sage_operator.sync.errors import System, Unavailable
from sage_operator.sync.sources import PicklistValue, SourceField, SourceKind, SourceObject
from sage_operator.transport import Answer
from sage_operator.transport.cache import Cached, Clock

_HOUR = 3600.0

_KINDS = {
    **dict.fromkeys(("string", "email", "phone", "url", "combobox", "encryptedstring"), SourceKind.TEXT),
    "int": SourceKind.INTEGER,
    "long": SourceKind.INTEGER,
    "double": SourceKind.DECIMAL,
} | {kind.value: kind for kind in SourceKind}
"""By Salesforce's names of field types; most are ours too."""


class _Choice(msgspec.Struct, frozen=True):
    value: str
    label: str | None = None


class _Field(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    type: str
    label: str = ""
    length: int = 0
    digits: int = 0
    precision: int = 0
    scale: int = 0
    calculated: bool = False
    filterable: bool = True
    nillable: bool = True
    relationship_name: str | None = None
    reference_to: tuple[str, ...] = ()
    picklist_values: tuple[_Choice, ...] = ()


class _Description(msgspec.Struct, frozen=True):
    name: str
    fields: tuple[_Field, ...]
    label: str = ""


_DESCRIPTION = msgspec.json.Decoder(_Description)


def read_description(answer: Answer) -> SourceObject:
    """Decode an answer to describe.

    Raises:
        Unavailable: it is no description.
    """
    try:
        found = _DESCRIPTION.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"Sage ({answer.host}) answers a describe with something that describes no object."
        raise Unavailable(System.SAGE, message) from error
    return SourceObject.of(name=found.name, label=found.label, fields=map(_field, found.fields))


@lru_cache(maxsize=8192)
def _field(described: _Field) -> SourceField:
    """Return a field; organisations share the equal ones, which most fields of Salesforce and of the package are."""
    return SourceField(
        name=described.name,
        kind=_KINDS.get(described.type, SourceKind.UNKNOWN),
        label=described.label,
        length=described.length,
        precision=described.precision or described.digits,
        scale=described.scale,
        calculated=described.calculated,
        filterable=described.filterable,
        nillable=described.nillable,
        relationship_name=described.relationship_name,
        relates_to=described.reference_to,
        picklist=tuple(PicklistValue(value=c.value, label=c.label or c.value) for c in described.picklist_values),
    )


class Descriptions:
    """What one API user sees of one organisation's objects, each fetched once an hour, whoever asks."""

    def __init__(self, *, clock: Clock) -> None:
        self._held: dict[tuple[str, str], Cached[SourceObject]] = defaultdict(
            lambda: Cached(max_age=_HOUR, clock=clock)
        )

    async def get(
        self, sage_object: str, *, version: str, fetch: Callable[[], Awaitable[SourceObject]], fresh: bool
    ) -> SourceObject:
        """Return an object as an API version describes it; `fresh` passes by what is older than a minute.

        Raises:
            SyncError: what `fetch` raises.
        """
        held = self._held[sage_object.lower(), version]
        return await held.get(fetch, fresh=fresh)
