"""The files of a home in a backup: models and other artifacts, Bentos, keys, reports, waiting predictions.

Belongs here: which files, packing what has changed, and laying the files of a moment down again. Does not belong here:
Postgres' files (`barman`), and what can be made again (logs, caches, dbt's output).

A pack holds the files that have changed since the last one, as an encrypted tar file. Its manifest, encrypted too,
lists every file of the home at that moment and says in which pack its content is. A full pack begins each chain, so
old chains can go. The manifest is written last: without it a pack does not count.
"""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from core.errors import PlatformError
from core.home import Home, read_json, write_private
from standalone.backups.keys import Keyring

_LEFT_OUT = ("postgres", "replica", "pgbouncer", "backups", "logs", "state", "dbt", "dagster/compute_logs")
"""What has a backup of its own, and what is made again."""
_LEFT_OUT_NAMES = ("prometheus_multiproc_dir", "ports.json", "up.json")
_WRITTEN_ONCE = ("artifacts", "bentoml")
"""What Postgres names as soon as it is written, and is never changed: it may come from the pack after a moment."""
_TIME = "%Y%m%dT%H%M%S.%fZ"
_PIECE = 1024 * 1024


@dataclass(frozen=True)
class StoredFile:
    """A file of the home at one moment: `pack` has its content."""

    path: str
    mode: int
    mtime_ns: int
    size: int
    sha256: str
    pack: str


@dataclass(frozen=True)
class Pack:
    """A pack in the folder of backups; `path` is its tar file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(".tar.gz.gpg")

    @property
    def made_at(self) -> datetime:
        return datetime.strptime(self.name.partition("-")[0], _TIME).replace(tzinfo=UTC)

    @property
    def is_full(self) -> bool:
        return self.name.endswith("-full")

    @property
    def manifest(self) -> Path:
        return self.path.with_name(f"{self.name}.json.gz.gpg")


def packs(folder: Path) -> list[Pack]:
    """The complete packs in a folder, oldest first."""
    found = [Pack(path) for path in sorted(folder.glob("*.tar.gz.gpg"))]
    return [pack for pack in found if pack.manifest.is_file()]


def pack_home(home: Home, folder: Path, keyring: Keyring, *, is_full: bool = False) -> Pack | None:
    """Packs the files that have changed since the last pack of this home; None where none has.

    Call it from one process at a time. A file that goes away meanwhile is left out.
    """
    remembered = home.backups / "manifest.json"
    known = read_json(remembered)
    is_full = is_full or not known or known.get("folder") != str(folder) or not packs(folder)
    before = {} if is_full else {each["path"]: StoredFile(**each) for each in known["files"]}
    made_at = datetime.now(UTC)
    name = f"{made_at.strftime(_TIME)}-{'full' if is_full else 'part'}"
    there = {_relative(home, path): path for path in _files(home.root)}
    kept = [file for path, file in before.items() if path in there and _is_same(there[path], file)]
    changed = {path: full for path, full in there.items() if path not in {file.path for file in kept}}
    if not (changed or len(kept) < len(before) or is_full):
        return None
    pack = Pack(folder / f"{name}.tar.gz.gpg")
    part = folder / f".{name}.part"
    with (
        _encrypted(part, keyring) as output,
        gzip.GzipFile(fileobj=output, mode="wb", compresslevel=1) as zipped,
        tarfile.open(fileobj=zipped, mode="w|") as tar,
    ):
        added = [file for path, full in sorted(changed.items()) if (file := _add(tar, full, path, name)) is not None]
    part.replace(pack.path)
    files = [asdict(file) for file in sorted([*kept, *added], key=lambda file: file.path)]
    with _encrypted(part, keyring) as output:
        output.write(gzip.compress(json.dumps(files).encode(), 1))
    part.replace(pack.manifest)
    write_private(remembered, json.dumps({"folder": str(folder), "files": files}))
    return pack


def forget_packs(folder: Path, oldest_needed: datetime) -> list[Pack]:
    """Removes the chains of packs that no restore to this moment or later needs; returns the packs."""
    there = packs(folder)
    begins = [pack for pack in there if pack.is_full and pack.made_at <= oldest_needed]
    gone = [pack for pack in there if begins and pack.made_at < begins[-1].made_at]
    for pack in gone:
        # Without its manifest a pack does not count, so that goes first.
        pack.manifest.unlink()
        pack.path.unlink()
    return gone


def files_at(folder: Path, keyring: Keyring, moment: datetime) -> list[StoredFile]:
    """The files of the home at a moment, and models that were just being written. Raises PlatformError if unknown."""
    there = packs(folder)
    earlier = [pack for pack in there if pack.made_at <= moment]
    if not earlier:
        raise PlatformError(f"{folder} has no files of the home from {moment:%Y-%m-%d %H:%M:%S} UTC or before.")
    files = {file.path: file for file in _manifest(earlier[-1], keyring)}
    later = [pack for pack in there if pack.made_at > moment]
    if later:
        for file in _manifest(later[0], keyring):
            if PurePosixPath(file.path).parts[0] in _WRITTEN_ONCE:
                files.setdefault(file.path, file)
    return [files[path] for path in sorted(files)]


def lay_down(folder: Path, keyring: Keyring, files: Sequence[StoredFile], root: Path) -> None:
    """Writes files below `root`. Raises PlatformError where a pack lacks one or its content is another."""
    by_pack: defaultdict[str, dict[str, StoredFile]] = defaultdict(dict)
    for file in files:
        by_pack[file.pack][file.path] = file
    for name, wanted in by_pack.items():
        missing = dict(wanted)
        with (
            _decrypted(folder / f"{name}.tar.gz.gpg", keyring) as source,
            tarfile.open(fileobj=source, mode="r|gz") as tar,
        ):
            for member in tar:
                content = tar.extractfile(member) if member.name in missing else None
                if content is not None:
                    _write(root, missing.pop(member.name), content)
        if missing:
            raise PlatformError(f"The pack {name} lacks {len(missing)} files, such as {min(missing)}.")


def _files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = sorted(
            name
            for name in names
            if name not in _LEFT_OUT_NAMES and (here / name).relative_to(root).as_posix() not in _LEFT_OUT
        )
        # Postgres' data folder has other names while it is being made or set aside.
        if here == root:
            names[:] = [name for name in names if not name.startswith("postgres.")]
        for name in files:
            path = here / name
            if not name.endswith(".lock") and name not in _LEFT_OUT_NAMES and path.is_file() and not path.is_symlink():
                yield path


def _relative(home: Home, path: Path) -> str:
    return path.relative_to(home.root).as_posix()


def _is_same(path: Path, file: StoredFile) -> bool:
    try:
        status = path.stat()
    except FileNotFoundError:
        return False
    return (status.st_size, status.st_mtime_ns, status.st_mode & 0o777) == (file.size, file.mtime_ns, file.mode)


def _add(tar: tarfile.TarFile, path: Path, name: str, pack: str) -> StoredFile | None:
    """Adds a file as it is now; None where it is gone. A file that grows meanwhile is as long as it was at first."""
    try:
        with path.open("rb") as source:
            status = os.fstat(source.fileno())
            content = _Counted(source, status.st_size)
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = status.st_size, status.st_mode & 0o777, int(status.st_mtime)
            tar.addfile(member, content)
    except FileNotFoundError:
        return None
    return StoredFile(
        name, status.st_mode & 0o777, status.st_mtime_ns, status.st_size, content.digest.hexdigest(), pack
    )


class _Counted(io.RawIOBase):
    """A source that says a given number of bytes, with zeros for what was cut off, and their digest."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self._source = source
        self._left = size
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        wanted = self._left if size < 0 else min(size, self._left)
        piece = self._source.read(wanted).ljust(wanted, b"\0")
        self._left -= wanted
        self.digest.update(piece)
        return piece


