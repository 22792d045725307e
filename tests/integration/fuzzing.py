"""Schemathesis as a command: everything that a description allows or forbids, sent to a running server."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def fuzz(
    configuration: Path,
    address: str,
    key: str,
    examples: int,
    folder: Path,
    *options: str,
    seconds: float | None = None,
    spared: Sequence[str] = (),
) -> int:
    """Ask a server about everything it describes, `examples` times an operation; the number of requests.

    Fails where an answer breaks one of the checks. With `seconds`, it ends after them. No request is about
    one of the ids in `spared`.
    """
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            str(program),
            f"--config-file={configuration}",
            "--no-color",
            "run",
            f"{address}/openapi.json",
            "--checks=all",
            "--continue-on-failure",
            f"--max-examples={examples}",
            *([] if seconds is None else [f"--max-time={seconds}"]),
            *options,
        ],
        env={
            "PYTHONPATH": str(CHECKOUT),
            "NO_PROXY": "*",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SERVICE_KEY": key,
            "SPARED": ",".join(spared),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    # A body may be a megabyte long.
    assert done.returncode == 0, "\n".join(line[:300] for line in done.stdout.splitlines()) + done.stderr
    found = re.search(r"(\d+) generated, \1 passed", done.stdout)
    assert found, done.stdout
    return int(found[1])
