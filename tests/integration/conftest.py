"""Real servers for the integration tests, each in a home of its own, on free ports, gone when the tests are.

`warehouse_url`         an empty, migrated warehouse, fresh for every test, on a platform that all share
`shared_warehouse_url`  the same for the tests of a module, which leave it as they found it or start by emptying it
`warehouse`             a connection to `warehouse_url`; `dbt` builds its marts
`empty_platform`        that platform, for tests that type commands
`ran_platform`          a platform on which the whole pipeline ran once on a cut of real data, with its services up:
                        for whatever looks at a finished run. Its tests leave champions, scores and deployments alone.
`installed`             the built wheel in an environment of its own

A module that starts a platform of its own says why: what it does to the platform, others could not bear.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import psycopg
import pytest
from xdist.scheduler import LoadFileScheduling

from core.settings import Settings, read_settings
from ingestion.cdnow import cdnow_file, read_cdnow
from standalone.fleet import running_servers
from standalone.local_key import ensure_local_key
from standalone.servers import api_server, model_servers
from standalone.stack import Platform, running_platform
from standalone.up import announce, exclusive_up
from tests.integration.dbt_project.shop import DAYS, FIRST_DAY, Dbt
from tests.integration.installed import Installed, install_wheel
from warehouse.databases import WAREHOUSE

if TYPE_CHECKING:
    from tests.integration.dbt_project.parsed import Parsed

pytestmark = pytest.mark.integration


def pytest_sessionstart() -> None:
    """Refuses to start where commands would reach a real database: these tests import, train and promote."""
    if read_settings().database_url is not None:
        pytest.exit("Unset DATABASE_URL (in the environment and in .env) before running the integration tests.", 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lives in this folder is an integration test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.integration)


class FilesTogether(LoadFileScheduling):
    """Hands out tests by the file, and as one those files that share a fixture which takes minutes to make."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.split("::", 1)[0])
        if file.name in ("test_bento.py", "test_breakdowns.py", "test_swaps.py"):
            return "a running service"
        if file.name in ("test_disk.py", "test_postgres.py") and file.parent.name == "faults":
            return "a platform that is stopped"
        is_about_a_run = "ran_platform" in (self.config.rootpath / file).read_text(encoding="utf-8")
        return "a finished run" if is_about_a_run else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FilesTogether:
    """How two processes share the tests. Not by xdist's groups, which pytest 9.2 ignores."""
    return FilesTogether(config, log)


@pytest.fixture(scope="session")
def empty_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform without events, shared by tests that each take a fresh warehouse."""
    with running_platform(own_settings(tmp_path_factory.mktemp("empty") / "home")) as platform:
        with platform.server.connect("postgres", autocommit=True) as connection:
            connection.execute("create database migrated template warehouse")
        yield platform


@pytest.fixture
def warehouse_url(empty_platform: Platform, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty, migrated warehouse. The environment says where it is, for dbt and all drivers."""
    return _fresh_warehouse(empty_platform, monkeypatch)


@pytest.fixture(scope="module")
def shared_warehouse_url(empty_platform: Platform) -> Iterator[str]:
    """A warehouse like `warehouse_url` for all tests of a module, which leave it as they found it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield _fresh_warehouse(empty_platform, monkeypatch)


def _fresh_warehouse(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> str:
    export(platform, monkeypatch)
    with platform.server.connect("postgres", autocommit=True) as connection:
        connection.execute("drop database if exists warehouse with (force)")
        connection.execute("create database warehouse template migrated")
    return platform.warehouse_url


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> "Parsed":
    """The project is parsed once: other variables would make dbt parse it anew, and these are read when it runs."""
    # Importing dbt takes seconds, which only tests that call it should pay.
    from tests.integration.dbt_project.parsed import Parsed

    return Parsed(tmp_path_factory.mktemp("dbt"))


@pytest.fixture
def dbt(warehouse_url: str, parsed: "Parsed") -> Dbt:
    """Calls dbt on the fixture's warehouse for the days of the shop, unless a test says otherwise."""
    return parsed.for_the_shop


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection on which every statement is its own transaction, and room for the shop's events."""
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(
            "select raw.ensure_event_partitions(%s, %s)", [FIRST_DAY, FIRST_DAY + timedelta(days=DAYS + 60)]
        )
        yield connection


@dataclass(frozen=True)
class RanPlatform:
    """A platform after `events import` and `run`, with its services answering."""

    platform: Platform
    service_urls: dict[str, str]
    service_key: str
    as_of: date
    horizon_days: int

    @property
    def warehouse_url(self) -> str:
        """The filled warehouse."""
        return self.platform.warehouse_url

    @property
    def home(self) -> Path:
        """The home that everything lies in."""
        return self.platform.home.root


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RanPlatform]:
    """Every fourth CDNOW customer, imported and run by the commands a user would type; then the services."""
    folder = tmp_path_factory.mktemp("ran")
    events = folder / "events.parquet"
    read_cdnow(cdnow_file()).filter(pl.col("user_id").cast(pl.Int64) % 4 == 0).write_parquet(events)
    with running_platform(own_settings(folder / "home")) as platform:
        command(platform, "events", "import", str(events))
        command(platform, "run")
        with platform.server.connect(WAREHOUSE) as connection:
            as_of, horizon = connection.execute("select max(as_of), max(horizon_days) from ml.scores").fetchall()[0]
        key = ensure_local_key(platform)
        with exclusive_up(platform.home), running_servers(model_servers(platform)) as services:
            announce(platform.home, services)
            urls = {child.command.name: str(child.command.address) for child in services}
            yield RanPlatform(platform, urls, key, as_of, horizon)  # type: ignore[arg-type]


@pytest.fixture
def ran_platform(finished_run: RanPlatform, monkeypatch: pytest.MonkeyPatch) -> RanPlatform:
    """The finished run, with the environment pointing at it."""
    export(finished_run.platform, monkeypatch)
    return finished_run


@pytest.fixture
def ran_api(ran_platform: RanPlatform) -> Iterator[str]:
    """The address of an API beside the finished run. Events that a test sends are gone afterwards."""
    with running_servers([api_server(ran_platform.platform)]) as (server,):
        yield str(server.command.address)
    with ran_platform.platform.server.connect(WAREHOUSE, autocommit=True) as connection:
        connection.execute("delete from raw.events where source = 'telegram'")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The built wheel, installed in an environment of its own."""
    return install_wheel(tmp_path_factory.mktemp("wheel"))


def own_settings(home: Path) -> Settings:
    """Settings of a home with a Postgres of its own, whatever database the environment or `.env` name."""
    return Settings(home=home, database_url=None)


def command(platform: Platform, *arguments: str, exit_code: int = 0) -> str:
    """Types `customer-analyzer ARGUMENTS` for the home of a platform; returns what it printed."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("customer-analyzer")), *arguments],
        env={**os.environ, **platform.environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == exit_code, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def export(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the environment point at a platform, as whatever starts servers and commands reads it."""
    for name, value in platform.environment.items():
        monkeypatch.setenv(name, value)
