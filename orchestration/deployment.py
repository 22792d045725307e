"""Making a champion the version that services run: a Bento to start from, a row that running workers watch."""

from dataclasses import dataclass
from typing import cast

from orchestration.errors import UserError
from orchestration.platform.home import Home
from orchestration.registry import Registry
from orchestration.warehouse import Warehouse
from serving.build import build_bento
from serving.schemas import ModelKind


@dataclass(frozen=True)
class Deployment:
    """What the services of one model should be running."""

    model: str
    model_version: int
    digest: str
    bento_tag: str
    is_new: bool


def deploy_champion(kind: str, warehouse: Warehouse, registry: Registry, home: Home, *, deployed_by: str) -> Deployment:
    """Builds a Bento from the champion and records the deployment; does nothing where it is deployed already.

    Raises UserError if another version becomes champion meanwhile, so that an older one never replaces a newer.
    """
    champion = registry.champion(kind)
    deployed = warehouse.deployment(kind)
    if deployed is not None and (deployed.model_version, deployed.digest) == (champion.version, champion.digest):
        return Deployment(kind, champion.version, champion.digest, deployed.bento_tag, is_new=False)
    # A version that was built before still has its Bento, which makes a rollback a matter of seconds.
    tag = build_bento(
        cast(ModelKind, champion.kind),
        champion.directory,
        digest=champion.digest,
        version=champion.version,
        bentoml_home=home.bentoml_of(kind),
    )
    with warehouse.promotion(kind) as transaction:
        if registry.champion(kind).version != champion.version:
            raise UserError(f"Meanwhile {kind} has got another champion; deploy that one.")
        warehouse.record_deployment(
            transaction, kind, champion.version, champion.digest, str(champion.directory), tag, deployed_by
        )
    return Deployment(kind, champion.version, champion.digest, tag, is_new=True)
