"""What is decided about models: what stands beside what, and which change of a champion may be asked for.

Does not belong here: carrying a change out (`changing`), and the figures of past weeks (`backend.analytics`).
"""

from dataclasses import asdict
from uuid import UUID

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.database import Connection, DatabasePool
from backend.errors import Conflict, NotFound
from backend.models import store
from backend.models.schemas import (
    ModelChange,
    ModelsAnswer,
    ModelVersion,
    ModelVersions,
    NewPromotion,
    NewRollback,
    Promise,
    RecommenderUse,
    VersionReport,
)
from backend.models.store import StoredVersion
from backend.resources import Resources
from core.problems import FieldError
from ml.recommendation import RECOMMENDATION
from warehouse import model_changes
from warehouse.database import execute_async
from warehouse.locks import is_promoting
from warehouse.model_changes import ChangeKind
from warehouse.promotions import champion_before, current_champion
from warehouse.recommender import promises, recommender_state

_REFUSED = "not promoted"


async def models(resources: Resources) -> ModelsAnswer:
    """All models, each champion beside its challenger."""
    pages = resources.settings.mlflow_pages.rstrip("/")
    return ModelsAnswer(
        models=[
            *[await _model(resources.database, pages, name) for name in resources.models],
            await _recommender(resources.database, pages),
        ],
        dagster_url=resources.settings.dagster_pages or None,
    )


async def change(database: DatabasePool, change_id: UUID) -> ModelChange:
    """How a change is. Raises NotFound."""
    found = await database.run(model_changes.model_change(change_id))
    if found is None:
        raise NotFound("There is no such change.", [FieldError("change_id", "is not the id of a change")])
    return _shown_change(found)


async def promote(
    resources: Resources, principal: Principal, origin: Origin, model: str, given: NewPromotion
) -> ModelChange:
    """Asks for a version to be champion. Raises NotFound, and Conflict for what the gate or the lock refuses."""
    async with resources.database.transaction() as connection:
        verdict = await execute_async(connection, store.verdict_of(model, given.version))
        if verdict is None:
            raise NotFound(f"There is no version {given.version} of {model}.", [FieldError("version", "is not known")])
        champion = await execute_async(connection, current_champion(model))
        _demand_seen(model, champion, given.champion_version)
        if champion == given.version:
            raise Conflict(f"Version {given.version} of {model} is the champion already.")
        if is_refused(verdict[0]) and not given.overrules_gate:
            raise Conflict(
                f"The gate refused version {given.version} of {model}: {verdict[0]}. Say so if you overrule it.",
                [FieldError("overrules_gate", "must be true to promote what the gate refused")],
            )
        return await _ask(connection, principal, origin, "promote", model, champion, given.version, given.reason)


async def roll_back(
    resources: Resources, principal: Principal, origin: Origin, model: str, given: NewRollback
) -> ModelChange:
    """Asks for the champion before to be champion again. Raises NotFound, and Conflict as `promote` does."""
    async with resources.database.transaction() as connection:
        champion = await execute_async(connection, current_champion(model))
        if champion is None:
            raise NotFound(f"There is no champion of {model}.", [FieldError("model", "has no champion")])
        _demand_seen(model, champion, given.champion_version)
        before = await execute_async(connection, champion_before(model, champion))
        if before is None:
            raise Conflict(f"Version {champion} of {model} had no champion before it to roll back to.")
        return await _ask(connection, principal, origin, "rollback", model, champion, before, given.reason)


def is_refused(verdict: str | None) -> bool:
    """Whether the gate did not let a version through."""
    return verdict is not None and verdict.startswith(_REFUSED)


def role_of(version: int, champion: int | None, newest: int) -> str | None:
    """What a version is: the champion, the challenger (newer than it, and the newest of all), or neither."""
    if version == champion:
        return "champion"
    is_newer = champion is None or version > champion
    return "challenger" if version == newest and is_newer else None


