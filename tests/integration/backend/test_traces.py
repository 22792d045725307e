"""One trace leads from the bot through the API to the warehouse, as a real receiver of OTLP sees it."""

import asyncio
import time

import pytest

from bot.api import Api
from core.api_keys import digest_of, new_key
from core.tracing import Tracing
from standalone.fleet import running_servers
from standalone.servers import api_server
from standalone.stack import Platform
from tests.collector import collecting
from warehouse.api_keys import add_api_key
from warehouse.database import Database

SPANS = ("update", "GET /users/{user_id}/subscription", "warehouse")


def test_an_update_is_followed_to_the_warehouse(
    shared_warehouse_url: str, empty_platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_platform.home.service_key.write_text("none\n", encoding="utf-8")
    key = new_key()
    Database(empty_platform.backend_url).run(add_api_key("the bot", digest_of(key), ["subscriptions:read"]))
    with collecting() as (collector, address):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        tracing = Tracing("bot", address)
        with running_servers([api_server(empty_platform)]) as (server,):

            async def update() -> None:
                async with Api(str(server.command.address), key, 30, headers=tracing.headers) as api:
                    with tracing.work("update"):
                        await api.subscription("7")

            asyncio.run(update())
            tracing.close()
            deadline = time.monotonic() + 20
            while not set(SPANS) <= collector.spans.keys():
                assert time.monotonic() < deadline, collector.spans.keys()
                time.sleep(0.05)
    begun, asked, stored = (
        collector.spans[name] for name in ("update", "GET /users/{user_id}/subscription", "warehouse")
    )
    assert begun.trace_id == asked.trace_id == stored.trace_id
    assert asked.parent_span_id == begun.span_id
    assert stored.parent_span_id == asked.span_id
    assert not [name for name, span in collector.spans.items() if "/7" in f"{name} {span.attributes}"]
    assert collector.services == {"customer-analyzer-bot", "customer-analyzer-api"}
