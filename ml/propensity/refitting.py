"""A judged model made again from everything whose outcome is known by now: the model that is deployed.

What was judged has learned nothing from the newest window, which it was judged on. How many users act changes with the
season, so by then its level is old. The refitted model is made by the same recipe, and learns from the days of the
judged model and the test cutoff. No later day could judge it, so it must be the same model but for the data.

Belongs here: the refit, and the checks that speak for or against it. Does not belong here: how the judged model was
chosen (`ml.propensity.training`), and whether a challenger takes the champion's place (`ml.gate`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from ml.catalogue import FeatureCatalogue
from ml.cutoffs import CutoffPlan
from ml.evaluation import auc
from ml.kinds import ModelKind
from ml.propensity.fitting import Material, Recipe, Rows, fit_model
from ml.propensity.matrix import Floats, Matrix, feature_matrix
from ml.propensity.model import PropensityModel
from ml.propensity.spec import PropensitySpec
from ml.slices import slice_users

_LEAST_CORRELATION = 0.9
_MOST_AUC_LOSS = 0.03
_MOST_GOLDEN_SHIFT = 3.0
_SLICE_ROWS = 200


@dataclass(frozen=True)
class Refit:
    """The model to deploy. With a `doubt` that is the judged model itself, and the words say what spoke against it."""

    model: PropensityModel
    checks: dict[str, float]
    doubt: str | None


def refit_propensity(
    judged: PropensityModel,
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
    kind: ModelKind,
    spec: PropensitySpec,
    *,
    seed: int,
) -> Refit:
    """Make the model of `judged` again from all days of `plan`, whose label windows have all closed by `plan.as_of`.

    Everything else is what `judged` was trained with.
    """
    material = Material.of(frame, catalogue, plan, kind, spec, seed)
    recipe = Recipe(judged.rung, judged.rung_reason, tuple(member.name for member in judged.members), judged.stack)
    model = fit_model(material, recipe, *plan.all)
    checks = compare_refit(judged, model, material.rows(plan.test))
    doubt = refit_doubt(checks)
    return Refit(judged if doubt else model, checks, doubt)


def compare_refit(judged: PropensityModel, refitted: PropensityModel, test: Rows) -> dict[str, float]:
    """What tells whether two models are the same but for the data.

    `correlation` is that of their log-odds over the users of the test cutoff. `golden_shift` is how much further than
    the typical golden row any other one moved, in log-odds. `level` and `refitted_level` are their mean probabilities,
    `came_true` the share that came true. `auc_gain` and `slice_NAME_auc_gain` compare their ranking. The refitted model
    knows these outcomes, so its ranking may be better, and must not be worse.
    """
    before, after = (log_odds(model, test.matrix) for model in (judged, refitted))
    golden = feature_matrix(judged.golden, judged.feature_names)
    moved = log_odds(refitted, golden) - log_odds(judged, golden)
    checks = {
        "correlation": _correlation(before, after),
        "golden_shift": float(np.abs(moved - np.median(moved)).max()),
        "level": float(expit(before).mean()),
        "refitted_level": float(expit(after).mean()),
        "came_true": float(test.labels.mean()),
        "auc_gain": auc(test.labels, after) - auc(test.labels, before),
    }
    slices = slice_users(test.frame)
    for column in slices.columns:
        for name in slices[column].drop_nulls().unique().sort().to_list():
            inside = (slices[column] == name).to_numpy()
            labels = test.labels[inside]
            if min(labels.sum(), len(labels) - labels.sum()) >= _SLICE_ROWS:
                gain = auc(labels, after[inside]) - auc(labels, before[inside])
                checks[f"slice_{column}_{name}_auc_gain"] = gain
    return checks


def refit_doubt(checks: dict[str, float]) -> str | None:
    """The first check that says it is another model, in words; None where it is the same but for the data."""
    if not checks["correlation"] >= _LEAST_CORRELATION:
        return f"its log-odds correlate with those of the judged model by {checks['correlation']:.2f} only"
    if checks["golden_shift"] > _MOST_GOLDEN_SHIFT:
        return f"it moves a golden row {checks['golden_shift']:.1f} further than the typical one, in log-odds"
    for name, gain in checks.items():
        if name.endswith("auc_gain") and gain < -_MOST_AUC_LOSS:
            whom = "all users" if name == "auc_gain" else name.removesuffix("_auc_gain")
            return f"its AUC falls by {-gain:.3f} ({whom})"
    return None


def log_odds(model: PropensityModel, matrix: Matrix) -> Floats:
    """The log-odds behind the answers of a model."""
    return model.take_apart(matrix).total


def _correlation(before: Floats, after: Floats) -> float:
    """1 where both say the same of everyone, as a model without any evidence does."""
    if np.ptp(before) == 0 or np.ptp(after) == 0:
        return 1.0 if np.ptp(before) == np.ptp(after) else 0.0
    return float(np.corrcoef(before, after)[0, 1])