async def _ask(
    connection: Connection,
    principal: Principal,
    origin: Origin,
    kind: ChangeKind,
    model: str,
    champion: int | None,
    version: int,
    reason: str,
) -> ModelChange:
    if await execute_async(connection, is_promoting(model)):
        raise Conflict(f"Somebody else is promoting {model} right now; try again when they are done.")
    asked = model_changes.ask_for_change(kind, model, champion, version, reason, principal.id)
    change_id = await execute_async(connection, asked)
    if change_id is None:
        raise Conflict(f"Another change of {model} is not over yet; try again when it is.")
    recorded = entry(
        principal,
        origin,
        f"model:{kind}",
        model,
        before={"version": champion},
        after={"version": version, "reason": reason},
    )
    await execute_async(connection, recorded)
    asked_for = await execute_async(connection, model_changes.model_change(change_id))
    assert asked_for is not None  # noqa: S101 - it was stored in this transaction
    return _shown_change(asked_for)


def _demand_seen(model: str, champion: int | None, seen: int | None) -> None:
    if champion != seen:
        now = "has no champion" if champion is None else f"has the champion {champion}"
        raise Conflict(
            f"Meanwhile {model} {now}; look at it, and decide again.",
            [FieldError("champion_version", "is not the champion now")],
        )


async def _model(database: DatabasePool, pages: str, name: str) -> ModelVersions:
    champion = await database.run(current_champion(name))
    stored = await database.run(store.versions(name, champion))
    newest = max((each.version for each in stored), default=0)
    shown = [_shown(each, champion, newest, pages) for each in stored]
    compared = [each.version for each in shown if each.role is not None]
    change = await database.run(model_changes.newest_change(name))
    return ModelVersions(
        model=name,
        champion_version=champion,
        rollback_version=None if champion is None else await database.run(champion_before(name, champion)),
        versions=shown,
        reports={
            version: VersionReport.model_validate(report)
            for version, report in await database.run(store.reports(name, compared))
        },
        drift_report_url=await _drift_report(database, pages, name, stored),
        change=None if change is None else _shown_change(change),
    )


async def _recommender(database: DatabasePool, pages: str) -> ModelVersions:
    found, state = await _model(database, pages, RECOMMENDATION), await database.run(recommender_state())
    use = RecommenderUse(
        model_version=None if state is None else state.model_version,
        as_of=None if state is None else state.as_of,
        verdict=None if state is None else state.verdict,
        promises=[Promise.model_validate(asdict(each)) for each in await database.run(promises())],
    )
    return found.model_copy(update={"use": use})


async def _drift_report(database: DatabasePool, pages: str, name: str, stored: list[StoredVersion]) -> str | None:
    looked = await database.run(store.newest_drift(name))
    if looked is None:
        return None
    as_of, version = looked
    run = next((each for each in stored if each.version == version), None)
    url = None if run is None else _run_url(pages, run)
    return None if url is None else f"{url}/artifacts/drift/{as_of}.html"


def _run_url(pages: str, version: StoredVersion) -> str | None:
    return f"{pages}/#/experiments/{version.experiment_id}/runs/{version.run_id}" if pages else None


def _shown(stored: StoredVersion, champion: int | None, newest: int, pages: str) -> ModelVersion:
    return ModelVersion.model_validate(
        {
            "version": stored.version,
            "role": role_of(stored.version, champion, newest),
            "as_of": stored.as_of,
            "horizon_days": stored.horizon_days,
            "test_cutoff": stored.test_cutoff,
            "created_at": stored.created_at,
            "verdict": stored.verdict,
            "is_refused": is_refused(stored.verdict),
            "metrics": stored.metrics,
            "checks": stored.checks,
            "mlflow_url": _run_url(pages, stored),
        }
    )


def _shown_change(found: model_changes.ModelChange) -> ModelChange:
    return ModelChange(**{name: getattr(found, name) for name in ModelChange.model_fields})
