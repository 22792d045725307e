"""A restore: Postgres' data and the home's files as of a moment.

Belongs here: choosing the backup, laying files down, and replaying the write-ahead log (WAL) to the moment. Does not
belong here: what a restored platform must not do again (`settling`).

Every transaction that was committed before the moment is there, and none after. Postgres is started here for as long
as it replays, with a key that only this process has; the platform is started afterwards as always.
"""

import gzip
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from core.errors import PlatformError, UserError
from core.home import Home, prepare_home
from standalone.backups.barman import NAME, Barman, BaseBackup, configure, read_restorations
from standalone.backups.home_files import files_at, lay_down
from standalone.backups.keys import Keyring, keep_public_key, opened
from standalone.lone_server import READY, alone_on, await_ready
from standalone.postgres import programs
from standalone.server_user import Identity, hand_over
from standalone.up import unused

_SEGMENT = re.compile(r"[0-9A-F]{24}")
_HISTORY = re.compile(r"[0-9A-F]{8}\.history")
_SHORT = "recovery ended before configured recovery target was reached"
_LATER = timedelta(minutes=2)


@dataclass(frozen=True)
class Restored:
    """What a restore came to: the data is as of `moment`, or, where the archive ends before it, as of its end."""

    backup: BaseBackup
    moment: datetime
    ends_before: bool
    seconds: float


Say = Callable[[str], None]


def restore_home(
    folder: Path, private: Path, home: Home, moment: datetime | None, say: Say, binaries: Path | None = None
) -> tuple[Restored, Path | None]:
    """Restores Postgres and files into a home; what is there is moved beside it, and nothing is deleted.

    Returns what it came to, and where the earlier home is now. Raises UserError where the home is in use.
    """
    began = time.monotonic()
    _demand_backups(folder)
    if home.root.is_mount():
        raise UserError(f"{home.root} is a mount, which cannot be moved aside: restore into a folder in it.")
    wanted = moment or datetime.now(UTC)
    making = Home(home.root.with_name(f"{home.root.name}.restoring"))
    if making.root.exists():
        raise UserError(f"{making.root} is there from a restore that was interrupted: remove it.")
    with opened(private) as keyring, unused(home):
        try:
            prepare_home(making.root)
            keep_public_key(keyring, making)
            barman = configure(folder, making.backups, keyring, binaries)
            backup = choose_backup(barman, wanted)
            say(f"Restoring from the base backup of {backup.ended_at:%Y-%m-%d %H:%M:%S} UTC")
            lay_down(barman.home_packs, keyring, files_at(barman.home_packs, keyring, wanted), making.root)
            lay_data(barman, keyring, backup, wanted, making.postgres, arrived_at(home, folder))
            say("Replaying the write-ahead log")
            identity = hand_over(making.postgres, programs() / "postgres")
            ends_before = replay(making.postgres, identity, making.logs / "postgres.log", moment)
        except BaseException:
            shutil.rmtree(making.root, ignore_errors=True)
            raise
        earlier = _set_aside(home)
        making.root.rename(home.root)
    return Restored(backup, wanted, ends_before, round(time.monotonic() - began, 1)), earlier


def restore_data(folder: Path, private: Path, home: Home, data: Path, moment: datetime | None) -> BaseBackup:
    """Lays down the data folder of a given server, which its administrator starts: it replays to the moment itself.

    The home's files are laid down beside it, in `DATA.home`.
    """
    _demand_backups(folder)
    if data.exists():
        raise UserError(f"{data} exists; name a new folder.")
    wanted = moment or datetime.now(UTC)
    with opened(private) as keyring, tempfile.TemporaryDirectory(prefix="ca-restore-") as work:
        barman = configure(folder, Path(work), keyring)
        backup = choose_backup(barman, wanted)
        files = files_at(barman.home_packs, keyring, wanted)
        lay_down(barman.home_packs, keyring, files, data.with_name(f"{data.name}.home"))
        lay_data(barman, keyring, backup, wanted, data, arrived_at(home, folder))
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in _recovery(moment).items())
    return backup


def arrived_at(home: Home, folder: Path) -> Path | None:
    """Where this home keeps WAL of these backups that is not archived yet; None where its backups are others."""
    configuration = home.backups / "barman.conf"
    is_its = configuration.is_file() and f"barman_home = {folder}\n" in configuration.read_text(encoding="utf-8")
    return home.backups / "streaming" if is_its else None


