"""What became of recipients, told as events of the users.

Belongs here: which outcome is which event. Does not belong here: storing events (`ingestion.accepting`).

`notification_sent` and `notification_withheld` say who was treated and who was held out by chance. A capped message is
neither, and has a type of its own. An event's id is made of user and campaign, so it is stored once however often it is
told. None of them is an activity: they are done to the user.
"""

from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg

from ingestion.accepting import accept_async
from warehouse import recipients
from warehouse.database import execute_async
from warehouse.recipients import EPOCH, Key, Untold

_MOST = 500
_TYPES = {"sent": "notification_sent", "control": "notification_withheld", "capped": "notification_capped"}
_CAMPAIGNS = uuid5(NAMESPACE_OID, "customer-analyzer/campaigns")


def message_id(key: Key) -> UUID:
    """The id of a message: a UUIDv5 of the campaign and the user; of a trigger's message, also of its occasion."""
    name = key.user_id if key.occasion == EPOCH else f"{key.user_id}\t{key.occasion.timestamp():.6f}"
    return uuid5(uuid5(_CAMPAIGNS, str(key.campaign_id)), name)


def event_of(outcome: Untold) -> dict[str, Any]:
    """The event that an outcome is."""
    said = {
        "campaign_id": str(outcome.key.campaign_id),
        "campaign": outcome.name,
        "kind": outcome.kind,
        "topic": outcome.topic,
        "arm": outcome.arm,
        "reason": outcome.reason,
    }
    return {
        "event_id": str(message_id(outcome.key)),
        "user_id": outcome.key.user_id,
        "event_type": _TYPES[outcome.state],
        "occurred_at": outcome.happened_at.isoformat(),
        "source": "telegram",
        "properties": {name: value for name, value in said.items() if value is not None},
    }


async def tell_outcomes(connection: psycopg.AsyncConnection[Any]) -> int:
    """Stores the next few hundred outcomes as events, in one transaction with the note that they are; how many."""
    async with connection.transaction():
        untold = await execute_async(connection, recipients.untold(_MOST))
        await accept_async(connection, [event_of(each) for each in untold], is_strict=True)
        await execute_async(connection, recipients.note_told([each.key for each in untold]))
    return len(untold)
