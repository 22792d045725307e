"""A change of a champion as the worker carries it out: with the functions, the lock and the record of the command line.

Belongs here: in which order, and what whoever asked is told. Does not belong here: promotion, rollback and deployment
(`registry`), and whether a change may be asked for (`service`).
"""

import logging
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import UserError
from core.home import Home
from core.settings import read_settings
from ml.recommendation import RECOMMENDATION
from warehouse.database import Database
from warehouse.marts import Marts
from warehouse.model_changes import ModelChange, begin_change, end_change, model_change

if TYPE_CHECKING:
    from registry.mlflow_registry import RegisteredModel, Registry

logger = logging.getLogger("backend.worker")


def do_change(warehouse: Database, home: Home, mlflow_url: str, change_id: UUID) -> None:
    """Makes a version the champion and deploys it. A change that was begun by a worker that was killed goes on."""
    # MLflow takes seconds to import, which other jobs need not wait for.
    from registry.deployment import deploy_champion
    from registry.mlflow_registry import Registry
    from registry.recommending import use_champion

    change = warehouse.run(model_change(change_id))
    if change is None or change.state not in ("waiting", "running"):
        return
    warehouse.run(begin_change(change_id))
    registry = Registry(mlflow_url, read_settings().artifact_root, home.storage)
    has_changed = False
    try:
        make_champion(registry, warehouse, change)
        has_changed = True
        if change.model == RECOMMENDATION:
            use_champion(Marts(warehouse), registry)
        else:
            deploy_champion(change.model, warehouse, registry, home, deployed_by=change.asked_by)
    except Exception as error:
        # A sentence for people, or nothing of our inside: the log has the rest.
        said = str(error) if isinstance(error, UserError) else "It failed; the worker's log says why."
        logger.exception("change %s of %s failed", change_id, change.model)
        is_refused = isinstance(error, UserError) and not has_changed
        warehouse.run(end_change(change_id, "refused" if is_refused else "failed", said))
    else:
        warehouse.run(end_change(change_id, "done"))


def make_champion(registry: "Registry", warehouse: Database, change: ModelChange) -> None:
    """Promotes or rolls back, unless that is done. Raises UserError where the champion is not the one that was seen."""
    from registry import promotion
    from registry.mlflow_registry import CHAMPION

    champion = registry.with_alias(change.model, CHAMPION)
    version = None if champion is None else champion.version
    if version == change.to_version:
        return
    if version != change.from_version:
        raise UserError(f"Meanwhile {change.model} has got another champion; look at it, and decide again.")
    check = partial(_check, registry=registry)
    record = {"reason": change.reason, "promoted_by": change.asked_by}
    if change.kind == "rollback":
        promotion.rollback(registry, warehouse, change.model, check=check, **record)
        return
    chosen = registry.version(change.model, change.to_version)
    check(chosen, warehouse)
    promotion.promote(registry, warehouse, chosen, instead_of=champion, **record)


def _check(version: "RegisteredModel", warehouse: Database, registry: "Registry") -> None:
    """Raises UserError where a version cannot be used any more."""
    from registry.deployment import check_servable
    from registry.recommending import read_recipe

    if version.kind == RECOMMENDATION:
        read_recipe(registry, version)
    else:
        check_servable(version, warehouse, registry)
