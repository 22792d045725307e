"""Trying a campaign before it begins: how many it is for, how they are divided, and one message as a test."""

import asyncio
from uuid import UUID

from psycopg import errors

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.store import add_look
from backend.campaigns import audiences
from backend.campaigns.policy_schemas import ChosenBy
from backend.campaigns.preview_schemas import Preview, PreviewSample, PreviewShare
from backend.campaigns.schemas import Audience, TestMessage, TestReceipt, Variant
from backend.campaigns.service import campaign, demand_list
from backend.errors import Conflict, NotFound, Unavailable
from backend.resources import Resources
from backend.sending.sender import variants_of
from backend.sending.telegram import Telegram
from backend.subscriptions.rules import rules_now
from backend.users import store as users
from core.problems import FieldError
from warehouse import policies, send_slots, subscriptions
from warehouse.campaigns import Campaign
from warehouse.database import execute_async

_SAMPLES = 5


async def count(resources: Resources, audience: Audience) -> int:
    """How many users an audience has. Raises Invalid for a list that does not exist."""
    await demand_list(resources, audience)
    try:
        return await resources.database.run_long(audiences.count(audience))
    except errors.UndefinedTable:
        return 0


async def preview(resources: Resources, campaign_id: UUID) -> Preview:
    """What a campaign would come to if it began now. Raises NotFound, and Conflict before the first run."""
    found = await campaign(resources, campaign_id)
    rules = (await resources.database.run(rules_now(resources.contact_rules))).bound()
    try:
        shares = await resources.database.run_long(audiences.preview(found, rules))
        some = await resources.database.run_long(audiences.samples(found, rules, _SAMPLES))
    except errors.UndefinedTable:
        raise Conflict("There is no list of users yet; run the pipeline first.") from None
    variants = variants_of(found.variants)
    is_chosen = found.most_by_effect is not None or any(
        variant.whom is not None and variant.whom.by is ChosenBy.EFFECT for variant in variants.values()
    )
    in_use = await resources.database.run(policies.policy_in_use()) if is_chosen else None
    return Preview(
        is_by_chance=is_chosen and in_use is None,
        policy_id=in_use.policy_id if is_chosen and in_use is not None else None,
        selected=sum(each.users for each in shares),
        to_send=sum(each.users for each in shares if each.state == "queued"),
        shares=[PreviewShare(state=each.state, reason=each.reason, arm=each.arm, users=each.users) for each in shares],
        samples=[
            PreviewSample(
                user_id=each.user_id,
                arm=each.arm,
                language=each.language,
                text=variants[each.arm].text_for(each.language),
            )
            for each in some
        ],
    )


async def test(
    resources: Resources, principal: Principal, origin: Origin, campaign_id: UUID, wanted: TestMessage
) -> TestReceipt:
    """Sends a campaign's message to one user, outside of the campaign. Raises NotFound, Conflict, Unavailable."""
    settings = resources.settings
    if settings.telegram_sending_token is None:
        raise Unavailable("The API does not know the bot: set TELEGRAM_BOT_TOKEN.", settings.retry_after_seconds)
    variant = _variant(await campaign(resources, campaign_id), wanted.variant)
    async with resources.database.transaction() as connection:
        ids = await execute_async(connection, users.ids_of_person(wanted.user_id))
        chat = await execute_async(connection, subscriptions.subscription_of(ids))
        if await execute_async(connection, subscriptions.do_not_contact_of(ids)) is not None:
            raise Conflict("Writing to this user is forbidden.", [FieldError("user_id", "is on do-not-contact")])
        if chat is None or chat.blocked_at is not None:
            raise Conflict("This user has no chat with the bot.", [FieldError("user_id", "has no chat")])
        await execute_async(
            connection,
            add_look(principal.id, principal.name, origin.address, origin.request_id, "campaign:test", wanted.user_id),
        )
    slot = await resources.database.run(send_slots.take_slot(chat.chat_id, is_reply=True))
    if not slot.is_granted:
        return TestReceipt(is_sent=False, reason="Nothing may be sent to this chat now; try again in a moment.")
    await asyncio.sleep(slot.wait_seconds)
    text = variant.text_for(wanted.language or chat.language)
    button = None if variant.button is None else variant.button.model_dump()
    async with Telegram(settings.telegram_api_url, settings.telegram_sending_token) as telegram:
        answer = await telegram.send(chat.chat_id, text, button)
    return TestReceipt(is_sent=answer.meaning == "sent", reason=answer.reason or None)


def _variant(found: Campaign, name: str | None) -> Variant:
    variants = variants_of(found.variants)
    if name is None:
        return next(iter(variants.values()))
    if name not in variants:
        raise NotFound("The campaign has no such variant.", [FieldError("variant", "is not one of the campaign's")])
    return variants[name]
