from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Self

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from ml.errors import FeatureMismatch, NotEnoughData
from ml.gate import decide

_USERS = 4000


@dataclass(frozen=True)
class Scored:
    """A model that reads its answers from a column, so that a test decides how good it is."""

    column: str
    kind: str = "purchase"
    horizon_days: int = 30
    feature_names: tuple[str, ...] = ()
    feature_hash: str = ""
    golden: pl.DataFrame = field(default_factory=pl.DataFrame)

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        if self.column not in features.columns:
            raise FeatureMismatch(f"The frame lacks the column `{self.column}`.")
        answer = "segment_id" if self.kind == "segmentation" else "score"
        return features.select("user_id", pl.col(self.column).alias(answer))

    def to_files(self) -> dict[str, bytes]:
        return {}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        return cls(str(files))


def _rows(seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    truth = random.normal(-1, 1.5, _USERS)
    noise = random.normal(0, 1, (3, _USERS))
    return pl.DataFrame(
        {
            "user_id": [f"u{number}" for number in range(_USERS)],
            "as_of": [date(2024, 6, 1)] * _USERS,
            "days_since_first_seen": random.integers(1, 300, _USERS),
            "days_since_last_purchase": np.round(60 - 10 * truth + 30 * noise[0]),
            "has_purchased": random.random(_USERS) < expit(truth),
            "true": expit(truth),
            "close": expit(truth + 0.05 * noise[1]),
            "worse": expit(truth + 1.0 * noise[2]),
            "random": expit(noise[2]),
            "boastful": expit(truth + 1.5),
        }
    )


def test_a_better_challenger_is_promoted() -> None:
    decision = decide(_rows(), challenger=Scored("true"), champion=Scored("worse"))
    assert decision.promote
    assert "of the champion on 4,000 newest matured users" in decision.reason
    assert decision.checks["auc_gain_low"] > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_worse_challenger_never_is(seed: int) -> None:
    decision = decide(_rows(seed), challenger=Scored("worse"), champion=Scored("true"))
    assert not decision.promote
    assert "may be worse" in decision.reason


def test_the_same_model_again_and_a_tie_with_proof_pass() -> None:
    assert decide(_rows(), challenger=Scored("true"), champion=Scored("true")).promote
    assert decide(_rows(), challenger=Scored("close"), champion=Scored("true")).promote


def test_equal_ranking_with_worse_calibration_is_refused() -> None:
    decision = decide(_rows(), challenger=Scored("boastful"), champion=Scored("true"))
    assert not decision.promote
    assert "calibration error" in decision.reason


def test_the_first_model_must_not_be_clearly_worse_than_recency() -> None:
    assert decide(_rows(), challenger=Scored("true"), champion=None).promote
    refused = decide(_rows(), challenger=Scored("random"), champion=None)
    assert not refused.promote
    assert "recency alone" in refused.reason


def test_a_champion_that_cannot_read_the_features_loses_its_place() -> None:
    decision = decide(_rows(), challenger=Scored("true"), champion=Scored("dropped_column"))
    assert decision.promote
    assert "cannot read today's features" in decision.reason


def test_a_slice_that_falls_is_noticed() -> None:
    rows = _rows().with_columns(
        lopsided=pl.when(pl.col("days_since_first_seen") < 150).then(pl.col("worse")).otherwise(pl.col("true"))
    )
    decision = decide(rows, challenger=Scored("lopsided"), champion=Scored("worse"))
    assert decision.promote
    reversed_roles = decide(rows, challenger=Scored("worse"), champion=Scored("lopsided"))
    assert reversed_roles.checks["slice_older_auc_gain"] < -0.03
    assert not reversed_roles.promote


def test_rows_without_labels_are_named() -> None:
    with pytest.raises(NotEnoughData, match="purchase label"):
        decide(_rows().with_columns(has_purchased=pl.lit(None, pl.Boolean)), challenger=Scored("true"), champion=None)


def test_segments_pass_unless_they_lump_everyone_together() -> None:
    rows = _rows().with_columns(halves=pl.col("true") > 0.3, one=pl.lit(1))
    halves, one = (Scored(column, kind="segmentation") for column in ("halves", "one"))
    decision = decide(rows, challenger=halves, champion=halves)
    assert decision.promote
    assert decision.checks["kept_share"] == 1.0
    assert not decide(rows, challenger=one, champion=None).promote


def test_without_evidence_the_champion_stays() -> None:
    rows = _rows().with_columns(has_purchased=pl.lit(False))
    decision = decide(rows, challenger=Scored("true"), champion=Scored("worse"))
    assert not decision.promote
    assert "one outcome only" in decision.reason
