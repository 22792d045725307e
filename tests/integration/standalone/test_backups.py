"""Backups are restored for real: to a moment, without the machine they were made on, and only with the private key.

The drill has a platform of its own: its home is lost.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import PlatformError, UserError
from core.home import Home, prepare_home
from core.settings import Settings
from privacy.erasure import erase_user
from standalone.backups.archive import read_erasures
from standalone.backups.barman import catalogue
from standalone.backups.home_files import files_at, forget_packs, lay_down, pack_home, packs
from standalone.backups.keys import Keyring, keyring_of, make_key_pair, opened
from standalone.backups.restoring import restore_home
from standalone.backups.settling import settle
from standalone.backups.state import read_state
from standalone.backups.verifying import verify
from standalone.stack import running_platform
from tests.integration.standalone.drill import (
    archived_shop,
    events_in,
    seconds_until_archived,
    wait,
    writing,
)
from warehouse.database import Database
from warehouse.databases import WAREHOUSE

pytestmark = pytest.mark.system("gpg")


def _quiet(_sentence: str) -> None:
    pass


def test_a_lost_machine_is_restored_to_a_moment_and_to_the_end(tmp_path: Path) -> None:

    with archived_shop(tmp_path) as shop:
        home = shop.platform.home
        with writing(shop.platform, 0.02) as writer:
            time.sleep(2)
            (home.artifacts / "model").mkdir()
            (home.artifacts / "model" / "weights.json").write_text("{}")
            wait(lambda: any(not pack.is_full for pack in packs(shop.folder / "home")), 30)
            moment = datetime.now(UTC)
            time.sleep(2)
        erased, *_ = sorted({f"u{place}" for place in range(7)})
        erase_user(Database(shop.platform.warehouse_url), home, erased, ())
        seconds = seconds_until_archived(shop)
        assert seconds < 60
        wait(lambda: len(read_erasures(shop.folder / "erasures.json")) == 1, 30)
        state = read_state(home)
        assert state.problem is None
        assert state.age_seconds(datetime.now(UTC)) < 120  # type: ignore[operator]
        left = events_in(shop.platform)
        # The platform is up meanwhile, and is not touched.
        found = verify(shop.folder, shop.key, home, None)
        assert (found.events, found.users, found.erased_users) == (len(left), 6, 1)
        with pytest.raises(UserError, match="is in use"):
            restore_home(shop.folder, shop.key, home, None, _quiet)
    shutil.rmtree(home.root)

    again = Settings(home=tmp_path / "home", database_url=None, backup_to=shop.folder)
    restored, earlier = restore_home(shop.folder, shop.key, home, moment, _quiet)
    assert (restored.moment, restored.ends_before, earlier) == (moment, False, None)
    assert (home.artifacts / "model" / "weights.json").read_text() == "{}"
    with running_platform(again) as platform:
        writer.demand(events_in(platform), moment)
        settled = settle(platform, moment, shop.folder / "erasures.json")
        assert (settled.erased_again, settled.found) == (1, [])
        with platform.server.connect(WAREHOUSE) as connection:
            ((left_of_user,),) = connection.execute(
                "select count(*) from raw.events where user_id = %s", [erased]
            ).fetchall()
        assert left_of_user == 0

    # To the end, and what was there is beside it.
    restored, earlier = restore_home(shop.folder, shop.key, home, None, _quiet)
    assert earlier is not None
    assert (earlier / "postgres" / "PG_VERSION").is_file()
    with running_platform(again) as platform:
        assert events_in(platform) == left

    # Nothing of the shop is legible in the folder without the key.
    for path in shop.folder.rglob("*"):
        if path.is_file() and path.suffix not in {".json", ".info", ".db"} and path.name != "backup_manifest":
            assert path.read_bytes()[:1] in (b"\x84", b"\x85"), f"{path} is not encrypted"
    assert "u3" not in json.dumps([asdict(each) for each in catalogue(shop.folder)], default=str)


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
