"""Texts of CEL in quotes: what they say, and how a text is spelled for the library."""

import re

_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\([xX][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-3][0-7]{2}|[abfnrtv\\?\"'`]|.|\n)")
_SAFE = re.compile(r"[^ A-Za-z0-9_.,:;/@#-]")


class BadEscape(ValueError):
    """An escape that CEL does not have; `at` is its offset in the literal, `end` where it ends."""

    def __init__(self, at: int, end: int) -> None:
        """Take where it is."""
        super().__init__(at, end)
        self.at = at
        self.end = end


def unquoted(literal: str) -> str:
    """Return the text that a literal stands for.

    Raises:
        BadEscape: a backslash is followed by what CEL does not know, or that is not a character.
    """
    raw = literal[0] in "rR"
    body = literal[1:] if raw else literal
    quote = 3 if len(body) >= 6 and body[:3] in {"'''", '"""'} else 1
    inner = body[quote:-quote]
    if raw:
        return inner

    def character(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) == 1:
            if code in _PLAIN or code in "\\?\"'`":
                return _PLAIN.get(code, code)
            raise BadEscape(quote + found.start(), quote + found.end())
        point = int(code, 8) if code[0].isdigit() else int(code[1:], 16)
        if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            raise BadEscape(quote + found.start(), quote + found.end())
        return chr(point)

    return _ESCAPE.sub(character, inner)


def quoted(text: str) -> str:
    """Spell a text as a literal that the library reads as this very text."""
    return "'" + _SAFE.sub(lambda found: f"\\U{ord(found[0]):08x}", text) + "'"
