"""Salesforce ids: 15 characters that differ in case, or 18 where three more tell the case."""

from functools import cache

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLACES = {char: place for place, char in enumerate(_BASE62)}


def to_18(text: str) -> str | None:
    """Return the form of 18 characters; None for what is no id.

    Each of the last three characters tells by its bits which of five characters are upper case letters.
    """
    if len(text) not in {15, 18} or not text.isascii() or not text.isalnum():
        return None
    if len(text) == 18:
        return text
    suffix = ""
    for chunk in (text[0:5], text[5:10], text[10:15]):
        suffix += _ALPHABET[_bits(chunk)]
    return text + suffix


def make_id(prefix: str, organisation: int, number: int) -> str:
    """Return the id of 18 characters of a record; ids sort by `number` within an organisation.

    Many are made, so digits come in pairs, each with the bits that it gives to the suffix.
    """
    head, first, bits = _head(prefix, organisation)
    high, rest = divmod(number, len(_PAIRS) ** 2)
    middle, low = divmod(rest, len(_PAIRS))
    (text, own), (text_2, own_2), (text_3, own_3) = _PAIRS[high], _PAIRS[middle], _PAIRS[low]
    second, third = _ALPHABET[bits | (own & 1) << 4], _ALPHABET[own >> 1 | own_2 << 1 | own_3 << 3]
    return f"{head}{text}{text_2}{text_3}{first}{second}{third}"


@cache
def _head(prefix: str, organisation: int) -> tuple[str, str, int]:
    """Return the first nine characters of an id, the suffix of five of them, and the bits of the other four."""
    text = f"{prefix}Dn{''.join(_PAIRS[pair][0] for pair in divmod(organisation, len(_PAIRS)))}"
    return text, _ALPHABET[_bits(text[:5])], _bits(text[5:])


def _bits(text: str) -> int:
    return sum(1 << place for place, char in enumerate(text) if "A" <= char <= "Z")


_PAIRS = tuple((a + b, _bits(a + b)) for a in _BASE62 for b in _BASE62)


def number_of(key: str) -> int:
    """Return the number that went into an id; what it is for any other text doesn't matter, it is -1 for most."""
    number = 0
    for char in key[9:15]:
        place = _PLACES.get(char)
        if place is None:
            return -1
        number = number * 62 + place
    return number
