"""The application: which features there are, and how it starts.

Belongs here: putting the routers together. Does not belong here: what a feature does, or what goes for every request
(`exchange`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute

from backend.accounts.endpoints import router as accounts
from backend.alerts.endpoints import router as alerts
from backend.analytics.endpoints import router as analytics
from backend.audit.endpoints import router as audit
from backend.auth.browser import router as browser_sessions
from backend.auth.browser_telegram import router as browser_telegram
from backend.auth.endpoints import router as auth
from backend.auth.operations import router as operations
from backend.campaigns.endpoints import router as campaigns
from backend.contacts.endpoints import router as contacts
from backend.description import DescribedApi
from backend.effects.endpoints import router as effects
from backend.events.endpoints import router as events
from backend.exchange import Exchange, add_error_answers
from backend.experiments.endpoints import router as experiments
from backend.feedback.endpoints import router as feedback
from backend.health.endpoints import router as health
from backend.imports.endpoints import router as imports
from backend.jobs.endpoints import router as jobs
from backend.keys.endpoints import router as keys
from backend.models.endpoints import router as models
from backend.notices.endpoints import router as notices
from backend.orders.endpoints import router as orders
from backend.pages.docs import mount_docs
from backend.pages.endpoints import mount_pages
from backend.policies.endpoints import router as policies
from backend.predictions.endpoints import router as predictions
from backend.push.endpoints import router as push
from backend.quarantine.endpoints import router as quarantine
from backend.recommendations.endpoints import router as recommendations
from backend.resources import open_resources
from backend.runs.endpoints import router as runs
from backend.sending.endpoints import router as sending
from backend.settings import BackendSettings
from backend.shop.endpoints import router as shop
from backend.subscriptions.endpoints import router as subscriptions
from backend.telegram.endpoints import router as telegram
from backend.templates.endpoints import router as templates
from backend.triggers.endpoints import router as triggers
from backend.users.endpoints import router as users
from backend.views.endpoints import router as views
from backend.what_if.endpoints import router as what_if
from core.logs import configure_logging

API_VERSION = "4.0.0"
"""Of the contract: a new major version where a caller must change something."""

# A request is held against one route after the other, so those that are asked most come first.
ROUTERS = (
    events,
    telegram,
    predictions,
    sending,
    auth,
    browser_sessions,
    browser_telegram,
    operations,
    accounts,
    keys,
    audit,
    users,
    contacts,
    what_if,
    views,
    orders,
    recommendations,
    templates,
    feedback,
    subscriptions,
    shop,
    campaigns,
    triggers,
    jobs,
    imports,
    quarantine,
    notices,
    alerts,
    push,
    analytics,
    models,
    runs,
    experiments,
    policies,
    effects,
    health,
)


def create_app(settings: BackendSettings | None = None) -> FastAPI:
    """The API. Without `settings` it reads its environment when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        chosen = settings or BackendSettings()
        configure_logging("api", chosen.log_level)
        async with open_resources(chosen) as resources:
            app.state.resources = resources
            yield

    app = DescribedApi(
        title="Customer Analyzer API",
        version=API_VERSION,
        summary="Events in, and what they say about users.",
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Exchange)
    add_error_answers(app)
    for router in ROUTERS:
        app.include_router(router)
    mount_docs(app)
    mount_pages(app)
    return app


def _operation_id(route: APIRoute) -> str:
    """The function's name, which is what a generated client calls its method."""
    return route.name
