"""The shop's rules of contact, for users who have not chosen their own.

Belongs here: caps, quiet hours and time zone as the environment sets them and as an administrator has changed them, and
the topics that users can choose. Does not belong here: changing them (`shop`).
"""

from datetime import time
from enum import StrEnum
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.fields import TimeZone
from warehouse.database import Statement
from warehouse.send_queue import Rules
from warehouse.shop_settings import ShopSettings, newest_settings


class Topic(StrEnum):
    """What a message is about. Users get none until they choose some."""

    OFFERS = "offers"
    RECOMMENDATIONS = "recommendations"
    REMINDERS = "reminders"
    NEWS = "news"


class ContactRules(BaseSettings):
    """Read from the environment, as in `CONTACT_MOST_A_DAY`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CONTACT_", populate_by_name=True)

    most_a_day: Annotated[int, Field(ge=0, description="messages a local day; transactional ones do not count")] = 1
    most_a_week: Annotated[int, Field(ge=0, description="messages in the seven local days that end today")] = 3
    quiet_from: Annotated[time, Field(description="local time from which nothing is sent")] = time(21)
    quiet_until: Annotated[time, Field(description="local time until which nothing is sent; equal: no quiet hours")] = (
        time(9)
    )
    time_zone: Annotated[TimeZone, Field(description="of users who have not named theirs")] = "UTC"

    def bound(self) -> Rules:
        """The rules as statements take them."""
        return Rules(self.time_zone, self.quiet_from, self.quiet_until, self.most_a_day, self.most_a_week)

    def changed_by(self, settings: ShopSettings | None) -> "ContactRules":
        """The rules with what an administrator has set in their place."""
        if settings is None:
            return self
        chosen = {name: getattr(settings.chosen, name) for name in ContactRules.model_fields}
        return self.model_copy(update={name: value for name, value in chosen.items() if value is not None})


def rules_now(environment: ContactRules) -> Statement[ContactRules]:
    """The rules that hold now. Whoever writes to users asks again every second: no restart makes a change count."""
    newest = newest_settings()
    return Statement(newest.query, newest.parameters, lambda result: environment.changed_by(newest.convert(result)))
