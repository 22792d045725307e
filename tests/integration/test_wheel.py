"""The installed wheel in an empty folder: whatever the program reads while it runs is in the wheel.

A whole run of it is in test_readme.py.
"""

import json
from pathlib import Path

from tests.integration.installed import Installed


def test_the_code_is_the_wheels(installed: Installed, tmp_path: Path) -> None:
    code = "import core.settings as s; print(s.__file__, s.checkout(), s.read_settings().home)"
    file, checkout, home = installed.run(tmp_path, "python", "-c", code).split()
    assert Path(file).is_relative_to(installed.packages)
    assert checkout == "None"
    assert home == str(tmp_path / ".customer-analyzer")


def test_help_lists_the_commands(installed: Installed, tmp_path: Path) -> None:
    printed = installed.run(tmp_path, "customer-analyzer", "--help")
    assert "events" in printed
    assert "demo" in printed


def test_events_become_marts(installed: Installed, tmp_path: Path) -> None:
    """The contract, the migrations and the dbt project are in the wheel, and dbt leaves its own files in the home."""
    (tmp_path / "events.csv").write_text(
        "user_id,event_type,occurred_at,amount,currency\n42,purchase,2025-03-01 10:15:00,19.90,EUR\n"
    )
    imported = installed.run(tmp_path, "customer-analyzer", "events", "import", "events.csv", "--json")
    assert [file["stored"] for file in json.loads(imported)] == [1]

    days = ["--from", "2025-03-01", "--to", "2025-03-02"]
    built = installed.run(tmp_path, "customer-analyzer", "marts", "backfill", *days, "--json")

    assert json.loads(built) == {"days": 2, "built": 2}
    assert {path.name for path in tmp_path.iterdir()} == {"events.csv", ".customer-analyzer"}
    assert not {"target", "logs"} & {path.name for path in (installed.packages / "dbt_project").iterdir()}


def test_the_pages_of_the_dashboard_are_in_the_wheel(installed: Installed) -> None:
    built = installed.packages / "backend" / "pages" / "built"
    assert "/dashboard/assets/" in (built / "index.html").read_text(encoding="utf-8")
    assert any((built / "assets").iterdir())
