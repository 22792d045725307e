"""Drift as assets: does what the champion sees today still look like what it learned from?"""

from datetime import date

import dagster as dg

from ml.kinds import ModelKind, model_kinds
from orchestration.assets.models import FEATURES
from orchestration.drift_watch import watch_drift
from orchestration.partitions import AS_OF
from orchestration.resources import HomeResource, RegistryResource, WarehouseResource


def drift_asset(kind: ModelKind) -> dg.AssetsDefinition:
    """The asset that compares the newest features and scores of one model with those of its training."""

    @dg.asset(
        name=f"{kind}_drift",
        group_name="monitoring",
        description=f"Features and scores of {kind}, newest against training; the report also hangs on the MLflow run.",
        kinds={"evidently"},
        partitions_def=AS_OF,
        deps=[f"{kind}_scores", FEATURES],
        check_specs=[
            dg.AssetCheckSpec(
                "drift", asset=f"{kind}_drift", description="The champion still sees what it was trained on."
            )
        ],
    )
    def drift(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        registry: RegistryResource,
        home: HomeResource,
    ) -> dg.MaterializeResult:
        as_of = date.fromisoformat(context.partition_key)
        found = watch_drift(kind, warehouse.marts(), registry.open(), home.open(), as_of)
        return dg.MaterializeResult(
            metadata={
                "report": dg.MetadataValue.path(found.report),
                "summary": found.reason,
                "columns": dg.MetadataValue.md(found.table),
                "share_drifted": found.share_drifted,
                "is_confirmed": found.is_confirmed,
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name="drift",
                    passed=not found.is_drifted,
                    severity=dg.AssetCheckSeverity.WARN,
                    description=found.reason,
                )
            ],
        )

    return drift


def drift_assets() -> list[dg.AssetsDefinition]:
    """Drift of every model."""
    return [drift_asset(kind) for kind in model_kinds()]
