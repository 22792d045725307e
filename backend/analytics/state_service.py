"""What reports on models and data put together. Does not belong here: SQL (`state_store`)."""

from collections.abc import Iterable

from backend.analytics import state_store as store
from backend.analytics.state_schemas import DataHealth, Freshness, ModelReport, ModelsReport
from backend.database import DatabasePool


async def models(database: DatabasePool, names: Iterable[str]) -> ModelsReport:
    """Each model: what runs, how it came to run, and how good it is."""
    return ModelsReport(models=[await _model(database, name) for name in names])


async def data_health(database: DatabasePool, models: Iterable[str]) -> DataHealth:
    """How new what is known is, what came in, and what was held back."""
    return DataHealth(
        freshness=Freshness(
            events_read_at=await database.run(store.read_at("int_user_daily")),
            contract_passed_at=await database.run(store.read_at("contract")),
            last_event_day=await database.run_if_built(store.last_event_day()),
            features_as_of=await database.run_if_built(store.features_as_of()),
            scores=await database.run(store.scored_days([*models])),
            sources=await database.run_if_built(store.sources()) or [],
            marts=await database.run_if_built(store.mart_days()) or [],
        ),
        checks=await database.run(store.checks()),
        imports=await database.run(store.imports()),
        quarantine=await database.run(store.quarantine()),
        archived_months=await database.run(store.archived_months()),
    )


async def _model(database: DatabasePool, name: str) -> ModelReport:
    return ModelReport(
        model=name,
        deployment=await database.run(store.deployment(name)),
        changes=await database.run(store.champion_changes(name)),
        scorecard=await database.run_if_built(store.scorecard(name)) or [],
        drift=await database.run(store.drift(name)),
    )
