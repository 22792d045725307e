"""One Spark for all tests that need one, and the marts as each engine builds them."""

import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from sysconfig import get_path

import pytest

from lake.catalogue import Lake
from lake.marts import plan_build
from standalone.spark import Spark, running_spark
from standalone.spark_jars import fetch_jars
from standalone.stack import Platform
from tests.integration.conftest import export
from tests.integration.dbt_project.parsed import Parsed

ON_POSTGRES = "config.meta.engine:postgres"
"""The models that stay on Postgres with either engine."""

MODELS_ONLY = ("--resource-types", "seed", "model")


QUICK = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
"""Spark compiles each query for large tables; with a few thousand rows, that would be most of the time."""


@dataclass(frozen=True)
class Marts:
    """The dbt project on Spark, for the lake of a warehouse."""

    parsed: Parsed
    lake: Lake
    spark: Spark

    def build(
        self, command: str, *arguments: str, callbacks: Sequence[Callable[..., None]] = (), **variables: object
    ) -> None:
        """Calls dbt for what Spark builds; `callbacks` are told of dbt's events."""
        self.parsed.runner.callbacks = list(callbacks)
        self.parsed.call(command, "--exclude", ON_POSTGRES, *arguments, **variables, lake=plan_build(self.lake))


def at_start_of(model: str, act: Callable[[], None]) -> Callable[..., None]:
    """A callback of dbt's events that acts once, when a model begins to be built."""
    acted: list[str] = []

    def told(event: object) -> None:
        info = getattr(event, "info", None)
        if getattr(info, "name", "") == "LogStartLine" and model in getattr(info, "msg", "") and not acted:
            acted.append(model)
            act()

    return told


@pytest.fixture(scope="session")
def spark(empty_platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """A Spark in local mode. Its lake's catalogue is in the warehouse that the test has.

    Its workers have the libraries of models, and nothing of this project: it must be sent to them.
    """
    fetch_jars()
    location = (tmp_path_factory.mktemp("lake") / "lake").as_uri()
    bare = tmp_path_factory.mktemp("python")
    venv.create(bare, symlinks=True)
    (site_packages,) = bare.glob("lib/python*/site-packages")
    (site_packages / "libraries.pth").write_text(get_path("purelib"), encoding="utf-8")
    with ExitStack() as stack:
        # Spark finds the password as it starts. Another platform that this process began later has its own.
        with pytest.MonkeyPatch.context() as monkeypatch:
            export(empty_platform, monkeypatch)
            # As Compose hands over a variable that is not set: no cluster is named.
            monkeypatch.setenv("SPARK_REMOTE", "")
            spark = stack.enter_context(
                running_spark(
                    empty_platform.home,
                    empty_platform.warehouse_url,
                    location,
                    settings=QUICK,
                    python=bare / "bin" / "python",
                )
            )
        yield spark


@pytest.fixture(scope="session")
def parsed_for_spark(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """The dbt project, parsed once for Spark."""
    return Parsed(tmp_path_factory.mktemp("dbt-spark"), target="spark")


@contextmanager
def closed_session(spark: Spark) -> Iterator[None]:
    """Lets dbt find a Spark; the session that it opens in this process ends with the block, before Spark does."""
    from pyspark.sql.connect.session import SparkSession

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SPARK_REMOTE", spark.remote)
        try:
            yield
        finally:
            SparkSession.builder.remote(spark.remote).getOrCreate().stop()


@pytest.fixture
def marts(warehouse_url: str, spark: Spark, parsed_for_spark: Parsed) -> Iterator[Marts]:
    """The marts on Spark."""
    with closed_session(spark):
        yield Marts(parsed_for_spark, Lake(warehouse_url, spark.location), spark)
