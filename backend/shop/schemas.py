"""What the shop's settings look like, and how they are changed."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.fields import Strict, TimeZone
from backend.subscriptions.rules import Topic
from backend.subscriptions.schemas import Cap, QuietHours

_A_DAY = "messages a local day; transactional ones do not count"
_A_WEEK = "messages in the seven local days that end today"
_Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code", examples=["EUR"])]

Setting = Literal["most_a_day", "most_a_week", "quiet_hours", "time_zone", "currency"]


class Money(BaseModel):
    """In which currency pages show money: amounts in `base`, divided by `rate`."""

    base: Annotated[str | None, Field(description="in which amounts are kept; null: none has come in yet")]
    shown: Annotated[str | None, Field(description="in which pages show them")]
    rate: Annotated[float, Field(description="what one unit of the shown currency is worth in the base currency")]
    rate_day: Annotated[date | None, Field(description="the day of that rate; null: both are the same currency")]


class Shop(BaseModel):
    """What pages need to know of the shop."""

    time_zone: Annotated[str, Field(description="whose days reports count where somebody has chosen no other")]
    money: Money


class ShopRules(BaseModel):
    """What holds for users who have chosen nothing of their own."""

    most_a_day: Annotated[int, Field(description=_A_DAY)]
    most_a_week: Annotated[int, Field(description=_A_WEEK)]
    quiet_hours: QuietHours
    time_zone: str


class ShopSettings(ShopRules):
    """The settings that hold now."""

    topics: Annotated[list[Topic], Field(description="what users can choose to hear about")]
    currency: Annotated[str | None, Field(description="the base currency; null: no amount has come in yet")]
    money: Money
    currencies: Annotated[list[str], Field(description="in which money can be shown: those with a rate")]
    version: Annotated[int, Field(description="goes up with each change; 0: nobody has changed any")]
    changed_by: str | None
    changed_at: datetime | None
    environment: Annotated[ShopRules, Field(description="what the environment sets, as in `CONTACT_MOST_A_DAY`")]
    changed: Annotated[list[Setting], Field(description="settings in which the two may differ")]


class ShopChange(Strict):
    """What changes; what is left out stays. Null: as the environment says; for the currency, the base currency."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"version": 3, "most_a_day": 2, "quiet_hours": {"start": "22:00", "end": "09:00"}}]
        }
    )

    version: Annotated[int, Field(ge=0, le=2**31 - 2, description="the one that you saw")]
    most_a_day: Annotated[Cap | None, Field(description=_A_DAY)] = None
    most_a_week: Annotated[Cap | None, Field(description=_A_WEEK)] = None
    quiet_hours: Annotated[QuietHours | None, Field(description="in which nothing is sent")] = None
    time_zone: Annotated[
        TimeZone | None, Field(description="whose days and hours count for users who have named no other")
    ] = None
    currency: Annotated[
        _Currency | None, Field(description="in which pages show money; amounts stay in the base currency")
    ] = None
