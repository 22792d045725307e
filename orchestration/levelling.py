"""A fresh level for a champion, as it runs: rows fetched, gate asked, a version registered and promoted.

What a fresh level is says `ml.propensity.fresh_level`, whether it is let through `ml.gate.levels`. Does not belong
here: training (`orchestration.training`), and deploying (`registry.deployment`).
"""

import json
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import polars as pl

from core.errors import UserError
from ml import artifact
from ml.fingerprint import fingerprint
from ml.gate.levels import decide_level
from ml.gate.terms import GateDecision
from ml.gate.words import said
from ml.kinds import model_kind, outcome_of
from ml.propensity.fresh_level import FreshLevel, fresh_level
from ml.propensity.model import PropensityModel
from ml.propensity.stacking import LEVEL_CUTOFFS
from ml.report_tables import REPORT_TABLES
from orchestration.publishing import publish_version
from orchestration.training import code_revision
from registry.mlflow_registry import RegisteredModel, Registry
from registry.promotion import promote
from warehouse.marts import Marts


def level_champion(marts: Marts, registry: Registry, kind: str, as_of: date, *, promoted_by: str) -> GateDecision:
    """Give the champion of a model the level of what has come true by `as_of`, if the gate finds that clear.

    The new version ranks as the champion does and takes its place; `models rollback` brings the champion back. What
    was judged of the champion stays what was judged. Raises UserError where the champion has learned from `as_of` or
    later, or where the marts have no outcomes.
    """
    champion = registry.champion(kind)
    if champion.as_of >= as_of.isoformat():
        raise UserError(f"The {kind} champion knows what had come true by {champion.as_of}; choose a later day.")
    model = registry.load(champion)
    if not isinstance(model, PropensityModel):
        raise UserError(f"The {kind} model has no level; only a propensity model has one.")
    rows = newest_outcomes(marts, model, as_of)
    fresh = fresh_level(model, rows)
    decision = decide_level(fresh)
    if not decision.promote:
        return decision
    verdict = said("promoted", rest=said("level_of", version=champion.version, rest=decision.reason))
    version = _register(registry, champion, fresh, rows, as_of, decision)
    promote(registry, marts.database, version, instead_of=champion, reason=verdict, promoted_by=promoted_by)
    publish_version(registry, marts.database, kind, version.version, decision.checks)
    return GateDecision(True, verdict, decision.checks)


def newest_outcomes(marts: Marts, model: PropensityModel, as_of: date) -> pl.DataFrame:
    """Features and labels of the newest cutoffs whose windows had closed by `as_of`, a horizon apart.

    Raises UserError where the marts have none with a label.
    """
    days = [as_of - timedelta(days=model.horizon_days * step) for step in range(1, LEVEL_CUTOFFS + 1)]
    rows = marts.training_frame(days, model.horizon_days)
    if rows.drop_nulls(outcome_of(model_kind(model.kind)).label).is_empty():
        raise UserError(
            f"The marts have no outcomes of {model.kind} by {as_of}; build them: customer-analyzer run --as-of {as_of}"
        )
    return rows


def _register(
    registry: Registry,
    champion: RegisteredModel,
    fresh: FreshLevel,
    rows: pl.DataFrame,
    as_of: date,
    decision: GateDecision,
) -> RegisteredModel:
    """A version with the files, tables and figures of the champion, but for its level."""
    provenance = artifact.read_provenance(registry.folder(champion))
    days = sorted({day.isoformat() for day in cast(list[date], rows["as_of"].unique().to_list())})
    cutoffs = provenance.cutoffs | {"level": days}
    parameters = provenance.parameters | {"level_of": champion.version, "level_shift": round(fresh.shift, 4)}
    metrics = {name: value for name, value in champion.metrics.items() if not name.startswith("level_")}
    metrics |= {f"level_{name}": value for name, value in decision.checks.items()}
    data, code = fingerprint(rows), code_revision()
    texts = {name: registry.read_text(champion.run_id, f"tables/{name}.json") for name in ("features", *REPORT_TABLES)}
    with TemporaryDirectory() as scratch:
        directory = Path(scratch) / champion.kind
        digest = artifact.save(
            fresh.model, directory, provenance=artifact.Provenance(cutoffs, data, code, metrics, parameters)
        )
        return registry.log_candidate(
            champion.kind,
            directory,
            digest,
            judged=registry.judged_folder(champion),
            is_challenger=False,
            parameters=parameters,
            metrics=metrics,
            figures={},
            tables={"cutoffs": cutoffs, **{name: json.loads(text) for name, text in texts.items() if text is not None}},
            tags={
                "as_of": as_of.isoformat(),
                "horizon_days": champion.tags["horizon_days"],
                "test_cutoff": champion.tags["test_cutoff"],
                "data_fingerprint": data,
                "git_revision": code,
                "level_of": str(champion.version),
            },
        )
