"""Where uploaded files lie: a folder each, in the folder of uploads that the API and the worker share.

Belongs here: paths, and writing a file as it comes. Does not belong here: what is noted about it (`service`).
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

_PART = ".part"
_MOST_CHARACTERS = 120


def plain_name(given: str) -> str:
    """The name of a file without folders and without characters that mean something to a file system."""
    name = re.sub(r"[^\w.\- ()]+", "_", given.replace("\\", "/").rpartition("/")[2])[-_MOST_CHARACTERS:]
    return name.lstrip(". ") or "events"


def path_of(uploads: Path, upload_id: UUID, file_name: str) -> Path:
    """Where a file lies."""
    return uploads / str(upload_id) / plain_name(file_name)


async def write(path: Path, pieces: AsyncIterator[bytes]) -> int:
    """Writes a file piece by piece; its size. It appears whole or not at all, and only its owner may read it."""
    path.parent.mkdir(mode=0o700, parents=True)
    part = path.with_name(path.name + _PART)
    size = 0
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            async for piece in pieces:
                # A full disk buffer makes this wait, which no other request should.
                await asyncio.to_thread(file.write, piece)
                size += len(piece)
            await asyncio.to_thread(os.fsync, file.fileno())
        part.rename(path)
    except BaseException:
        remove(path.parent)
        raise
    return size


def remove(folder: Path) -> None:
    """Removes the folder of an upload, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_unknown(uploads: Path, older_than: float) -> None:
    """Removes what uploads that were cut off with their process have left, last changed before a moment (epoch, s)."""
    for part in uploads.glob(f"*/*{_PART}"):
        if part.stat().st_mtime < older_than:
            remove(part.parent)
