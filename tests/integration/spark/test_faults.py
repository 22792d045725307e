"""What Spark loses in the middle of a build is built again with the same bits.

Belongs here: a driver that is killed, and a full disk. Does not: a worker that is killed (test_cluster).
"""

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest

from lake.catalogue import Lake
from standalone.spark import Spark, running_spark
from standalone.stack import Platform
from tests.integration.dbt_project.parsed import Parsed
from tests.integration.spark.conftest import MODELS_ONLY, QUICK, Marts, at_start_of, closed_session
from tests.integration.spark.histories import DAYS, known
from tests.integration.spark.test_equality import CARRIED_ON, OF_USERS, agree, built_by_postgres

pytestmark = [pytest.mark.system("java", "mvn"), pytest.mark.soak]

BROKEN_AT = "int_user_sums"
DISK = 64 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk that holds little more than the lake; needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("fault", ["the driver is killed", "the disk is full"])
def test_a_build_that_is_repeated_ends_with_the_same_bits(
    empty_platform: Platform,
    parsed: Parsed,
    warehouse: psycopg.Connection[tuple[object, ...]],
    warehouse_url: str,
    parsed_for_spark: Parsed,
    small_disk: Path,
    fault: str,
) -> None:
    lake = Lake(warehouse_url, (small_disk / "lake").as_uri())
    built_by_postgres(parsed, warehouse, lake)
    ballast = small_disk / "ballast"

    def break_it(spark: Spark) -> None:
        if fault == "the disk is full":
            subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=64k"], check=False, capture_output=True)
        else:
            psutil.Process(spark.pid).kill()

    for is_broken in (True, False):
        with (
            running_spark(empty_platform.home, warehouse_url, lake.location, settings=QUICK) as spark,
            closed_session(spark),
        ):
            marts = Marts(parsed_for_spark, lake, spark)
            if is_broken:
                give_up_soon(spark)
                broken = at_start_of(BROKEN_AT, partial(break_it, spark))
                with pytest.raises(AssertionError):
                    marts.build("build", *MODELS_ONLY, *CARRIED_ON, callbacks=[broken], **known(DAYS))
                ballast.unlink(missing_ok=True)
            else:
                marts.build("build", *MODELS_ONLY, *CARRIED_ON, **known(DAYS))
                agree(marts, warehouse, OF_USERS)


def give_up_soon(spark: Spark) -> None:
    """dbt's session asks a Spark that does not answer for ten minutes, unless told."""
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(spark.remote).getOrCreate()
    session.client.set_retry_policies([DefaultPolicy(max_retries=2)])
