"""Versions of models as people are shown them: the table `ml.model_versions`.

Belongs here: SQL on that table. Does not belong here: reading versions from MLflow (`registry.publishing`), and who is
champion (`promotions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from warehouse.database import Statement, command, rows


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """One version. `report` has the tables that charts are drawn from, by name."""

    model: str
    version: int
    as_of: date
    horizon_days: int | None
    test_cutoff: date | None
    created_at: datetime
    digest: str
    experiment_id: str
    run_id: str
    verdict: str | None
    metrics: Mapping[str, float | None]
    report: Mapping[str, Any]


def publish(version: ModelVersion) -> Statement[int]:
    """Stores a version, or what is new about it. The figures of the gate are left as they are."""
    return command(
        "insert into ml.model_versions (model, version, as_of, horizon_days, test_cutoff, created_at, digest,"
        " experiment_id, run_id, verdict, metrics, report) values (%(model)s, %(version)s, %(as_of)s, %(horizon_days)s,"
        " %(test_cutoff)s, %(created_at)s, %(digest)s, %(experiment_id)s, %(run_id)s, %(verdict)s, %(metrics)s,"
        " %(report)s) on conflict (model, version) do update set verdict = excluded.verdict,"
        " metrics = excluded.metrics, report = excluded.report, published_at = now()",
        **{
            **vars(version),
            "metrics": Jsonb(dict(version.metrics)),
            "report": Jsonb(dict(version.report)),
        },
    )


def note_checks(model: str, version: int, checks: Mapping[str, float | None]) -> Statement[int]:
    """Stores the figures that the gate decided by."""
    return command(
        "update ml.model_versions set checks = %(checks)s where model = %(model)s and version = %(version)s",
        model=model,
        version=version,
        checks=Jsonb(dict(checks)),
    )


def note_verdict(model: str, version: int, verdict: str) -> Statement[int]:
    """Stores what was said of a version, where the version is known here."""
    return command(
        "update ml.model_versions set verdict = %(verdict)s where model = %(model)s and version = %(version)s",
        model=model,
        version=version,
        verdict=verdict,
    )


def published_versions(model: str) -> Statement[list[int]]:
    """The versions that are known here."""
    return rows(int, "select version from ml.model_versions where model = %(model)s order by version", model=model)
