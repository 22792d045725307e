"""Backups are restored for real: to a moment, without the machine they were made on, and only with the private key.

The drill has a platform of its own: its home is lost.
"""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.errors import PlatformError, UserError
from core.home import Home, prepare_home
from core.settings import Settings
from privacy.erasure import erase_user
from standalone.backups.archive import read_erasures
from standalone.backups.home_files import files_at, forget_packs, lay_down, pack_home, packs
from standalone.backups.keys import Keyring, keyring_of, make_key_pair, opened
from standalone.backups.restoring import restore_home
from standalone.backups.settling import settle
from standalone.backups.state import BackupState, read_state
from standalone.backups.verifying import Verified, verify
from standalone.stack import Platform, running_platform
from tests.integration.standalone.drill import Writer, archived_shop, events_in, seconds_until_archived, wait, writing
from warehouse.database import Database
from warehouse.databases import WAREHOUSE

pytestmark = pytest.mark.system("gpg")


ERASED = "u0"


def _quiet(_sentence: str) -> None:
    pass


@dataclass(frozen=True)
class Lost:
    """What was known of a machine before it was lost, home and all."""

    home: Home
    folder: Path
    key: Path
    writer: Writer
    moment: datetime
    erased: str
    left: set[UUID]
    verified: Verified
    state: BackupState

    @property
    def settings(self) -> Settings:
        """Of the machine that takes its place."""
        return Settings(home=self.home.root, database_url=None, backup_to=self.folder)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    """Events were written, a user was erased later, a backup was verified while all was up; then the home was gone."""
    with archived_shop(tmp_path_factory.mktemp("lost")) as shop:
        home = shop.platform.home
        with writing(shop.platform, 0.02) as writer:
            time.sleep(1)
            (home.artifacts / "model").mkdir()
            (home.artifacts / "model" / "weights.json").write_text("{}")
            wait(lambda: any(not pack.is_full for pack in packs(shop.folder / "home")), 120)
            moment = datetime.now(UTC)
            time.sleep(1)
        erase_user(Database(shop.platform.warehouse_url), home, ERASED, ())
        seconds_until_archived(shop)
        wait(lambda: len(read_erasures(shop.folder / "erasures.json")) == 1, 120)
        left, verified, state = events_in(shop.platform), verify(shop.folder, shop.key, home, None), read_state(home)
        with pytest.raises(UserError, match="is in use"):
            restore_home(shop.folder, shop.key, home, None, _quiet)
    shutil.rmtree(home.root)
    return Lost(home, shop.folder, shop.key, writer, moment, ERASED, left, verified, state)


def test_what_is_committed_is_archived_and_noted(lost: Lost) -> None:
    assert lost.state.problem is None
    assert lost.state.archived_at is not None
    assert lost.state.backup_at is not None


def test_a_verified_backup_was_restored_and_counted(lost: Lost) -> None:
    assert (lost.verified.events, lost.verified.users, lost.verified.erased_users) == (len(lost.left), 6, 1)


def test_a_moment_has_every_event_before_it_and_none_after(lost: Lost) -> None:
    restored, earlier = restore_home(lost.folder, lost.key, lost.home, lost.moment, _quiet)
    assert (restored.moment, restored.ends_before, earlier) == (lost.moment, False, None)
    assert (lost.home.artifacts / "model" / "weights.json").read_text() == "{}"
    with running_platform(lost.settings) as platform:
        lost.writer.demand(events_in(platform), lost.moment)
        # Who was erased after the moment is there again, until that is made good.
        assert lost.erased in _users(platform)
        settled = settle(platform, lost.moment, lost.folder / "erasures.json")
        assert (settled.erased_again, settled.found) == (1, [])
        assert lost.erased not in _users(platform)


def test_the_end_has_everything_and_what_was_there_is_beside_it(lost: Lost) -> None:
    prepare_home(lost.home.root)
    _restored, earlier = restore_home(lost.folder, lost.key, lost.home, None, _quiet)
    assert earlier is not None
    assert (earlier / "artifacts").is_dir()
    with running_platform(lost.settings) as platform:
        assert events_in(platform) == lost.left


def test_nothing_of_the_shop_is_legible_in_the_folder(lost: Lost) -> None:
    plain = {".json", ".info", ".db"}
    files = [path for path in lost.folder.rglob("*") if path.is_file() and path.name != "backup_manifest"]
    encrypted = [path for path in files if path.suffix not in plain]
    assert len(encrypted) > 3
    # A packet of OpenPGP that holds a session key begins like this.
    assert all(path.read_bytes()[:1] in (b"\x84", b"\x85") for path in encrypted)
    assert not any(b"u3" in path.read_bytes() for path in files if path.suffix in plain)


