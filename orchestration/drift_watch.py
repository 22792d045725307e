"""Drift as it runs: the champion's training rows against the newest snapshot: features, mixes, scores, performance.

How drift is measured and when it counts is `ml.drift`'s; this module fetches the rows and keeps the report.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from core.home import Home
from ml import artifact
from ml.drift import DriftReport, ageing_features, compare
from ml.drift_measures import Outcomes, mix_measures, performance_measures, score_measure
from ml.kinds import Answer, ModelKind, Population, model_kind
from registry.mlflow_registry import RegisteredModel, Registry
from warehouse.drift_reports import record_drift
from warehouse.marts import Marts
from warehouse.scores import matured_scores

SAMPLE_ROWS = 20_000


@dataclass(frozen=True)
class Drift:
    """The verdict on one model and day, and where the whole report lies. `is_confirmed`: it has lasted a week."""

    is_drifted: bool
    is_confirmed: bool
    share_drifted: float
    reason: str
    table: str
    report: Path


def watch_drift(kind: ModelKind, marts: Marts, registry: Registry, home: Home, as_of: date) -> Drift:
    """Compares what the champion sees on a day with what it was trained on, and what came true with its test.

    The verdict goes to `ml.drift`; the HTML report is kept in the home and hung on the champion's MLflow run, with the
    share of drifted columns.
    """
    champion = registry.champion_as_of(kind.name, as_of) or registry.champion(kind.name)
    model = registry.load(champion)
    horizon_days = int(champion.tags["horizon_days"])
    within = watched_days(kind, horizon_days)
    reference, current = (
        marts.sample(day, SAMPLE_ROWS, active_within_days=within) for day in (_learned_on(kind, champion), as_of)
    )
    tested, live = _performance(kind, marts, registry, as_of, horizon_days)
    found = judge(model, reference, current, tested=tested, live=live)
    is_confirmed = record_drift(marts.database, kind.name, champion.version, as_of, found)
    page = found.to_html()
    report = home.reports / "drift" / kind.name / f"{as_of}.html"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(page, encoding="utf-8")
    registry.attach(champion.run_id, page, f"drift/{as_of}.html", {"drift_share": found.share_drifted})
    reason = f"{found.reason} Confirmed: it has lasted a week." if is_confirmed else found.reason
    return Drift(found.is_drifted, is_confirmed, found.share_drifted, reason, _markdown(found.columns), report)


def watched_days(kind: ModelKind, horizon_days: int) -> int:
    """Within how many days users must have been active to be watched.

    One horizon where the model asks about such users. For the others three: of everyone ever seen, most in an old shop
    left long ago, and their share grows with every week although nothing changes.
    """
    return horizon_days if kind.population is Population.ACTIVE else 3 * horizon_days


def judge(
    model: artifact.Model,
    reference: pl.DataFrame,
    current: pl.DataFrame,
    *,
    tested: Outcomes | None = None,
    live: Outcomes | None = None,
) -> DriftReport:
    """The verdict on a model from features of the day it learned from and of today, and what matured of its scores."""
    kind = model_kind(model.kind)
    answer = "segment_id" if kind.answer is Answer.SEGMENT else "score"
    old, new = (side.with_columns(model.predict(side)[answer]) for side in (reference, current))
    measures = mix_measures(old, new)
    if kind.outcome is not None:
        measures.append(score_measure(old[answer], new[answer]))
    if tested is not None and live is not None:
        measures += performance_measures(tested, live)
    return compare(
        old,
        new,
        [*model.feature_names, answer],
        ageing=ageing_features(model.catalogue),
        critical=[answer],
        measures=measures,
    )


def _learned_on(kind: ModelKind, champion: RegisteredModel) -> date:
    """The newest day the champion learned from. Older ones would add the shop's own history to the drift."""
    if kind.outcome is None:
        return date.fromisoformat(champion.as_of)
    test = date.fromisoformat(champion.tags["test_cutoff"])
    return test if champion.is_refitted else test - timedelta(days=int(champion.tags["horizon_days"]))


def _performance(
    kind: ModelKind, marts: Marts, registry: Registry, as_of: date, horizon_days: int
) -> tuple[Outcomes, Outcomes] | tuple[None, None]:
    """The out-of-time test of the version whose scores matured last, and those scores; None where none have."""
    if kind.outcome is None:
        return None, None
    label = kind.outcome.label
    live = matured_scores(marts.database, kind.name, label, horizon_days, as_of)
    if live.is_empty():
        return None, None
    scorer = registry.version(kind.name, live["model_version"][0])
    test = marts.training_frame([date.fromisoformat(scorer.tags["test_cutoff"])], horizon_days)
    test = test.drop_nulls(label)
    scores = registry.load_judged(scorer).predict(test)["score"]
    matured = outcomes(live["score"], live["label"])
    if live["expected_value"].null_count() == 0:
        money = live.select(pl.col("expected_value", "purchase_amount").cast(pl.Float64).fill_null(0.0))
        matured = replace(
            matured, foretold_money=money["expected_value"].to_numpy(), money=money["purchase_amount"].to_numpy()
        )
    return outcomes(scores, test[label]), matured


def outcomes(score: pl.Series, label: pl.Series) -> Outcomes:
    """Scores and what came of them, as `ml` takes them."""
    return Outcomes(score.to_numpy(), label.cast(pl.Float64).to_numpy())


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
