"""YAML with the place of each key, bounded: no text takes long or much memory, whatever it holds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import yaml
from yaml.constructor import SafeConstructor
from yaml.cyaml import CParser  # type: ignore[attr-defined] # libyaml's, four times as fast as Python's
from yaml.resolver import Resolver

MAX_CHARACTERS: Final = 1024 * 1024
"""Of one file; an integration of 200 mapped fields and 1,000 pairs of users takes 100,000."""

_DEPTH: Final = 30  # an integration takes eight; a List of them ten
_NODES: Final = 12_000  # aliases counted with all that they stand for; 200 entries and 1,000 pairs take 9,000
_SCALAR: Final = 128 * 1024  # a ConfigMap's shared map has half of it at most

_TAG: Final = "tag:yaml.org,2002:"
# Timestamps are texts, as kubectl takes them.
_PLAIN: Final = {
    first: [(tag, pattern) for tag, pattern in found if tag != f"{_TAG}timestamp"]
    for first, found in Resolver.yaml_implicit_resolvers.items()
}
_NEVER_LONGER: Final = 100
"""Characters of a plain text that may be a number, a boolean or null."""


class InvalidYaml(ValueError):
    """The text is no YAML, or more than a manifest can be. `line` and `column` count from 1."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        """Take what is wrong, and where."""
        super().__init__(message)
        self.line = line
        self.column = column


# Structs, for there are thousands of them: they are made in a fifth of the time that a dataclass takes.
class Place(msgspec.Struct, frozen=True, gc=False):
    """Where something stands; both count from 1."""

    line: int
    column: int


class Node(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A value and where it stands.

    Attributes:
        value: as JSON has it.
        place: of the value; what a mapping's key has is in `keys`.
        entries: of a mapping, the values by key.
        keys: of a mapping, the places of the keys.
        items: of a list.
        is_block: a text that begins on the next line (`|`, `>`).
    """

    value: Any
    place: Place
    entries: Mapping[str, "Node"] | None = None
    keys: Mapping[str, Place] | None = None
    items: Sequence["Node"] = ()
    is_block: bool = False

    def find(self, path: Sequence[str | int]) -> tuple[Place, "Node | None"]:
        """Return where the key (or entry) at a path stands, or the deepest part of it that there is, and its value.

        An entry of a list is named by its number from 0, or by what its `target`, `sage` or `name` is.
        """
        place, node = self.place, self
        for part in path:
            if node.entries is not None and node.keys is not None:
                following = node.entries.get(str(part))
                place = node.keys.get(str(part), place)
            else:
                following = node.item(part)
                place = following.place if following is not None else place
            if following is None:
                return place, None
            node = following
        return place, node

    def item(self, part: str | int) -> "Node | None":
        """Return an entry of a list."""
        if isinstance(part, int):
            return self.items[part] if part < len(self.items) else None
        for item in self.items:
            if isinstance(item.value, dict) and any(str(item.value.get(name)) == part for name in _NAMES):
                return item
        return None


_NAMES: Final = ("target", "sage", "name")


def load(text: str, *, first_line: int = 0) -> Node | None:
    """Read one document of YAML (or JSON), as kubectl reads it; None if it is empty.

    `first_line`: the line, from 0, on which the text begins in its file.

    Raises:
        InvalidYaml: it is none, or more than a manifest can be.
    """
    try:
        return _Reader(text, first_line).read()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        problem = str(getattr(error, "problem", None) or "it can't be read")
        raise InvalidYaml(problem, line=first_line + line + 1, column=column + 1) from None


