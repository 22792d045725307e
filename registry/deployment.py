"""Making a champion the version that services run: a Bento to start from, a row that running workers watch.

What a service would refuse is refused here first, by the same code, before there is a row. Then whoever runs has the
last word: a deployment has failed if any worker says no.
"""

import time
from dataclasses import dataclass

from core.errors import OperationError, UserError
from core.home import Home
from registry.mlflow_registry import RegisteredModel, Registry
from registry.words import said
from serving.build import bento_tag, build_bento
from serving.errors import ModelRefused
from serving.model_slot import check_features, load_model
from warehouse.database import Database, execute
from warehouse.deployments import newest_deployment, record_deployment
from warehouse.locks import promotion_lock
from warehouse.marts import feature_columns
from warehouse.workers import worker_reports

# Workers look twice a second and load within one; a machine under full load takes its time.
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Deployment:
    """What the services of one model should be running; `workers` is how many of them do already."""

    model: str
    model_version: int
    digest: str
    bento_tag: str
    is_new: bool
    workers: int


def deploy_champion(kind: str, warehouse: Database, registry: Registry, home: Home, *, deployed_by: str) -> Deployment:
    """Builds a Bento from the champion, records the deployment, and waits for the services that run now to take it.

    Where it is deployed already there is no new row, and the services are heard again. Raises UserError if another
    version becomes champion meanwhile, so that an older one never replaces a newer, and OperationError if the model
    must not be served or a service refuses it: the version before it keeps answering.
    """
    champion = registry.champion(kind)
    served = champion.kind
    tag = bento_tag(served, digest=champion.digest, version=champion.version)
    newest = warehouse.run(newest_deployment(kind))
    wanted = (champion.version, champion.digest, tag)
    known = newest if newest and (newest.model_version, newest.digest, newest.bento_tag) == wanted else None
    if known is None:
        check_servable(champion, warehouse, registry)
    # A version that was built before still has its Bento, which makes a rollback a matter of seconds.
    build_bento(
        served,
        registry.folder(champion),
        digest=champion.digest,
        version=champion.version,
        bentoml_home=home.bentoml_of(kind),
    )
    deployment_id = known.deployment_id if known else _record(champion, tag, warehouse, registry, deployed_by)
    workers = _wait_for_workers(kind, deployment_id, champion, warehouse)
    return Deployment(kind, champion.version, champion.digest, tag, is_new=known is None, workers=workers)


def _record(champion: RegisteredModel, tag: str, warehouse: Database, registry: Registry, deployed_by: str) -> int:
    kind = champion.kind
    with promotion_lock(warehouse, kind) as transaction:
        if registry.champion(kind).version != champion.version:
            raise UserError(f"Meanwhile {kind} has got another champion; deploy that one.")
        recorded = record_deployment(kind, champion.version, champion.digest, champion.artifact_uri, tag, deployed_by)
        return execute(transaction, recorded)


def check_servable(version: RegisteredModel, warehouse: Database, registry: Registry) -> None:
    """Load a version as a service does: every file's digest, the golden rows, the features of the mart.

    Raises OperationError with the reason that a service would have to refuse it.
    """
    try:
        loaded = load_model(version.kind, registry.folder(version), digest=version.digest, version=version.version)
        check_features(loaded.model, warehouse.run(feature_columns()))
    except ModelRefused as refused:
        raise OperationError(
            said("not_servable", model=version.kind, version=version.version, rest=refused)
        ) from refused


def _wait_for_workers(kind: str, deployment_id: int, champion: RegisteredModel, warehouse: Database) -> int:
    """Wait until every worker that runs now has judged the deployment, and return how many took it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        reports = warehouse.run(worker_reports(kind))
        # Workers that are at a later deployment have no say about this one any more.
        asked = [report for report in reports if report.deployment_id is None or report.deployment_id <= deployment_id]
        done = [report for report in asked if report.deployment_id == deployment_id]
        if refused := {report.refused for report in done if report.refused}:
            raise OperationError(
                f"A {kind} service refused version {champion.version} ({', '.join(sorted(refused))}) and keeps "
                f"answering with the model it had; its log says why. Once that is put right it tries again by itself."
            )
        if len(done) == len(asked):
            return len(done)
        if time.monotonic() > deadline:
            raise OperationError(
                f"{len(asked) - len(done)} of {len(asked)} workers of {kind} have not taken version "
                f"{champion.version} after {_PATIENCE_SECONDS:.0f} s; see the service's log."
            )
        time.sleep(_LOOK_SECONDS)
