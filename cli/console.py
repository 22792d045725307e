"""The console tables are printed to: as wide as the terminal, and wide enough where there is none."""

import sys

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 160


def make_console() -> Console:
    """A console for standard output. In a pipe or a log nothing says how wide it is, and 80 columns break tables."""
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_WITHOUT_TERMINAL)
