"""The state of the backups, as monitoring reads it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.home import prepare_home
from standalone.backups.archive import is_base_due
from standalone.backups.state import BackupState, read_state, state_file, write_state

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    home.backups.mkdir()
    state = BackupState(NOW, NOW + timedelta(hours=1), None, 3, 12_345, "the disk is full", NOW - timedelta(days=1))
    write_state(home, state)
    assert read_state(home) == state
    assert state.age_seconds(NOW + timedelta(days=1)) == 86_400


def test_a_home_without_backups_has_an_empty_state(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    assert read_state(home) == BackupState()
    assert BackupState().age_seconds(NOW) is None
    home.backups.mkdir()
    state_file(home).write_text("not JSON")
    assert read_state(home) == BackupState()


def test_a_base_backup_is_due_where_the_newest_is_old_or_leads_nowhere() -> None:
    hour = timedelta(hours=1)
    assert is_base_due(None, [], NOW)
    assert not is_base_due(NOW - 24 * hour, [], NOW)
    assert is_base_due(NOW - 25 * hour, [], NOW)
    # Log was lost, or the data was restored: before the backup, and after it.
    assert not is_base_due(NOW - 2 * hour, [NOW - 3 * hour], NOW)
    assert is_base_due(NOW - 2 * hour, [NOW - 3 * hour, NOW - hour], NOW)
