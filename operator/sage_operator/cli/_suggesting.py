"""Which Sage field may fill which field of a ForceManager tenant: by equal or similar names and labels."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from sage_operator.sync.sources import SourceField, SourceKind, SourceObject
from sage_operator.sync.targets import FieldKind, TargetField

_ALIKE: Final = 0.8
_NAMESPACE: Final = re.compile(r"^[A-Za-z0-9]+__(?=\w+__[cr]$)")
_NO_VALUE: Final = frozenset(
    {SourceKind.ADDRESS, SourceKind.LOCATION, SourceKind.BASE64, SourceKind.ID, SourceKind.REFERENCE}
)
_FITS: Final[Mapping[FieldKind, frozenset[SourceKind]]] = {
    FieldKind.BOOLEAN: frozenset({SourceKind.BOOLEAN}),
    FieldKind.DATE: frozenset({SourceKind.DATE, SourceKind.DATETIME}),
    FieldKind.INTEGER: frozenset({SourceKind.INTEGER}),
    FieldKind.DECIMAL: frozenset(kind for kind in SourceKind if kind.is_number),
}
"""By the kind of a target, what always fits; texts and what is not here take anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """A target and the Sage field that may fill it."""

    target: TargetField
    source: SourceField


def likenesses(targets: Iterable[TargetField], source: SourceObject, *, used: frozenset[str]) -> Iterator[Likeness]:
    """Yield, for each target that has one, the Sage field that is most like it; `used` fields are left out."""
    fields = [field for field in source.fields.values() if field.kind not in _NO_VALUE and field.name not in used]
    for target in targets:
        fitting = _FITS.get(target.kind)
        by_word: dict[str, SourceField] = {}
        for field in fields:
            if fitting is None or field.kind in fitting:
                for word in filter(None, (_letters(_bare(field.name)), _letters(field.label))):
                    by_word.setdefault(word, field)
        words = filter(None, (_letters(target.name.removeprefix("Z_")), _letters(target.label)))
        found = [near for word in words for near in get_close_matches(word, by_word, n=1, cutoff=_ALIKE)]
        if found:
            yield Likeness(target=target, source=by_word[found[0]])


def _bare(name: str) -> str:
    """Return a field's name without the prefix of its package and the ending of own fields."""
    return _NAMESPACE.sub("", name).removesuffix("__c")


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(character for character in plain if character.isalnum()).casefold()
