"""`make chaos MINUTES=30`: a run of chaos, whose table is written into docs/faults.md.

python -m tests.integration.chaos [--minutes 30] [--home HOME] [--page docs/faults.md] [--seed 1]
    [--only "Redis|disk"]

Without `--home`, a home where `run` has been done and which is copied, a small shop is simulated and run first. As root
the home lies on a disk of its own, which can be filled.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.integration.chaos.report import placed, table
from tests.integration.chaos.scene import chaos


def main() -> int:
    """Runs, prints and writes the table; 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--home", type=Path, help="a home where `run` has been done; it is copied")
    parser.add_argument("--page", type=Path, help="the page to write the table into")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a regular expression: only faults whose name it is found in")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        outcome = chaos(Path(scratch), asked.minutes, asked.seed, asked.home, asked.only)
    sys.stdout.write(table(outcome))
    if asked.page is not None:
        asked.page.write_text(placed(asked.page.read_text(encoding="utf-8"), outcome), encoding="utf-8")
    return 1 if outcome.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
