"""The processor time of an engine: of a process and of everything that it started."""

from contextlib import suppress

import psutil


def processor_seconds(engine: psutil.Process) -> float:
    """Processor seconds so far of a process and its descendants, also of those that have ended.

    A process that is just ending may be missed: wait a second before you ask.
    """
    seconds = 0.0
    for process in [engine, *engine.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds
