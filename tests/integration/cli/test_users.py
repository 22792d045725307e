"""The output of `users export` and `users erase`."""

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
