"""Lines of JSON kept on disk until someone has taken them over for good.

Belongs here: files, locks and the bound. Does not belong here: what a line says, or where it goes (`recorder.py`).

A folder is shared by all processes of all services. Each has a folder of its own in it, and holds the lock in there as
long as it lives, so that what a killed process left behind is known to be nobody's and moves to whoever looks next.

    FOLDER/lock                      held for the moment it takes to come, go or adopt
    FOLDER/<process>/lock            held by the process
    FOLDER/<process>/00000001.jsonl  lines in the order they came; the last file is still written to
"""

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from serving.errors import SpoolFull

_LOCK = "lock"
# Above this the next line begins a new file, so that no file is too large to be taken over at once.
_FILE_BYTES = 4 * 1024 * 1024


class Spool:
    """The lines of one process. Safe for one thread that appends and another that takes."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Makes the folders; raises OSError where that cannot be done. `max_bytes` bounds all processes together."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._own = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._mutex = threading.Lock()
        self._number = 0
        self._file: BinaryIO | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _waiting_for_others(self._folder):
            self._own.mkdir(mode=0o700)
            self._lock = _locked(self._own / _LOCK)

    def append(self, *lines: bytes) -> None:
        """Stores lines, which hold no newlines; they are on disk on return.

        Raises SpoolFull, or OSError if the disk will not have them; nothing of them is then left.
        """
        content = b"".join(line + b"\n" for line in lines)
        if self.size() + len(content) > self._max_bytes:
            raise SpoolFull(f"{self._folder} holds its {self._max_bytes} bytes")
        with self._mutex:
            file = self._file or self._next_file()
            begin = file.tell()
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                # A line cut short would take the next one with it.
                self._close_file()
                os.truncate(file.name, begin)
                raise
            if file.tell() >= _FILE_BYTES:
                self._close_file()

    def take(self) -> list[Path]:
        """The files with lines, oldest first; whoever has stored a file's lines elsewhere removes it.

        None of them is written to any more.
        """
        with self._mutex:
            self._close_file()
            return sorted(self._own.glob("*.jsonl"))

    def adopt(self) -> int:
        """Makes the files of processes that have ended this one's own; returns how many there were."""
        adopted = 0
        with _waiting_for_others(self._folder):
            for left in self._folder.iterdir():
                if left == self._own or not left.is_dir():
                    continue
                try:
                    lock = _locked(left / _LOCK)
                except OSError:
                    continue  # Its process lives.
                with lock:
                    for file in sorted(left.glob("*.jsonl")):
                        with self._mutex:
                            file.rename(self._next_path())
                        adopted += 1
                    (left / _LOCK).unlink()
                left.rmdir()
        return adopted

    def size(self) -> int:
        """Bytes that all processes together keep in the folder now."""
        total = 0
        # Asked several times a second beside the requests: pathlib would take five times as long.
        with os.scandir(self._folder) as processes:
            for process in processes:
                # What is missing was taken over meanwhile; the lock is no folder.
                with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(process.path) as files:
                    total += sum(file.stat().st_size for file in files if file.name.endswith(".jsonl"))
        return total

    def close(self) -> None:
        """Lets go of the files. Those that are left wait for the next process that looks."""
        with self._mutex:
            self._close_file()
        with _waiting_for_others(self._folder), self._lock:
            if not any(self._own.glob("*.jsonl")):
                (self._own / _LOCK).unlink()
                self._own.rmdir()

    def _next_file(self) -> BinaryIO:
        self._file = self._next_path().open("xb")
        return self._file

    def _next_path(self) -> Path:
        self._number += 1
        return self._own / f"{self._number:08}.jsonl"

    def _close_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # What could not be written is cut off by whoever noticed.
                self._file.close()
            self._file = None


def read_lines(file: Path) -> list[bytes]:
    """The whole lines of a file; one whose writing was cut short by a kill had not been promised to anyone."""
    *lines, _unfinished = file.read_bytes().split(b"\n")
    return lines


def change_left_lines(folder: Path, change: Callable[[bytes], bytes]) -> int:
    """Writes each line that processes which have ended left in a spool anew, as `change` says; how many files changed.

    Files of living processes are left to them: these lines are on their way.
    """
    changed = 0
    for lock in sorted(folder.glob(f"*/{_LOCK}")):
        with _waiting_for_others(folder), contextlib.suppress(OSError), _locked(lock):
            for file in sorted(lock.parent.glob("*.jsonl")):
                lines = read_lines(file)
                made = [change(line) for line in lines]
                if made != lines:
                    _replace(file, b"".join(line + b"\n" for line in made))
                    changed += 1
    return changed


def _replace(file: Path, content: bytes) -> None:
    part = file.with_suffix(".part")
    with part.open("wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
    part.replace(file)


@contextmanager
def _waiting_for_others(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _locked(path: Path) -> BinaryIO:
    """An open file that only this process holds; raises OSError if another one does."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file
