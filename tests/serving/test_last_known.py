"""What a service remembers of its warehouse."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from serving.last_known import LastKnown
from serving.settings import ServingSettings


def memory(folder: Path, warehouse: str = "postgresql://me:hidden@127.0.0.1/warehouse") -> LastKnown:
    return LastKnown(ServingSettings(warehouse_url=SecretStr(warehouse), state_folder=folder))


def the_file(folder: Path) -> Path:
    return next(folder.rglob("*.json"))


def test_what_was_remembered_is_recalled_after_a_restart_and_is_nobody_elses(tmp_path: Path) -> None:
    memory(tmp_path / "state").remember("keys", [["ab", True]])

    assert memory(tmp_path / "state").recall("keys") == [["ab", True]]
    assert memory(tmp_path / "state").recall("deployment-churn") is None
    assert memory(tmp_path / "state", "postgresql://me@127.0.0.1/another").recall("keys") is None
    assert the_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert the_file(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    assert "hidden" not in str(the_file(tmp_path)) + the_file(tmp_path).read_text()
    assert [path.name for path in the_file(tmp_path).parent.iterdir()] == ["keys.json"]


def test_a_file_that_others_may_touch_a_link_and_a_damaged_file_are_not_believed(tmp_path: Path) -> None:
    last_known = memory(tmp_path)
    last_known.remember("keys", [])
    file = the_file(tmp_path)

    for mode in (0o620, 0o604, 0o660):
        file.chmod(mode)
        assert last_known.recall("keys") is None
    file.chmod(0o600)
    assert last_known.recall("keys") == []
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert last_known.recall("keys") is None
    file.unlink()
    file.touch(0o600)
    file.write_bytes(b"[[\xff")
    assert last_known.recall("keys") is None


def test_a_folder_that_cannot_be_written_to_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("a file")

    last_known = memory(tmp_path / "state")
    last_known.remember("keys", [])

    assert last_known.recall("keys") is None
    assert "keys cannot be kept" in caplog.text


def test_the_same_again_is_not_written_again(tmp_path: Path) -> None:
    last_known = memory(tmp_path)
    last_known.remember("keys", [["ab", True]])
    the_file(tmp_path).unlink()

    last_known.remember("keys", [["ab", True]])
    assert last_known.recall("keys") is None
    last_known.remember("keys", [])
    assert last_known.recall("keys") == []
