"""A session of Spark, for what is said to it in Python.

Belongs here: connecting over Spark Connect, and leaving. Does not belong here: starting a Spark (`standalone.spark`),
and what dbt says to it (`dbt_project`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from core.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession


@contextmanager
def spark_session(remote: str) -> Iterator["SparkSession"]:
    """A session of the Spark at an address (sc://host:port), which ends with the block: its statements are cancelled.

    Raises UserError where the extra is not installed.
    """
    session = _opened(remote)
    try:
        session.conf.set("spark.sql.session.timeZone", "UTC")
        yield session
    finally:
        session.interruptAll()
        session.stop()


def begin_session(remote: str) -> str:
    """Begins the session that an address names (`;session_id=...`), and leaves it open for whoever uses the address.

    Returns the id of Spark's application, by which its pages and its history list it. Raises UserError where the extra
    is not installed.
    """
    session = _opened(remote)
    application = session.conf.get("spark.app.id")
    session.client.close()
    return str(application)


def end_session(remote: str) -> None:
    """Ends the session that an address names (`;session_id=...`), whoever began it: its statements end too."""
    with spark_session(remote):
        pass


def _opened(remote: str) -> "SparkSession":
    if find_spec("pyspark") is None:
        raise UserError("A session of Spark needs pyspark-client: install customer-analyzer[spark].")
    from pyspark.sql.connect.session import SparkSession

    return SparkSession.builder.remote(remote).create()
