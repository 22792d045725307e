"""Where the output of a command and of what it starts goes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.console import output_to


def test_output_of_children_goes_to_the_log_and_comes_back_afterwards(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "logs" / "run.log"
    with output_to(log) as terminal:
        subprocess.run([sys.executable, "-c", "print('from a child: password=hunter2secret')"], check=True)
        terminal.write("to the person\n")
    subprocess.run([sys.executable, "-c", "print('afterwards')"], check=True)
    (line,) = map(json.loads, log.read_text().splitlines())
    assert (line["service.name"], line["message"]) == ("run", "from a child: password***")
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("afterwards\n", "to the person\n")
