"""How often is the gate right? Simulated promotions of challengers whose true AUC is known.

Each user has a true log-odds. A model observes it with noise, and answers with the calibrated probability given its
observation. The amount of noise determines the model's true AUC (by quadrature, not by sampling). The common part of
the noise of champion and challenger determines the correlation of their scores. On CDNOW, the log-odds of a retrain a
month later correlate with those of the model before by .987 to .998 (both models), and those of a training with another
seed by .993 to .9998. So .99 stands for the next retrain, and .97 for a newly designed model. The lower the
correlation, the harder it is to tell which model is better.

    python -m benchmarks.gate_simulation                     200 promotions for each row, each with 20,000 users
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

import numpy as np
import polars as pl
from rich.table import Table
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from cli.console import make_console
from ml.catalogue import FeatureCatalogue
from ml.errors import FeatureMismatch
from ml.gate.decision import decide
from ml.gate.terms import GateDecision, GateLimits

Floats = np.ndarray[Any, np.dtype[np.float64]]

CHAMPION_AUC = 0.75
DIFFERENCES = (-0.01, -0.005, -0.002, -0.0005, 0.0, 0.002, 0.005, 0.01)
CORRELATIONS = (0.99, 0.97)

_CENTRE, _SPREAD = -2.7, 1.6
"""The distribution of the true log-odds: 12 % positives, and an AUC of .84 without noise."""
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(30)


@dataclass(frozen=True)
class Scored:
    """A stand-in for a model that reads its answers from a column of the frame."""

    column: str
    kind: str = "purchase"
    horizon_days: int = 30
    feature_names: tuple[str, ...] = ()
    feature_hash: str = ""
    catalogue: FeatureCatalogue = field(default_factory=lambda: FeatureCatalogue(()))
    golden: pl.DataFrame = field(default_factory=pl.DataFrame)

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        """The column as the answer."""
        if self.column not in features.columns:
            raise FeatureMismatch(f"The frame lacks the column `{self.column}`.")
        answer = "segment_id" if self.kind == "segmentation" else "score"
        return features.select("user_id", pl.col(self.column).alias(answer))

    def to_files(self) -> dict[str, bytes]:
        """No files."""
        return {}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Part of the interface; not used here."""
        return cls(str(files))


def calibrated(seen: Floats, noise: float) -> Floats:
    """The true probability of users whose log-odds is observed as `seen`, with noise of that standard deviation."""
    trust = _SPREAD**2 / (_SPREAD**2 + noise**2)
    rest = _SPREAD * noise / np.hypot(_SPREAD, noise)
    centre = _CENTRE + trust * (seen - _CENTRE)
    return np.asarray(expit(centre[..., None] + rest * _NODES) @ _NODE_WEIGHTS / _NODE_WEIGHTS.sum())


def true_auc(noise: float) -> float:
    """The AUC of an observation with that noise, over the whole distribution of users."""
    width = float(np.hypot(_SPREAD, noise))
    seen = _CENTRE + width * np.linspace(-8, 8, 4001)
    density = norm.pdf(seen, _CENTRE, width)
    positive = density * calibrated(seen, noise)
    negative = density - positive
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / (positive.sum() * negative.sum()))


def noise_for_auc(auc: float) -> float:
    """The amount of noise that leads to that AUC."""
    return float(brentq(lambda noise: true_auc(noise) - auc, 1e-3, 20))


@dataclass(frozen=True)
class SimulatedPair:
    """Champion and challenger with known true AUC. Their scores have this correlation, as far as their AUCs allow."""

    champion_noise: float
    challenger_noise: float
    correlation: float

    @classmethod
    def of(cls, difference: float, correlation: float) -> Self:
        """A pair in which the challenger's true AUC is higher by `difference`."""
        return cls(noise_for_auc(CHAMPION_AUC), noise_for_auc(CHAMPION_AUC + difference), correlation)

    def rows(self, users: int, seed: int) -> pl.DataFrame:
        """Users with their outcome and both scores, as the gate reads them."""
        rng = np.random.default_rng(seed)
        truth = rng.normal(_CENTRE, _SPREAD, users)
        first, second, _ = rng.normal(size=(3, users))
        one, other = self.champion_noise, self.challenger_noise
        shared = (self.correlation * np.hypot(_SPREAD, one) * np.hypot(_SPREAD, other) - _SPREAD**2) / (one * other)
        shared = min(shared, 1.0)
        noise = shared * first + np.sqrt(1 - shared**2) * second
        return pl.DataFrame(
            {
                "user_id": np.arange(users),
                "as_of": [date(2024, 6, 1)] * users,
                "days_since_first_seen": rng.integers(1, 300, users),
                "days_since_last_purchase": rng.integers(1, 300, users),
                "has_purchased": rng.random(users) < expit(truth),
                "champion": _answers(truth + one * first, one),
                "challenger": _answers(truth + other * noise, other),
            }
        )


def _answers(seen: Floats, noise: float) -> Floats:
    """`calibrated`, interpolated from a fine table: a quadrature for each user would take longer than the gate."""
    grid = np.linspace(seen.min(), seen.max(), 1000)
    return np.interp(seen, grid, calibrated(grid, noise))


def promotions(pair: SimulatedPair, *, times: int, users: int, limits: GateLimits | None = None) -> list[GateDecision]:
    """The gate's decisions in `times` promotions, each on other users."""
    return [
        decide(
            pair.rows(users, seed),
            challenger=Scored("challenger"),
            champion=Scored("champion"),
            limits=limits,
            seed=seed,
        )
        for seed in range(times)
    ]


def main() -> None:
    """Runs the simulation and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--promotions", type=int, default=200)
    parser.add_argument("--users", type=int, default=20_000)
    given = parser.parse_args()
    started = time.process_time()
    table = Table(title=f"{given.promotions} promotions a row, {given.users:,} users, champion's AUC {CHAMPION_AUC}")
    headings = ("challenger's true AUC", "correlation", "spread of the difference", "promoted")
    for heading in (*headings, "with a margin of .0005", "with a margin of .005"):
        table.add_column(heading, justify="right")
    for correlation in CORRELATIONS:
        for difference in DIFFERENCES:
            table.add_row(*_table_row(difference, correlation, given.promotions, given.users))
    make_console().print(table)
    each = (time.process_time() - started) / (given.promotions * len(CORRELATIONS) * len(DIFFERENCES))
    make_console().print(f"{each:.2f} s of CPU for each promotion, the simulation of its users included")


def _table_row(difference: float, correlation: float, times: int, users: int) -> tuple[str, ...]:
    decisions = promotions(SimulatedPair.of(difference, correlation), times=times, users=users)
    gains = [found.checks["challenger_auc"] - found.checks["champion_auc"] for found in decisions]
    lows = np.array([found.checks["auc_gain_low"] for found in decisions])
    shares = [np.mean([found.promote for found in decisions]), np.mean(lows >= -0.0005), np.mean(lows >= -0.005)]
    return (
        f"{difference:+.4f}",
        f"{correlation}",
        f"{np.std(gains):.4f}",
        *(f"{share:.1%}" for share in shares),
    )


if __name__ == "__main__":
    main()
