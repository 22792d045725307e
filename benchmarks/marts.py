"""A temporary warehouse with events and with marts of chosen days, from which the benchmarks of models start."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from core.settings import Settings
from dbt_project import PROJECT
from ingestion import Profile, import_files
from standalone.stack import running_platform
from warehouse.database import Database


@contextmanager
def imported_warehouse(files: Sequence[Path], mapping: Mapping[str, str]) -> Iterator[Database]:
    """The warehouse of a temporary home with the events of `files`. It exists for the duration of the block."""
    with (
        TemporaryDirectory(prefix="benchmark-") as scratch,
        running_platform(Settings(home=Path(scratch) / "home", database_url=None)) as platform,
    ):
        import_files(platform.warehouse_url, list(files), profile=Profile(mapping))
        yield Database(platform.warehouse_url)


def build_marts(days: Sequence[date], horizon_days: int, model: str = "user_features") -> None:
    """Builds features and labels of `days`, and what `model` names, which needs those features.

    Labels count everything that happened before their windows closed.
    """
    variables = {
        "as_of_dates": [day.isoformat() for day in days],
        "horizon_days": horizon_days,
        "known_until": (max(days) + timedelta(days=horizon_days)).isoformat(),
    }
    with TemporaryDirectory(prefix="dbt-") as target:
        folders = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", target]
        chosen = ["--select", f"+{model}", "+user_labels", "--resource-types", "seed", "model"]
        dbt = Path(sys.executable).with_name("dbt")
        options = ["--vars", json.dumps(variables), "--log-path", target]
        subprocess.run([dbt, "--quiet", "build", *folders, *chosen, *options], check=True)
