"""Where output goes: tables to a console wide enough for them, and what other programs print to a log."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from rich.console import Console

from core.home import open_log
from core.log_filter import start_filter

_WIDTH_WITHOUT_TERMINAL = 160
_PATIENCE_SECONDS = 5
"""How long the last lines may take to reach a log."""


def make_console() -> Console:
    """A console for standard output. A pipe or a log has no width, and the default of 80 columns would break tables."""
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_WITHOUT_TERMINAL)


@contextmanager
def output_to(log: Path) -> Iterator[TextIO]:
    """Sends what this process and its children print to a log; yields the stream that still reaches the user.

    dbt, MLflow and Evidently print straight to the file descriptors, so these are what is redirected. In the log their
    lines have our shape, and secrets are masked (`core.log_filter`).
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    with open_log(log) as file:
        log_filter = start_filter(log.stem, file)
    assert log_filter.stdin is not None  # noqa: S101 (it is a pipe)
    with log_filter.stdin as said, os.fdopen(os.dup(kept[1]), "w", encoding="utf-8") as user:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        try:
            yield user
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in zip((1, 2), kept, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
    # It ends when nobody can write to it any more; a child that lives on still can.
    with suppress(subprocess.TimeoutExpired):
        log_filter.wait(_PATIENCE_SECONDS)
