"""How far something has moved since a model was trained: an effect size, its limit, and whether chance explains it.

Belongs here: measures of a column, of a mix, of the mean score, of performance. Does not belong here: what they add up
to (`ml.drift`), Evidently (`ml.drift_page`), which users are compared.

A measure counts from a fixed effect size. Where few users make one figure (a mean, an AUC), it counts only if chance
does not explain it either: the 99 % bootstrap interval of the shift, both sides resampled by user, lies beyond zero.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

from ml.bootstrap import Counts, RankedRows, draw_counts, resampled
from ml.drift_page import Distance, column_distance
from ml.evaluation import auc

Floats = NDArray[np.float64]

MIN_ROWS = 500
"""Below this many users on a side, chance alone moves a distance by more than a threshold."""
MIN_OUTCOMES = 50
"""Users of each outcome without which performance is not judged."""

MIXES = {
    "mix of sources": ("telegram_share_30d", "web_share_30d", "mobile_share_30d"),
    "mix of event types": (
        "sessions_30d",
        "commands_30d",
        "messages_30d",
        "views_30d",
        "searches_30d",
        "carts_30d",
        "checkouts_30d",
        "orders_30d",
        "other_events_30d",
    ),
}
"""Features that are parts of one whole: what a user's last 30 days were made of."""

MIX_THRESHOLD = 0.1
"""Jensen-Shannon distance (base e) of a mix: about 13 of 100 users' events moved from one of two parts to the other."""
SCORE_THRESHOLD = 0.1
"""Log-odds of the mean score: 18.0 % expected become 19.5 %."""
AUC_THRESHOLD = 0.05
CALIBRATION_THRESHOLD = 0.25
"""Log-odds of the observed rate over the expected one: 22 % observed where 18 % were expected."""
MONEY_THRESHOLD = 0.25
"""Logarithm of the money that came over the money foretold: 128 came where 100 were foretold."""

_NUMERIC = Distance("wasserstein", 0.2, is_categorical=False)
_FEW = Distance("jensenshannon", 0.15, is_categorical=True)
_FEW_VALUES = 10
_MISSING_THRESHOLD = 0.1
_CLIP = (0.005, 0.995)
_DRAWS = 300
_TAIL = 0.005


@dataclass(frozen=True)
class Measure:
    """One row of a drift report.

    kind: absent, empty, constant, few values or numeric for a column; mix, score, performance; too few where there are
        not enough users to say.
    distance: the effect size in the unit of `method`; from `threshold` on it counts as drift.
    reference_missing, current_missing: the share of users for whom a column is undefined.
    level: what was foretold and what came, where that is what was measured.
    """

    column: str
    kind: str
    method: str | None = None
    distance: float | None = None
    threshold: float | None = None
    is_drifted: bool = False
    reference_missing: float | None = None
    current_missing: float | None = None
    note: str = ""
    level: "Level | None" = None


