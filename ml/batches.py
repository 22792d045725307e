"""A saved model applied to batches of Arrow, wherever they are: what Spark's workers run.

Belongs here: files of a model in, batches in, answers out. Does not belong here: Spark, and where batches come from
(`lake.scoring`). A worker needs this package and the libraries that models are made with, and nothing else of ours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa

from ml import artifact
from ml.artifact import Model
from ml.explanation import Explanation

SCORES = pa.schema(
    [
        ("user_id", pa.string()),
        ("score", pa.float64()),
        ("expected_value", pa.float64()),
        ("lifetime_value_90d", pa.float64()),
        ("lifetime_value_365d", pa.float64()),
        ("segment_id", pa.int32()),
        ("segment", pa.string()),
        ("basis", pa.string()),
    ]
)
"""What is said of a user; a column that a kind of model does not answer is empty."""

_REASON = pa.struct(
    [("feature", pa.string()), ("value", pa.float64()), ("contribution", pa.float64()), ("text", pa.string())]
)
EXPLANATIONS = pa.schema([("user_id", pa.string()), ("reasons", pa.list_(_REASON)), ("advice", pa.list_(pa.string()))])
"""Why: reasons, strongest first, as `ml.explanation.Reason` has them, and the advice that follows."""


@dataclass(frozen=True)
class SavedModel:
    """The files of a saved model and its digest: what travels to a worker."""

    files: tuple[tuple[str, bytes], ...]
    digest: str

    def __hash__(self) -> int:
        return hash(self.digest)

    @classmethod
    def read(cls, folder: Path, digest: str) -> "SavedModel":
        """A saved model from its folder, after every byte was checked. Raises ArtifactError."""
        return cls(tuple(sorted(artifact.verified_files(folder, digest).items())), digest)

    def score(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Answers batches, which have user_id and the model's features, one by one, with the columns of SCORES."""
        model = _loaded(self)
        for features in map(pl.DataFrame, batches):
            answers = model.predict(features).to_arrow()
            columns = [
                answers[field.name].cast(field.type).combine_chunks()
                if field.name in answers.column_names
                else pa.nulls(answers.num_rows, field.type)
                for field in SCORES
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=SCORES)

    def explain(self, batches: Iterable[pa.RecordBatch], top: int) -> Iterator[pa.RecordBatch]:
        """Explains batches as `score` answers them, with up to `top` reasons each and the columns of EXPLANATIONS."""
        model = _loaded(self)
        for features in map(pl.DataFrame, batches):
            values = features.select(pl.col(model.feature_names).cast(pl.Float64)).to_numpy(order="c")
            found = model.answer(values, top).explanations
            users = features.get_column("user_id").to_list()
            rows = [{"user_id": user, **_as_row(each)} for user, each in zip(users, found, strict=True)]
            yield pa.RecordBatch.from_pylist(rows, schema=EXPLANATIONS)


@lru_cache(maxsize=2)
def _loaded(saved: SavedModel) -> Model:
    """The model, read and checked once in each worker."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        artifact.write_files(folder, dict(saved.files))
        return artifact.load(folder, saved.digest)


def _as_row(explanation: Explanation) -> dict[str, object]:
    return {
        "reasons": [
            {"feature": each.feature, "value": each.value, "contribution": each.contribution, "text": each.text}
            for each in explanation.reasons
        ],
        "advice": list(explanation.advice),
    }
