"""A replica is as new as the warehouse where it is read, and loses nothing that was acknowledged when it is promoted.

A platform of its own, because its Postgres is killed.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil
import psycopg
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from backend.database import DatabasePool
from backend.metrics import Metrics
from backend.replica import ReplicaPool
from backend.settings import BackendSettings
from core.errors import DatabaseError, UserError
from core.home import prepare_home
from core.settings import Settings
from standalone.fleet import running_servers
from standalone.postgres import running_postmaster
from standalone.replica import NAME, demand_replica, prepare_replica, promote, replica_of, replica_server, take_over
from standalone.stack import Platform, running_platform
from tests.integration.standalone.drill import Writer, events_in, wait, write_event
from warehouse.database import execute, value
from warehouse.databases import WAREHOUSE, Server
from warehouse.platform_figures import replica_lags, replicas_connected

WRITERS = 4


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("replicated") / "home", database_url=None, replica=True)


@pytest.fixture(scope="module")
def replicated(settings: Settings) -> Iterator[Platform]:
    """A platform whose replica follows it."""
    prepare_replica(settings, prepare_home(settings.home))
    with running_platform(settings) as platform, running_servers([replica_server(platform)]):
        wait(lambda: _is_open(_replica(platform)), 30)
        yield platform


def _is_open(server: Server) -> bool:
    """A replica listens before it takes connections."""
    try:
        with server.connect(WAREHOUSE):
            return True
    except DatabaseError:
        return False


def _replica(platform: Platform) -> Server:
    server = replica_of(platform.home)
    assert server is not None
    return server


def _order(server: Server, statement: str) -> None:
    with server.connect("postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def test_reports_read_the_replica_only_where_it_is_as_new_as_the_warehouse(replicated: Platform) -> None:
    replica = _replica(replicated)
    backend = replace(replicated.access.backend, port=replica.port)
    settings = BackendSettings(
        warehouse_url=SecretStr(replicated.backend_url), replica_url=SecretStr(backend.url(WAREHOUSE))
    )
    registry = CollectorRegistry()
    count = value(int, "select count(*) from raw.events")

    def reads(where: str) -> float:
        return registry.get_sample_value("customer_analyzer_api_report_reads_total", {"where": where}) or 0.0

    async def look() -> None:
        primary = DatabasePool(settings)
        await primary.open()
        reports = ReplicaPool(settings, backend.url(WAREHOUSE), primary, Metrics(registry))
        await reports.open()
        with replicated.server.connect(WAREHOUSE, autocommit=True) as connection:
            connection.execute("select raw.ensure_event_partitions(current_date, current_date + 1)")
            for written in range(1, 21):
                write_event(connection, Writer())
                assert await reports.run(count) == written
            # Under load a look may come later than the bound; then the warehouse answers, which is right too.
            assert reads("replica") >= 15
            _order(replica, "select pg_wal_replay_pause()")
            write_event(connection, Writer())
            before = reads("primary")
            assert await reports.run_long(count) == 21
            assert reads("primary") == before + 1
            _order(replica, "select pg_wal_replay_resume()")
        await reports.close()
        await primary.close()

    asyncio.run(look())


def test_monitoring_sees_that_the_replica_follows(replicated: Platform) -> None:
    with replicated.access.monitoring.connect(WAREHOUSE) as connection:
        connected = execute(connection, replicas_connected())
        ((replica, lag),) = execute(connection, replica_lags())

    assert connected == [((NAME,), 1)]
    assert replica == (NAME,)
    assert 0 <= lag < 3600


def test_nothing_that_was_acknowledged_is_lost_with_the_primary(replicated: Platform, settings: Settings) -> None:
    home, writer, stopped = replicated.home, Writer(), threading.Event()
    replica = _replica(replicated)
    demand_replica(replicated.server)
    wait(lambda: _is_synchronous(replicated.server), 20)
    before = events_in(replicated)
    with pytest.raises(UserError, match="is in use"):
        take_over(home)

    def write() -> None:
        while not stopped.is_set():
            for server in (replicated.server, replica):
                try:
                    with server.connect(WAREHOUSE, autocommit=True) as connection:
                        while not stopped.is_set():
                            write_event(connection, writer)
                except (psycopg.Error, UserError):
                    time.sleep(0.01)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    wait(lambda: len(writer.acknowledged) > 200, 30)
    postmaster = running_postmaster(home)
    assert postmaster is not None
    for process in [psutil.Process(postmaster.pid), *psutil.Process(postmaster.pid).children(recursive=True)]:
        process.kill()
    killed_at = max(writer.acknowledged.values())
    promotion = promote(home)
    wait(lambda: len([1 for at in list(writer.acknowledged.values()) if at > killed_at]) > 20, 30)
    stopped.set()
    for thread in threads:
        thread.join()
    first = min(at for at in writer.acknowledged.values() if at > killed_at)
    sys.stdout.write(
        f"{len(writer.acknowledged)} acknowledged; promoted in {promotion:.2f} s,"
        f" written again {(first - killed_at).total_seconds():.2f} s after the last commit of the primary\n"
    )
    with replica.connect(WAREHOUSE) as connection:
        there = {event_id for (event_id,) in connection.execute("select event_id from raw.events").fetchall()}
    assert writer.acknowledged.keys() <= there
    assert before <= there


def test_the_replica_takes_the_primarys_place(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = settings.model_copy(update={"home": tmp_path_factory.mktemp("taken") / "home"})
    home = prepare_home(own.home)
    prepare_replica(own, home)
    with running_platform(own) as platform, running_servers([replica_server(platform)]):
        with platform.server.connect(WAREHOUSE, autocommit=True) as connection:
            connection.execute("select raw.ensure_event_partitions(current_date, current_date + 1)")
            write_event(connection, Writer())
        written = events_in(platform)
        replica = _replica(platform)
        wait(lambda: _is_open(replica), 30)
        wait(lambda: _events(replica) == 1, 20)
    # The primary's data is gone; the replica, which does not run, has all of it.
    earlier = take_over(home)
    assert (earlier / "PG_VERSION").is_file()
    with running_platform(own) as platform:
        assert events_in(platform) == written


def _events(server: Server) -> int:
    with server.connect(WAREHOUSE) as connection:
        ((count,),) = connection.execute("select count(*) from raw.events").fetchall()
    return int(str(count))


def _is_synchronous(primary: Server) -> bool:
    with primary.connect("postgres") as connection:
        return connection.execute("select from pg_stat_replication where sync_state = 'sync'").fetchone() is not None
