"""Deployments as assets: the champion packed as a Bento and named as the version to run."""

import dagster as dg

from ml.kinds import ModelKind, model_kinds
from orchestration.partitions import AS_OF
from orchestration.resources import Choices, HomeResource, RegistryResource, WarehouseResource
from registry.deployment import deploy_champion


def deployment_asset(kind: ModelKind) -> dg.AssetsDefinition:
    """The asset that makes the services of one model run its champion."""

    @dg.asset(
        name=f"{kind}_deployment",
        group_name="serving",
        description=f"The Bento of the {kind} champion, and the row that tells running services to swap to it.",
        kinds={"bentoml", "postgres"},
        partitions_def=AS_OF,
        deps=[f"{kind}_champion"],
    )
    def deployment(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        registry: RegistryResource,
        home: HomeResource,
        choices: Choices,
    ) -> dg.MaterializeResult:
        deployed = deploy_champion(
            kind.name, warehouse.open(), registry.open(), home.open(), deployed_by=choices.started_by
        )
        return dg.MaterializeResult(
            metadata={
                "version": deployed.model_version,
                "digest": deployed.digest,
                "bento": deployed.bento_tag,
                "is_new": deployed.is_new,
                "workers": deployed.workers,
            }
        )

    return deployment


def deployment_assets() -> list[dg.AssetsDefinition]:
    """Deployments of every model."""
    return [deployment_asset(kind) for kind in model_kinds()]
