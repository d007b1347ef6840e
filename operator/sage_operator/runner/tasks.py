"""Telling who has cancelled what."""

import asyncio


def being_cancelled() -> bool:
    """Tell whether somebody has cancelled the task that this is called in, and not just what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
