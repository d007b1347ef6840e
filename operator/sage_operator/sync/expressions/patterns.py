r"""Regular expressions of `matches`: bounded before the library sees them.

The library compiles a pattern at each evaluation, and its time grows with the pattern's positions. CEL means RE2, where
`\d`, `\s` and `\w` are ASCII; the library's are Unicode's and cost 0.3 ms each, so they are spelled out here.
"""

import re

from sage_operator.sync.expressions import limits
from sage_operator.sync.expressions.library import program
from sage_operator.sync.expressions.literals import quoted

_TOKEN = re.compile(
    r"(?P<escape>\\.)|(?P<open>\((\?(P?<\w+>|[imsU-]*:|[imsU-]+(?P<flags>\))))?)|(?P<close>\))"
    r"|(?P<times>\{(?P<low>\d+)(,(?P<high>\d*))?\})|(?P<class>\[\^?\]?([^\]\\\[]|\\.|\[:\^?[a-z]+:\])*\])|(?P<other>.)",
    re.DOTALL | re.ASCII,
)
_CLASSES = {"d": "0-9", "s": r"\t\n\f\r ", "w": "0-9A-Za-z_"}
_REFUSED = {
    "p": r"classes of Unicode are too costly: name the letters, as in [A-Za-zÀ-ÿ]",
    "x": r"write the character itself",
    "u": r"write the character itself",
}
_REFUSED["P"] = _REFUSED["p"]
_REFUSED["U"] = _REFUSED["u"]


class BadPattern(ValueError):
    """A regular expression that is not one, or that is too costly; its text says why."""


def bounded(pattern: str) -> tuple[str, int]:
    """Return the pattern as the library shall have it, and its positions.

    Raises:
        BadPattern: see there.
    """
    # Weights of the groups that are open, each a list of its atoms' weights.
    groups: list[list[int]] = [[]]
    spelled = []
    for found in _TOKEN.finditer(pattern):
        token = found[0]
        match found.lastgroup:
            case "escape":
                token = _escape(token[1])
                groups[-1].append(1)
            case "class":
                token = re.sub(r"\\(.)", lambda escape: _escape(escape[1], inside=True), token, flags=re.DOTALL)
                groups[-1].append(1)
            case "open" if found["flags"] is None:
                groups.append([])
            case "close" if len(groups) > 1:
                inner = sum(groups.pop()) + 1
                groups[-1].append(inner)
            case "times" if groups[-1]:
                groups[-1][-1] *= max(1, int((found["high"] or found["low"])[:6]))
            case _:
                groups[-1].append(1)
        spelled.append(token)
        if sum(map(sum, groups)) > limits.PATTERN:
            raise BadPattern(f"the regular expression has more than {limits.PATTERN} positions, repetitions counted")
    text = "".join(spelled)
    _try(text)
    return text, limits.PATTERN_START + sum(map(sum, groups))


def _escape(letter: str, *, inside: bool = False) -> str:
    if letter in _REFUSED:
        raise BadPattern(_REFUSED[letter])
    if letter in _CLASSES:
        return _CLASSES[letter] if inside else f"[{_CLASSES[letter]}]"
    if letter.lower() in _CLASSES:
        if inside:
            raise BadPattern(rf"\{letter} within [ ] is not supported")
        return f"[^{_CLASSES[letter.lower()]}]"
    return rf"(?-u:\{letter})" if letter in "bB" and not inside else rf"\{letter}"


def _try(pattern: str) -> None:
    try:
        program(f"''.matches({quoted(pattern)})")({})
    except Exception as error:  # noqa: BLE001 - the library has no exceptions of its own
        _, said, why = str(error).rpartition("error: ")
        detail = why.partition(". Check function")[0] if said else "it is not valid"
        raise BadPattern(f"not a regular expression: {detail}") from None
