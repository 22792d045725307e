"""dbt as the tests of the project call it: parsed once, run in this process."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import psycopg
import pytest
from dbt.cli.main import dbtRunner

from dbt_project import PROJECT
from tests.integration.dbt_project.shop import AS_OF_DATES, DAYS, FIRST_DAY, Dbt


@dataclass(frozen=True)
class Parsed:
    """The dbt project, parsed on the first call."""

    folder: Path

    @property
    def options(self) -> list[str]:
        """What every call of dbt is told."""
        folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        return [*folders, "--target-path", str(self.folder), "--log-path", str(self.folder), "--quiet"]

    @cached_property
    def runner(self) -> dbtRunner:
        """A runner that holds the parsed project."""
        return dbtRunner(manifest=dbtRunner().invoke(["parse", *self.options]).result)

    def call(self, command: str, *arguments: str, **variables: object) -> dict[str, str]:
        """Calls dbt, fails with what dbt said; returns the SQL of the models it compiled, by name."""
        done = self.runner.invoke([command, *self.options, "--vars", json.dumps(variables), *arguments])
        assert done.success, done.exception or [
            (result.node.name, result.message) for result in done.result if result.status in ("error", "fail")
        ]
        return {result.node.name: getattr(result.node, "compiled_code", None) or "" for result in done.result}


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """The project is parsed once: other variables would make dbt parse it anew, and these are read when it runs."""
    return Parsed(tmp_path_factory.mktemp("dbt"))


@pytest.fixture
def dbt(warehouse_url: str, parsed: Parsed) -> Dbt:
    """Calls dbt on the fixture's warehouse for the days of the shop, unless a test says otherwise."""

    def call(command: str, *arguments: str, **variables: object) -> None:
        days = {"as_of_dates": list(AS_OF_DATES), "horizon_days": 20, "known_until": ""}
        parsed.call(command, *arguments, **{**days, **variables})

    return call


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection on which every statement is its own transaction, and room for the shop's events."""
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(
            "select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, FIRST_DAY + timedelta(days=DAYS + 60)]
        )
        yield connection
