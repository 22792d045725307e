"""Scores of everyone in the lake: Spark reads the features, its workers ask the model, the answers are a table.

Belongs here: the statements that Spark is told, and bringing scores to Postgres. Does not belong here: what a model
answers (`ml`), which model is asked (`orchestration`), and starting a Spark (`standalone.spark`).

Spark may cut the rows into any batches, in any order: what a model says of a user does not depend on who else is
asked. So the answers are those of one process, to the last bit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
from pyiceberg.expressions.parser import parse

from core.errors import OperationError
from lake.catalogue import Lake
from lake.publishing import kept_frames
from ml.artifact import Model
from ml.batches import EXPLANATIONS, SCORES, SavedModel
from warehouse.database import Database
from warehouse.excluded_users import excluded_as_of
from warehouse.scores import write_scores

if TYPE_CHECKING:
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.session import SparkSession

SCORES_TABLE = ("ml", "scores")
EXPLANATIONS_TABLE = ("ml", "explanations")
FEATURES_TABLE = "marts.user_features"
BATCH_ROWS = 20_000
"""So many rows are in a worker's memory at once."""

_KEY = "model string, as_of date, horizon_days int, model_version int"
# All rows of a statement are of one partition: they are written where they are, and not brought to one task first.
_PROPERTIES = "'write.distribution-mode' = 'none', 'write.spark.fanout.enabled' = 'true'"
_PACKAGE = "customer_analyzer_ml.zip"


@dataclass(frozen=True)
class Scored:
    """Whom a model is asked about: everyone seen before `as_of`; and which version is asked."""

    model: str
    as_of: date
    horizon_days: int
    version: int


def has_features(session: "SparkSession", as_of: date) -> bool:
    """Whether anybody has features of a day in the lake."""
    from pyspark.sql.connect import functions

    return not session.table(FEATURES_TABLE).where(functions.col("as_of") == functions.lit(as_of)).isEmpty()


def score(session: "SparkSession", lake: Lake, saved: SavedModel, model: Model, of: Scored) -> None:
    """Replaces the scores of a model, day and horizon in the table `ml.scores` of the lake, in one commit.

    `model` is `saved`, loaded. Nobody's scores replace those there were where nobody has features of the day.
    """
    features = features_as_of(session, lake, model, of.as_of)
    _replace(session, features.mapInArrow(saved.score, spark_types(SCORES)), SCORES_TABLE, SCORES, of)


def explain(session: "SparkSession", lake: Lake, saved: SavedModel, model: Model, of: Scored, *, top: int) -> None:
    """Does the same with up to `top` reasons for each score, in the table `ml.explanations`."""
    features = features_as_of(session, lake, model, of.as_of)

    def explained(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return saved.explain(batches, top)

    _replace(session, features.mapInArrow(explained, spark_types(EXPLANATIONS)), EXPLANATIONS_TABLE, EXPLANATIONS, of)


def publish_scores(lake: Lake, of: Scored, feature_hash: str) -> int:
    """Brings scores to `ml.scores` in Postgres and enters them into the ledger; how many there are.

    All in one transaction: readers see the old ones, and then the new ones. Memory holds one file of the lake. Users
    who were erased meanwhile stay out.
    """
    wanted = parse(f"model = '{of.model}' and as_of = '{of.as_of}' and horizon_days = {of.horizon_days}")
    with lake.reading() as transaction:
        table = transaction.table(SCORES_TABLE)
        if table is None:
            raise OperationError("The lake has no scores; score with Spark first.")
        frames = kept_frames(transaction.connection, table, wanted)
        return write_scores(
            Database(lake.url), of.model, of.as_of, of.horizon_days, of.version, frames, feature_hash=feature_hash
        )


def send_package(session: "SparkSession") -> None:
    """Gives the workers of a session the package `ml`, so that they need the libraries alone."""
    with TemporaryDirectory() as scratch:
        target = Path(scratch) / _PACKAGE
        root = Path(str(files("ml")))
        with ZipFile(target, "w", ZIP_DEFLATED) as package:
            for file in sorted(root.rglob("*")):
                if file.suffix in (".py", ".yml"):
                    package.write(file, file.relative_to(root.parent))
        session.addArtifacts(str(target), pyfile=True)


def features_as_of(session: "SparkSession", lake: Lake, model: Model, as_of: date) -> "DataFrame":
    """What the model reads of everyone who is in the population on the day."""
    from pyspark.sql.connect import functions

    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(BATCH_ROWS))
    rows = session.table(FEATURES_TABLE).where(functions.col("as_of") == functions.lit(as_of))
    excluded = Database(lake.url).run(excluded_as_of(as_of))
    if excluded:
        left_out = session.createDataFrame([(user,) for user in excluded], "user_id string")
        rows = rows.join(left_out, "user_id", "left_anti")
    return rows.select("user_id", *model.feature_names)


def _replace(session: "SparkSession", found: "DataFrame", name: tuple[str, str], shape: pa.Schema, of: Scored) -> None:
    from pyspark.sql.connect import functions

    table = ".".join(name)
    session.sql(f"create namespace if not exists {name[0]}")
    session.sql(
        f"create table if not exists {table} ({_KEY}, {spark_types(shape)}) using iceberg"
        f" partitioned by (model, as_of, horizon_days) tblproperties ({_PROPERTIES})"
    )
    key = {
        "model": functions.lit(of.model),
        "as_of": functions.lit(of.as_of),
        "horizon_days": functions.lit(of.horizon_days),
        "model_version": functions.lit(of.version),
    }
    rows = found.select(*(value.alias(column) for column, value in key.items()), *shape.names)
    is_same = [functions.col(column) == value for column, value in key.items() if column != "model_version"]
    rows.writeTo(table).overwrite(is_same[0] & is_same[1] & is_same[2])


_TYPES = {pa.string(): "string", pa.float64(): "double", pa.int32(): "int"}


def spark_types(schema: pa.Schema) -> str:
    """The columns of a schema in Spark's words."""
    return ", ".join(f"{field.name} {_type(field.type)}" for field in schema)


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array<{_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {_type(field.type)}' for field in kind)}>"
    return _TYPES[kind]
