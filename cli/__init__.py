"""The command line: what is typed, what is printed, which exit code. No work is done here.

Each command group is a module of its own, imported only when it is called, so that `--help` stays quick.
"""

from cli.entry import main

__all__ = ["main"]
