"""What is done between messages: campaigns begin and end, lost messages are found, outcomes become events.

Belongs here: the order of these steps. Any number of senders may do them at the same time; each step takes what nobody
else has taken.
"""

import logging
from datetime import UTC, datetime

import psycopg

from backend.campaigns import audiences
from backend.sending.outcomes import tell_outcomes
from backend.sending.settings import SenderSettings
from backend.triggers.firing import OVERLAP, store_firings
from warehouse import campaigns, erased_users, recipients, send_slots
from warehouse.database import execute_async, execute_steps_async
from warehouse.experiments import release_global_control, use_global_control
from warehouse.send_queue import Rules

logger = logging.getLogger("backend.sender")

Connection = psycopg.AsyncConnection[tuple[object, ...]]

MEASURED_DAYS = 30
"""How long after its end the effect of a campaign is measured, which locks the global control group."""


async def stop_overdue(connection: Connection) -> None:
    """Stops campaigns that nobody saw to for long. Comes before anything is sent."""
    for campaign_id in await execute_async(connection, campaigns.hold_overdue()):
        logger.warning("campaign %s is overdue; start it again if it should still be sent", campaign_id)


async def begin_due(connection: Connection, rules: Rules) -> bool:
    """Selects the recipients of one campaign whose time has come, all or none; whether there was one."""
    async with connection.transaction():
        # An erasure that begins now waits, so nobody is selected who is being erased.
        await execute_async(connection, erased_users.is_anyone_erased())
        due = await execute_async(connection, campaigns.due_campaign())
        if due is None:
            return False
        if not due.is_transactional:
            await execute_steps_async(connection, use_global_control(f"campaign:{due.campaign_id}"))
        selected = 0
        if due.kind == "campaign":
            selected = await execute_async(connection, audiences.select(due, rules))
        await execute_async(connection, campaigns.begin(due.campaign_id))
    logger.info("campaign %s begins with %s recipients", due.campaign_id, selected)
    return True


async def ask_triggers(connection: Connection, rules: Rules) -> None:
    """Asks each trigger that was not asked for a while, and stores whom it reaches."""
    while True:
        async with connection.transaction():
            await execute_async(connection, erased_users.is_anyone_erased())
            trigger = await execute_async(connection, campaigns.due_trigger())
            if trigger is None or trigger.watched_until is None or trigger.started_at is None:
                return
            until = datetime.now(UTC)
            since = max(trigger.watched_until - OVERLAP, trigger.started_at)
            try:
                async with connection.transaction():
                    reached = await execute_async(connection, store_firings(trigger, rules, since, until))
            except psycopg.errors.UndefinedTable:
                # What its rule reads is made by the first run.
                reached = 0
            await execute_async(connection, campaigns.note_watched(trigger.campaign_id, until))
        if reached:
            logger.info("trigger %s has fired for %s", trigger.campaign_id, reached)


async def tend(connection: Connection, settings: SenderSettings, rules: Rules) -> None:
    """One round of all that is to be done."""
    await stop_overdue(connection)
    while await begin_due(connection, rules):
        pass
    await ask_triggers(connection, rules)
    lost = await execute_async(connection, recipients.find_lost(settings.lost_seconds))
    if lost:
        logger.warning("%s messages were lost in flight; see the recipients in the state unknown", lost)
    while await tell_outcomes(connection):
        pass
    for campaign_id in await execute_async(connection, campaigns.end_finished()):
        logger.info("campaign %s is done", campaign_id)
    for campaign_id in await execute_async(connection, campaigns.ended_long_ago(MEASURED_DAYS)):
        await execute_async(connection, release_global_control(f"campaign:{campaign_id}"))
    await execute_async(connection, send_slots.forget_slots())
