"""The operator as a process of its own, as a pod runs it; it ends with the test, however that ends."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sage_operator.embedded.processes import Programs


class Operator:
    """Starts, stops and kills `sage-operator run`; the ledger outlives it."""

    def __init__(self, folder: Path, *, kubeconfig: Path, namespace: str, **options: Any) -> None:
        """Take where ledger and logs go and what the operator may do; `options` are further flags."""
        self._programs = Programs(folder / "programs")
        self._folder = folder
        self._starts = 0
        self._argv = [
            sys.executable,
            "-m",
            "sage_operator",
            "run",
            f"--kubeconfig={kubeconfig}",
            f"--namespace={namespace}",
            f"--ledger={folder / 'ledger.db'}",
            "--allowed-hosts=127.0.0.1:*",
            "--insecure-http",
            "--listen=127.0.0.1:0",
            "--heartbeat=1",
            *(f"--{flag.replace('_', '-')}={value}" for flag, value in options.items()),
        ]
        self.pid = 0
        self.url = ""

    def start(self) -> None:
        """Start it and return when it is ready."""
        self.launch()
        wait_for(self._ready, "the operator is ready", tail=self.log)

    def launch(self) -> None:
        """Start it and return when it listens; it may not have reached the API server yet."""
        self._starts += 1
        name = f"operator-{self._starts}"
        self.pid = self._programs.start(name, self._argv)
        self.url = wait_for(lambda: self._probes(name), "the operator listens", tail=self.log)

    def kill(self) -> None:
        """End it as the kernel would: SIGKILL, no chance to say anything."""
        os.kill(self.pid, signal.SIGKILL)
        self._gone()

    def terminate(self) -> float:
        """End it as the kubelet would: SIGTERM. Returns how many seconds it took."""
        started = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        self._gone()
        return time.monotonic() - started

    def log(self) -> str:
        """The end of its newest log."""
        return self._programs.tail(f"operator-{self._starts}", lines=60)

    def lines(self) -> list[dict[str, Any]]:
        """All lines of its newest log that are JSON."""
        text = self._programs.tail(f"operator-{self._starts}", lines=100_000)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def get(self, path: str) -> str:
        """What it serves beside its work: `/metrics`, `/healthz`, `/readyz`."""
        with urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def close(self) -> None:
        """End it, if it runs, and what watches over it."""
        self._programs.stop()

    def _gone(self) -> None:
        wait_for(lambda: not Path(f"/proc/{self.pid}").exists(), "the operator has ended", tail=self.log)

    def _probes(self, name: str) -> str:
        if not Path(f"/proc/{self.pid}").exists():
            raise AssertionError(f"{name} ended:\n{self.log()}")
        return next((line["probes"] for line in self.lines() if line.get("message") == "operator-started"), "")

    def _ready(self) -> bool:
        try:
            return self.get("/readyz") == "ok\n"
        except OSError:
            return False


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Operator]:
    """An operator that runs for the length of a block."""
    operator = Operator(folder, **options)
    try:
        operator.start()
        yield operator
    finally:
        operator.close()


def wait_for(
    condition: Callable[[], Any], what: str, *, seconds: float = 60, tail: Callable[[], str] = lambda: ""
) -> Any:
    """Poll until a condition holds and return what it gave; fail with `what` was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}\n{tail()}")
        time.sleep(0.05)