def _users(platform: Platform) -> set[str]:
    with platform.server.connect(WAREHOUSE) as connection:
        return {str(user) for (user,) in connection.execute("select distinct user_id from raw.events").fetchall()}


@pytest.fixture
def packing(tmp_path: Path) -> Iterator[tuple[Home, Path, Keyring, Path]]:
    """A home with a key, an empty folder of packs, and the private key."""
    home, folder, private = prepare_home(tmp_path / "home"), tmp_path / "packs", tmp_path / "private.asc"
    folder.mkdir()
    make_key_pair(home, private, folder)
    yield home, folder, keyring_of(home), private


def test_files_of_each_moment_come_back_as_they_were(packing: tuple[Home, Path, Keyring, Path], tmp_path: Path) -> None:
    home, folder, public, private = packing
    report, model, log = home.reports / "drift.html", home.artifacts / "model.json", home.logs / "api.log"
    report.write_text("first")
    log.write_text("a line")
    assert pack_home(home, folder, public) is not None
    assert pack_home(home, folder, public) is None
    first = datetime.now(UTC)
    report.write_text("second, longer")
    report.chmod(0o640)
    model.write_text("{}")
    assert pack_home(home, folder, public) is not None
    second = datetime.now(UTC)
    report.unlink()
    assert pack_home(home, folder, public) is not None
    assert [pack.is_full for pack in packs(folder)] == [True, False, False]
    assert not any(b"second" in path.read_bytes() for path in folder.iterdir())

    with opened(private) as keyring:

        def at(moment: datetime) -> Path:
            root = tmp_path / f"restored-{moment.timestamp()}"
            lay_down(folder, keyring, files_at(folder, keyring, moment), root)
            return root

        # A model may be named by Postgres before the pack that has it; a report may not come from the future.
        assert (at(first) / "reports/drift.html").read_text() == "first"
        assert (at(first) / "artifacts/model.json").read_text() == "{}"
        assert not (at(first) / "logs").exists()
        assert (at(second) / "reports/drift.html").read_text() == "second, longer"
        assert (at(second) / "reports/drift.html").stat().st_mode & 0o777 == 0o640
        assert not (at(datetime.now(UTC)) / "reports/drift.html").exists()
        with pytest.raises(PlatformError, match="no files of the home from"):
            files_at(folder, keyring, first - timedelta(hours=1))

        # A new chain begins with all files, and the old one goes when no moment needs it.
        assert pack_home(home, folder, public, is_full=True) is not None
        assert forget_packs(folder, second) == []
        assert len(forget_packs(folder, datetime.now(UTC))) == 3
        assert (at(datetime.now(UTC)) / "artifacts/model.json").read_text() == "{}"


def test_a_damaged_pack_is_refused(packing: tuple[Home, Path, Keyring, Path], tmp_path: Path) -> None:
    home, folder, public, private = packing
    (home.artifacts / "model.bin").write_bytes(os.urandom(300_000))
    pack = pack_home(home, folder, public)
    assert pack is not None
    content = bytearray(pack.path.read_bytes())
    content[len(content) // 2] ^= 1
    pack.path.write_bytes(content)
    with opened(private) as keyring, pytest.raises(PlatformError):
        lay_down(folder, keyring, files_at(folder, keyring, datetime.now(UTC)), tmp_path / "restored")


def test_the_private_key_is_kept_elsewhere_and_nothing_opens_without_it(
    packing: tuple[Home, Path, Keyring, Path], tmp_path: Path
) -> None:
    home, folder, public, private = packing
    assert private.stat().st_mode & 0o777 == 0o600
    pack_home(home, folder, public)
    with pytest.raises(PlatformError, match="No secret key"):
        files_at(folder, public, datetime.now(UTC))
    other = prepare_home(tmp_path / "other")
    for inside in (other.root / "private.asc", folder / "private.asc"):
        with pytest.raises(UserError, match="keep the private key elsewhere"):
            make_key_pair(other, inside, folder)
    with pytest.raises(UserError, match="has a backup key already"):
        make_key_pair(home, tmp_path / "second.asc", folder)
    with pytest.raises(UserError, match="backup key FILE"):
        keyring_of(other)
