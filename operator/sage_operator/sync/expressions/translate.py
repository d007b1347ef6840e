"""From the syntax tree of an expression to what the library is given, checked on the way.

The library gets a text of our own making, in which every field, loop variable and function has another name, each
literal is spelled plainly, and all is in parentheses: so what was checked is what is evaluated, whatever two parsers
may think of the same text.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn, TypeAlias

from lark import Token, Tree

from sage_operator.sync.expressions import limits
from sage_operator.sync.expressions.errors import InvalidExpression
from sage_operator.sync.expressions.functions import FUNCTIONS, HIDDEN, Implementation
from sage_operator.sync.expressions.kinds import Kind, joined
from sage_operator.sync.expressions.literals import BadEscape, quoted, unquoted
from sage_operator.sync.expressions.patterns import BadPattern, bounded

MACROS = ("all", "exists", "exists_one", "filter", "map")
Field: TypeAlias = tuple[str, str]

_NO_TYPES = ("double", "uint", "bytes", "timestamp", "duration", "dyn", "type", "bool")
_ALIKE = {"len": "size", "length": "size", "strip": "trim", "str": "string", "concat": "orempty", "coalesce": "orempty"}
_NO_FRACTIONS = "numbers with a fraction are texts in expressions, so that they stay exact; write '0.5'"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the translation: its text, in parentheses where that matters, and its kind."""

    text: str
    kind: Kind


