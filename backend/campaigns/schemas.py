"""What campaigns are made of, and how they are shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from backend.campaigns.policy_schemas import When, Whom
from backend.fields import NO_NUL, Name, Strict
from backend.subscriptions.rules import Topic
from backend.subscriptions.schemas import Language
from backend.users.fields import Text
from backend.users.rules import Rules
from backend.users.schemas import Cursor, NextCursor, UserFilter
from ml.experiments.assignment import CONTROL
from warehouse.recipients import State as RecipientState

MOST_TEXT = 4096
"""Characters that Telegram takes in one message."""
RESERVED_ARMS = (CONTROL, "global_control")
EXPLORATION_SHARE = 0.1
Moment = Annotated[AwareDatetime, Field(description="with its time zone")]
CampaignState = Literal["draft", "approved", "scheduled", "running", "paused", "overdue", "done", "cancelled"]


class TargetOrder(StrEnum):
    """What the best users of a budget are best at."""

    EXPECTED_VALUE = "expected_value"
    CHURN_PROBABILITY = "churn_probability"


class Targets(Strict):
    """As many of the audience as a budget allows, best first, as in the services' target lists."""

    by: TargetOrder = TargetOrder.EXPECTED_VALUE
    max_users: Annotated[int, Field(ge=1, le=10_000_000)]
    cost_per_contact: Annotated[float, Field(ge=0, le=1e12, description="in the base currency")] = 0
    budget: Annotated[float | None, Field(ge=0, le=1e12, description="for all contacts; null: no limit")] = None

    @property
    def most_users(self) -> int:
        """How many users money and number allow."""
        if self.budget is None or self.cost_per_contact == 0:
            return self.max_users
        return int(min(self.max_users, self.budget / self.cost_per_contact))


class AudienceFilter(UserFilter):
    """Filters of the list of users; all of them must be true."""

    model_config = ConfigDict(extra="forbid")


class Audience(Strict):
    """Whom a campaign is for: users of the last run that pass a filter and rules, or those of a list; or all of it."""

    filter: Annotated[AudienceFilter | None, Field(description="null: everybody")] = None
    rules: Annotated[Rules | None, Field(description="only those for whom all, or any, of these conditions hold")] = (
        None
    )
    list_id: Annotated[UUID | None, Field(description="only members of this list, whose file was sent before")] = None
    targets: Annotated[Targets | None, Field(description="only the best of them")] = None


class Button(Strict):
    """A button below the message."""

    text: Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
    url: Annotated[str, Field(pattern=r"^(https?|tg)://[^\s\x00]+$", max_length=2048)]


class Variant(Strict):
    """What a part of the audience is sent, by language."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$", description="not `control`")]
    share: Annotated[float, Field(gt=0, le=1000, description="beside the shares of the other variants")] = 1.0
    texts: Annotated[
        dict[Language, Annotated[str, Field(min_length=1, max_length=MOST_TEXT, pattern=NO_NUL)]],
        Field(min_length=1, max_length=20, description="the first is for languages that are not named"),
    ]
    button: Button | None = None
    whom: Annotated[
        Whom | None, Field(description="whom of its arm it is sent to, by a policy of its own; null: everybody")
    ] = None
    when: Annotated[When | None, Field(description="null: as soon as the user was selected")] = None

    def text_for(self, language: str) -> str:
        """The text in a language, in its base language, or in the first that there is."""
        texts: dict[str, str] = self.texts
        return texts.get(language) or texts.get(language.partition("-")[0]) or next(iter(texts.values()))


class Message(Strict):
    """What campaigns and triggers have in common: what is sent, about what, and to which share of users."""

    name: Name
    topic: Topic
    is_transactional: Annotated[
        bool,
        Field(
            description="what a user must know, such as a delivery: exempt from topics, caps, quiet hours, pauses and "
            "stops, and from control groups; never from do-not-contact"
        ),
    ] = False
    variants: Annotated[list[Variant], Field(min_length=1, max_length=10)]
    control_share: Annotated[
        float, Field(ge=0, le=0.9, description="of those who could be written to, held out by chance")
    ] = 0.1

    @model_validator(mode="after")
    def _arms_differ(self) -> Self:
        names = [variant.name for variant in self.variants]
        if len(set(names)) < len(names) or set(names) & set(RESERVED_ARMS):
            raise ValueError(f"variants need names of their own, other than {' and '.join(RESERVED_ARMS)}")
        if self.is_transactional and self.control_share > 0:
            raise ValueError("a transactional message is held back from nobody: set control_share to 0")
        least = min(variant.share for variant in self.variants) / sum(variant.share for variant in self.variants)
        if least * (1 - self.control_share) < 0.001 or 0 < self.control_share < 0.001:
            raise ValueError("the smallest share of users is a thousandth")
        return self


_EXAMPLE: dict[str, Any] = {
    "name": "Spring tea",
    "topic": "offers",
    "audience": {"filter": {"risk": "high"}},
    "variants": [{"name": "plain", "texts": {"en": "New teas are here!", "ru": "Новые чаи уже здесь!"}}],
    "control_share": 0.1,
}


class NewCampaign(Message):
    """A campaign to make, or all of one that changes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    audience: Audience
    starts_at: Annotated[Moment | None, Field(description="not before; null: when it is started")] = None
    most_a_minute: Annotated[
        int | None, Field(ge=1, le=100_000, description="messages; null: what Telegram allows")
    ] = None
    most_by_effect: Annotated[
        int | None,
        Field(
            ge=1,
            le=10_000_000,
            description="at most so many of the audience: those whom a message changes most, by the policy in use "
            "(`GET /policies`), and drawn by chance while none is in use; null: everybody in the audience",
        ),
    ] = None
    exploration_share: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="of the users among whom a policy chooses, so many are chosen by chance, within the same "
            "budget: the next policy learns from them",
        ),
    ] = EXPLORATION_SHARE

    @model_validator(mode="after")
    def _chooses_once(self) -> Self:
        if self.most_by_effect is not None and any(variant.whom for variant in self.variants):
            raise ValueError("choose users before arms are drawn (most_by_effect) or in each arm (whom), not both")
        return self


