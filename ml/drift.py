"""Compares the users of today with those a model learned from, column by column, and says whether it matters.

Belongs here: the verdict, from fixed effect sizes and a minimum sample. Does not belong here: distances and drawings
(`ml.drift_page`), what is done about drift, or where a report is kept.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ml.catalogue import FeatureCatalogue
from ml.drift_page import Distance, column_distance, drift_page
from ml.errors import FeatureMismatch

SHARE_THRESHOLD = 0.3
"""Share of judged columns that must have drifted before the whole counts as drifted."""
MIN_ROWS = 500
"""Below this many users on a side, chance alone moves a distance by more than a threshold."""

_NUMERIC = Distance("wasserstein", 0.2, is_categorical=False)
_FEW = Distance("jensenshannon", 0.15, is_categorical=True)
_MAX_ROWS = 20_000
_FEW_VALUES = 10
_MISSING_THRESHOLD = 0.1
_CLIP = (0.005, 0.995)

_SCHEMA: dict[str, Any] = {
    "column": pl.String,
    "kind": pl.String,
    "method": pl.String,
    "distance": pl.Float64,
    "threshold": pl.Float64,
    "is_drifted": pl.Boolean,
    "reference_missing": pl.Float64,
    "current_missing": pl.Float64,
    "note": pl.String,
}


@dataclass(frozen=True)
class DriftReport:
    """The verdict and what it rests on.

    is_drifted: enough judged columns drifted, or a critical one did. False while is_conclusive is False.
    is_conclusive: both sides have at least MIN_ROWS users.
    share_drifted: of the judged columns.
    columns: one row per column, worst first: column, kind (absent, empty, constant, few values, numeric), method,
        distance, threshold, is_drifted, reference_missing and current_missing (shares), note, is_judged.
    reason: the verdict in a sentence.
    html: the verdict, the table and Evidently's drawings of the columns that moved most; one self-contained page.
    """

    is_drifted: bool
    is_conclusive: bool
    share_drifted: float
    columns: pl.DataFrame
    reason: str
    html: str


def ageing_features(catalogue: FeatureCatalogue) -> tuple[str, ...]:
    """Features that grow while users merely get older: acquaintance and everything counted since the first day.

    In a cohort that nobody joins they drift by themselves, so `compare` can show them without judging by them.
    """
    return tuple(f.name for f in catalogue if f.family == "tenure" or f.name.endswith("_total"))


def compare(
    reference: pl.DataFrame,
    current: pl.DataFrame,
    columns: Sequence[str],
    *,
    ageing: Collection[str] = (),
    critical: Collection[str] = (),
    share_threshold: float = SHARE_THRESHOLD,
    seed: int = 0,
) -> DriftReport:
    """Compare `columns` of `current` users with those of `reference` (the users a model was trained on).

    `ageing` columns are reported but not judged; one drifted `critical` column (a score) is drift on its own. At most
    20,000 seeded rows of each side are looked at. Raises FeatureMismatch if the reference lacks a column; a column
    that only `current` lacks has drifted.
    """
    absent = [name for name in columns if name not in reference.columns]
    if absent:
        raise FeatureMismatch(f"The reference lacks `{absent[0]}`; compare columns the model was trained on.")
    old, new = _sample(reference, columns, seed), _sample(current, columns, seed)
    rows = [_compare_column(name, old[name], new[name] if name in new.columns else None) for name in columns]
    table = _worst_first(pl.DataFrame(rows, schema=_SCHEMA), ageing)
    judged = table.filter("is_judged")
    share = judged.filter("is_drifted").height / max(judged.height, 1)
    alarms = judged.filter(pl.col("is_drifted") & pl.col("column").is_in(list(critical)))["column"].to_list()
    users = min(reference.height, current.height)
    is_drifted = users >= MIN_ROWS and (share >= share_threshold or bool(alarms))
    reason = _reason(is_drifted, judged, share, share_threshold, alarms, users)
    return DriftReport(is_drifted, users >= MIN_ROWS, share, table, reason, drift_page(table, old, new, reason))


def _sample(frame: pl.DataFrame, columns: Sequence[str], seed: int) -> pl.DataFrame:
    rows = frame if frame.height <= _MAX_ROWS else frame.sample(_MAX_ROWS, seed=seed)
    numbers = [pl.col(name).cast(pl.Float64) for name in columns if name in frame.columns]
    return rows.select(pl.when(number.is_finite()).then(number) for number in numbers)


def _compare_column(name: str, old: pl.Series, new: pl.Series | None) -> dict[str, Any]:
    """One row of the table; a distance that cannot be computed counts as drift, never as its absence."""
    row: dict[str, Any] = dict.fromkeys(_SCHEMA) | {"column": name, "is_drifted": False, "note": ""}
    row["reference_missing"] = old.null_count() / max(old.len(), 1)
    if new is None:
        return row | {"kind": "absent", "is_drifted": True, "current_missing": 1.0, "note": "the column is gone"}
    row["current_missing"] = new.null_count() / max(new.len(), 1)
    has_moved_gaps = abs(row["reference_missing"] - row["current_missing"]) >= _MISSING_THRESHOLD
    old, new = old.drop_nulls(), new.drop_nulls()
    if old.is_empty() and new.is_empty():
        return row | {"kind": "empty", "note": "undefined for everyone, then and now"}
    if old.is_empty() or new.is_empty():
        # A handful of first values is news, not drift; the share of gaps decides.
        note = "was undefined for everyone" if old.is_empty() else "is undefined for everyone"
        return row | {"kind": "few values", "is_drifted": has_moved_gaps, "note": note}
    both = pl.concat([old, new])
    if both.n_unique() == 1:
        kind = {"kind": "few values", "is_drifted": True} if has_moved_gaps else {"kind": "constant"}
        return row | kind | {"note": f"always {both[0]:g}, then and now"}
    old, new = _clip(old, old), _clip(new, old)
    is_few = pl.concat([old, new]).n_unique() <= _FEW_VALUES
    method = _FEW if is_few else _NUMERIC
    row |= {"kind": "few values" if is_few else "numeric", "method": method.name, "threshold": method.threshold}
    distance = column_distance(old, new, method)
    if not math.isfinite(distance):
        return row | {"is_drifted": True, "note": "the distance is undefined"}
    row |= {"distance": distance, "is_drifted": distance >= method.threshold}
    if has_moved_gaps:
        row |= {"is_drifted": True, "note": "undefined for another share of users"}
    return row


def _clip(values: pl.Series, reference: pl.Series) -> pl.Series:
    """Within the reference's bulk: a wholesaler more or less is no drift, a bulk that moved piles up at the bound."""
    low, high = (reference.quantile(share, "nearest") for share in _CLIP)
    # A bulk without width has no bounds to pile up at.
    return values if low == high else values.clip(low, high)


