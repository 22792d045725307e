"""`python -m backend.sending`: the process that sends what campaigns and triggers have queued.

Any number of them may run, on one machine or several.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import psycopg

from backend.campaigns.schemas import Variant
from backend.sending.sender import Lane, variants_of
from backend.sending.settings import SenderSettings
from backend.sending.telegram import Telegram
from backend.sending.tending import tend
from backend.subscriptions.rules import ContactRules, rules_now
from core.logs import configure_logging
from warehouse import campaigns
from warehouse.campaigns import Running
from warehouse.database import execute_async

logger = logging.getLogger("backend.sender")

Connection = psycopg.AsyncConnection[tuple[object, ...]]

_ROUND_SECONDS = 1.0
_AGAIN_SECONDS = 2.0


async def send(settings: SenderSettings, environment: ContactRules, stopped: asyncio.Event) -> None:
    """Sends until it is told to stop. Messages in flight are waited for.

    The rules of `environment` hold where no administrator has set others, which is looked at every second.
    """

    async def tending() -> None:
        # Selections differ from each other, and each is worth its own plan.
        async with await _opened(settings) as connection:
            while not stopped.is_set():
                rules = await execute_async(connection, rules_now(environment))
                await tend(connection, settings, rules.bound())
                await _wait(stopped, _ROUND_SECONDS)

    async with Telegram(settings.telegram_api_url, settings.telegram_bot_token) as telegram:

        async def lane() -> None:
            await telegram.connect()
            async with await _connected(settings) as work, await _connected(settings) as budget:
                await _send_in_turn(Lane(settings, telegram, work, budget), work, environment, stopped)

        await asyncio.gather(_kept_up(tending, stopped), *(_kept_up(lane, stopped) for _ in range(settings.lanes)))


async def _send_in_turn(lane: Lane, work: Connection, environment: ContactRules, stopped: asyncio.Event) -> None:
    """Sends a message of each running campaign in turn, for as long as some may leave."""
    rules = environment.bound()
    running: list[Running] = []
    variants: dict[UUID, dict[str, Variant]] = {}
    not_before: dict[UUID, float] = {}
    looked_at = float("-inf")
    while not stopped.is_set():
        now = time.monotonic()
        if now - looked_at >= _ROUND_SECONDS:
            running, looked_at = await execute_async(work, campaigns.see_to_running()), now
            rules = (await execute_async(work, rules_now(environment))).bound()
            variants = {each.campaign_id: await _variants(work, each, variants) for each in running}
        for each in running:
            if not_before.get(each.campaign_id, 0) <= now and not stopped.is_set():
                seconds = await lane.send_next(each, variants[each.campaign_id], rules)
                not_before[each.campaign_id] = time.monotonic() + seconds
        waits = [not_before[each.campaign_id] - time.monotonic() for each in running]
        await _wait(stopped, max(0.0, min([*waits, looked_at + _ROUND_SECONDS - time.monotonic()])))


async def _variants(work: Connection, running: Running, known: dict[UUID, dict[str, Variant]]) -> dict[str, Variant]:
    """What a campaign says, which does not change once it runs."""
    if running.campaign_id in known:
        return known[running.campaign_id]
    found = await execute_async(work, campaigns.campaign(running.campaign_id))
    return {} if found is None else variants_of(found.variants)


async def _opened(settings: SenderSettings) -> Connection:
    return await psycopg.AsyncConnection.connect(
        settings.warehouse_url.get_secret_value(), autocommit=True, application_name="customer-analyzer sender"
    )


async def _connected(settings: SenderSettings) -> Connection:
    """A connection for the same few statements over and over."""
    connection = await _opened(settings)
    # Planning a claim takes ten times as long as the claim: it is planned once.
    connection.prepare_threshold = 0
    await connection.execute("set plan_cache_mode = force_generic_plan")
    return connection


async def _kept_up(work: Callable[[], Awaitable[None]], stopped: asyncio.Event) -> None:
    """Begins something again whenever it failed, such as while the warehouse was away."""
    while not stopped.is_set():
        try:
            await work()
        except psycopg.OperationalError as error:
            logger.warning("the warehouse does not answer: %s", error)
        except Exception:
            logger.exception("it failed, and begins again")
        await _wait(stopped, _AGAIN_SECONDS)


async def _wait(stopped: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopped.wait(), seconds)


async def work() -> None:
    """Sends until the process is told to end."""
    settings = SenderSettings()
    configure_logging("sender", settings.log_level)
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    await send(settings, ContactRules(), stopped)


if __name__ == "__main__":
    asyncio.run(work())
