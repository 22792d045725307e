"""Batch scores as assets: every user seen before `as_of`, in `ml.scores`, whichever engine scored."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from core.settings import read_settings
from ml.kinds import ModelKind, model_kinds
from orchestration.assets.models import FEATURES
from orchestration.partitions import AS_OF
from orchestration.resources import HomeResource, RegistryResource, WarehouseResource
from orchestration.scoring import score_everyone, score_everyone_with_spark


def scores_asset(kind: ModelKind) -> dg.AssetsDefinition:
    """The asset that scores everyone with one champion."""

    @dg.asset(
        name=f"{kind}_scores",
        group_name="scores",
        description=f"What the {kind} champion says of every user known as of the day; also: scores export {kind}.",
        kinds={"postgres", "python"},
        partitions_def=AS_OF,
        deps=[f"{kind}_champion", FEATURES],
        output_required=False,
    )
    def scores(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        registry: RegistryResource,
        home: HomeResource,
    ) -> Iterator[dg.MaterializeResult]:
        as_of = date.fromisoformat(context.partition_key)
        settings = read_settings()
        if settings.engine == "spark":
            figures = score_everyone_with_spark(kind, warehouse.open(), home.open(), settings, registry.open(), as_of)
        else:
            figures = score_everyone(kind, warehouse.marts(), registry.open(), as_of)
        if figures is None:
            context.log.warning(f"No {kind} model knows no more than was known on {as_of}; nobody is scored.")
            return
        yield dg.MaterializeResult(metadata={**figures})

    return scores


def score_assets() -> list[dg.AssetsDefinition]:
    """Scores of every model."""
    return [scores_asset(kind) for kind in model_kinds()]