def choose_backup(barman: Barman, moment: datetime) -> BaseBackup:
    """The newest base backup that had ended by a moment. Raises UserError that says since when there are any."""
    if moment > datetime.now(UTC):
        raise UserError(f"{moment:%Y-%m-%d %H:%M:%S} UTC is in the future.")
    done = [each for each in barman.backups() if each.is_done and each.ended_at is not None]
    given_up = read_restorations(barman.restorations)
    fitting = [
        each
        for each in done
        if each.ended_at is not None
        and each.ended_at <= moment
        # What a restore went back before is no part of what was archived afterwards.
        and not any(begin < each.ended_at < end for begin, end in given_up)
    ]
    if not done:
        raise UserError(f"There is no complete base backup in {barman.folder}.")
    if not fitting:
        oldest = min(each.ended_at for each in done if each.ended_at is not None)
        raise UserError(f"The oldest moment that can be restored is {oldest:%Y-%m-%d %H:%M:%S} UTC.")
    return fitting[0]


def lay_data(
    barman: Barman, keyring: Keyring, backup: BaseBackup, moment: datetime, data: Path, arrived: Path | None
) -> None:
    """Lays down a base backup and the WAL up to a moment. `arrived` has WAL that is not archived, if there is any."""
    data.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # With `--get-wal` barman copies no WAL itself, for which it would need rsync.
    barman.run("restore", "--get-wal", NAME, backup.backup_id, str(data))
    # What barman had added: where WAL comes from is said when the server is started.
    (data / "postgresql.auto.conf.origin").replace(data / "postgresql.auto.conf")
    for rest in (".barman-recover.info", "postgresql.conf.origin"):
        (data / rest).unlink(missing_ok=True)
    log = data / "barman_wal"
    log.mkdir(mode=0o700, exist_ok=True)
    for segment in _archived(barman, backup, moment):
        _fetch(keyring, segment, log / segment.name)
    for path in sorted(arrived.iterdir()) if arrived is not None and arrived.is_dir() else []:
        name = path.name.removesuffix(".partial")
        if _SEGMENT.fullmatch(name) and not (log / name).exists():
            shutil.copyfile(path, log / name)


def replay(data: Path, identity: Identity, log: Path, moment: datetime | None) -> bool:
    """Runs Postgres until it has replayed its log to a moment, or to the end; whether the log ended before the moment.

    The data folder is that of an ordinary server afterwards. Raises PlatformError with the server's words.
    """
    ends_before = False
    if moment is not None and _replay_to(data, identity, log, moment) == _SHORT:
        ends_before = True
        _replay_to(data, identity, log, None)
    elif moment is None:
        _replay_to(data, identity, log, None)
    shutil.rmtree(data / "barman_wal")
    return ends_before


def _replay_to(data: Path, identity: Identity, log: Path, moment: datetime | None) -> str:
    with alone_on(data, identity, log, _recovery(moment)) as server:
        said = await_ready(server)
    if READY in said:
        return READY
    if moment is not None and _SHORT in said:
        return _SHORT
    fatal = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
    raise PlatformError(f"Postgres did not replay its log: {(fatal or ['it said nothing'])[0]} (all of it: {log})")


def _recovery(moment: datetime | None) -> dict[str, str]:
    settings = {"restore_command": "cp barman_wal/%f %p", "recovery_target_action": "promote"}
    if moment is not None:
        settings["recovery_target_time"] = moment.astimezone(UTC).isoformat(sep=" ")
    return settings


def _archived(barman: Barman, backup: BaseBackup, moment: datetime) -> list[Path]:
    """The archived segments from the beginning of a backup until a little after a moment, and timelines' histories."""
    first = Path(barman.run("list-files", "--target", "standalone", NAME, backup.backup_id).split()[-1])
    there = sorted((barman.archive / "wals").rglob("*"), key=lambda path: path.name)
    segments = [path for path in there if _SEGMENT.fullmatch(path.name) and path.name[8:] >= first.name[8:]]
    wanted = [path for path in there if _HISTORY.fullmatch(path.name)]
    for _, of_timeline in groupby(segments, key=lambda path: path.name[:8]):
        for path in of_timeline:
            wanted.append(path)
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) > moment + _LATER:
                break
    return wanted


def _fetch(keyring: Keyring, archived: Path, to: Path) -> None:
    done = subprocess.run(keyring.decrypt(archived), capture_output=True, check=False)
    if done.returncode != 0:
        raise PlatformError(f"{archived} cannot be decrypted: {done.stderr.decode(errors='replace').strip()}")
    content = gzip.decompress(done.stdout) if done.stdout[:2] == b"\x1f\x8b" else done.stdout
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def _set_aside(home: Home) -> Path | None:
    if not home.root.exists() or not any(home.root.iterdir()):
        return None
    earlier = home.root.with_name(f"{home.root.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    try:
        home.root.rename(earlier)
    except OSError as error:
        raise UserError(
            f"{home.root} cannot be moved aside ({error.strerror}): restore into another home (CUSTOMER_ANALYZER_HOME)."
        ) from error
    return earlier


def _demand_backups(folder: Path) -> None:
    if not (folder / NAME).is_dir():
        raise UserError(f"There are no backups in {folder}.")
