"""What an administrator has set for the whole shop: `app.shop_settings`.

Belongs here: SQL on its versions. Does not belong here: the environment's settings, which hold where a column is null
(`backend.subscriptions.rules`).
"""

from dataclasses import asdict, dataclass
from datetime import datetime, time

from psycopg import sql

from warehouse.database import Statement, command, first_row

_CHOSEN = ("most_a_day", "most_a_week", "quiet_from", "quiet_until", "time_zone", "currency")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was set. None is as the environment says; for the currency, the base currency."""

    most_a_day: int | None = None
    most_a_week: int | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    time_zone: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """A version of the settings; 0 is from before anybody changed them."""

    version: int
    chosen: Chosen
    changed_by: str | None
    changed_at: datetime | None


UNCHANGED = ShopSettings(0, Chosen(), None, None)


def newest_settings() -> Statement[ShopSettings | None]:
    """The settings that count; None where nobody has changed any."""

    def made(version: int, changed_by: str, changed_at: datetime, *chosen: object) -> ShopSettings:
        return ShopSettings(version, Chosen(*chosen), changed_by, changed_at)  # type: ignore[arg-type]

    query = sql.SQL(
        "select version, changed_by, changed_at, {} from app.shop_settings order by version desc limit 1"
    ).format(sql.SQL(", ").join(map(sql.Identifier, _CHOSEN)))
    return first_row(made, query)


def add_settings(version: int, chosen: Chosen, changed_by: str) -> Statement[int]:
    """Adds a version; how many rows were added: none where somebody has added it already."""
    query = sql.SQL(
        "insert into app.shop_settings (version, changed_by, {}) values (%(version)s, %(changed_by)s, {})"
        " on conflict (version) do nothing"
    ).format(
        sql.SQL(", ").join(map(sql.Identifier, _CHOSEN)),
        sql.SQL(", ").join(map(sql.Placeholder, _CHOSEN)),
    )
    return command(query, version=version, changed_by=changed_by, **asdict(chosen))
