"""What the shop and one user have said to each other, put together."""

import asyncio

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.contacts import store
from backend.contacts.schemas import Contact, Contacts
from backend.resources import Resources
from backend.sending.sender import variants_of
from backend.users.service import person
from warehouse import subscriptions

_USUAL_LANGUAGE = "en"


async def contacts(resources: Resources, principal: Principal, user_id: str) -> Contacts:
    """Contacts with a user, under any id of the person. Raises NotFound for an id that nobody has."""
    database = resources.database
    known = await person(database, user_id)
    selected, lists, chat, is_held_out = await asyncio.gather(
        database.run(store.selections_of(known.ids)),
        database.run(store.lists_of(known.ids)),
        database.run(subscriptions.subscription_of(known.ids)),
        database.run(store.is_held_out(known.user_id)),
    )
    may_read_feedback = Permission.FEEDBACK_READ in principal.permissions
    language = _USUAL_LANGUAGE if chat is None else chat.language
    return Contacts(
        contacts=[_shown(each, language) for each in selected],
        lists=lists,
        feedback=await database.run(store.feedback_of(known.ids)) if may_read_feedback else None,
        is_in_global_control=bool(is_held_out),
        topics=None if chat is None else chat.topics,
    )


def _shown(found: store.Selected, language: str) -> Contact:
    variant = variants_of(found.variants).get(found.arm or "")
    return Contact(
        campaign_id=found.campaign_id,
        name=found.name,
        kind=found.kind,
        arm=found.arm,
        is_experiment=found.control_share > 0,
        state=found.state,
        reason=found.reason,
        text=None if variant is None else variant.text_for(language),
        selected_at=found.selected_at,
        sent_at=found.sent_at,
    )
