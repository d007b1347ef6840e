"""The wheel, which is what the image installs, is the whole package."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sage_operator import __version__

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "operator"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel as the Dockerfile builds it; no network is needed."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target=wheel", f"--directory={folder}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        yield opened


def test_has_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    """Grammars, data and migrations too: what is missing there fails in the image only."""
    package = (path for path in (SOURCES / "sage_operator").rglob("*") if path.is_file())
    files = {path.relative_to(SOURCES).as_posix() for path in package if "__pycache__" not in path.parts}
    assert {name for name in files if not name.endswith(".py")} >= {
        "sage_operator/py.typed",
        "sage_operator/simulators/forcemanager/where.lark",
    }
    assert files - set(wheel.namelist()) == set()


def test_has_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Beside the package there is its metadata: no tests, no caches."""
    strangers = {name for name in wheel.namelist() if not (SOURCES / name).is_file()}
    assert {name.split("/")[0] for name in strangers} == {f"sage_operator-{__version__}.dist-info"}
