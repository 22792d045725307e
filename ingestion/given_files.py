"""Which files are meant by what was given: a file, a folder of files, or `-`, the standard input.

Belongs here: finding files, and keeping what is piped in. Does not: reading them (`readers`).
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from ingestion.errors import FileRefusedError
from ingestion.opening import PARQUET, opened
from ingestion.readers import ENDINGS

STANDARD_INPUT = Path("-")


@contextmanager
def given_files(given: Sequence[Path], standard_input: IO[bytes], folder: Path | None = None) -> Iterator[list[Path]]:
    """The files that are meant, in order. Those of a folder and of the folders in it are ordered by path.

    A file is looked at before it is imported, so what is piped in is kept in `folder` (unless told, where temporary
    files go) until the block ends. Raises FileRefusedError for a folder without a file of events.
    """
    with ExitStack() as stack:
        files: list[Path] = []
        for path in given:
            if path == STANDARD_INPUT:
                scratch = Path(stack.enter_context(TemporaryDirectory(dir=folder)))
                files.append(_kept(standard_input, scratch))
            elif path.is_dir():
                files.extend(_inside(path))
            else:
                files.append(path)
        yield files


def _inside(folder: Path) -> list[Path]:
    """The files of events in a folder; not what is hidden, nor notes that programs leave beside them."""
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name.lower().endswith(ENDINGS)
        and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    )
    if not found:
        raise FileRefusedError(
            f"{folder} holds no file of events; their names end in .csv, .jsonl, .parquet or the like"
        )
    return found


def _kept(standard_input: IO[bytes], folder: Path) -> Path:
    """What is piped in as a file, whose name ends as its content asks for: it has no name that could tell."""
    path = folder / "standard-input"
    with path.open("wb") as file:
        shutil.copyfileobj(standard_input, file, 1 << 20)
    if path.stat().st_size == 0:
        raise FileRefusedError("Nothing came in by the standard input; pipe a file of events in")
    with opened(path) as file:
        start = file.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    ending = ".parquet" if start.startswith(PARQUET) else ".json" if start.startswith((b"{", b"[")) else ".csv"
    return path.rename(path.with_suffix(ending))
