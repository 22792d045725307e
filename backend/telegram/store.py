"""SQL on `app.telegram_updates`: what Telegram delivered, each update once, until it is handled.

Of a handled update only its number is kept, for the day in which Telegram may send it again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from warehouse.database import Statement, command, rows, value

LEASE_SECONDS = 60
"""How long whoever took an update has to handle it."""
MOST_ATTEMPTS = 3
"""How often an update is given out. One that ends the bot each time must not do so for ever."""


def add_updates(updates: Sequence[Mapping[str, Any]]) -> Statement[int]:
    """Stores updates; how many were new. Those handled a day ago are forgotten, as Telegram forgets them."""
    return value(
        int,
        "with forgotten as ("
        " delete from app.telegram_updates where handled_at is not null and received_at < now() - interval '24 hours'"
        "), added as ("
        " insert into app.telegram_updates (update_id, update)"
        " select (each ->> 'update_id')::bigint, each from unnest(%(updates)s::jsonb[]) as each"
        " on conflict do nothing returning update_id"
        ") select count(*) from added",
        updates=[Jsonb(update) for update in updates],
    )


def take_updates(limit: int) -> Statement[list[dict[str, Any]]]:
    """Takes updates that nobody is handling, oldest first. Two who ask at the same time get different ones."""
    return rows(
        dict,
        "with taken as ("
        " select update_id from app.telegram_updates where handled_at is null and attempts < %(attempts)s"
        " and (taken_at is null or taken_at < now() - make_interval(secs => %(lease)s))"
        " order by update_id limit %(limit)s for update skip locked"
        "), given as ("
        " update app.telegram_updates as updates set taken_at = now(), attempts = attempts + 1"
        " from taken where updates.update_id = taken.update_id returning updates.update_id, updates.update"
        ") select given.update from given order by update_id",
        attempts=MOST_ATTEMPTS,
        lease=LEASE_SECONDS,
        limit=limit,
    )


def mark_handled(update_id: int, outcome: str) -> Statement[int]:
    """Says that an update needs nothing any more, and forgets what it held; 0 where there is none to mark."""
    return command(
        "update app.telegram_updates set handled_at = now(), outcome = %(outcome)s, update = '{}'"
        " where update_id = %(update_id)s and handled_at is null",
        update_id=update_id,
        outcome=outcome,
    )