def _write(root: Path, file: StoredFile, content: IO[bytes]) -> None:
    parts = PurePosixPath(file.path).parts
    if not parts or file.path.startswith("/") or ".." in parts:
        raise PlatformError(f"The backup names a file outside of the home: {file.path}")
    path = root.joinpath(*parts)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
        while piece := content.read(_PIECE):
            digest.update(piece)
            output.write(piece)
    if digest.hexdigest() != file.sha256:
        raise PlatformError(f"{file.path} in the backup is not what was backed up.")
    path.chmod(file.mode)
    os.utime(path, ns=(file.mtime_ns, file.mtime_ns))


def _manifest(pack: Pack, keyring: Keyring) -> list[StoredFile]:
    with _decrypted(pack.manifest, keyring) as source:
        listed: list[Mapping[str, object]] = json.loads(gzip.decompress(source.read()))
    return [StoredFile(**each) for each in listed]  # type: ignore[arg-type]


@contextmanager
def _encrypted(path: Path, keyring: Keyring) -> Iterator[IO[bytes]]:
    """A writer whose output is encrypted into a file, which is complete on disk after the block."""
    with (
        os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
        subprocess.Popen(keyring.encrypt, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE) as gpg,
    ):
        assert gpg.stdin is not None and gpg.stderr is not None  # noqa: S101 (they are pipes)
        yield gpg.stdin
        gpg.stdin.close()
        said = gpg.stderr.read().decode("utf-8", "replace").strip()
        if gpg.wait() != 0:
            raise PlatformError(f"gpg could not encrypt {path.name}: {said}")
        os.fsync(file.fileno())


@contextmanager
def _decrypted(path: Path, keyring: Keyring) -> Iterator[IO[bytes]]:
    """A reader of what is in an encrypted file. Raises PlatformError where it cannot be decrypted."""
    with subprocess.Popen(keyring.decrypt(path), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as gpg:
        assert gpg.stdout is not None and gpg.stderr is not None  # noqa: S101 (they are pipes)
        try:
            yield gpg.stdout
            # What follows the end of the tar file: gpg would wait for somebody to read it.
            while gpg.stdout.read(_PIECE):
                pass
        except (EOFError, OSError, tarfile.TarError, ValueError) as error:
            gpg.stdout.close()
            said = gpg.stderr.read().decode("utf-8", "replace").strip()
            raise PlatformError(f"{path.name} cannot be read: {said or error}") from error
        said = gpg.stderr.read().decode("utf-8", "replace").strip()
        if gpg.wait() != 0:
            raise PlatformError(f"{path.name} cannot be decrypted: {said}")
