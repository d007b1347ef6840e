"""What `sage-operator --help` need not wait for."""

import subprocess
import sys


def test_commands_load_what_they_need_when_they_run() -> None:
    """Expect no library of models, remotes or clusters before a command runs: each takes tenths of a second."""
    code = (
        "import sys, sage_operator.cli;"
        "print(*{'pydantic', 'httpx', 'aiohttp', 'kubernetes', 'kopf', 'sqlalchemy', 'matplotlib'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []
