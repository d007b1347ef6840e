"""Programs that live no longer than this process, even if it is killed."""

import json
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sage_operator.embedded import _keeper

_STOP_SECONDS = 30.0


class ProgramError(RuntimeError):
    """A program could not be started or ended too early; the message has the end of its log."""


class Programs:
    """Programs started by a keeper process, which ends them and removes `folder` when this process is gone.

    `folder` is theirs: it is made if need be, and has the log of each program as `NAME.log`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._pids: dict[str, int] = {}
        self._exits: dict[str, int] = {}
        # In a session of its own, Ctrl-C at the terminal reaches us first and we stop in order.
        self._keeper = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", "-S", _keeper.__file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="embedded-programs", daemon=True)
        self._reader.start()

    @property
    def pids(self) -> Mapping[str, int]:
        """Process ids by the program's name; `keeper` is the process that watches over the others."""
        return {"keeper": self._keeper.pid, **self._pids}

    def start(self, name: str, argv: Sequence[str | Path]) -> int:
        """Starts a program and returns its process id.

        Raises:
            ProgramError: the file is missing or not executable.
        """
        request = {"name": name, "argv": [str(part) for part in argv], "log": str(self._log(name))}
        assert self._keeper.stdin is not None  # noqa: S101 - it is a pipe, see above
        self._keeper.stdin.write(json.dumps(request).encode() + b"\n")
        self._keeper.stdin.flush()
        answer = self._answers.get(timeout=_STOP_SECONDS)
        if answer is None or "error" in answer:
            raise ProgramError(f"{name} did not start: {answer['error'] if answer else 'its keeper ended'}")
        self._pids[name] = answer["pid"]
        return self._pids[name]

    def check(self) -> None:
        """Raises ProgramError, with the end of the log, if a program has ended by itself."""
        for name, code in list(self._exits.items()):
            raise ProgramError(f"{name} ended with exit code {code}. The end of its log:\n{self.tail(name)}")

    def tail(self, name: str, lines: int = 20) -> str:
        """The last lines of a program's log."""
        try:
            return "\n".join(self._log(name).read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(no log)"

    def stop(self) -> None:
        """Ends all programs, the last started first, and removes the folder; a second call does nothing."""
        assert self._keeper.stdin is not None  # noqa: S101 - it is a pipe, see above
        self._keeper.stdin.close()
        try:
            self._keeper.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        shutil.rmtree(self._folder, ignore_errors=True)  # for a keeper that was killed
        self._reader.join()
        assert self._keeper.stdout is not None  # noqa: S101 - it is a pipe, see above
        self._keeper.stdout.close()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _read(self) -> None:
        assert self._keeper.stdout is not None  # noqa: S101 - it is a pipe, see above
        for line in self._keeper.stdout:
            event = json.loads(line)
            if "exit" in event:
                self._exits[event["name"]] = event["exit"]
            else:
                self._answers.put(event)
        self._answers.put(None)
