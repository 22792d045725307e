#!/usr/bin/env -S python3 -P
"""dbt as a run calls it: it ends with the run's process.

Otherwise a killed run would leave it building, without the lock that only the run held, beside whoever builds next.
Standard library only.
"""

import os
import signal
import sys

from standalone.launch import die_with_parent


def main() -> None:
    """Becomes dbt."""
    die_with_parent(os.getppid(), signal.SIGTERM)
    os.execvp("dbt", ["dbt", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
