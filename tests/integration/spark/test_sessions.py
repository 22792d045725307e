"""What a build runs on Spark is found on its pages, and ends with the build.

Belongs here: sessions. Does not: what is built in them (test_equality).
"""

import os
import threading

import httpx
import pytest
from pydantic import SecretStr

from core.settings import Settings
from lake.session import begin_session
from orchestration.engines import spark_of_build
from standalone.spark import Spark
from standalone.stack import Platform

pytestmark = pytest.mark.system("java", "mvn")

ENDLESS = "select count(*) from range(1000000000000) where hash(id) % 3 = 1 and hash(id, 1) % 5 = 1"


def test_a_cancelled_build_ends_what_it_runs_and_can_be_repeated(spark: Spark, empty_platform: Platform) -> None:
    from pyspark.errors import PySparkException
    from pyspark.sql.connect.session import SparkSession

    settings = Settings(home=empty_platform.home.root, engine="spark", spark_remote=SecretStr(spark.remote))
    said: list[str] = []

    def run(session: SparkSession) -> None:
        try:
            session.sql(ENDLESS).collect()
        except PySparkException as error:
            said.append(str(error))

    with (
        pytest.raises(KeyboardInterrupt),
        spark_of_build(settings, empty_platform.home, empty_platform.warehouse_url) as build,
    ):
        assert build.session_id in page(f"{spark.pages}/connect/session/?id={build.session_id}")
        session = SparkSession.builder.remote(os.environ["SPARK_REMOTE"]).create()
        running = threading.Thread(target=run, args=[session])
        running.start()
        while ENDLESS[:30] not in page(f"{spark.pages}/connect/"):
            running.join(0.2)
            assert running.is_alive()
        raise KeyboardInterrupt
    running.join(60)
    session.client.close()
    assert not running.is_alive()
    assert "SESSION" in said[0] or "CANCELED" in said[0]

    with spark_of_build(settings, empty_platform.home, empty_platform.warehouse_url) as again:
        assert again.session_id != build.session_id
        assert begin_session(os.environ["SPARK_REMOTE"]) == build.application


def page(address: str) -> str:
    """A page of Spark's."""
    return httpx.get(address, timeout=60).raise_for_status().text
