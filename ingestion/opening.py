"""Opens files: unpacks what is packed and says how text is encoded, by what is inside and not by the name.

Belongs here: gzip, zip, Zstandard, byte order marks, files that are no text. Does not: rows (`csv_rows`, `json_rows`).
"""

import codecs
import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from ingestion.errors import FileRefusedError

PARQUET = b"PAR1"
_GZIP, _ZIP, _ZSTANDARD = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"
_OTHERS = {b"%PDF": "a PDF document", b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"SQLi": "an SQLite database"}
_HEAD_BYTES = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open: its bytes, unpacked, and the first of them."""

    path: Path
    data: io.BufferedReader
    head: bytes
    _raw: IO[bytes]

    def fraction(self) -> float:
        """How much of the file has been read, 0 to 1."""
        # A wrapper that has read everything closes what it wraps.
        return 1.0 if self._raw.closed else min(self._raw.tell() / max(self.path.stat().st_size, 1), 1.0)

    def encoding(self, given: str | None) -> str:
        """`given`, or what the first bytes say. Raises FileRefusedError for what is no text."""
        if given is not None:
            return given
        for mark, name in _MARKS:
            if self.head.startswith(mark):
                return name
        for kind, what in _OTHERS.items():
            if self.head.startswith(kind):
                raise FileRefusedError(f"{self.path} is {what}; save what is in it as CSV UTF-8")
        zeros = [self.head[place::2].count(0) / max(len(self.head) // 2, 1) for place in (0, 1)]
        if max(zeros) > 0.3 and min(zeros) < 0.05:
            return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        if len(self.head) - len(self.head.translate(None, _CONTROLS)) > len(self.head) // 10:
            raise FileRefusedError(f"{self.path} is not text; save what is in it as CSV UTF-8, JSON lines or Parquet")
        return "utf-8"

    def text(self, given: str | None) -> IO[str]:
        """The file as text. Bytes that are not in the encoding survive as surrogates, so only their row is refused."""
        encoding = self.encoding(given)
        errors = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        return io.TextIOWrapper(self.data, encoding=encoding, errors=errors, newline="")

    def not_utf8(self) -> FileRefusedError:
        """The sentence for a file whose column names are in another encoding."""
        from charset_normalizer import from_bytes

        guess = from_bytes(self.head).best()
        looks = f" (it looks like {guess.encoding})" if guess else ""
        return FileRefusedError(
            f"{self.path} is not UTF-8{looks}; save it as CSV UTF-8, or say with --encoding what it is"
        )


def demand_encoding(name: str | None) -> None:
    """Raises FileRefusedError if there is no such encoding of text."""
    try:
        if name is not None:
            "".encode(name)
    except (LookupError, ValueError) as error:
        raise FileRefusedError(f"--encoding {name} is not one we know; give one such as windows-1251") from error


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """The file at `path`, unpacked. Raises FileRefusedError for archives that are not one file of events."""
    with path.open("rb") as raw:
        start = raw.read(4)
        raw.seek(0)
        with _unpacked(path, raw, start) as data:
            buffered = io.BufferedReader(data, _HEAD_BYTES)
            yield Opened(path, buffered, buffered.peek(_HEAD_BYTES), raw)


@contextmanager
def _unpacked(path: Path, raw: IO[bytes], start: bytes) -> Iterator[Any]:
    if start.startswith(_GZIP):
        with gzip.GzipFile(fileobj=raw) as data:
            yield data
    elif start == _ZSTANDARD:
        with pa.CompressedInputStream(pa.PythonFile(raw), "zstd") as data:
            yield data
    elif start == _ZIP:
        with zipfile.ZipFile(raw) as archive, archive.open(_member(path, archive)) as data:
            yield data
    else:
        yield raw


def _member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]
    if any(each.filename == "[Content_Types].xml" for each in names):
        raise FileRefusedError(f"{path} is an Excel workbook or the like; save its sheet as CSV UTF-8")
    if len(names) != 1:
        raise FileRefusedError(f"{path} is a zip archive of {len(names)} files; unpack it and name the files")
    if names[0].flag_bits & 1:
        raise FileRefusedError(f"{path} is locked with a password; unpack it first")
    return names[0]
