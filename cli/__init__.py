"""The command line: arguments, output and exit codes. The work is done in other rooms.

Each command group is a module of its own, imported only when it is called, so that `--help` stays quick.
"""

from cli.entry import main

__all__ = ["main"]
