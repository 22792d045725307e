"""Processes of a platform that is up, killed while a run is in the middle of a step; and Postgres under them.

`up` brings back what was killed and ends runs that nobody runs any more; what was half done is done again. The
platform is this module's own, because everything on it is killed.
"""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import dagster as dg
import psutil
import psycopg
import pytest
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

from core.home import read_json
from dbt_project import PROJECT
from orchestration.backfill import backfill
from standalone.postgres import running_postmaster
from standalone.stack import Platform, running_platform
from tests.integration.conftest import own_settings
from tests.integration.faults.shop import NEWEST, Shop, back_to_the_evening
from warehouse.database import Database

logger = logging.getLogger(__name__)
FIRST, LAST = NEWEST - timedelta(days=1), NEWEST
TABLES = ("intermediate.int_user_daily", "intermediate.int_user_sums", "marts.user_features", "marts.user_labels")
STARTED_SECONDS = 60
"""A run that nobody runs may not count as started for longer."""
PATIENCE_SECONDS = 400
"""For all that has no bound of its own: starting, importing and building on a busy machine."""
ENDS = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
VICTIMS = ("worker", "code server", "daemon", "postgres")


@dataclass(frozen=True)
class Up:
    """A platform that is up, and its Dagster."""

    platform: Platform
    instance: dg.DagsterInstance
    process: subprocess.Popen[str]

    def start_run(self) -> str:
        """Asks Dagster's pages to build the days, as a person would, once they have a code server; the run's id."""
        tags = {
            "dagster/asset_partition_range_start": FIRST.isoformat(),
            "dagster/asset_partition_range_end": LAST.isoformat(),
        }

        def asked() -> str | None:
            port = read_json(self.platform.home.ports)["dagster"]
            try:
                return str(DagsterGraphQLClient("127.0.0.1", port).submit_job_execution("backfill", tags=tags))
            except DagsterGraphQLClientError:
                return None

        return str(wait_for(asked, "a run that starts"))

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """How a run is; while nobody can say, as before."""
        try:
            run = self.instance.get_run_by_id(run_id)
        except Exception:
            return dg.DagsterRunStatus.STARTED
        assert run is not None
        return run.status

    def ended(self, run_id: str) -> dg.DagsterRunStatus:
        """How a run ended."""
        return wait_for(lambda: status if (status := self.status(run_id)) in ENDS else None, f"the end of {run_id}")

    def processes(self, name: str) -> list[psutil.Process]:
        """The processes of the code server without its workers, of its workers, of the daemon, or of Postgres."""
        if name == "postgres":
            postmaster = running_postmaster(self.platform.home)
            return [psutil.Process(postmaster.pid)] if postmaster else []
        if name == "daemon":
            return [self._server("dagster_daemon")]
        server = self._server("dagster_code")
        family = server.children(recursive=True)
        workers = [each for each in family if "spawn_main" in " ".join(each.cmdline())]
        theirs = [child for each in workers for child in each.children(recursive=True)]
        return workers if name == "worker" else [server, *(each for each in family if each not in workers + theirs)]

    def _server(self, name: str) -> psutil.Process:
        # As they are now: what was killed was started again as somebody else.
        family = psutil.Process(self.process.pid).children()
        words = {"dagster_daemon": "dagster-daemon", "dagster_code": "code-server"}[name]
        (found,) = [each for each in family if words in " ".join(each.cmdline())]
        return found


T = TypeVar("T")


