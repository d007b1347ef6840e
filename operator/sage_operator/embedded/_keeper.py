"""Starts programs for its parent, and ends them when the parent is gone, however it went.

Run as a program of its own (`python -I -S _keeper.py FOLDER`), so only the standard library is used here.

Standard input: one JSON object a line, `{"name", "argv", "log"}`, starts a program with its output in the file `log`.
Standard output: `{"name", "pid"}` or `{"name", "error"}` for each, and `{"name", "exit"}` when one ended by itself.
When standard input closes (the parent stopped, or was killed by SIGKILL), the programs are ended, the last started
first, and FOLDER is removed. Should the keeper itself be killed, Linux kills its children (PR_SET_PDEATHSIG). That
signal is bound to the *thread* that forked: the keeper has only one, which lives as long as its process.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

GRACE_SECONDS = 5.0
"""How long a program may take to end on SIGTERM before it is killed."""

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> Callable[[], None] | None:
    """What a child must do between fork and exec to be killed together with this process, where that is possible."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    keeper = os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:  # it died before prctl took effect
            os._exit(1)

    return bind


class Keeper:
    """The programs under care, in the order of their start."""

    def __init__(self) -> None:
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self._bind = _die_with_parent()

    def start(self, name: str, argv: list[str], log: str) -> None:
        """Starts one program and says its process id."""
        try:
            with open(log, "ab") as output:  # noqa: PTH123 - pathlib would double the start-up time of this process
                self._programs[name] = subprocess.Popen(  # noqa: S603 - the parent's command
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    preexec_fn=self._bind,  # noqa: PLW1509 - safe: this process has no other thread
                )
        except OSError as error:
            say(name=name, error=str(error))
        else:
            say(name=name, pid=self._programs[name].pid)

    def report(self) -> None:
        """Says which programs ended by themselves."""
        for name, program in list(self._programs.items()):
            if program.poll() is not None:
                del self._programs[name]
                say(name=name, exit=program.returncode)

    def stop(self) -> None:
        """Ends the programs, the last started first, each before the next: a store outlives its clients."""
        for program in reversed(self._programs.values()):
            program.terminate()
            try:
                program.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


def say(**event: Any) -> None:
    """Writes one event to the parent; a parent that is gone is noticed by its closed pipe elsewhere."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(event).encode() + b"\n")


def serve(keeper: Keeper) -> None:
    """Obeys the parent until its end of the pipe is closed or it is no longer our parent."""
    parent = os.getppid()
    wake_up, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pending = b""
    while os.getppid() == parent:  # a fork of the parent may hold the pipe open
        ready, _, _ = select.select([0, wake_up], [], [], 1.0)
        if wake_up in ready:
            os.read(wake_up, 4096)
            keeper.report()
        if 0 in ready:
            received = os.read(0, 65536)
            if not received:
                return
            *lines, pending = (pending + received).split(b"\n")
            for line in lines:
                keeper.start(**json.loads(line))


def remove(folder: str) -> None:
    """Removes the folder; a killed program's last write may come in between, so it is tried again for a second."""
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):  # noqa: PTH110 - as above
            return
        time.sleep(0.1)


def main(folder: str) -> None:
    """Keeps programs until the parent is gone."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keeper = Keeper()
    try:
        serve(keeper)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        keeper.stop()
        remove(folder)


if __name__ == "__main__":
    main(sys.argv[1])
