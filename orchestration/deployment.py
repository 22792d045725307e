"""Making a champion the version that services run: a Bento to start from, a row that running workers watch."""

from dataclasses import dataclass

from serving.build import build_bento

from orchestration.registry import RegisteredModel, Registry
from orchestration.warehouse import Warehouse


@dataclass(frozen=True)
class Deployment:
    """What the services of one model should be running."""

    model: str
    model_version: int
    digest: str
    bento_tag: str
    is_new: bool


def deploy_champion(kind: str, warehouse: Warehouse, registry: Registry, *, deployed_by: str) -> Deployment:
    """Builds a Bento from the champion and records the deployment; does nothing where it is deployed already."""
    champion = registry.champion(kind)
    deployed = warehouse.deployment(kind)
    if deployed is not None and (deployed.model_version, deployed.digest) == (
        champion.version,
        champion.digest,
    ):
        return Deployment(kind, champion.version, champion.digest, deployed.bento_tag, is_new=False)
    return _deploy(champion, warehouse, deployed_by)


def _deploy(champion: RegisteredModel, warehouse: Warehouse, deployed_by: str) -> Deployment:
    # A version that was deployed before still has its Bento, which makes a rollback a matter of seconds.
    tag = warehouse.bento_of(champion.kind, champion.version, champion.digest) or build_bento(
        champion.kind, champion.directory, digest=champion.digest, version=champion.version
    )
    warehouse.record_deployment(
        champion.kind, champion.version, champion.digest, str(champion.directory), tag, deployed_by
    )
    return Deployment(champion.kind, champion.version, champion.digest, tag, is_new=True)
