"""Backtests as assets: how each model that promises a probability did at its last test cutoffs.

Belongs here: the assets and what they report. Not: the folds (`ml.backtest`), or where the report is kept
(`orchestration.backtesting`).
"""

from datetime import date

import dagster as dg

from ml.backtest_tables import cutoffs_table, differences_table, markdown, slices_table
from ml.kinds import ModelKind, model_kinds
from orchestration.assets.models import FEATURES, LABELS
from orchestration.backtesting import backtest_challenger
from orchestration.partitions import AS_OF
from orchestration.publishing import publish_version
from orchestration.resources import Choices, RegistryResource, WarehouseResource
from registry.mlflow_registry import CHALLENGER


def backtest_asset(kind: ModelKind) -> dg.AssetsDefinition:
    """The asset that shows how the challenger and its older selves did at the last test cutoffs."""

    @dg.asset(
        name=f"{kind}_backtest",
        group_name="backtests",
        description=f"How {kind} did at the last four test cutoffs, each trained as of then, beside the baselines.",
        kinds={"mlflow", "python"},
        partitions_def=AS_OF,
        deps=[f"{kind}_candidate", FEATURES, LABELS],
    )
    def found(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        registry: RegistryResource,
        choices: Choices,
    ) -> dg.MaterializeResult:
        as_of = date.fromisoformat(context.partition_key)
        opened = registry.open()
        report = backtest_challenger(kind, warehouse.marts(), opened, as_of, choices.horizon_days)
        if (challenger := opened.with_alias(kind.name, CHALLENGER)) is not None:
            publish_version(opened, warehouse.open(), kind.name, challenger.version)
        tables = {"cutoffs": cutoffs_table, "differences": differences_table, "slices": slices_table}
        return dg.MaterializeResult(
            metadata={name: dg.MetadataValue.md(markdown(table(report))) for name, table in tables.items()}
        )

    return found


def backtest_assets() -> list[dg.AssetsDefinition]:
    """One for each kind that foretells something, which the future can judge."""
    return [backtest_asset(kind) for kind in model_kinds() if kind.outcome is not None]
