"""Functions that the library lacks, or has otherwise than CEL: by code points, metered, and without exceptions.

The library prints an exception of a function, with its message, to the standard error; so a function that fails leaves
word of it and returns what the library refuses. To CEL that is an error like its own: `true || error` is true.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from sage_operator.sync.expressions import limits
from sage_operator.sync.expressions.kinds import Kind, kind_of

_WHITE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
    "\u205f\u3000"
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NO_VALUE = object()


class Failure(Exception):
    """A function's own failure; caught where it is called."""


class Meter:
    """The work of one evaluation.

    Attributes:
        problem: the last failure of a function; it was the evaluation's only if that failed.
        exhausted: the work is used up; whatever came out of the evaluation, it is not used.
    """

    __slots__ = ("_left", "exhausted", "problem")

    def __init__(self) -> None:
        """Start with all of it."""
        self._left = limits.WORK
        self.exhausted = False
        self.problem: str | None = None

    def use(self, characters: int) -> None:
        """Take account of characters taken or about to be made."""
        self._left -= characters
        if self._left < 0:
            self.exhausted = True
            raise Failure(
                f"it is too much work: {limits.WORK:,} characters, each call of a function being {limits.CALL}"
            )


Implementation = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function as it is called.

    Attributes:
        takes: the kinds of its arguments, the receiver of a method first.
        optional: how many of the last arguments may be left out.
        gives: the kind of its value.
        run: takes the meter and the arguments; None if the library has it.
    """

    takes: tuple[Kind, ...]
    optional: int = 0
    gives: Kind
    run: Implementation | None = None


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Failure(f"{name} takes a text, but was given {kind_of(value)}")


def _number(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Failure(f"{name} takes an integer, but was given {kind_of(value)}")


def _bounded(number: int) -> int:
    if number in limits.INTEGERS:
        return number
    raise Failure("a number is beyond 64 bits")


def _made(meter: Meter, text: str) -> str:
    meter.use(len(text))
    return text


def _add(meter: Meter, *parts: Any) -> str | int:
    if all(isinstance(part, str) for part in parts):
        meter.use(sum(map(len, parts)))
        return "".join(map(str, parts))
    if all(type(part) is int for part in parts):
        return _bounded(sum(parts))
    kinds = " and ".join(dict.fromkeys(kind_of(part) for part in parts))
    raise Failure(f"+ joins texts or adds integers, but was given {kinds}; null is joined by orEmpty(…)")


def _size(meter: Meter, text: Any) -> int:
    meter.use(len(_text("size", text)))
    return len(text)


def _string(meter: Meter, value: Any) -> str:
    if value is None:
        raise Failure("string takes no null; orEmpty(…) makes it the empty text")
    return _spelled(meter, value)


def _or_empty(meter: Meter, value: Any) -> str:
    return "" if value is None else _spelled(meter, value)


def _spelled(meter: Meter, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _made(meter, value if isinstance(value, str) else str(value))


def _int(_meter: Meter, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = _text("int", value)
    if not _INTEGER.fullmatch(text):
        raise Failure("int was given a text that is not an integer")
    return _bounded(int(text))


def _lower_ascii(meter: Meter, text: Any) -> str:
    return _made(meter, _text("lowerAscii", text).encode().lower().decode())


def _upper_ascii(meter: Meter, text: Any) -> str:
    return _made(meter, _text("upperAscii", text).encode().upper().decode())


def _trim(meter: Meter, text: Any) -> str:
    return _made(meter, _text("trim", text).strip(_WHITE))


def _replace(meter: Meter, text: Any, old: Any, new: Any, limit: Any = -1) -> str:
    whole, what, by = (_text("replace", part) for part in (text, old, new))
    times, most = whole.count(what), _number("replace", limit)
    times = min(times, most) if most >= 0 else times
    meter.use(len(whole) + times * (len(by) - len(what)))
    return whole.replace(what, by, times)


def _split(meter: Meter, text: Any, separator: Any, limit: Any = -1) -> Sequence[str]:
    whole, at = _text("split", text), _text("split", separator)
    most = whole.count(at) + 1 if at else len(whole)
    wanted = most if _number("split", limit) < 0 else min(limit, most)
    if wanted > limits.ELEMENTS:
        raise Failure(f"split makes more than {limits.ELEMENTS} elements")
    meter.use(len(whole))
    if wanted == 0:
        return []
    return whole.split(at, wanted - 1) if at else [*whole[: wanted - 1], whole[wanted - 1 :]]


def _join(meter: Meter, parts: Any, separator: Any = "") -> str:
    texts, between = [_text("join", part) for part in parts], _text("join", separator)
    meter.use(sum(map(len, texts)) + len(between) * max(0, len(texts) - 1))
    return between.join(texts)


def _substring(meter: Meter, text: Any, start: Any, *end: Any) -> str:
    whole, first = _text("substring", text), _number("substring", start)
    last = _number("substring", end[0]) if end else len(whole)
    if not 0 <= first <= last <= len(whole):
        raise Failure("substring reaches beyond the text")
    return _made(meter, whole[first:last])


def _matched(_meter: Meter, text: Any) -> str:
    if len(_text("matches", text)) > limits.MATCHED:
        raise Failure(f"matches takes no more than {limits.MATCHED:,} characters")
    return str(text)


_T, _I, _B, _L = Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN, Kind.LIST

FUNCTIONS: Mapping[str, Function] = MappingProxyType({
    "contains": Function(takes=(_T, _T), gives=_B),
    "startsWith": Function(takes=(_T, _T), gives=_B),
    "endsWith": Function(takes=(_T, _T), gives=_B),
    "matches": Function(takes=(_T, _T), gives=_B),
    "size": Function(takes=(_T,), gives=_I, run=_size),
    "string": Function(takes=(Kind.ANY,), gives=_T, run=_string),
    "int": Function(takes=(Kind.ANY,), gives=_I, run=_int),
    "orEmpty": Function(takes=(Kind.ANY,), gives=_T, run=_or_empty),
    "lowerAscii": Function(takes=(_T,), gives=_T, run=_lower_ascii),
    "upperAscii": Function(takes=(_T,), gives=_T, run=_upper_ascii),
    "trim": Function(takes=(_T,), gives=_T, run=_trim),
    "replace": Function(takes=(_T, _T, _T, _I), optional=1, gives=_T, run=_replace),
    "split": Function(takes=(_T, _T, _I), optional=1, gives=_L, run=_split),
    "join": Function(takes=(_L, _T), optional=1, gives=_T, run=_join),
    "substring": Function(takes=(_T, _I, _I), optional=1, gives=_T, run=_substring),
})  # fmt: skip
"""What can be called by name, as `f(x)` or `x.f()`."""

HIDDEN: Mapping[str, Implementation] = MappingProxyType({"+": _add, "matched": _matched})
"""What operators and other functions are made of."""


def bound(run: Implementation, meter: Meter) -> Callable[..., Any]:
    """Return a function for one evaluation, as the library may call it: it raises nothing."""
    return partial(_called, run, meter)


def _called(run: Implementation, meter: Meter, *arguments: Any) -> Any:
    if meter.exhausted:
        return _NO_VALUE
    try:
        meter.use(limits.CALL + sum([len(argument) for argument in arguments if type(argument) is str]))
        return run(meter, *arguments)
    except Failure as failure:
        meter.problem = str(failure)
        return _NO_VALUE
