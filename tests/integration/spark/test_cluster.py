"""On a standalone cluster, with a worker killed in the middle of a build, Spark builds the same bits.

Belongs here: what only a cluster can lose. Does not: what is built (test_equality).
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from core.home import LOOPBACK, free_port
from ingestion.lake_copying import copy_to_lake
from lake.catalogue import Lake
from standalone.processes import Child, Command, start, stop, wait_until_ready
from standalone.spark import java_home, running_spark, spark_home, spark_program
from standalone.stack import Platform
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.spark.conftest import MODELS_ONLY, ON_POSTGRES, QUICK, Marts, closed_session
from tests.integration.spark.test_equality import DAYS, agree, drawn, store

# The Java of the package index lacks a module that Spark asks of workers.
pytestmark = [pytest.mark.system("java", "mvn"), pytest.mark.soak]

KILLED_AT = "user_features"


@contextmanager
def running_cluster(folder: Path) -> Iterator[tuple[str, list[Child]]]:
    """A master and two workers of one core each; the master's address, and the workers."""
    port, environment = free_port(), {"SPARK_HOME": str(spark_home()), "JAVA_HOME": str(java_home())}
    master = f"spark://{LOOPBACK}:{port}"
    at = ["--host", LOOPBACK, "--webui-port"]
    deploy = "org.apache.spark.deploy"
    line = spark_program(f"{deploy}.master.Master", *at, str(free_port()), "--port", str(port))
    children = [start(Command("master", line, folder / "master.log", port, environment=environment, directory=folder))]
    try:
        wait_until_ready(children[0], 120)
        for place in range(2):
            room = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work {place}"), master]
            line = spark_program(f"{deploy}.worker.Worker", *at, str(free_port()), *room)
            log = folder / f"worker-{place}.log"
            children.append(start(Command("worker", line, log, environment=environment, directory=folder)))
        yield master, children[1:]
    finally:
        stop(children)


def kill(worker: Child) -> None:
    """As when its machine is gone: the worker and what it started."""
    leader = psutil.Process(worker.process.pid)
    for process in [leader, *leader.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def test_a_worker_that_is_killed_changes_no_bit(
    empty_platform: Platform,
    parsed: Parsed,
    warehouse: psycopg.Connection[tuple[object, ...]],
    warehouse_url: str,
    parsed_for_spark: Parsed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = {"as_of_dates": list(DAYS), "horizon_days": 19, "known_until": DAYS[-1]}
    warehouse.execute("select raw.ensure_event_partitions('2022-10-01', '2024-04-30')")
    store(warehouse, drawn(100, 0))
    parsed.call("build", "--exclude", ON_POSTGRES, *MODELS_ONLY, **days)
    lake = Lake(warehouse_url, (tmp_path / "lake").as_uri())
    copy_to_lake(lake)

    with running_cluster(tmp_path) as (master, workers):
        room = {**QUICK, "spark.executor.memory": "512m", "spark.executor.cores": "1", "spark.master": master}
        with (
            running_spark(empty_platform.home, warehouse_url, lake.location, settings=room) as spark,
            closed_session(spark, monkeypatch),
        ):
            marts = Marts(parsed_for_spark, lake, spark)
            killed: list[str] = []

            def kill_one(event: object) -> None:
                info = getattr(event, "info", None)
                if getattr(info, "name", "") == "LogStartLine" and KILLED_AT in getattr(info, "msg", "") and not killed:
                    killed.append(KILLED_AT)
                    kill(workers[0])

            marts.build("build", *MODELS_ONLY, callbacks=[kill_one], **days)
            assert killed
            assert not workers[0].is_running
            agree(marts, warehouse)
