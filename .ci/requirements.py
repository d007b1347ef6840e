# noqa: INP001 - a script
"""Prints every requirement of pyproject.toml, one a line: of the package, its extras, its groups and its build."""

import tomllib
from pathlib import Path

document = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
project = document["project"]
lists = [
    document["build-system"]["requires"],
    project["dependencies"],
    *project["optional-dependencies"].values(),
    *document["dependency-groups"].values(),
]
requirements = {item for items in lists for item in items if isinstance(item, str)}  # not the includes
print(*sorted(item for item in requirements if not item.startswith(project["name"])), sep="\n")  # noqa: T201
