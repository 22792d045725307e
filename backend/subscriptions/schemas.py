"""What can be asked and said about a user's subscription."""

from datetime import datetime, time
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema

from backend.fields import NO_NUL, Strict, TimeZone
from backend.subscriptions.rules import Topic

ChatId = Annotated[int, Field(ge=-(2**52), le=2**52, description="Telegram's id of the chat with the bot")]
Language = Annotated[
    str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, description="as in `ru` or `pt-br`")
]


def _local(moment: time) -> time:
    if moment.tzinfo is not None:
        raise ValueError("is in the user's own time zone, and names none")
    return moment


# To JSON Schema a time has an offset, which this one must not have.
LocalTime = Annotated[
    time,
    Field(description="local time", examples=["21:00"]),
    AfterValidator(_local),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"}),
]
Cap = Annotated[int, Field(ge=0, le=1000)]


class QuietHours(Strict):
    """The local hours in which nothing is sent. They may span midnight; equal times mean none."""

    start: LocalTime
    end: LocalTime


class SubscriptionChange(Strict):
    """What changes; what is left out stays. Where the user has no chat yet, `chat_id` is needed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"chat_id": 8412993, "language": "ru", "topics": ["offers"], "time_zone": "Europe/Moscow"}]
        }
    )

    chat_id: Annotated[ChatId | None, Field(description="the chat is taken from whoever else had it")] = None
    language: Annotated[Language | None, Field(description="for a new subscription `en`, if left out")] = None
    topics: Annotated[
        list[Topic] | None, Field(max_length=len(Topic), description="all topics that the user wants to hear about")
    ] = None
    time_zone: Annotated[TimeZone | None, Field(description="null: the shop's")] = None
    quiet_hours: Annotated[QuietHours | None, Field(description="null: the shop's")] = None
    most_a_day: Annotated[Cap | None, Field(description="messages a local day; null: the shop's")] = None
    most_a_week: Annotated[
        Cap | None, Field(description="messages in the seven local days that end today; null: the shop's")
    ] = None
    paused_until: Annotated[AwareDatetime | None, Field(description="nothing is sent before; null: no pause")] = None
    is_stopped: Annotated[bool | None, Field(description="the user wants no messages; false: wants them again")] = None
    is_blocked: Annotated[bool | None, Field(description="the user has blocked the bot; false: unblocked it")] = None


class Prohibition(Strict):
    """Why nobody may write to the user."""

    reason: Annotated[
        str, Field(min_length=1, max_length=500, pattern=NO_NUL, description="for colleagues, as in `asked by phone`")
    ]


class DoNotContactAnswer(BaseModel):
    """That nobody may write to the user."""

    reason: str
    said_by: Annotated[str, Field(description="the account or key")]
    since: datetime


class SubscriptionAnswer(BaseModel):
    """What a user's subscription says, with the shop's rules where the user has none of their own."""

    user_id: Annotated[str, Field(description="the id under which the chat was registered")]
    state: Annotated[
        Literal["active", "paused", "stopped", "blocked", "do_not_contact", "none"],
        Field(description="what stands in the way of messages, if anything; `none`: the user has no chat"),
    ]
    chat_id: int | None
    language: str | None
    topics: list[Topic]
    time_zone: str
    quiet_hours: QuietHours
    most_a_day: Annotated[int, Field(description="messages a local day")]
    most_a_week: Annotated[int, Field(description="messages in the seven local days that end today")]
    paused_until: datetime | None
    stopped_at: datetime | None
    blocked_at: datetime | None
    subscribed_at: datetime | None
    do_not_contact: DoNotContactAnswer | None
