"""Salesforce ids: 15 characters that differ in case, or 18 where three more tell the case."""

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
        suffix += _ALPHABET[sum(1 << place for place, char in enumerate(chunk) if "A" <= char <= "Z")]
    return text + suffix


def make_id(prefix: str, organisation: int, number: int) -> str:
    """Return the id of 18 characters of a record; ids sort by `number` within an organisation."""
    return to_18(f"{prefix}Dn{_digits(organisation, 4)}{_digits(number, 6)}") or ""


def _digits(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


def number_of(key: str) -> int:
    """Return the number that went into an id; what it is for any other text doesn't matter, it is -1 for most."""
    number = 0
    for char in key[9:15]:
        place = _PLACES.get(char)
        if place is None:
            return -1
        number = number * 62 + place
    return number
