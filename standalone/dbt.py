#!/usr/bin/env -S python3 -P
"""Starts dbt so that it ends together with the process of the run.

Otherwise dbt would continue after a run was killed. It would then build at the same time as the next run, without the
lock that the run held. Standard library only.
"""

import os
import signal
import sys

from standalone.launch import die_with_parent


def main() -> None:
    """Replaces this process by dbt."""
    die_with_parent(os.getppid(), signal.SIGTERM)
    os.execvp("dbt", ["dbt", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