class Translation:
    """One expression being checked and translated.

    Attributes:
        reads: by field how often it may be looked at.
        names: by field how the library knows it.
        functions: by the name that the library is given.
    """

    def __init__(self, text: str, roots: Collection[str]) -> None:
        """Take the text, for its excerpts, and the roots of fields."""
        self.reads: Counter[Field] = Counter()
        self.functions: dict[str, Implementation] = {}
        self.names: dict[Field, str] = {}
        self._text = text
        self._roots = sorted(roots)
        self._loop: str | None = None
        self._positions = 0

    def of(self, tree: Tree | Token) -> Part:
        """Translate a part.

        Raises:
            InvalidExpression: it can't be used.
        """
        part: Part = getattr(self, f"_{tree.data}")(tree, *tree.children)
        return part

    def value(self, tree: Tree) -> Part:
        """Translate a part that must not be a list or a map."""
        return self._as(Kind.ANY, tree, "a single value is wanted here")

    # Literals

    def _integer(self, tree: Tree, digits: Token, sign: str = "") -> Part:
        number = int(sign + digits, 16 if "x" in digits else 10)
        if number not in limits.INTEGERS:
            self._refuse(tree, "a number is beyond 64 bits")
        return Part(f"({number})", Kind.INTEGER)

    def _string(self, _tree: Tree, literal: Token) -> Part:
        return Part(quoted(self._unquoted(literal)), Kind.TEXT)

    def _unquoted(self, literal: Token) -> str:
        try:
            return unquoted(literal)
        except BadEscape as error:
            start = literal.start_pos or 0
            self._refuse_at(start + error.at, start + error.end, "CEL has no such escape; a backslash is written \\\\")

    def _true(self, _tree: Tree) -> Part:
        return Part("true", Kind.BOOLEAN)

    def _false(self, _tree: Tree) -> Part:
        return Part("false", Kind.BOOLEAN)

    def _null(self, _tree: Tree) -> Part:
        return Part("null", Kind.NULL)

    def _float(self, tree: Tree, _digits: Token) -> NoReturn:
        self._refuse(tree, _NO_FRACTIONS)

    def _unsigned(self, tree: Tree, _digits: Token) -> NoReturn:
        self._refuse(tree, "unsigned integers are not supported; leave out the u")

    def _bytes(self, tree: Tree, _literal: Token) -> NoReturn:
        self._refuse(tree, "bytes are not supported; leave out the b")

    def _list(self, tree: Tree, *elements: Tree) -> Part:
        if len(elements) > limits.ELEMENTS:
            self._refuse(tree, f"a list has at most {limits.ELEMENTS} elements")
        parts = [self._as(Kind.ANY, element, "lists in lists are not supported").text for element in elements]
        return Part(f"[{', '.join(parts)}]", Kind.LIST)

    def _map(self, _tree: Tree, *entries: Tree) -> Part:
        seen, parts = set(), []
        for key, value in (entry.children for entry in entries):
            if key.data not in {"string", "integer", "true", "false"}:
                self._refuse(key, "the keys of a map are texts, integers or booleans, written out")
            spelled = self.of(key).text
            if spelled in seen:
                self._refuse(key, "the key is in the map already")
            seen.add(spelled)
            parts.append(f"{spelled}: {self._as(Kind.ANY, value, 'maps of lists or maps are not supported').text}")
        return Part(f"{{{', '.join(parts)}}}", Kind.MAP)

    # Fields

    def _name(self, tree: Tree, name: Token) -> Part:
        if name == self._loop:
            return Part("x", Kind.ANY)
        if name in self._roots:
            problem = f"{name} is no value itself; name one of its fields, as in {name}.Name"
        else:
            problem = f"there is no such name; fields are written {' or '.join(f'{r}.Name' for r in self._roots)}"
        return self._refuse(tree, problem)

    def _select(self, tree: Tree, parent: Tree, name: Token) -> Part:
        names = [str(name)]
        while parent.data == "select":
            parent, name = parent.children
            names.append(str(name))
        if parent.data != "name" or parent.children[0] == self._loop:
            self._refuse(tree, "only fields have parts; they are written as in record.Owner.Name")
        root = str(parent.children[0])
        if root not in self._roots:
            self._name(parent, parent.children[0])
        return self._field((root, ".".join(reversed(names))))

    def _field(self, field: Field) -> Part:
        self.reads[field] += limits.ELEMENTS if self._loop else 1
        return Part(self.names.setdefault(field, f"f{len(self.names)}"), Kind.ANY)

    def _index(self, tree: Tree, owner: Tree, key: Tree) -> Part:
        if owner.data == "select" or (owner.data == "name" and owner.children[0] in self._roots):
            self._refuse(tree, "a field is reached by its written name only, as in record.Owner.Name")
        part = self.of(owner)
        if part.kind.is_scalar:
            self._refuse(tree, f"only lists and maps have [ ]; this is {part.kind}; a text has substring")
        wanted = Kind.INTEGER if part.kind is Kind.LIST else Kind.ANY
        return Part(f"{part.text}[{self._as(wanted, key, 'wrong index').text}]", Kind.ANY)

    # Operators

    def _ternary(self, tree: Tree, condition: Tree, one: Tree, other: Tree) -> Part:
        test = self._as(Kind.BOOLEAN, condition, "a condition comes before ?")
        first, second = self.of(one), self.of(other)
        kind = joined(first.kind, second.kind)
        if kind is None:
            self._refuse(tree, f"the choices don't fit: {first.kind} and {second.kind}")
        # A chain stays bare: the library bounds how deep parentheses are nested.
        rest = second.text[1:-1] if other.data == "ternary" else second.text
        return Part(f"({test.text} ? {first.text} : {rest})", kind)

    def _either(self, _tree: Tree, *conditions: Tree) -> Part:
        return self._logical(" || ", conditions)

    def _both(self, _tree: Tree, *conditions: Tree) -> Part:
        return self._logical(" && ", conditions)

    def _logical(self, operator: str, conditions: tuple[Tree, ...]) -> Part:
        what = f"{operator.strip()} joins conditions"
        return Part(f"({operator.join(self._as(Kind.BOOLEAN, part, what).text for part in conditions)})", Kind.BOOLEAN)

    def _negation(self, _tree: Tree, condition: Tree) -> Part:
        return Part(f"!{self._as(Kind.BOOLEAN, condition, '! negates a condition').text}", Kind.BOOLEAN)

    def _negative(self, _tree: Tree, operand: Tree) -> Part:
        if operand.data == "integer":
            return self._integer(operand, operand.children[0], "-")
        # The library's own negation of the least integer overflows silently.
        return Part(f"(0 - {self._as(Kind.INTEGER, operand, '- takes integers').text})", Kind.INTEGER)

    def _relation(self, tree: Tree, left: Tree, operator: Token, right: Tree) -> Part:
        one, other = self.of(left), self.of(right)
        if operator == "in":
            if other.kind.is_scalar:
                self._refuse(tree, f"in looks for a value in a list or a map, not in {other.kind}")
            if not one.kind.is_scalar or (one.kind, other.kind) == (Kind.NULL, Kind.MAP):
                self._refuse(tree, f"{one.kind} can't be in {other.kind}")
        elif not _comparable(one.kind, other.kind, ordered=operator not in {"==", "!="}):
            self._refuse(tree, f"{one.kind} and {other.kind} can't be compared")
        return Part(f"({one.text} {operator} {other.text})", Kind.BOOLEAN)

    def _sum(self, tree: Tree, left: Tree, operator: Token, right: Tree) -> Part:
        if operator == "-":
            return self._arithmetic(left, operator, right)
        terms = [right]
        while left.data == "sum" and left.children[1] == "+":
            left, _, right = left.children
            terms.append(right)
        parts = [self.of(term) for term in (left, *reversed(terms))]
        kinds = {part.kind for part in parts} - {Kind.ANY}
        if kinds - {Kind.TEXT, Kind.INTEGER} or len(kinds) > 1:
            shown = " and ".join(dict.fromkeys(part.kind for part in parts))
            hint = "; string(…) makes a text of a number, orEmpty(…) of null"
            self._refuse(tree, f"+ joins texts or adds integers, this is {shown}{hint}")
        if all(part.kind is Kind.INTEGER for part in parts):
            return Part(f"({' + '.join(part.text for part in parts)})", Kind.INTEGER)
        return Part(self._apply("+", HIDDEN["+"], *parts), kinds.pop() if kinds else Kind.ANY)

    def _product(self, _tree: Tree, left: Tree, operator: Token, right: Tree) -> Part:
        return self._arithmetic(left, operator, right)

    def _arithmetic(self, left: Tree, operator: Token, right: Tree) -> Part:
        parts = [self._as(Kind.INTEGER, part, f"{operator} takes integers").text for part in (left, right)]
        return Part(f"({parts[0]} {operator} {parts[1]})", Kind.INTEGER)

    # Functions

    def _method(self, tree: Tree, owner: Tree, name: Token, *arguments: Tree) -> Part:
        if name in MACROS:
            return self._macro(tree, owner, name, arguments)
        return self._function(tree, name, (owner, *arguments))

    def _call(self, tree: Tree, name: Token, *arguments: Tree) -> Part:
        return self._function(tree, name, arguments)

    def _macro(self, tree: Tree, owner: Tree, name: Token, arguments: tuple[Tree, ...]) -> Part:
        if self._loop:
            self._refuse_token(name, "a macro within another is too costly")
        if len(arguments) != 2 or arguments[0].data != "name":
            self._refuse(tree, f"{name} takes a name for the element and what to do with it: {name}(x, …)")
        loop = str(arguments[0].children[0])
        if loop in self._roots:
            self._refuse(arguments[0], "the element needs a name of its own")
        elements = self._as(Kind.LIST, owner, f"{name} takes a list")
        self._loop = loop
        wanted = Kind.ANY if name == "map" else Kind.BOOLEAN
        body = self._as(wanted, arguments[1], f"{name} takes {'a value' if name == 'map' else 'a condition'}")
        self._loop = None
        kind = Kind.LIST if name in {"map", "filter"} else Kind.BOOLEAN
        return Part(f"{elements.text}.{name}(x, {body.text})", kind)

    def _function(self, tree: Tree, name: Token, arguments: tuple[Tree, ...]) -> Part:
        function = FUNCTIONS.get(name)
        if function is None:
            self._refuse_token(name, _advice(name))
        most = len(function.takes)
        if not most - function.optional <= len(arguments) <= most:
            wanted = (
                f"{most} value{'s' * (most > 1)}"
                if not function.optional
                else f"{most - function.optional} to {most} values"
            )
            self._refuse(tree, f"{name} takes {wanted}, what is before the dot included, not {len(arguments)}")
        if name == "matches":
            return self._matches(*arguments)
        if name == "size" and (part := self.of(arguments[0])).kind is Kind.LIST:
            return Part(f"size({part.text})", Kind.INTEGER)
        parts = [
            self._as(wanted, argument, f"{name} takes {wanted} here")
            for wanted, argument in zip(function.takes, arguments, strict=False)
        ]
        if function.run is None:
            return Part(f"{parts[0].text}.{name}({parts[1].text})", function.gives)
        return Part(self._apply(name, function.run, *parts), function.gives)

    def _matches(self, subject: Tree, pattern: Tree) -> Part:
        if pattern.data != "string":
            self._refuse(pattern, "the regular expression must be written out as a text")
        if self._loop:
            self._refuse(pattern, "matches is too costly within a macro")
        try:
            spelled, positions = bounded(self._unquoted(pattern.children[0]))
        except BadPattern as error:
            self._refuse(pattern, str(error))
        self._positions += positions
        if self._positions > limits.PATTERN:
            self._refuse(pattern, "the regular expressions together are too costly")
        text = self._as(Kind.TEXT, subject, "matches takes a text")
        return Part(f"{self._apply('matched', HIDDEN['matched'], text)}.matches({quoted(spelled)})", Kind.BOOLEAN)

    def _apply(self, name: str, run: Implementation, *parts: Part) -> str:
        known = "add" if name == "+" else name
        self.functions[f"_{known}"] = run
        return f"_{known}({', '.join(part.text for part in parts)})"

    # Refusals

    def _as(self, wanted: Kind, tree: Tree, what: str) -> Part:
        part = self.of(tree)
        if not part.kind.fits(wanted):
            self._refuse(tree, f"{what}, this is {part.kind}")
        return part

    def _refuse(self, tree: Tree, problem: str) -> NoReturn:
        self._refuse_at(tree.meta.start_pos, tree.meta.end_pos, problem)

    def _refuse_token(self, token: Token, problem: str) -> NoReturn:
        self._refuse_at(token.start_pos or 0, token.end_pos or 0, problem)

    def _refuse_at(self, start: int, end: int, problem: str) -> NoReturn:
        raise InvalidExpression(problem, text=self._text, start=start, end=end)


def _comparable(one: Kind, other: Kind, *, ordered: bool) -> bool:
    if not (one.is_scalar and other.is_scalar):
        return False
    if Kind.NULL in {one, other}:
        return not ordered
    return one.fits(other)


def _advice(name: str) -> str:
    """Say what to write instead of a function that does not exist."""
    if name == "has":
        return "a field is always there; ask whether it is empty by == null"
    if name in MACROS:
        return f"{name} is written after a list: [1, 2].{name}(x, …)"
    if name in _NO_TYPES:
        return "expressions know texts, integers, booleans and null only"
    known = {name.lower(): name for name in FUNCTIONS}
    near = get_close_matches(_ALIKE.get(name.lower(), name.lower()), known, n=1, cutoff=0.5)
    meant = f"; {known[near[0]]}?" if near else f"; there are {', '.join(FUNCTIONS)}"
    return f"there is no such function{meant}"
