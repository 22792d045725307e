"""A segmentation as it answers: the nearest centroid, how clear the case is, and why.

Belongs here: prediction, reasons and the stored form of a fitted segmentation. Does not belong here: fitting, names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.advice import advice_for
from ml.catalogue import Feature, FeatureCatalogue
from ml.explanation import Explanation, Reason
from ml.segments.scaling import Matrix, Scaling, feature_matrix

MODEL_FILE = "segmentation.json"


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
    """What is said of a user without history: where newcomers most often are, and which share of them."""

    segment_id: int
    segment: str
    score: float
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
    newcomer_segment_id: int
    newcomer_share: float
    next_segment_id: int
    _centroids: Matrix = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shape = (len(self.segments), len(self.scaling.names))
        centroids = np.array([segment.centroid for segment in self.segments], dtype=np.float64).reshape(shape)
        object.__setattr__(self, "_centroids", centroids)

    @property
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
        """The answer for a user without history."""
        segment = next(s for s in self.segments if s.segment_id == self.newcomer_segment_id)
        return SegmentPrior(segment.segment_id, segment.name, self.newcomer_share)

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        """The segment of every row of `features` (user_id and `feature_names`; null = undefined).

        Returns user_id, segment_id, segment, score (0: as near to the next segment, 1: exactly typical), distance
        (to the centroid, scaled units) and basis. Raises FeatureMismatch if a column is absent.
        """
        scaled = self._scale(features)
        nearest, distance, score = self._nearest(scaled)
        ids = np.array([segment.segment_id for segment in self.segments], dtype=np.int32)
        names = [segment.name for segment in self.segments]
        return pl.DataFrame(
            [
                features.get_column("user_id"),
                pl.Series("segment_id", ids[nearest]),
                pl.Series("segment", [names[position] for position in nearest.tolist()], dtype=pl.String),
                pl.Series("score", score),
                pl.Series("distance", distance),
                pl.Series("basis", ["model"] * features.height, dtype=pl.String),
            ]
        )

    def explain(self, features: pl.DataFrame, top: int = 3) -> list[Explanation]:
        """Why each row belongs to its segment: at most `top` reasons, one per feature family, strongest first.

        The advice is the segment's.
        """
        raw = feature_matrix(features, self.feature_names)
        scaled = self.scaling.transform(raw)
        nearest, _, _ = self._nearest(scaled)
        contributions = self._closeness(scaled, nearest)
        described = [self.catalogue[name] for name in self.feature_names]
        return [
            Explanation(
                user_id=user_id,
                reasons=tuple(
                    self._reason(described[j], raw[row, j], contributions[row, j], self.segments[nearest[row]])
                    for j in _strongest_of_each_family(contributions[row], described, top)
                ),
                advice=_advice(self.segments[nearest[row]]),
            )
            for row, user_id in enumerate(features["user_id"].to_list())
        ]

    def contributions(self, features: pl.DataFrame) -> Matrix:
        """How much nearer each feature brings a user to the own segment than to the average user.

        Rows x `feature_names`, in squared scaled distance; a row adds up to the squared distance from the average
        user minus the squared distance from the segment's centre.
        """
        scaled = self._scale(features)
        nearest, _, _ = self._nearest(scaled)
        return self._closeness(scaled, nearest)

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
            "newcomer_segment_id": self.newcomer_segment_id,
            "newcomer_share": self.newcomer_share,
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
            newcomer_segment_id=document["newcomer_segment_id"],
            newcomer_share=document["newcomer_share"],
            next_segment_id=document["next_segment_id"],
        )

    def _closeness(self, scaled: Matrix, nearest: NDArray[np.intp]) -> Matrix:
        return np.asarray(scaled**2 - (scaled - self._centroids[nearest]) ** 2, dtype=np.float64)

    def _scale(self, features: pl.DataFrame) -> Matrix:
        return self.scaling.transform(feature_matrix(features, self.feature_names))

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


def _advice(segment: Segment) -> tuple[str, ...]:
    sentence = advice_for(segment.lever, SegmentationModel.kind)
    return () if sentence is None else (sentence,)


def _strongest_of_each_family(contributions: Matrix, features: list[Feature], top: int) -> list[int]:
    chosen: list[int] = []
    families: set[str] = set()
    for position in np.argsort(-contributions, kind="stable"):
        if len(chosen) == top or contributions[position] <= 0.0:
            break
        if features[position].family not in families:
            families.add(features[position].family)
            chosen.append(int(position))
    return chosen
