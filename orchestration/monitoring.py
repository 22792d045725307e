"""Drift as it runs: the champion's training rows against the newest snapshot, features and scores alike.

How drift is measured and when it counts is `ml.drift`'s; this module fetches the rows and keeps the report.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from ml import artifact
from ml.catalogue import read_catalogue
from ml.drift import ageing_features, compare
from orchestration.platform.home import Home
from orchestration.registry import RegisteredModel, Registry
from orchestration.training import CATALOGUE
from orchestration.warehouse import Warehouse

SAMPLE_ROWS = 20_000
SCORE = "score"


@dataclass(frozen=True)
class Drift:
    """The verdict on one model and day, and where the whole report lies."""

    is_drifted: bool
    share_drifted: float
    reason: str
    table: str
    report: Path


def watch_drift(kind: str, warehouse: Warehouse, registry: Registry, home: Home, as_of: date) -> Drift:
    """Compares what the champion sees on a day with what it was trained on.

    The HTML report is kept in the home and hung on the champion's MLflow run, with the share of drifted columns.
    """
    champion = registry.champion_as_of(kind, as_of) or registry.champion(kind)
    model = artifact.load(champion.directory, champion.digest)
    reference, current = (
        _with_scores(model, _population(model, warehouse.sample_snapshot(day, SAMPLE_ROWS)))
        for day in (_learned_on(champion), as_of)
    )
    columns = [*model.feature_names, *([SCORE] if SCORE in reference.columns else [])]
    found = compare(
        reference,
        current,
        columns,
        ageing=ageing_features(read_catalogue(CATALOGUE)),
        critical=[SCORE] if SCORE in columns else [],
    )
    report = home.reports / "drift" / kind / f"{as_of}.html"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(found.html, encoding="utf-8")
    registry.attach(champion.run_id, found.html, f"drift/{as_of}.html", {"drift_share": found.share_drifted})
    return Drift(found.is_drifted, found.share_drifted, found.reason, _markdown(found.columns), report)


def _learned_on(champion: RegisteredModel) -> date:
    """The newest day the champion learned from. Older ones would add the shop's own history to the drift."""
    if champion.kind == "segmentation":
        return date.fromisoformat(champion.as_of)
    cutoffs = artifact.read_provenance(champion.directory).cutoffs
    return date.fromisoformat([cutoffs["calibration"], *cutoffs["train"]][-1])


def _population(model: artifact.Model, users: pl.DataFrame) -> pl.DataFrame:
    """Those the model was trained on: for churn, users who were active within the last horizon."""
    if model.kind != "churn":
        return users
    return users.filter(pl.col("days_since_last_activity") <= model.horizon_days)


def _with_scores(model: artifact.Model, features: pl.DataFrame) -> pl.DataFrame:
    answers = model.predict(features)
    return features if SCORE not in answers.columns else features.with_columns(answers[SCORE])


def _markdown(columns: pl.DataFrame) -> str:
    head = "| column | method | distance | threshold | drifted |\n| --- | --- | --- | --- | --- |\n"
    rows = (
        f"| {row['column']} | {row['method'] or ''} | {_number(row['distance'])} | {_number(row['threshold'])} |"
        f" {'yes' if row['is_drifted'] and row['is_judged'] else 'no'} |\n"
        for row in columns.head(20).iter_rows(named=True)
    )
    return head + "".join(rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
