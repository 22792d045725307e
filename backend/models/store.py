"""Versions of models: SQL on what the pipeline publishes of them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from warehouse.database import Statement, first_row, rows

_MOST_VERSIONS = 12


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version as it was published."""

    version: int
    as_of: date
    horizon_days: int | None
    test_cutoff: date | None
    created_at: datetime
    experiment_id: str
    run_id: str
    verdict: str | None
    metrics: dict[str, float | None]
    checks: dict[str, float | None]


def versions(model: str, champion: int | None) -> Statement[list[StoredVersion]]:
    """The newest versions of a model, and its champion."""
    return rows(
        StoredVersion,
        "select version, as_of, horizon_days, test_cutoff, created_at, experiment_id, run_id, verdict, metrics, checks"
        " from ml.model_versions where model = %(model)s and (version = %(champion)s::integer or version >"
        " (select max(version) from ml.model_versions where model = %(model)s) - %(most)s) order by version desc",
        model=model,
        champion=champion,
        most=_MOST_VERSIONS,
    )


def verdict_of(model: str, version: int) -> Statement[tuple[str | None] | None]:
    """What was said of a version, in a tuple; None where there is no such version."""
    return first_row(
        lambda verdict: (verdict,),
        "select verdict from ml.model_versions where model = %(model)s and version = %(version)s",
        model=model,
        version=version,
    )


def reports(model: str, shown: list[int]) -> Statement[list[tuple[int, dict[str, Any]]]]:
    """The tables of some versions."""
    return rows(
        lambda version, report: (version, report),
        "select version, report from ml.model_versions where model = %(model)s and version = any(%(shown)s)",
        model=model,
        shown=shown,
    )


def newest_drift(model: str) -> Statement[tuple[date, int] | None]:
    """The day of the newest look for drift, and the version it looked at."""
    return first_row(
        lambda as_of, version: (as_of, version),
        "select as_of, model_version from ml.drift where model = %(model)s order by as_of desc limit 1",
        model=model,
    )
