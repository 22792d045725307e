"""Versions as people are shown them: what MLflow knows of a version, stored where the API can read it.

Belongs here: which figures and tables are shown. Does not belong here: SQL (`warehouse.model_versions`), and what is
drawn of them (the dashboard).
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

from ml.backtest_report import CUTOFF, POOLED, BacktestReport
from ml.report_tables import REPORT_TABLES
from orchestration.backtesting import read_backtest
from registry.mlflow_registry import RegisteredModel, Registry
from warehouse.database import Database
from warehouse.model_versions import ModelVersion, note_checks, publish, published_versions

_BACKTEST_FIGURES = ("auc", "brier", "calibration_error")


def publish_version(
    registry: Registry, warehouse: Database, kind: str, version: int, checks: Mapping[str, float] | None = None
) -> None:
    """Stores what people are shown of a version. `checks` are the gate's figures, where it has just decided.

    Earlier versions that are not known there, of an installation from before there was such a table, are stored too.
    """
    known = {*warehouse.run(published_versions(kind)), version}
    for each in registry.versions(kind):
        if each.version == version or each.version not in known:
            warehouse.run(publish(shown(registry, each)))
    if checks is not None:
        warehouse.run(note_checks(kind, version, _finite(checks)))


def shown(registry: Registry, version: RegisteredModel) -> ModelVersion:
    """What is shown of a version."""
    tags = version.tags
    texts = {name: registry.read_text(version.run_id, f"tables/{name}.json") for name in REPORT_TABLES}
    report: dict[str, Any] = {name: json.loads(text) for name, text in texts.items() if text is not None}
    backtest = read_backtest(registry, version)
    if backtest is not None:
        report["backtest"] = backtest_rows(backtest)
    horizon, test = tags.get("horizon_days"), tags.get("test_cutoff")
    return ModelVersion(
        model=version.kind,
        version=version.version,
        as_of=date.fromisoformat(version.as_of),
        horizon_days=None if horizon is None else int(horizon),
        test_cutoff=None if test is None else date.fromisoformat(test),
        created_at=datetime.fromtimestamp(version.created_at_ms / 1000, UTC),
        digest=version.digest,
        experiment_id=registry.experiment_of(version.run_id),
        run_id=version.run_id,
        verdict=tags.get("gate"),
        metrics=_finite(version.metrics),
        report=report,
    )


def backtest_rows(report: BacktestReport) -> list[dict[str, Any]]:
    """The figures of a backtest by test cutoff and over all, of the model and its baselines, with 95 % intervals."""
    figures = report.figures
    chosen = figures.filter(
        figures["scope"].is_in([CUTOFF, POOLED]) & figures["figure"].is_in(_BACKTEST_FIGURES)
    ).drop_nulls("estimate")
    return chosen.select("group", "contender", "figure", "estimate", "low", "high", "rows").to_dicts()


def _finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if isfinite(value) else None for name, value in figures.items()}
