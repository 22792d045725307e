"""The console that tables are printed to: as wide as the terminal, and wide enough if there is none."""

import sys

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 160


def make_console() -> Console:
    """A console for standard output. A pipe or a log has no width, and the default of 80 columns would break tables."""
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_WITHOUT_TERMINAL)
