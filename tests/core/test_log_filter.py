"""A program's output passes through the filter whole, also when the program ends, is stopped or fills the disk."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from core.log_filter import start_filter


def filtered(code: str, **options: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "core.log_filter", "thing", "--", sys.executable, "-uc", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, **options)  # type: ignore[call-overload, no-any-return]


def messages(output: bytes) -> list[str]:
    return [json.loads(line)["message"] for line in output.decode().splitlines()]


def test_the_exit_code_and_every_line_are_handed_on() -> None:
    process = filtered("import sys; [print(n) for n in range(1000)]; sys.stderr.write('half'); sys.exit(3)")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 3
    assert messages(output) == [*map(str, range(1000)), "half"]


def test_a_signal_reaches_the_program() -> None:
    process = filtered(
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit('farewell'));"
        "print('ready'); time.sleep(60)"
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=60)

    assert messages(first + rest) == ["ready", "farewell"]
    assert process.returncode == 1


def test_a_line_is_written_while_the_program_goes_on(tmp_path: Path) -> None:
    read, write = os.pipe()
    process = start_filter("thing", write)
    os.close(write)
    assert process.stdin is not None
    process.stdin.write(b"hello\n")
    process.stdin.flush()
    with os.fdopen(read, "rb") as output:
        assert messages(output.readline()) == ["hello"]
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_full_disk_does_not_hold_the_program_up() -> None:
    with Path("/dev/full").open("wb") as full:
        process = start_filter("thing", full)
        assert process.stdin is not None
        process.stdin.write(b"text\n" * 100_000)
        process.stdin.close()
        assert process.wait(60) == 0
