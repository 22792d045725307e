"""Events that came as JSON: as a line that is read like one of a file, and as the quarantine keeps them.

Belongs here: what JSON can and cannot say of an event. Does not belong here: what becomes of it (`accepting`).
"""

import json
from typing import Any

from ingestion.chunks import storable
from warehouse.arriving_events import EVENT_TYPES

RECEIVED_AT = "received_at"
_IDS = frozenset({"user_id", "order_id", "item_id"})
"""Many shops number their users, orders and items."""


def misplaced(event: dict[Any, Any]) -> list[tuple[str, str]]:
    """Fields that events do not have, and what is no text where one belongs: each field, and what is wrong with it."""
    found = []
    for name, said in event.items():
        if name not in EVENT_TYPES:
            # Postgres keeps no such text, and the reason is kept.
            found.append((str(name).replace("\x00", "\\0"), "is no field of an event; put it into properties"))
        elif EVENT_TYPES[name] == "text" and not isinstance(said, str | None):
            if name not in _IDS:
                found.append((name, "must be a text"))
            elif not isinstance(said, int) or isinstance(said, bool):
                found.append((name, "must be a text or a whole number"))
    return found


def as_line(event: object) -> bytes:
    """An event as a line of a file of JSON lines, without what only the receiver can say.

    Raises ValueError, TypeError or RecursionError for what JSON or UTF-8 have no way to write.
    """
    if isinstance(event, dict) and RECEIVED_AT in event:
        event = {name: value for name, value in event.items() if name != RECEIVED_AT}
    return json.dumps(event, ensure_ascii=False, allow_nan=False).encode()


def as_whole(event: object) -> str:
    """An event as the quarantine has it: JSON, or the text of what is none."""
    try:
        row = storable(event)
        row.encode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"text": _text(event)})
    return row


def _text(event: object) -> str:
    try:
        return ascii(event)
    except (ValueError, RecursionError):
        return "it cannot be written down"
