"""Sending what is queued: one message after the other, each said to be in flight before it leaves.

Belongs here: the order of steps for one message, and what follows from Telegram's answer. Does not belong here: which
recipient is next (`warehouse.send_queue`), and what is done between messages (`tending`).

A lane has one message in flight. A process that is killed leaves at most one `unknown` a lane.
"""

import asyncio
import logging
import random
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

import psycopg

from backend.campaigns.schemas import Variant
from backend.sending.settings import SenderSettings
from backend.sending.telegram import Answer, Telegram
from warehouse import recipients, send_queue, send_slots
from warehouse.campaigns import Running
from warehouse.database import execute_async
from warehouse.send_queue import Candidate, Rules
from warehouse.subscriptions import end_subscription, move_chat

logger = logging.getLogger("backend.sender")

Connection = psycopg.AsyncConnection[tuple[object, ...]]

MOST_ATTEMPTS = 5
MOST_LOOKS = 500
_LATE_SECONDS = 0.01
_FIRST_LEAD_SECONDS = 0.03
_MOST_LEAD_SECONDS = 0.1
_NO_BOT_SECONDS = 30.0
_CHAT_BUSY_SECONDS = 0.5


class Lane:
    """Sends one message at a time. Several lanes, in any processes, share every campaign."""

    def __init__(self, settings: SenderSettings, telegram: Telegram, work: Connection, budget: Connection) -> None:
        self._settings = settings
        self._telegram = telegram
        self._work = work
        # Apart, because whoever takes a slot must not hold others up until its own transaction ends.
        self._budget = budget
        self._looks: dict[UUID, int] = {}
        # How long a message takes from its slot until it may leave: a slot that comes sooner would be missed.
        self._lead = _FIRST_LEAD_SECONDS

    async def send_next(self, running: Running, variants: Mapping[str, Variant], rules: Rules) -> float:
        """Sends one message of a campaign, if any may leave now; how many seconds to wait for the next."""
        async with self._work.transaction():
            begun = await self._begun(running, rules)
        if isinstance(begun, float):
            return begun
        # Committed: from here on the message is in flight.
        candidate, leaves_at, taken_at = begun
        lead = min(1.5 * (time.monotonic() - taken_at), _MOST_LEAD_SECONDS)
        self._lead += (lead - self._lead) / 8
        await self._wait(leaves_at)
        variant = variants.get(candidate.arm)
        if variant is None:
            answer = Answer("refused", f"the campaign has no variant {candidate.arm}")
        else:
            button = None if variant.button is None else variant.button.model_dump()
            answer = await self._telegram.send(candidate.chat_id, variant.text_for(candidate.language), button)
        return await self._note(candidate, answer)

    async def _begun(self, running: Running, rules: Rules) -> tuple[Candidate, float, float] | float:
        """Who is written to, when, and when the slot was taken (monotonic); or how long to wait, where nobody is."""
        work = self._work
        candidate = await self._claimed(running.campaign_id, rules)
        if candidate is None:
            return self._pause(running.campaign_id)
        if not await execute_async(work, send_queue.lock_chat(candidate.chat_id)):
            await execute_async(work, recipients.put_off(candidate.key, _CHAT_BUSY_SECONDS))
            return 0.0
        if running.is_throttled and not await execute_async(work, send_queue.take_turn(running.campaign_id)):
            return self._settings.idle_seconds
        slot = await self._slot(candidate.chat_id)
        taken_at = time.monotonic()
        if slot.is_chat_busy:
            await execute_async(work, recipients.put_off(candidate.key, slot.wait_seconds))
        elif not slot.is_granted:
            return min(slot.wait_seconds, self._settings.idle_seconds)
        elif await execute_async(work, send_queue.begin_sending(candidate.key, candidate.chat_id, rules)):
            return candidate, taken_at + slot.wait_seconds, taken_at
        return 0.0

    async def _claimed(self, campaign_id: UUID, rules: Rules) -> Candidate | None:
        # Where many in a row may not be written to, they are looked at together.
        looks = self._looks.get(campaign_id, 1)
        claim = await execute_async(self._work, send_queue.claim(campaign_id, looks, rules))
        found = claim.candidate
        self._looks[campaign_id] = 1 if found or not claim.looked_at else min(looks * 4, MOST_LOOKS)
        return found

    def _pause(self, campaign_id: UUID) -> float:
        return 0.0 if self._looks[campaign_id] > 1 else self._settings.idle_seconds

    async def _slot(self, chat_id: int | None) -> send_slots.Slot:
        return await execute_async(
            self._budget,
            send_slots.take_slot(
                chat_id, is_reply=False, a_second=self._settings.messages_a_second, least_ahead=self._lead
            ),
        )

    async def _wait(self, leaves_at: float) -> None:
        """Waits for the slot. One that was missed is given up, because messages may not come closer to each other."""
        is_granted = True
        while True:
            await asyncio.sleep(max(0.0, leaves_at - time.monotonic()))
            if is_granted and time.monotonic() - leaves_at < _LATE_SECONDS:
                return
            slot = await self._slot(None)
            is_granted, leaves_at = slot.is_granted, time.monotonic() + slot.wait_seconds

    async def _note(self, candidate: Candidate, answer: Answer) -> float:
        """Notes what became of the message; answers with how many seconds to wait for the next."""
        work, key, wait = self._work, candidate.key, 0.0
        match answer.meaning:
            case "sent":
                await execute_async(work, recipients.note_sent(key, answer.message_id))
            case "blocked":
                async with work.transaction():
                    await execute_async(work, recipients.note_not_sent(key, "unreachable", "blocked"))
                    await execute_async(work, end_subscription(candidate.chat_id))
            case "moved":
                async with work.transaction():
                    await execute_async(work, move_chat(candidate.chat_id, answer.chat_id))
                    await execute_async(work, recipients.put_back(key, 1.0, answer.reason, counts=True))
            case "flood":
                async with work.transaction():
                    await execute_async(work, send_slots.hold_slots(answer.seconds))
                    await execute_async(work, recipients.put_back(key, answer.seconds, answer.reason, counts=False))
                logger.warning("Telegram asks to wait for %s s", answer.seconds)
            case "retry" if candidate.attempts + 1 < MOST_ATTEMPTS:
                seconds = backoff_seconds(candidate.attempts, self._settings.retry_seconds)
                await execute_async(work, recipients.put_back(key, seconds, answer.reason, counts=True))
            case "no_bot":
                # That is no recipient's fault: nobody fails for it.
                await execute_async(work, recipients.put_back(key, _NO_BOT_SECONDS, answer.reason, counts=False))
                logger.error("Telegram does not know this bot: %s", answer.reason)
                wait = _NO_BOT_SECONDS
            case "unknown":
                await execute_async(work, recipients.note_not_sent(key, "unknown", answer.reason))
            case "retry" | "refused":
                await execute_async(work, recipients.note_not_sent(key, "failed", answer.reason))
        return wait


def backoff_seconds(attempts: int, base: float) -> float:
    """How long to wait before another attempt: twice as long each time, and never the same for two."""
    return float(base * 2**attempts * random.uniform(0.5, 1.5))  # noqa: S311


def variants_of(stored: Sequence[Mapping[str, object]]) -> dict[str, Variant]:
    """The variants of a campaign by the name of their arm."""
    return {variant.name: variant for variant in map(Variant.model_validate, stored)}