class _Reader:
    """Makes nodes of the events of libyaml's parser, and stops where it becomes too much."""

    def __init__(self, text: str, first_line: int) -> None:
        self._parser = CParser(text)
        self._first_line = first_line
        self._resolver = Resolver()
        self._resolver.yaml_implicit_resolvers = _PLAIN
        self._scalars = SafeConstructor()
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = self._depth = 0

    def read(self) -> Node | None:
        """Return the one document there is."""
        self._parser.get_event()
        if self._parser.check_event(yaml.StreamEndEvent):
            return None
        self._parser.get_event()
        found = self._node(self._parser.get_event())
        self._parser.get_event()
        if not self._parser.check_event(yaml.StreamEndEvent):
            raise self._refusal("another document begins without `---` on a line of its own", self._parser.peek_event())
        return found

    def _node(self, event: Any) -> Node:
        self._nodes += 1
        if self._nodes > _NODES or self._depth > _DEPTH:
            raise self._too_much(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._nodes - 1
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif event.tag not in {None, f"{_TAG}map", f"{_TAG}seq", "!"}:
            raise self._refusal(f"the tag `{event.tag[:100]}` is not known", event)
        else:
            self._depth += 1
            node = self._mapping(event) if isinstance(event, yaml.MappingStartEvent) else self._list(event)
            self._depth -= 1
        if event.anchor is not None:
            self._anchors[event.anchor] = node, self._nodes - before
        return node

    def _too_much(self, event: Any) -> InvalidYaml:
        if self._depth > _DEPTH:
            return self._refusal(f"it is nested deeper than {_DEPTH}", event)
        return self._refusal(f"it has more than {_NODES} values", event)

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise self._refusal(f"nothing before it is named `&{event.anchor[:100]}`", event)
        node, size = self._anchors[event.anchor]
        self._nodes += size
        if self._nodes > _NODES:
            raise self._too_much(event)
        return node

    def _scalar(self, event: Any) -> Node:
        if len(event.value) > _SCALAR:
            raise self._refusal(f"a text has more than {_SCALAR} characters", event)
        return Node(value=self._value(event), place=self._place(event), is_block=event.style in {"|", ">"})

    def _value(self, event: Any) -> Any:
        plain, _ = event.implicit
        if event.tag is None and (not plain or event.value[:1] not in _PLAIN or len(event.value) > _NEVER_LONGER):
            return event.value
        tag = event.tag or self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        node = yaml.ScalarNode(tag, event.value)
        try:
            match tag.removeprefix(_TAG):
                case "str" | "value" | "merge" | "!":
                    return event.value
                case "int":
                    return self._scalars.construct_yaml_int(node)
                case "float":
                    return self._scalars.construct_yaml_float(node)
                case "bool":
                    return self._scalars.construct_yaml_bool(node)
                case "null":
                    return None
        except (ValueError, KeyError, IndexError):
            raise self._refusal(f"it is no {tag.removeprefix(_TAG)}", event) from None
        raise self._refusal(f"the tag `{tag[:100]}` is not known", event)

    def _list(self, event: Any) -> Node:
        place, items = self._place(event), []
        while not isinstance(following := self._parser.get_event(), yaml.SequenceEndEvent):
            items.append(self._node(following))
        return Node(value=[item.value for item in items], place=place, items=items)

    def _mapping(self, event: Any) -> Node:
        place = self._place(event)
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        merged: list[Node] = []
        while not isinstance(following := self._parser.get_event(), yaml.MappingEndEvent):
            key = self._key(following)
            value = self._node(self._parser.get_event())
            if key == "<<":
                merged += value.items or [value]
                continue
            if key in entries:
                raise self._refusal(f"`{key[:100]}` is there twice", following)
            entries[key], keys[key] = value, self._place(following)
        for each in merged:
            if each.entries is None or each.keys is None:
                raise self._refusal("`<<` takes mappings", event)
            for key, node in each.entries.items():
                entries.setdefault(key, node)
                keys.setdefault(key, each.keys[key])
        return Node(value={key: node.value for key, node in entries.items()}, place=place, entries=entries, keys=keys)

    def _key(self, event: Any) -> str:
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None:
            self._nodes += 1
            key = self._value(event)
        else:
            key = self._node(event).value
        if not isinstance(key, str | int | float | bool):
            raise self._refusal("a key must be a text", event)
        return str(key).lower() if isinstance(key, bool) else str(key)

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self._first_line + mark.line + 1, mark.column + 1)

    def _refusal(self, message: str, event: Any) -> InvalidYaml:
        place = self._place(event)
        return InvalidYaml(message, line=place.line, column=place.column)


def parts(path: str) -> Iterator[str | int]:
    """Yield the parts of a path: `spec.users.pairs[ana@acme.example].sage`, `spec.accounts.fieldsFrom[0]`."""
    rest = path
    while rest:
        if rest.startswith("[") and "]" in rest:
            entry, _, rest = rest[1:].partition("]")
            yield int(entry) if entry.isdecimal() else entry
        else:
            ends = [at for at in (rest.find(".", 1), rest.find("[", 1)) if at > 0]
            end = min(ends, default=len(rest))
            yield rest[:end].lstrip(".")
            rest = rest[end:]
