"""The output of `users export` and `users erase`, of `users merge` and `users unmerge`."""

import json
from pathlib import Path

import pytest

from ingestion import import_files
from standalone.stack import Platform
from tests.integration.conftest import command


@pytest.mark.usefixtures("warehouse_url")
def test_a_user_is_exported_and_erased(empty_platform: Platform, warehouse_url: str, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("user_id,event_type,occurred_at\ntg-8412993,view,2024-01-05\ntg-8412994,view,2024-01-05\n")
    import_files(warehouse_url, [file])
    to = tmp_path / "held.json"
    command(empty_platform, "users", "export", "tg-8412993", "--to", str(to))
    assert [event["event_type"] for event in json.loads(to.read_text())["tables"]["raw.events"]] == ["view"]

    receipt = json.loads(command(empty_platform, "users", "erase", "tg-8412993", "--yes"))
    assert (receipt["deleted"], receipt["found"]) == ({"raw.events": 1}, [])

    said = command(empty_platform, "users", "export", "tg-8412993", exit_code=2)
    assert said == "Nothing is held about a user tg-8412993; check how the id is written.\n"


@pytest.mark.usefixtures("warehouse_url")
def test_ids_are_merged_and_separated(empty_platform: Platform, warehouse_url: str, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("user_id,event_type,occurred_at\nweb-1,view,2024-01-05\ntg-1,view,2024-01-05\n")
    import_files(warehouse_url, [file])
    said = command(empty_platform, "users", "merge", "web-1", "tg-1", "--since", "2024-01-04")
    assert said == (
        "Snapshots as of 2024-01-05 and later show web-1 as tg-1.\n"
        "Earlier ones stay as they are. The next run builds what has changed.\n"
    )
    again = command(empty_platform, "users", "merge", "web-1", "tg-1", exit_code=2)
    assert again == "web-1 and tg-1 are one user already, shown as tg-1.\n"
    apart = command(empty_platform, "users", "unmerge", "web-1")
    assert " and later show web-1 apart from tg-1, whom it was merged into.\n" in apart
    # Undone today, which a run for the day after the newest event does not know.
    assert apart.endswith(
        "the newest event (2024-01-05). If this was known on a day of the past, say so: --since DAY\n"
    )
    assert command(empty_platform, "users", "unmerge", "web-1", exit_code=2) == "web-1 is not merged into another id.\n"