class CampaignNumbers(BaseModel):
    """What became of everybody who was selected: all others add up to `selected`."""

    selected: int
    control: Annotated[int, Field(description="held out by chance, by the campaign or by the global control group")]
    left_alone: Annotated[int, Field(description="not chosen by the policy of the campaign, or of the variant")]
    opted_out: Annotated[int, Field(description="does not want it: topic, stop, pause, do-not-contact")]
    unreachable: Annotated[int, Field(description="has no chat, or has blocked the bot")]
    queued: Annotated[int, Field(description="still to be written to")]
    sending: Annotated[int, Field(description="in flight")]
    capped: Annotated[int, Field(description="had as many messages as the user or the shop allows")]
    sent: int
    failed: Annotated[int, Field(description="Telegram refused the message, or could not be reached to the end")]
    unknown: Annotated[int, Field(description="its sender was lost in flight; sent again only by choice")]
    cancelled: Annotated[int, Field(description="still queued when the campaign was cancelled")]


class CampaignAnswer(BaseModel):
    """A campaign."""

    campaign_id: UUID
    name: str
    state: CampaignState
    topic: Topic
    is_transactional: bool
    audience: Audience
    variants: list[Variant]
    control_share: float
    starts_at: datetime | None
    most_a_minute: int | None
    most_by_effect: Annotated[int | None, Field(description="null: everybody in the audience")] = None
    exploration_share: Annotated[float, Field(description="of those among whom a policy chooses")]
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    started_at: Annotated[datetime | None, Field(description="when its recipients were selected")]
    ended_at: datetime | None


class CampaignStatus(CampaignAnswer):
    """A campaign, and how far it is."""

    numbers: CampaignNumbers


class CampaignPage(BaseModel):
    """Campaigns, newest first."""

    campaigns: list[CampaignAnswer]
    next_cursor: NextCursor


class ListQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200, description="entries a page")] = 50
    cursor: Cursor = None


class RecipientQuery(ListQuery):
    """Which page of a campaign's recipients."""

    state: Annotated[RecipientState | None, Field(description="only these; all others add up to `selected`")] = None


class RecipientAnswer(BaseModel):
    """One recipient."""

    user_id: str
    message_id: Annotated[UUID, Field(description="made of user and campaign, and of the event that says it was sent")]
    occasion: Annotated[datetime | None, Field(description="of a trigger: when its rule said so")]
    arm: Annotated[str | None, Field(description="the variant or the control group; null: could not be reached anyway")]
    state: RecipientState
    reason: str | None
    attempts: int
    due_at: Annotated[datetime, Field(description="of a queued one: not before")]
    sent_at: datetime | None
    changed_at: datetime


class RecipientPage(BaseModel):
    """Recipients, by user."""

    recipients: list[RecipientAnswer]
    next_cursor: NextCursor


class AudienceCount(BaseModel):
    """How many users an audience has."""

    users: int


class AudienceNumber(BaseModel):
    """A number that a rule may name."""

    name: str
    label: Annotated[str, Field(description="in words")]
    unit: str
    family: Annotated[str, Field(description="`scores`, or the feature's family")]


class TestMessage(Strict):
    """To whom a campaign's message is sent as a test."""

    user_id: Annotated[Text, Field(description="a user with a chat, such as a colleague")]
    variant: Annotated[str | None, Field(max_length=40, description="the first, if left out")] = None
    language: Annotated[Language | None, Field(description="the user's, if left out")] = None


class TestReceipt(BaseModel):
    """What Telegram said to a test."""

    is_sent: bool
    reason: Annotated[str | None, Field(description="why it was not")]


class Retried(BaseModel):
    """How many recipients are queued again."""

    recipients: int