def wait_for(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` finds at last."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"There was no {what} within {seconds} s"
        time.sleep(0.3)
    return found


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that others would not like to share."""
    with running_platform(own_settings(tmp_path_factory.mktemp("killed") / "home")) as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shop's tables when nothing happens on its last two days; an evening before is kept."""
    shop = Shop(platform.warehouse_url, tmp_path_factory.mktemp("shop"))
    shop.write(users=30)
    shop.import_file("history")
    backfill(Database(shop.url), PROJECT, shop.folder, [FIRST - timedelta(days=1)], 30)
    shop.import_file("day")
    with platform.server.connect("postgres", autocommit=True) as connection:
        connection.execute("create database evening template warehouse")
    backfill(Database(shop.url), PROJECT, shop.folder, [FIRST, LAST], 30)
    return shop.checksums(TABLES)


@pytest.fixture(scope="module")
def up(platform: Platform, undisturbed: dict[str, str]) -> Iterator[Up]:
    """`customer-analyzer up` in another process."""
    program = Path(sys.executable).with_name("customer-analyzer")
    log = platform.home.logs / "up.log"
    with log.open("w") as output, subprocess.Popen([program, "up"], stdout=output, stderr=output, text=True) as process:
        wait_for(lambda: "Ctrl-C stops all" in log.read_text() or None, "platform that is up")
        with dg.DagsterInstance.get() as instance:
            yield Up(platform, instance, process)
        process.send_signal(signal.SIGINT)
        process.wait(120)


@contextmanager
def held(url: str, table: str) -> Iterator[Callable[[], bool | None]]:
    """Keeps everybody from writing to a table; the function tells whether somebody waits to."""
    with psycopg.connect(url) as holder:
        pid = holder.info.backend_pid
        holder.execute(f"lock table {table} in share mode".encode())

        def is_waited_for() -> bool | None:
            with psycopg.connect(url) as watcher:
                query = "select count(*) > 0 from pg_stat_activity where %s = any(pg_blocking_pids(pid))"
                return watcher.execute(query, [pid]).fetchall()[0][0] or None

        try:
            yield is_waited_for
        finally:
            # Postgres may have been stopped under it.
            holder.close()


def killed_and_repeated(up: Up, table: str, victims: tuple[str, ...]) -> None:
    """Kills processes while a run waits to write to a table; it ends, well or not, and another run ends well."""
    back_to_the_evening(up.platform)
    with held(up.platform.warehouse_url, table) as is_waited_for:
        run_id = up.start_run()
        wait_for(is_waited_for, f"run that writes to {table}")
        for each in [process for name in victims for process in up.processes(name)]:
            # Postgres as by `pg_ctl stop -m immediate`.
            each.send_signal(signal.SIGQUIT if each.name() == "postgres" else signal.SIGKILL)
        killed = time.monotonic()
        is_lost = "worker" in victims or "postgres" in victims
        if is_lost:
            wait_for(lambda: up.status(run_id) is not dg.DagsterRunStatus.STARTED or None, "end", STARTED_SECONDS)
            logger.info("without %s at %s it ended after %.0f s", victims, table, time.monotonic() - killed)
    assert up.ended(run_id) is (dg.DagsterRunStatus.FAILURE if is_lost else dg.DagsterRunStatus.SUCCESS)
    assert up.ended(up.start_run()) is dg.DagsterRunStatus.SUCCESS
    # A look of `up` takes some milliseconds, a leak stays.
    wait_for(lambda: not connections_to_the_warehouse(up.platform) or None, "warehouse without connections", 30)


def connections_to_the_warehouse(platform: Platform) -> list[object]:
    with platform.server.connect("postgres") as connection:
        # The API, its worker and the sender stay connected.
        return connection.execute(
            "select query from pg_stat_activity where datname = 'warehouse'"
            " and application_name not in"
            " ('customer-analyzer api', 'customer-analyzer worker', 'customer-analyzer sender')"
        ).fetchall()


def test_everything_killed_at_once(up: Up, undisturbed: dict[str, str]) -> None:
    killed_and_repeated(up, "marts.user_features", VICTIMS)
    assert Shop(up.platform.warehouse_url, up.platform.home.root).checksums(TABLES) == undisturbed


@pytest.mark.soak
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("table", TABLES)
def test_each_process_killed_at_each_step(up: Up, undisturbed: dict[str, str], table: str, victim: str) -> None:
    killed_and_repeated(up, table, (victim,))
    assert Shop(up.platform.warehouse_url, up.platform.home.root).checksums(TABLES) == undisturbed