@dataclass(frozen=True)
class Level:
    """What was foretold of `users` beside what came: how many of them, or how much money."""

    foretold: float
    came: float
    users: int

    @property
    def log_ratio(self) -> float:
        """Above 0 where more came than was foretold."""
        return float(np.log(self.came / self.foretold))


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Users with the probability they were given and what then happened (0 or 1).

    `foretold_money` and `money` are what they were expected to spend and what they spent, where the model says so.
    """

    probability: Floats
    label: Floats
    foretold_money: Floats | None = None
    money: Floats | None = None

    @property
    def is_enough(self) -> bool:
        """There are MIN_ROWS users and MIN_OUTCOMES of each outcome."""
        positives = int(self.label.sum())
        return len(self.label) >= MIN_ROWS and min(positives, len(self.label) - positives) >= MIN_OUTCOMES


def column_measure(name: str, old: pl.Series, new: pl.Series | None) -> Measure:
    """How far the values of a column have moved.

    A distance that cannot be computed counts as drift, never as its absence.
    """
    found = Measure(name, "absent", reference_missing=old.null_count() / max(old.len(), 1), current_missing=1.0)
    if new is None:
        return replace(found, is_drifted=True, note="the column is gone")
    found = replace(found, current_missing=new.null_count() / max(new.len(), 1))
    has_moved_gaps = abs((found.reference_missing or 0) - (found.current_missing or 0)) >= _MISSING_THRESHOLD
    old, new = old.drop_nulls(), new.drop_nulls()
    if old.is_empty() and new.is_empty():
        return replace(found, kind="empty", note="undefined for everyone, then and now")
    if old.is_empty() or new.is_empty():
        # A handful of first values is news, not drift; the share of gaps decides.
        note = "was undefined for everyone" if old.is_empty() else "is undefined for everyone"
        return replace(found, kind="few values", is_drifted=has_moved_gaps, note=note)
    both = pl.concat([old, new])
    if both.n_unique() == 1:
        kind = "few values" if has_moved_gaps else "constant"
        return replace(found, kind=kind, is_drifted=has_moved_gaps, note=f"always {both[0]:g}, then and now")
    old, new = _clip(old, old), _clip(new, old)
    is_few = pl.concat([old, new]).n_unique() <= _FEW_VALUES
    method = _FEW if is_few else _NUMERIC
    kind = "few values" if is_few else "numeric"
    found = replace(found, kind=kind, method=method.name, threshold=method.threshold)
    distance = column_distance(old, new, method)
    if not math.isfinite(distance):
        return replace(found, is_drifted=True, note="the distance is undefined")
    found = replace(found, distance=distance, is_drifted=distance >= method.threshold)
    return replace(found, is_drifted=True, note="undefined for another share of users") if has_moved_gaps else found


def mix_measures(reference: pl.DataFrame, current: pl.DataFrame) -> list[Measure]:
    """How far each of MIXES has moved: of the average user, so that no heavy user decides.

    A mix is the mean over users of the parts' shares; users with none of the parts have no mix. Mixes of which either
    side lacks a column are left out.
    """
    known = [name for name, parts in MIXES.items() if set(parts) <= {*reference.columns} & {*current.columns}]
    return [_mix_measure(name, _shares(reference, MIXES[name]), _shares(current, MIXES[name])) for name in known]


def score_measure(reference: pl.Series, current: pl.Series, seed: int = 0) -> Measure:
    """How far the rate that the model expects has moved, in log-odds: what it forecasts for the whole shop."""
    old, new = (side.cast(pl.Float64).to_numpy() for side in (reference, current))
    found = Measure("mean score", "score", "log-odds", threshold=SCORE_THRESHOLD)
    if min(len(old), len(new)) < MIN_ROWS:
        return _too_few(found)
    shift = _logit(new.mean()) - _logit(old.mean())
    draws = [
        _logit(np.average(new, weights=now)) - _logit(np.average(old, weights=then))
        for then, now in _resamples(len(old), len(new), seed)
    ]
    note = f"{old.mean():.1%} expected then, {new.mean():.1%} now"
    return _judged(replace(found, distance=abs(shift), note=note), shift, draws)


def performance_measures(tested: Outcomes, live: Outcomes, seed: int = 0) -> list[Measure]:
    """How a model does since: the fall of its AUC against its own out-of-time test, and its level.

    Calibration is what must be added to the log-odds of the expected rate to get the observed one. It is judged by
    itself and not against the test: what came true a third too often is to be noticed although the test had shown it.
    Money is judged in the same way, where the model foretells any.
    """
    ranking = Measure("AUC", "performance", "fall since the test", threshold=AUC_THRESHOLD)
    level = Measure("calibration", "performance", "log-odds", threshold=CALIBRATION_THRESHOLD)
    if not (tested.is_enough and live.is_enough):
        return [_too_few(ranking), _too_few(level)]
    areas = [auc(side.label, side.probability) for side in (tested, live)]
    fall, users = areas[0] - areas[1], f"{len(live.label):,} users"
    falls = _auc_draws(tested, seed) - _auc_draws(live, seed + 1)
    ranked = replace(ranking, distance=max(fall, 0.0), note=f"{areas[0]:.3f} in the test, {areas[1]:.3f} of {users}")
    shift = _gap(live)
    counted = Level(float(live.probability.sum()), float(live.label.sum()), len(live.label))
    note = f"foretold {counted.foretold:,.0f}, came {counted.came:,.0f} of {users}"
    levelled = replace(level, distance=abs(shift), note=note, level=counted)
    shifts = [_gap(live, now) for now in draw_counts(len(live.label), _DRAWS, seed)]
    # An AUC that rose is no drift to mend.
    measures = [_judged(ranked, fall, falls) if fall > 0 else ranked, _judged(levelled, shift, shifts)]
    return measures if live.money is None else [*measures, _money_measure(live, seed)]


def _money_measure(live: Outcomes, seed: int) -> Measure:
    """How far the money that came is from the money that was foretold: a few large orders explain much."""
    found = Measure("money", "performance", "log ratio", threshold=MONEY_THRESHOLD)
    if live.foretold_money is None or live.money is None:
        return _too_few(found)
    foretold, came = live.foretold_money, live.money
    if not (foretold.sum() > 0 and came.sum() > 0):
        return _too_few(found)
    total = Level(float(foretold.sum()), float(came.sum()), len(came))
    with np.errstate(divide="ignore"):
        draws = np.array(
            [np.log((now @ came) / (now @ foretold)) for now in draw_counts(len(came), _DRAWS, seed)], np.float64
        )
    shift, note = total.log_ratio, f"foretold {total.foretold:,.0f}, came {total.came:,.0f}"
    return _judged(replace(found, distance=abs(shift), note=note, level=total), shift, draws)


def _clip(values: pl.Series, reference: pl.Series) -> pl.Series:
    """Within the reference's bulk: a wholesaler more or less is no drift, a bulk that moved piles up at the bound."""
    low, high = (reference.quantile(share, "nearest") for share in _CLIP)
    # A bulk without width has no bounds to pile up at.
    return values if low == high else values.clip(low, high)