def _worst_first(table: pl.DataFrame, ageing: Collection[str]) -> pl.DataFrame:
    excess = pl.col("distance") / pl.col("threshold")
    is_judged = ~pl.col("kind").is_in(["empty", "constant"]) & ~pl.col("column").is_in(list(ageing))
    return table.with_columns(is_judged=is_judged).sort(
        pl.col("is_judged") & pl.col("is_drifted"),
        # A drifted column without a distance is gone or undefined: nothing is worse.
        pl.when(pl.col("is_drifted") & excess.is_null()).then(float("inf")).otherwise(excess),
        descending=True,
        nulls_last=True,
        maintain_order=True,
    )


def _reason(
    is_drifted: bool, judged: pl.DataFrame, share: float, share_threshold: float, alarms: list[str], users: int
) -> str:
    if users < MIN_ROWS:
        return f"No verdict: {users} users on one side are too few; {MIN_ROWS} are needed."
    drifted = judged.filter("is_drifted")["column"].to_list()
    named = ": " + ", ".join(drifted[:5]) + (", ..." if len(drifted) > 5 else "") if drifted else ""
    count = f"{len(drifted)} of {judged.height} columns drifted ({share:.0%}, limit {share_threshold:.0%})"
    if alarms:
        return f"Drift: {', '.join(alarms)} moved; {count}{named}."
    return f"{'Drift' if is_drifted else 'No drift'}: {count}{named}."
