"""The Spark that marts are built and users are scored with, where the engine is Spark.

Belongs here: the cluster that is named, or one of our own for as long as the work takes, and ending what was begun
there. Does not belong here: which models are built in which order (`orchestration.assets.marts`), what is scored
(`orchestration.scoring`), and how a Spark is started (`standalone.spark`).
"""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.home import Home
from core.settings import Settings
from lake.names import warehouse_location
from lake.session import begin_session, end_session, spark_session
from standalone.environment import exported
from standalone.spark import running_spark

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession


@dataclass(frozen=True)
class SparkOfBuild:
    """Where a build's statements are: Spark's application, the session in it, and Spark's pages if they are known."""

    application: str
    session_id: str
    pages: str | None

    @property
    def metadata(self) -> dict[str, str]:
        """What Dagster shows of a table that was built with it."""
        found = {"engine": "spark", "spark_application": self.application, "spark_session": self.session_id}
        if self.pages is None:
            return found
        return {**found, "spark_pages": f"{self.pages}/connect/session/?id={self.session_id}"}


@dataclass(frozen=True)
class SparkOfScoring:
    """The session in which users are scored, and Spark's pages if known."""

    session: "SparkSession"
    pages: str | None

    @property
    def metadata(self) -> dict[str, str]:
        """What Dagster shows of scores that were made with it."""
        found = {"engine": "spark", "spark_session": str(self.session.session_id)}
        return found if self.pages is None else {**found, "spark_pages": f"{self.pages}/connect/"}


@contextmanager
def spark_of_build(settings: Settings, home: Home, warehouse_url: str) -> Iterator[SparkOfBuild]:
    """Lets dbt find a Spark by SPARK_REMOTE for the duration of the block.

    However the block ends, also by a cancelled run, what still runs there is cancelled: the session on a named cluster
    ends, and a Spark of our own is stopped.
    """
    session_id = str(uuid.uuid4())
    with ExitStack() as resources:
        remote, pages = resources.enter_context(_spark(settings, home, warehouse_url))
        address = f"{remote}{'' if '/;' in remote else '/'};session_id={session_id}"
        if settings.spark_remote is not None:
            resources.callback(end_session, address)
        application = begin_session(address)
        resources.enter_context(exported({"SPARK_REMOTE": address}))
        yield SparkOfBuild(application, session_id, pages)


@contextmanager
def spark_of_scoring(settings: Settings, home: Home, warehouse_url: str) -> Iterator[SparkOfScoring]:
    """A session of the Spark that is named, or of one that is started, for the duration of the block."""
    with _spark(settings, home, warehouse_url) as (remote, pages), spark_session(remote) as session:
        yield SparkOfScoring(session, pages)


@contextmanager
def _spark(settings: Settings, home: Home, warehouse_url: str) -> Iterator[tuple[str, str | None]]:
    """The address of the Spark that is named, or of one that runs for the duration of the block; its pages if known."""
    if settings.spark_remote is not None:
        yield settings.spark_remote.get_secret_value(), None
        return
    with running_spark(home, warehouse_url, warehouse_location(settings.lake, home.root)) as spark:
        yield spark.remote, spark.pages
