"""What a running API holds, and how it is opened and closed.

Belongs here: the order in which things start and stop. Does not belong here: what any of them does.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import Request

from backend.access.keys import Keys
from backend.access.remembered import Remembered
from backend.access.tokens import AccessTokens
from backend.accounts.passwords import PasswordChecks
from backend.cache import AnswerCache
from backend.database import DatabasePool
from backend.events.intake import Intake
from backend.limits import RateLimits
from backend.metrics import Metrics
from backend.notices.watch import NoticeWatch
from backend.replica import ReplicaPool
from backend.runs.dagster import Dagster
from backend.settings import BackendSettings
from backend.subscriptions.rules import ContactRules
from backend.telegram.arrivals import Arrivals
from core.tracing import Tracing
from dbt_project import CATALOGUE
from ml.catalogue import FeatureCatalogue, read_catalogue
from serving.client import AsyncPredictionClient

logger = logging.getLogger("backend")

REFUSAL_SECONDS = 60.0
"""The same refusal of the same caller is recorded once in so long."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything that a request may need."""

    settings: BackendSettings
    database: DatabasePool
    reports: DatabasePool
    """Where reports and lists are read: a replica that has caught up, where there is one."""
    metrics: Metrics
    tracing: Tracing
    keys: Keys
    tokens: AccessTokens
    passwords: PasswordChecks
    intake: Intake
    models: Mapping[str, AsyncPredictionClient]
    catalogue: FeatureCatalogue
    cache: AnswerCache
    limits: RateLimits
    recorded_refusals: Remembered[tuple[str, str, str], bool]
    contact_rules: ContactRules
    """Those of the environment; `rules_now` says which hold."""
    notices: NoticeWatch
    arrivals: Arrivals
    dagster: Dagster


@asynccontextmanager
async def open_resources(settings: BackendSettings) -> AsyncIterator[Resources]:
    """Opens what requests need, and closes it at the end."""
    async with AsyncExitStack() as stack:
        database = DatabasePool(settings)
        await database.open()
        stack.push_async_callback(database.close)
        metrics = Metrics()
        reports = database
        if settings.replica_url is not None:
            reports = ReplicaPool(settings, settings.replica_url.get_secret_value(), database, metrics)
            await reports.open()
            stack.push_async_callback(reports.close)
        tracing = Tracing("api", settings.trace_endpoint)
        stack.push_async_callback(asyncio.to_thread, tracing.close)
        intake = await stack.enter_async_context(Intake(database, metrics, settings))
        redis_url = None if settings.redis_url is None else settings.redis_url.get_secret_value()
        cache = await stack.enter_async_context(AnswerCache(redis_url, metrics))
        limits = await stack.enter_async_context(RateLimits(settings.limits, redis_url))
        models = {
            kind: await stack.enter_async_context(_client(address, settings, tracing))
            for kind, address in settings.services.items()
        }
        yield Resources(
            settings=settings,
            database=database,
            reports=reports,
            metrics=metrics,
            tracing=tracing,
            keys=Keys(database, settings.key_seconds),
            tokens=AccessTokens(database, settings.key_seconds),
            passwords=PasswordChecks(),
            intake=intake,
            models=models,
            catalogue=await asyncio.to_thread(read_catalogue, CATALOGUE),
            cache=cache,
            limits=limits,
            recorded_refusals=Remembered(REFUSAL_SECONDS),
            contact_rules=ContactRules(),
            notices=await stack.enter_async_context(NoticeWatch(database, metrics, settings)),
            arrivals=Arrivals(),
            dagster=Dagster(await stack.enter_async_context(httpx.AsyncClient(trust_env=False)), settings.dagster_url),
        )


async def resources_of(request: Request) -> Resources:
    """The dependency that gives a request what the API holds."""
    resources: Resources = request.app.state.resources
    return resources


def _client(address: str, settings: BackendSettings, tracing: Tracing) -> AsyncPredictionClient:
    key = None if settings.service_key_file is None else settings.service_key_file.read_text(encoding="utf-8").strip()
    return AsyncPredictionClient(
        address, api_key=key, timeout_seconds=settings.service_timeout_seconds, retries=1, headers=tracing.headers
    )
