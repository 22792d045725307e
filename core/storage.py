"""Folders of files by their address: in the home, elsewhere on this machine, or in an object store.

Belongs here: what an address means, and a local copy of a remote folder. Does not belong here: what the files are, and
whether they are the ones that were recorded (for models, `ml.artifact` checks every byte).

    home:/artifacts/...    in the home, wherever that is: the address stays true when the home is moved or copied
    file:///srv/...        elsewhere on this machine
    s3://bucket/...        in an object store; boto3 finds it, and its credentials, by the usual AWS_* variables
"""

import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from core.errors import OperationError

SCHEMES = ("home", "file", "s3")

_KEPT_COPIES = 20
"""Local copies of remote folders that are kept, for a quick way back and for a start while the store is away."""
_CONNECT_SECONDS = 3
_READ_SECONDS = 30


class StorageError(OperationError):
    """A folder cannot be read at its address."""


@dataclass(frozen=True)
class Storage:
    """What addresses lead to from here. `copies` is the folder for local copies of remote folders."""

    home: Path
    copies: Path

    def folder(self, address: str, digest: str) -> Path:
        """A local folder with the files at an address.

        What lies on this machine is not copied. A remote folder is copied once for each `digest`, which names its
        content (hexadecimal digits). Raises StorageError where the address is wrong or leads nowhere.
        """
        check_address(address)
        scheme, _, _ = address.partition(":")
        if scheme == "s3":
            return self._copied(address, digest)
        return local_path(address, self.home)

    def forget(self, address: str, digest: str) -> None:
        """Removes the local copy of a remote folder, so that it is copied anew."""
        if address.startswith("s3:"):
            shutil.rmtree(self._copy(digest), ignore_errors=True)

    def _copy(self, digest: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise StorageError("A digest must be 64 hexadecimal digits.")
        return self.copies / digest

    def _copied(self, address: str, digest: str) -> Path:
        copy = self._copy(digest)
        if copy.is_dir():
            copy.touch()
            return copy
        part = self.copies / f".{digest}.{secrets.token_hex(4)}"
        try:
            part.mkdir(mode=0o700, parents=True)
            _download(address, part)
            part.rename(copy)
        except OSError as error:
            # Another process has copied the same at the same time, or the disk is full.
            if not copy.is_dir():
                raise StorageError(f"{address} cannot be copied to {self.copies}: {error.strerror}.") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        self._drop_old_copies()
        return copy

    def _drop_old_copies(self) -> None:
        copies = sorted(self.copies.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in copies[_KEPT_COPIES:]:
            shutil.rmtree(old, ignore_errors=True)


def check_address(address: str) -> None:
    """Raises StorageError for an address that no part of the platform would write."""
    parts = urlsplit(address)
    path = PurePosixPath(unquote(parts.path))
    is_right = (
        parts.scheme in SCHEMES
        and (path.is_absolute() or (parts.scheme == "s3" and not parts.path))
        and ".." not in path.parts
        and "\0" not in address
        and not parts.query
        and not parts.fragment
        and bool(parts.netloc) == (parts.scheme == "s3")
    )
    if not is_right:
        raise StorageError(f"An address must begin with home:/, file:/// or s3://, and lead straight: {address!r}.")


def local_path(address: str, home: Path) -> Path:
    """Where on this machine an address that begins with `home:` or `file:` leads."""
    path = unquote(urlsplit(address).path)
    return home / path.lstrip("/") if address.startswith("home:") else Path(path)


def _download(address: str, into: Path) -> None:
    """Copies all objects below an address. Raises StorageError, and leaves what it has copied so far."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise StorageError(f"{address} is in an object store: install customer-analyzer[s3].") from error
    parts = urlsplit(address)
    prefix = parts.path.strip("/") + "/"
    try:
        # MLflow's own name for the store's address; boto3 knows AWS_ENDPOINT_URL by itself.
        endpoint = os.environ.get("MLFLOW_S3_ENDPOINT_URL") or None
        limits = Config(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": 2})
        store: Any = boto3.Session().client("s3", endpoint_url=endpoint, config=limits)
        pages = store.get_paginator("list_objects_v2").paginate(Bucket=parts.netloc, Prefix=prefix)
        names = [str(each["Key"]).removeprefix(prefix) for page in pages for each in page.get("Contents", [])]
        for name in names:
            target = into / name
            if not target.resolve().is_relative_to(into.resolve()):
                raise StorageError(f"{address} holds an object with a name that leads elsewhere: {name!r}.")
            target.parent.mkdir(parents=True, exist_ok=True)
            store.download_file(parts.netloc, prefix + name, str(target))
    except (BotoCoreError, ClientError) as error:
        raise StorageError(f"{address} cannot be read: {str(error).rstrip('.')}.") from error
    if not names:
        raise StorageError(f"There is nothing at {address}.")
