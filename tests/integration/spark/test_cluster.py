"""On a standalone cluster, with a worker killed in the middle of a build, Spark builds the same bits.

Belongs here: what only a cluster can lose. Does not: what is built (test_equality).
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest

from core.home import LOOPBACK, free_port
from lake.catalogue import Lake
from standalone.processes import Child, Command, start, stop, wait_until_ready
from standalone.spark import SCALA_VERSION, java_home, running_spark, spark_home, spark_program
from standalone.stack import Platform
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.spark.conftest import MODELS_ONLY, QUICK, Marts, at_start_of, closed_session
from tests.integration.spark.histories import DAYS, known
from tests.integration.spark.test_equality import CARRIED_ON, OF_USERS, agree, built_by_postgres

# The Java of the package index lacks a module that Spark asks of workers.
pytestmark = pytest.mark.system("java", "mvn")

KILLED_AT = "user_features"


@contextmanager
def running_cluster(folder: Path) -> Iterator[tuple[str, list[Child]]]:
    """A master and two workers of one core each; the master's address, and the workers."""
    port = free_port()
    environment = {
        "SPARK_HOME": str(spark_home()),
        "JAVA_HOME": str(java_home()),
        "SPARK_SCALA_VERSION": SCALA_VERSION,
        "SPARK_LOCAL_IP": LOOPBACK,
    }
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
) -> None:
    lake = Lake(warehouse_url, (tmp_path / "lake").as_uri())
    built_by_postgres(parsed, warehouse, lake)
    with running_cluster(tmp_path) as (master, workers):
        room = {**QUICK, "spark.executor.memory": "512m", "spark.executor.cores": "1", "spark.master": master}
        with (
            running_spark(empty_platform.home, warehouse_url, lake.location, settings=room) as spark,
            closed_session(spark),
        ):
            marts = Marts(parsed_for_spark, lake, spark)
            broken = at_start_of(KILLED_AT, partial(kill, workers[0]))
            marts.build("build", *MODELS_ONLY, *CARRIED_ON, callbacks=[broken], **known(DAYS))
            assert not workers[0].is_running
            agree(marts, warehouse, OF_USERS)
