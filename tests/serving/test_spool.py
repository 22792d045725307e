"""Lines on disk: what was promised is there, nobody reads another's, and there is an end to it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving.errors import SpoolFull
from serving.spool import Spool, read_lines


def lines(spool: Spool) -> list[bytes]:
    return [line for file in spool.take() for line in read_lines(file)]


def test_lines_come_back_in_order_until_their_file_is_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    for line in (b"one", b"two"):
        spool.append(line)
    assert lines(spool) == [b"one", b"two"]
    spool.append(b"three")
    assert lines(spool) == [b"one", b"two", b"three"]
    spool.take()[0].unlink()
    assert lines(spool) == [b"three"]


def test_a_line_cut_short_is_no_line(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append(b"whole")
    (file,) = spool.take()
    with file.open("ab") as end:
        end.write(b"cut sho")
    assert read_lines(file) == [b"whole"]


def test_what_is_there_is_kept_when_the_bound_is_reached(tmp_path: Path) -> None:
    """The bound holds for all processes together."""
    first, second = Spool(tmp_path, 100), Spool(tmp_path, 100)
    first.append(b"x" * 60)
    with pytest.raises(SpoolFull, match="100 bytes"):
        second.append(b"y" * 60)
    second.append(b"y" * 30)
    assert lines(first) == [b"x" * 60]
    first.take()[0].unlink()
    second.append(b"y" * 60)
    assert first.size() == 92


def test_a_disk_that_is_full_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append(b"before")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(os, "fsync", _no_space)
        spool.append(b"lost")
    spool.append(b"after")
    assert lines(spool) == [b"before", b"after"]


def _no_space(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_files_of_a_killed_process_are_adopted_once_and_those_of_a_living_one_never(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from serving.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), 10_000)\n"
        "spool.append(b'left behind'); spool.take(); spool.append(b'and this')\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        heir, witness = Spool(tmp_path, 10_000), Spool(tmp_path, 10_000)
        heir.append(b"own")
        assert heir.adopt() == 0
        other.send_signal(signal.SIGKILL)
    assert heir.adopt() == 2
    assert witness.adopt() == 0
    assert sorted(lines(heir)) == [b"and this", b"left behind", b"own"]
    assert lines(witness) == []


def test_a_process_that_ends_leaves_nothing_but_what_waits(tmp_path: Path) -> None:
    empty, waiting = Spool(tmp_path, 10_000), Spool(tmp_path, 10_000)
    waiting.append(b"waits")
    empty.close()
    waiting.close()
    assert [path.name for path in tmp_path.glob("*/*.jsonl")] == ["00000001.jsonl"]
    heir = Spool(tmp_path, 10_000)
    assert heir.adopt() == 1
    assert lines(heir) == [b"waits"]
