"""Compares the users of today with those a model learned from, column by column, and says whether it matters.

Belongs here: the verdict, from fixed effect sizes and a minimum sample. Does not belong here: the effect sizes
(`ml.drift_measures`), drawings (`ml.drift_page`), what is done about drift, or where a report is kept.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ml.catalogue import FeatureCatalogue
from ml.drift_measures import MIN_ROWS, Measure, column_measure
from ml.drift_page import drift_page
from ml.drift_words import said
from ml.errors import FeatureMismatch

SHARE_THRESHOLD = 0.3
"""Share of judged columns that must have drifted before the whole counts as drifted."""

_MAX_ROWS = 20_000

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

    is_drifted: enough judged columns drifted, or a critical measure did. False while is_conclusive is False.
    is_conclusive: both sides have at least MIN_ROWS users.
    share_drifted: of the judged columns that are not critical.
    columns: one row per measure (see `ml.drift_measures.Measure`), worst first, with is_critical (drift on its own) and
        is_judged.
    alarms: the critical measures that drifted, worst first.
    reason: the verdict in a sentence.
    """

    is_drifted: bool
    is_conclusive: bool
    share_drifted: float
    columns: pl.DataFrame
    alarms: tuple[str, ...]
    reason: str
    reference: pl.DataFrame = field(repr=False)
    current: pl.DataFrame = field(repr=False)

    def to_html(self) -> str:
        """The verdict, the table and Evidently's drawings of the columns that moved most; one self-contained page."""
        return drift_page(self.columns, self.reference, self.current, self.reason)


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
    measures: Sequence[Measure] = (),
    share_threshold: float = SHARE_THRESHOLD,
    seed: int = 0,
) -> DriftReport:
    """Compare `columns` of `current` users with those of `reference` (the users a model was trained on).

    `ageing` columns are reported but not judged; one drifted `critical` column (a score) or one of the `measures` made
    elsewhere is drift on its own. At most 20,000 seeded rows of each side are looked at. Raises FeatureMismatch if the
    reference lacks a column; a column that only `current` lacks has drifted.
    """
    absent = [name for name in columns if name not in reference.columns]
    if absent:
        raise FeatureMismatch(f"The reference lacks `{absent[0]}`; compare columns the model was trained on.")
    old, new = _sample(reference, columns, seed), _sample(current, columns, seed)
    compared = [column_measure(name, old[name], new[name] if name in new.columns else None) for name in columns]
    rows = [_row(measure, is_critical=measure.column in critical) for measure in compared]
    rows += [_row(measure, is_critical=True) for measure in measures]
    table = _worst_first(pl.DataFrame(rows, schema=_SCHEMA | {"is_critical": pl.Boolean}), ageing)
    judged = table.filter("is_judged")
    alarms = tuple(judged.filter(pl.col("is_critical") & pl.col("is_drifted"))["column"].to_list())
    usual = judged.filter(~pl.col("is_critical"))
    share = usual.filter("is_drifted").height / max(usual.height, 1)
    users = min(reference.height, current.height)
    is_drifted = users >= MIN_ROWS and (share >= share_threshold or bool(alarms))
    reason = _with_levels(_reason(is_drifted, usual, share, share_threshold, alarms, users), measures)
    return DriftReport(is_drifted, users >= MIN_ROWS, share, table, alarms, reason, old, new)


def _row(measure: Measure, *, is_critical: bool) -> dict[str, Any]:
    return {name: getattr(measure, name) for name in _SCHEMA} | {"is_critical": is_critical}


def _sample(frame: pl.DataFrame, columns: Sequence[str], seed: int) -> pl.DataFrame:
    rows = frame if frame.height <= _MAX_ROWS else frame.sample(_MAX_ROWS, seed=seed)
    numbers = [pl.col(name).cast(pl.Float64) for name in columns if name in frame.columns]
    return rows.select(pl.when(number.is_finite()).then(number) for number in numbers)


def _worst_first(table: pl.DataFrame, ageing: Collection[str]) -> pl.DataFrame:
    excess = pl.col("distance") / pl.col("threshold")
    is_judged = ~pl.col("kind").is_in(["empty", "constant", "too few"]) & ~pl.col("column").is_in(list(ageing))
    return table.with_columns(is_judged=is_judged).sort(
        pl.col("is_judged") & pl.col("is_drifted"),
        pl.col("is_critical"),
        # A drifted column without a distance is gone or undefined: nothing is worse.
        pl.when(pl.col("is_drifted") & excess.is_null()).then(float("inf")).otherwise(excess),
        descending=True,
        nulls_last=True,
        maintain_order=True,
    )


def _with_levels(reason: str, measures: Sequence[Measure]) -> str:
    """The verdict with what was foretold beside what came, in users and in money, where it was measured."""
    levels = {each.column: each.level for each in measures if each.level is not None}
    users, money = levels.get("calibration"), levels.get("money")
    if users is None:
        return reason
    figures = {"foretold": users.foretold, "came": users.came, "users": users.users}
    if money is None:
        return said("levels", rest=reason, **figures)
    return said("levels_and_money", rest=reason, **figures, foretold_money=money.foretold, money=money.came)


def _reason(
    is_drifted: bool,
    usual: pl.DataFrame,
    share: float,
    share_threshold: float,
    alarms: Sequence[str],
    users: int,
) -> str:
    if users < MIN_ROWS:
        return said("too_few", users=users, least=MIN_ROWS)
    drifted = usual.filter("is_drifted")["column"].to_list()
    named = ", ".join(drifted[:5]) + (", ..." if len(drifted) > 5 else "")
    figures = {"count": len(drifted), "columns": usual.height, "share": share, "limit": share_threshold}
    counted = said("named", **figures, named=named) if drifted else said("counted", **figures)
    if alarms:
        return said("alarms", alarms=", ".join(alarms), rest=counted)
    return said("drift" if is_drifted else "no_drift", rest=counted)
