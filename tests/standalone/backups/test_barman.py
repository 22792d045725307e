"""What is told to barman, and what is understood of its answers."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import UserError
from standalone.backups.barman import Barman, BaseBackup, catalogue, configure, read_restorations
from standalone.backups.keys import Keyring
from standalone.backups.restoring import choose_backup

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Listed(Barman):
    """A catalogue of three backups, at 9, 10 and 11 o'clock, and one that did not end."""

    def backups(self) -> list[BaseBackup]:
        """Newest first."""
        done = [BaseBackup(f"at {hour}", True, False, NOON - timedelta(hours=12 - hour), 1) for hour in (11, 10, 9)]
        return [BaseBackup("at 12", False, False, None, 0), *done]


@pytest.mark.parametrize("place", ["base/20260301T120000/backup.info", "meta/20260301T120000-backup.info"])
def test_a_backup_that_is_new_changed_or_gone_is_noticed(tmp_path: Path, place: str) -> None:
    barman = Barman(tmp_path, tmp_path)
    seen = [barman.descriptions()]
    description = barman.archive / place
    description.parent.mkdir(parents=True)
    for written in (1, 2):
        description.touch()
        os.utime(description, (written, written))
        seen.append(barman.descriptions())
    assert len({*seen}) == 3
    description.unlink()
    assert barman.descriptions() == seen[0]


def test_the_newest_backup_before_a_moment_is_chosen(tmp_path: Path) -> None:
    barman = Listed(tmp_path, tmp_path)
    assert choose_backup(barman, NOON).backup_id == "at 11"
    assert choose_backup(barman, NOON - timedelta(hours=1.5)).backup_id == "at 10"
    with pytest.raises(UserError, match="The oldest moment that can be restored is 2026-03-01 09:00:00 UTC"):
        choose_backup(barman, NOON - timedelta(hours=4))
    with pytest.raises(UserError, match="is in the future"):
        choose_backup(barman, datetime.now(UTC) + timedelta(hours=1))


def test_what_a_restore_went_back_before_is_not_chosen(tmp_path: Path) -> None:
    barman = Listed(tmp_path, tmp_path)
    began, ended = NOON - timedelta(hours=2.5), NOON - timedelta(minutes=30)
    barman.restorations.write_text(f'{{"restorations": [["{began.isoformat()}", "{ended.isoformat()}"]]}}')
    assert read_restorations(barman.restorations) == [(began, ended)]
    assert choose_backup(barman, NOON).backup_id == "at 9"


def test_the_configuration_is_private_and_encrypts(tmp_path: Path) -> None:
    barman = configure(tmp_path / "backups", tmp_path / "work", Keyring(tmp_path / "ring", "ABCD"))
    written = tmp_path / "work" / "barman.conf"
    assert written.stat().st_mode & 0o777 == 0o600
    assert "encryption = gpg" in written.read_text()
    assert "encryption_key_id = ABCD" in written.read_text()
    assert barman.environment["GNUPGHOME"] == str(tmp_path / "ring")
    # What is plain stays off the folder of the backups.
    assert tmp_path / "backups" not in barman.streaming.parents


def test_a_folder_without_backups_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There are no backups in"):
        catalogue(tmp_path)
