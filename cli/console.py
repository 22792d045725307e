"""Where output goes: tables to a console wide enough for them, and what other programs print to a log."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 160


def make_console() -> Console:
    """A console for standard output. A pipe or a log has no width, and the default of 80 columns would break tables."""
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_WITHOUT_TERMINAL)


@contextmanager
def output_to(log: Path) -> Iterator[TextIO]:
    """Sends what this process and its children print to a file; yields the stream that still reaches the user.

    dbt, MLflow and Evidently print straight to the file descriptors, so these are what is redirected.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    with log.open("a", encoding="utf-8") as file, os.fdopen(os.dup(kept[1]), "w", encoding="utf-8") as user:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield user
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in zip((1, 2), kept, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