def _shares(users: pl.DataFrame, parts: Sequence[str]) -> pl.DataFrame:
    whole = pl.sum_horizontal(parts)
    return users.filter(whole > 0).select(pl.col(part).fill_null(0) / whole for part in parts)


def _mix_measure(name: str, old: pl.DataFrame, new: pl.DataFrame) -> Measure:
    found = Measure(name, "mix", "jensenshannon", threshold=MIX_THRESHOLD)
    if min(old.height, new.height) < MIN_ROWS:
        return _too_few(found)
    then, now = (side.mean().to_numpy().ravel() for side in (old, new))
    distance = float(np.nan_to_num(jensenshannon(then, now)))
    moved = int(np.argmax(np.abs(now - then)))
    part = old.columns[moved].removesuffix("_30d").removesuffix("_share")
    note = f"{part}: {then[moved]:.0%} then, {now[moved]:.0%} now"
    return replace(found, distance=distance, is_drifted=distance >= MIX_THRESHOLD, note=note)


def _too_few(measure: Measure) -> Measure:
    return replace(measure, kind="too few", note=f"needs {MIN_ROWS} users on both sides, {MIN_OUTCOMES} an outcome")


def _judged(measure: Measure, shift: float, draws: Sequence[float] | Floats) -> Measure:
    low, high = np.quantile(np.array(draws), [_TAIL, 1 - _TAIL])
    is_clear = bool(low > 0 or high < 0) and abs(shift) >= (measure.threshold or 0.0)
    return replace(measure, is_drifted=is_clear, note=f"{measure.note}; shift {low:+.2f} to {high:+.2f}")


def _resamples(old: int, new: int, seed: int) -> Iterator[tuple[Counts, Counts]]:
    """How often each user of both sides is drawn, draw by draw."""
    return zip(draw_counts(old, _DRAWS, seed), draw_counts(new, _DRAWS, seed + 1), strict=True)


def _auc_draws(side: Outcomes, seed: int) -> Floats:
    users = len(side.label)
    ranked = RankedRows.of(side.label, side.probability, np.arange(users), is_probability=False)
    return resampled({"": ranked}, users, draws=_DRAWS, seed=seed)[""]["auc"]


def _gap(side: Outcomes, weights: Counts | None = None) -> float:
    return _logit(np.average(side.label, weights=weights)) - _logit(np.average(side.probability, weights=weights))


def _logit(rate: Any) -> float:
    return float(np.log(rate) - np.log1p(-rate))
