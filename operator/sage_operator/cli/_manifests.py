"""The manifests of files and directories: integrations, and the ConfigMaps and Secrets that they name."""

import base64
import binascii
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sage_operator.cli._yaml import MAX_CHARACTERS, InvalidYaml, Node, Place, load, parts
from sage_operator.resources import names

STDIN: Final = "-"
DEFAULT_NAMESPACE: Final = "default"

_ENDINGS: Final = (".yaml", ".yml", ".json")
_SEPARATOR: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_KIND: Final = re.compile(r"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_CONFIG_MAP, _SECRET, _LIST = "ConfigMap", "Secret", "List"
_READ: Final = (names.KIND, _CONFIG_MAP, _SECRET, _LIST)


class Unreadable(Exception):
    """A file or directory can't be read at all; the message names it and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A resource in a file.

    Attributes:
        file: as it was given; `-` is standard input.
        document: its number in the file, from 1.
    """

    file: str
    document: int
    node: Node

    @property
    def body(self) -> Mapping[str, Any]:
        """The resource as JSON has it."""
        body: Mapping[str, Any] = self.node.value
        return body

    @property
    def kind(self) -> str:
        """Its kind, empty if it has none."""
        return str(self.body.get("kind", ""))

    @property
    def namespace(self) -> str:
        """Its namespace; `default` if it names none."""
        return str(self._metadata.get("namespace") or DEFAULT_NAMESPACE)

    @property
    def name(self) -> str:
        """Its name, empty if it has none."""
        return str(self._metadata.get("name") or "")

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    def place(self, path: str) -> Place:
        """Return where the key of a path (`spec.accounts.fields[phone]`) stands, or the deepest part of it there is."""
        return self.node.find(tuple(parts(path)))[0]

    def place_in_text(self, key: str, path: str) -> Place:
        """Return the place of a path within the text of a ConfigMap's key, which is YAML itself."""
        place, value = self.node.find(("data", key))
        if value is None or not value.is_block:
            return place
        try:
            inner = load(value.value, first_line=value.place.line)
        except InvalidYaml as error:
            return Place(error.line, 1)
        return Place(inner.find(tuple(parts(path)))[0].line, 1) if inner is not None else place

    @property
    def _metadata(self) -> Mapping[str, Any]:
        found = self.body.get("metadata")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A document that is no YAML, or more than a manifest can be."""

    file: str
    document: int
    place: Place
    message: str


@dataclass(slots=True, kw_only=True)
class Manifests:
    """What files hold, in their order; of ConfigMaps and Secrets of one name the last counts."""

    integrations: list[Manifest] = field(default_factory=list)
    config_maps: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    secrets: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def shared(self, namespace: str) -> dict[tuple[str, str], str]:
        """Return the texts of a namespace's ConfigMaps by name and key."""
        return {
            (name, str(key)): text
            for (of, name), found in self.config_maps.items()
            if of == namespace
            for key, text in _mapping(found.body.get("data")).items()
            if isinstance(text, str)
        }

    def secret(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Return the keys and values of a Secret, None if it is not there; values that are no text are left out."""
        found = self.secrets.get((namespace, name))
        return secret_values(found.body) if found is not None else None

    def _add(self, manifest: Manifest) -> None:
        match manifest.kind:
            case names.KIND:
                self.integrations.append(manifest)
            case "ConfigMap":
                self.config_maps[manifest.namespace, manifest.name] = manifest
            case "Secret":
                self.secrets[manifest.namespace, manifest.name] = manifest

    def add(self, manifest: Manifest) -> None:
        """Take a resource, or those of a `List`."""
        if manifest.kind == _LIST:
            _, items = manifest.node.find(("items",))
            for item in items.items if items is not None else ():
                if isinstance(item.value, dict):
                    self._add(Manifest(file=manifest.file, document=manifest.document, node=item))
        else:
            self._add(manifest)


def read(paths: Iterable[str]) -> Manifests:
    """Read files, directories (all YAML and JSON in them, hidden ones left out) and `-`, standard input.

    Raises:
        Unreadable: one of them is not there, can't be read, is no UTF-8, or is too large.
    """
    manifests = Manifests()
    for path in paths:
        for file in _files(path):
            _read_file(file, manifests)
    return manifests


def secret_values(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the keys and values of a Secret's manifest."""
    plain = {key: str(value).strip() for key, value in _mapping(body.get("stringData")).items()}
    encoded = {key: _decoded(value) for key, value in _mapping(body.get("data")).items()}
    return {key: value for key, value in encoded.items() if value is not None} | plain


def text_of(path: str) -> str:
    """Return what a file holds.

    Raises:
        Unreadable: it is not there, can't be read, is no UTF-8, or is too large.
    """
    shown = "standard input" if path == STDIN else path
    try:
        if path == STDIN:
            raw = sys.stdin.buffer.read(MAX_CHARACTERS + 1)
        else:
            with Path(path).open("rb") as file:
                raw = file.read(MAX_CHARACTERS + 1)
        if len(raw) > MAX_CHARACTERS:
            raise Unreadable(f"{shown}: it is larger than {MAX_CHARACTERS // 1024} KiB")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise Unreadable(f"{shown}: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{shown}: it is no UTF-8") from None


def _files(path: str) -> Iterator[str]:
    if path == STDIN or not Path(path).is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(_ENDINGS) and not name.startswith("."):
                yield str(Path(folder) / name)


def _read_file(file: str, manifests: Manifests) -> None:
    text = text_of(file)
    starts = [0, *(found.start() for found in _SEPARATOR.finditer(text))]
    number, line = 0, 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        document, first_line = text[start:end], line
        line += document.count("\n")
        if not _is_empty(document):
            number += 1
            if _concerns_us(document):
                _read_document(file, number, document, first_line, manifests)


def _read_document(file: str, number: int, text: str, first_line: int, manifests: Manifests) -> None:
    try:
        node = load(text, first_line=first_line)
    except InvalidYaml as error:
        if names.GROUP in text:  # others may be templates, which are nobody's mistake
            place = Place(error.line, error.column)
            manifests.broken.append(Broken(file=file, document=number, place=place, message=str(error)))
        return
    if node is not None and isinstance(node.value, dict):
        manifests.add(Manifest(file=file, document=number, node=node))


def _is_empty(document: str) -> bool:
    lines = (line.strip() for line in document.removeprefix("---").splitlines())
    return all(not line or line.startswith("#") for line in lines)


def _concerns_us(document: str) -> bool:
    """Tell whether a document is of a kind that is read: others need not be read as YAML, which takes longer."""
    found = _KIND.search(document)
    return found[1] in _READ if found is not None else any(kind in document for kind in _READ)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _decoded(value: Any) -> str | None:
    try:
        return base64.b64decode(str(value)).decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        return None
