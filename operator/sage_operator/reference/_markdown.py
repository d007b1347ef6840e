"""The little Markdown that the pages need."""

from collections.abc import Iterable, Sequence


def document(title: str, introduction: str, *blocks: str) -> str:
    """Return a page."""
    note = "<!-- Generated from the code by `make docs`; do not edit. -->"
    return "\n\n".join((note, f"# {title}", introduction, *blocks)) + "\n"


def section(title: str, *blocks: str) -> str:
    """Return a section of a page; empty blocks are left out."""
    return "\n\n".join((f"## {title}", *filter(None, blocks)))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell may hold Markdown, a bar in it is escaped."""
    return "\n".join((_row(head), _row(["---"] * len(head)), *map(_row, rows)))


def code(text: object) -> str:
    """Return a text as code; nothing for an empty one."""
    return f"`{text}`" if text not in (None, "") else ""


def codes(texts: Iterable[object]) -> str:
    """Return texts as code, with commas."""
    return ", ".join(map(code, texts))


def _row(cells: Iterable[str]) -> str:
    spaced = (" ".join(cell.split()).replace("|", r"\|") for cell in cells)
    return "".join(f"| {cell} " if cell else "| " for cell in spaced) + "|"
