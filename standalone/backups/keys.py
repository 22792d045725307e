"""The key pair of the backups, and GnuPG, which encrypts and decrypts them.

Belongs here: making the pair, keyrings, and the command lines of gpg. Does not belong here: what is encrypted
(`barman`, `home_files`).

Whoever makes backups needs the public key alone, so a stolen machine or backup folder opens no backup. The private key
is needed to restore and to verify, and is kept neither in the home nor beside the backups.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import PlatformError, UserError
from core.home import Home, write_private

NAME = "Customer Analyzer backups"
_KEYS = "pubring.kbx"


@dataclass(frozen=True)
class Keyring:
    """A folder of gpg with one key in it, and the key's fingerprint."""

    folder: Path
    fingerprint: str

    @property
    def encrypt(self) -> list[str]:
        """The command that encrypts its standard input to its standard output."""
        return [*_gpg(self.folder), "--encrypt", "--recipient", self.fingerprint]

    def decrypt(self, path: Path) -> list[str]:
        """The command that writes a decrypted file to its standard output."""
        return [*_gpg(self.folder), "--decrypt", str(path)]


def public_key(home: Home) -> Path:
    """Where a home keeps the key that its backups are encrypted with."""
    return home.backups / "key.asc"


def make_key_pair(home: Home, private: Path, backup_to: Path | None) -> str:
    """Makes a key pair: the private key goes into a new file, the public one into the home. Returns the fingerprint.

    Raises UserError where the file would lie in the home or beside the backups, where it exists, or where the home has
    a key already.
    """
    _demand_elsewhere(home, private, backup_to)
    if private.exists():
        raise UserError(f"{private} exists already; name a new file.")
    if public_key(home).exists():
        raise UserError(f"This home has a backup key already: {public_key(home)}. Older backups need its private key.")
    if not private.parent.is_dir():
        raise UserError(f"The folder {private.parent} does not exist; make it first.")
    with _temporary_folder() as folder:
        _run(folder, "--passphrase", "", "--quick-generate-key", NAME, "future-default", "default", "never")
        write_private(private, _run(folder, "--armor", "--export-secret-keys"))
        ring = _keyring(folder)
        home.backups.mkdir(mode=0o700, exist_ok=True)
        write_private(public_key(home), _run(folder, "--armor", "--export"))
    return ring.fingerprint


def keyring_of(home: Home) -> Keyring:
    """The home's keyring, which can encrypt. Raises UserError where the home has no key yet."""
    if not public_key(home).is_file():
        raise UserError("Backups need a key; make it with: customer-analyzer backup key FILE (keep FILE elsewhere).")
    folder = home.backups / "gnupg"
    folder.mkdir(mode=0o700, exist_ok=True)
    # Whoever encrypts needs no agent, but gpg asks one when it imports a key.
    with _temporary_folder() as short:
        _run(short, "--import", str(public_key(home)))
        copy = folder / f"{_KEYS}.{os.getpid()}"
        shutil.copyfile(short / _KEYS, copy)
        copy.replace(folder / _KEYS)
    return _keyring(folder)


@contextmanager
def opened(private: Path) -> Iterator[Keyring]:
    """A keyring with a private key, which can decrypt, for the duration of the block. Raises UserError."""
    if not private.is_file():
        raise UserError(f"There is no private key {private}; `backup key` wrote it when the backups began.")
    with _temporary_folder() as folder:
        _run(folder, "--import", str(private))
        yield _keyring(folder)


def keep_public_key(keyring: Keyring, home: Home) -> None:
    """Puts the public key of a keyring into a home, so that a restored home goes on making backups."""
    home.backups.mkdir(mode=0o700, exist_ok=True)
    write_private(public_key(home), _run(keyring.folder, "--armor", "--export"))


def _demand_elsewhere(home: Home, private: Path, backup_to: Path | None) -> None:
    for folder in (home.root, backup_to):
        if folder is not None and folder.resolve() in private.resolve().parents:
            raise UserError(
                f"{private} would lie in {folder}; keep the private key elsewhere, such as on another disk."
            )


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    # Short, because gpg's agent listens on a socket in it.
    folder = Path(tempfile.mkdtemp(prefix="ca-key-"))
    try:
        yield folder
    finally:
        subprocess.run(
            ["gpgconf", "--homedir", str(folder), "--kill", "all"], capture_output=True, check=False, timeout=20
        )
        shutil.rmtree(folder, ignore_errors=True)


def _keyring(folder: Path) -> Keyring:
    listed = _run(folder, "--with-colons", "--list-keys").splitlines()
    fingerprint = next(line.split(":")[9] for line in listed if line.startswith("fpr:"))
    # barman does not say that the key is to be trusted, and there is no other in this folder.
    write_private(folder / "gpg.conf", "trust-model always\n")
    return Keyring(folder, fingerprint)


def _gpg(folder: Path) -> list[str]:
    return [
        "gpg",
        "--homedir",
        str(folder),
        "--batch",
        "--quiet",
        "--yes",
        "--pinentry-mode=loopback",
        "--trust-model=always",
        # What is encrypted has been compressed before.
        "--compress-algo=none",
    ]


def _run(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [*_gpg(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except FileNotFoundError:
        raise PlatformError("Backups are encrypted with GnuPG, which is missing: install gnupg.") from None
    if done.returncode != 0:
        raise PlatformError(f"gpg failed: {(done.stderr.strip() or 'it said nothing').splitlines()[-1]}")
    return done.stdout
