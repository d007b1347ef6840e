"""Processes of a benchmark: what they use, and how the simulators are started."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process has used so far, by the kernel's own account (Linux).

    Attributes:
        cpu: seconds, user and system.
        rss: resident memory now, in MiB.
        peak: the most that it ever was, in MiB.
    """

    cpu: float
    rss: float
    peak: float

    @classmethod
    def of(cls, pid: int) -> "Usage":
        """Read the account of a live process."""
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        rss, peak = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return cls(cpu=(int(stat[11]) + int(stat[12])) / _TICKS, rss=rss, peak=peak)


def forget_peak() -> None:
    """Let the kernel measure this process's peak from now on (proc(5), `clear_refs`)."""
    Path("/proc/self/clear_refs").write_text("5")


@contextmanager
def simulators(**options: Any) -> Iterator[tuple[dict[str, Any], int]]:
    """Run both simulators as a process; yields what they say of themselves (URLs, credentials) and the process id."""
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "sage_operator.simulators", "--die-with-parent", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("the simulators did not start")
            yield json.loads(line), process.pid
        finally:
            process.terminate()


def machine() -> str:
    """Describe this machine in a few words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {sys.platform}, Python {python}"
