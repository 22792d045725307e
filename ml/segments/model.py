"""A segmentation as it answers: the nearest centroid, how clear the case is, and why.

Belongs here: prediction, reasons and the stored form of a fitted segmentation. Does not belong here: fitting, names.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.advice import advice_for
from ml.answers import Answers, Values
from ml.catalogue import Feature, FeatureCatalogue
from ml.explanation import Contributions, Explanation, Reason
from ml.segments.scaling import Matrix, Scaling, feature_matrix

MODEL_FILE = "segmentation.json"
NEW = "new"
"""The segment of users whom nobody has seen yet."""


@dataclass(frozen=True)
class Segment:
    """One segment: its centre in the scaled space and what a marketer wants to know of it.

    `share` is of users, `revenue_share` of all money spent (None where nobody spends); `median` holds the
    members' median per feature in its own unit (None: undefined for all of them); `lever`: what can be done for them.
    """

    segment_id: int
    name: str
    centroid: tuple[float, ...]
    users: int
    share: float
    revenue_share: float | None
    median: Mapping[str, float | None]
    lever: str


@dataclass(frozen=True)
class SegmentPrior:
    """What is said of a user nobody has seen: that the user is new. No cluster holds such users, so there is no id."""

    advice: tuple[str, ...]
    segment_id: int | None = None
    segment: str = NEW
    basis: str = "prior"


@dataclass(frozen=True)
class SegmentationModel:
    """Assigns every user to the nearest centroid in scaled behaviour; immutable and free of anything but arrays."""

    kind: ClassVar[str] = "segmentation"
    # A segment says what a user is like, not what follows: it looks no day ahead.
    horizon_days: ClassVar[int] = 0

    as_of: date
    catalogue: FeatureCatalogue
    scaling: Scaling
    segments: tuple[Segment, ...]
    population_median: Mapping[str, float | None]
    next_segment_id: int
    _centroids: Matrix = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shape = (len(self.segments), len(self.scaling.names))
        centroids = np.array([segment.centroid for segment in self.segments], dtype=np.float64).reshape(shape)
        object.__setattr__(self, "_centroids", centroids)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The columns `predict` and `explain` need."""
        return self.scaling.names

    @property
    def feature_hash(self) -> str:
        """SHA-256 of what those columns mean."""
        return self.catalogue.hash

    @property
    def golden(self) -> pl.DataFrame:
        """The centre of every segment in the features' own units, and a user of whom nothing is defined.

        No person's row, so a model directory carries no personal data.
        """
        values = np.vstack([self.scaling.inverse(self._centroids), np.full((1, len(self.feature_names)), np.nan)])
        names = [f"segment {segment.segment_id}" for segment in self.segments] + ["nothing defined"]
        columns = {name: values[:, position] for position, name in enumerate(self.feature_names)}
        return pl.DataFrame({"user_id": names, **columns}).with_columns(pl.exclude("user_id").fill_nan(None))

    @property
    def centroids(self) -> Matrix:
        """Segments x features in the scaled space (a copy)."""
        return self._centroids.copy()

    @property
    def prior(self) -> SegmentPrior:
        """The answer for a user nobody has seen."""
        return SegmentPrior(_advice("onboarding"))

    def answer(self, values: Values, top: int = 0) -> Answers:
        """The segment of every row of `values` (rows x `feature_names`), with up to `top` reasons each.

        Columns: segment_id, segment, score (0: as near to the next segment, 1: exactly typical), distance (to the
        centroid, scaled units) and basis. Reasons are one a feature family, strongest first; the advice is the
        segment's.
        """
        raw = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
        scaled = self.scaling.transform(raw)
        nearest, distance, score = self._nearest(scaled)
        columns = {
            "segment_id": np.array([segment.segment_id for segment in self.segments], np.int32)[nearest],
            "segment": np.array([segment.name for segment in self.segments])[nearest],
            "score": score,
            "distance": distance,
            "basis": np.full(len(raw), "model"),
        }
        return Answers(columns, self._explanations(raw, scaled, nearest, top) if top else ())

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        """`answer` as a frame: one row a user, in the order given, user_id first.

        Raises FeatureMismatch if a column is absent.
        """
        answers = self.answer(feature_matrix(features, self.feature_names))
        return features.select("user_id").with_columns(pl.Series(name, of) for name, of in answers.columns.items())

    def explain(self, features: pl.DataFrame, top: int = 3) -> list[Explanation]:
        """Why each row belongs to its segment: at most `top` reasons, one per feature family, strongest first."""
        return list(self.answer(feature_matrix(features, self.feature_names), top).explanations)

    def contributions(self, features: pl.DataFrame) -> Matrix:
        """The `values` of `take_apart`, of a frame."""
        return self.take_apart(feature_matrix(features, self.feature_names)).values

    def take_apart(self, values: Values) -> Contributions:
        """How much nearer each feature brings a user to the own segment than to the average user.

        `values` is rows x `feature_names`. In squared scaled distance; a row adds up to the squared distance from the
        average user minus the squared distance from the segment's centre, and there is no bias.
        """
        scaled = self.scaling.transform(np.where(np.isfinite(values), values, np.nan).astype(np.float64))
        nearest, _, _ = self._nearest(scaled)
        closeness = self._closeness(scaled, nearest)
        total = np.asarray(closeness.sum(axis=1), np.float64)
        return Contributions(total, np.zeros(len(total)), closeness)

    def to_files(self) -> dict[str, bytes]:
        """The whole model as one plain JSON file."""
        document = {
            "as_of": self.as_of.isoformat(),
            "catalogue": self.catalogue.to_dict(),
            "scaling": self.scaling.to_list(),
            "segments": [
                {
                    "segment_id": segment.segment_id,
                    "name": segment.name,
                    "centroid": list(segment.centroid),
                    "users": segment.users,
                    "share": segment.share,
                    "revenue_share": segment.revenue_share,
                    "median": dict(segment.median),
                    "lever": segment.lever,
                }
                for segment in self.segments
            ],
            "population_median": dict(self.population_median),
            "next_segment_id": self.next_segment_id,
        }
        return {MODEL_FILE: json.dumps(document, indent=1, allow_nan=False).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Read what `to_files` wrote."""
        document = json.loads(files[MODEL_FILE])
        return cls(
            as_of=date.fromisoformat(document["as_of"]),
            catalogue=FeatureCatalogue.from_dict(document["catalogue"]),
            scaling=Scaling.from_list(document["scaling"]),
            segments=tuple(Segment(**entry | {"centroid": tuple(entry["centroid"])}) for entry in document["segments"]),
            population_median=document["population_median"],
            next_segment_id=document["next_segment_id"],
        )

    def _closeness(self, scaled: Matrix, nearest: NDArray[np.intp]) -> Matrix:
        return np.asarray(scaled**2 - (scaled - self._centroids[nearest]) ** 2, dtype=np.float64)

    def _explanations(
        self, raw: Matrix, scaled: Matrix, nearest: NDArray[np.intp], top: int
    ) -> tuple[Explanation, ...]:
        contributions = self._closeness(scaled, nearest)
        described = self.catalogue.features
        return tuple(
            Explanation(
                reasons=tuple(
                    self._reason(described[j], raw[row, j], contributions[row, j], segment)
                    for j in _strongest_of_each_family(contributions[row], described, top)
                ),
                advice=_advice(segment.lever),
            )
            for row, segment in enumerate(self.segments[place] for place in nearest.tolist())
        )

    def _nearest(self, scaled: Matrix) -> tuple[NDArray[np.intp], Matrix, Matrix]:
        distances = np.sqrt(np.stack([((scaled - centre) ** 2).sum(axis=1) for centre in self._centroids], axis=1))
        nearest = distances.argmin(axis=1)
        ordered = np.sort(distances, axis=1)
        own = ordered[:, 0]
        if len(self.segments) == 1:
            return nearest, own, np.ones_like(own)
        rival = np.maximum(ordered[:, 1], np.finfo(np.float64).tiny)
        return nearest, own, 1.0 - own / rival

    def _reason(self, feature: Feature, value: float, contribution: float, segment: Segment) -> Reason:
        user_value = None if np.isnan(value) else float(value)
        typical, everyone = segment.median[feature.name], self.population_median[feature.name]
        text = (
            f"{feature.label}: {words(user_value, feature.unit)} "
            f"(this segment {words(typical, feature.unit)}, all users {words(everyone, feature.unit)})"
        )
        return Reason(feature.name, feature.label, user_value, float(contribution), text)


def words(value: float | None, unit: str) -> str:
    """A value as it is read: no decimals where they say nothing, days and shares with their unit."""
    if value is None:
        return "never" if unit == "days" else "none"
    if unit == "share":
        return f"{value:.0%}"
    number = f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.2f}"
    if unit == "days":
        return f"{number} day" if number == "1" else f"{number} days"
    return number


def _advice(lever: str) -> tuple[str, ...]:
    sentence = advice_for(lever, SegmentationModel.kind)
    return () if sentence is None else (sentence,)


def _strongest_of_each_family(contributions: Matrix, features: Sequence[Feature], top: int) -> list[int]:
    chosen: list[int] = []
    families: set[str] = set()
    for position in np.argsort(-contributions, kind="stable"):
        if len(chosen) == top or contributions[position] <= 0.0:
            break
        if features[position].family not in families:
            families.add(features[position].family)
            chosen.append(int(position))
    return chosen
