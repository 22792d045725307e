"""SQL on `app.telegram_updates`: what Telegram delivered, each update once."""

from typing import Any

from psycopg.types.json import Jsonb

from warehouse.database import Statement, value


def add_update(update_id: int, update: dict[str, Any]) -> Statement[bool]:
    """Stores an update; whether it is new. Handled updates are forgotten after a day, as Telegram forgets them."""
    return value(
        bool,
        "with forgotten as ("
        " delete from app.telegram_updates where handled_at is not null and received_at < now() - interval '24 hours'"
        "), added as ("
        " insert into app.telegram_updates (update_id, update) values (%(update_id)s, %(update)s)"
        " on conflict do nothing returning update_id"
        ") select exists(select from added)",
        update_id=update_id,
        update=Jsonb(update),
    )
