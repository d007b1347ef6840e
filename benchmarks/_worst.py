"""What a worst case costs: CPU time, since other processes of the machine are no part of it, and memory."""

import time
import tracemalloc
from collections.abc import Callable


def slowest(run: Callable[[], object], *, times: int) -> float:
    """Return the milliseconds of the slowest of several runs, after one to warm up."""
    run()
    took = []
    for _ in range(times):
        started = time.process_time()
        run()
        took.append(time.process_time() - started)
    return max(took) * 1000


def peak(run: Callable[[], object]) -> float:
    """Return the KiB that a run takes at its peak."""
    tracemalloc.start()
    run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1024
