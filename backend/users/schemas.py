"""What can be asked about users, and what the answers look like."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, Json

from backend.fields import Day
from backend.paging import MOST_CHARACTERS
from backend.predictions.schemas import ModelAnswer
from backend.users.fields import Text
from backend.users.rules import Rules
from backend.views.schemas import View

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Money = Annotated[float, Field(allow_inf_nan=False)]
Cursor = Annotated[
    str | None, Field(max_length=MOST_CHARACTERS, description="the `next_cursor` of the page before; none: the first")
]
NextCursor = Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class Sort(StrEnum):
    """What a list of users is ordered by."""

    USER_ID = "user_id"
    EXPECTED_VALUE = "expected_value"
    PURCHASE_PROBABILITY = "purchase_probability"
    CHURN_PROBABILITY = "churn_probability"
    LAST_ACTIVE_DAY = "last_active_day"
    PURCHASE_AMOUNT_TOTAL = "purchase_amount_total"


Step = Literal["been_active", "viewed", "filled_cart", "checked_out", "bought"]
Score = Annotated[int, Field(ge=1, le=5)]


class UserFilter(BaseModel):
    """Whom a list of users holds: those for whom all of this is true."""

    search: Annotated[Text | None, Field(description="how the user's id begins")] = None
    segment: Annotated[Text | None, Field(description="the segment's name")] = None
    risk: Annotated[
        Literal["low", "medium", "high"] | None, Field(description="the risk of leaving; users who can leave only")
    ] = None
    source: Annotated[
        Literal["telegram", "web", "mobile", "other"] | None, Field(description="where the user is most active")
    ] = None
    min_purchase_probability: Probability | None = None
    max_purchase_probability: Probability | None = None
    min_churn_probability: Probability | None = None
    max_churn_probability: Probability | None = None
    min_expected_value: Annotated[Money | None, Field(description="in the base currency")] = None
    max_expected_value: Annotated[Money | None, Field(description="in the base currency")] = None
    active_since: Annotated[Day | None, Field(description="active on that day (UTC) or later")] = None
    silent_since: Annotated[Day | None, Field(description="not active on that day (UTC) or later")] = None
    first_seen_from: Annotated[Day | None, Field(description="first event on that day (UTC) or later")] = None
    first_seen_until: Annotated[Day | None, Field(description="first event on that day (UTC) or earlier")] = None
    did: Annotated[Step | None, Field(description="in the days from `from_day` to `until_day`")] = None
    did_not: Annotated[Step | None, Field(description="the same, and did not")] = None
    from_day: Annotated[Day | None, Field(description="of `did` and `did_not`, UTC; none: from the beginning")] = None
    until_day: Annotated[Day | None, Field(description="this day is included; none: until the list's day")] = None
    segment_before: Annotated[Text | None, Field(description="the segment's name on an earlier scored day")] = None
    segment_before_on: Annotated[Day | None, Field(description="that day; none: the scored day before this one")] = None
    rfm_cell: Annotated[Text | None, Field(description="a cell of `GET /analytics/rfm`")] = None
    recency_score: Annotated[Score | None, Field(description="5: bought most recently; buyers only")] = None
    value_score: Annotated[Score | None, Field(description="5: most orders and money; buyers only")] = None
    list_id: Annotated[UUID | None, Field(description="members of this list")] = None


# A value may have colons, a name has none.
Property = Annotated[str, Field(max_length=256, pattern=r"^[^:\x00]+:[^\x00]*$", examples=["plan:gold"])]


_RULES = '{"match": "all", "conditions": [{"kind": "number", "name": "orders_90d", "least": 3}]}'


class UserQuery(UserFilter):
    """Which page of a list of users."""

    model_config = ConfigDict(extra="forbid")

    property: Annotated[
        list[Property],
        Field(
            max_length=3,
            description="`name:value`; users with an event whose `properties` have it, as of the day of the list. "
            "Given several times: with an event for each",
        ),
    ] = []

    rules: Annotated[
        Json[Rules] | None,
        Field(description="JSON, as the `rules` of an audience", examples=[_RULES]),
    ] = None

    sort: Annotated[Sort, Field(description="equal users come in the order of their ids")] = Sort.USER_ID
    order: Annotated[Literal["asc", "desc"], Field(description="what is not known counts as least")] = "asc"
    limit: Annotated[int, Field(ge=1, le=200, description="users a page")] = 50
    cursor: Cursor = None
    facets: Annotated[bool, Field(description="also answer by what the list can be filtered")] = False


class PageQuery(BaseModel):
    """Which page of something that happened to one user, newest first."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200, description="entries a page")] = 50
    cursor: Cursor = None


class HistoryQuery(PageQuery):
    """Which page of what was said of one user."""

    model: Annotated[Text | None, Field(description="of one model only, such as `churn`")] = None


class UserSummary(BaseModel):
    """One user in a list, as of its day."""

    user_id: str
    first_seen_day: Annotated[date, Field(description="day of the first event, UTC")]
    last_active_day: Annotated[date | None, Field(description="last day with an activity, UTC; null: never")]
    orders_total: int
    purchase_amount_total: Annotated[float, Field(description="in the base currency, before refunds")]
    main_source: Annotated[str | None, Field(description="where the user is most active")]
    segment: Annotated[str | None, Field(description="null: the segmentation has not scored the day")]
    purchase_probability: Annotated[float | None, Field(description="within the model's horizon")]
    expected_value: Annotated[float | None, Field(description="money expected within the horizon, base currency")]
    churn_probability: Annotated[float | None, Field(description="null: not active of late, so cannot be lost")]
    churn_risk: Annotated[Literal["low", "medium", "high"] | None, Field(description="the same in words")]


class Facets(BaseModel):
    """By what the list can be filtered."""

    segments: Annotated[list[str], Field(description="by name")]
    views: Annotated[list[View], Field(description="one's own saved views, by name; none for a key")]


class UserPage(BaseModel):
    """A page of a list of users. Users who came after `as_of` are not in it yet."""

    as_of: Annotated[date | None, Field(description="the day at whose beginning this was known; null: no run yet")]
    users: list[UserSummary]
    next_cursor: NextCursor
    facets: Annotated[Facets | None, Field(description="null: they were not asked for")] = None


class FeatureValue(BaseModel):
    """One feature of a user, in words."""

    name: Annotated[str, Field(description="in the feature catalogue")]
    label: Annotated[str, Field(description="the feature in words")]
    description: str
    unit: Annotated[str, Field(description="of `value`: days, orders, money, share, ...")]
    value: Annotated[float | None, Field(description="null where undefined, as the description says")]


class FeatureFamily(BaseModel):
    """Features that describe one side of a user."""

    family: Annotated[str, Field(description="such as `recency`, `frequency`, `monetary`")]
    features: list[FeatureValue]


class LifetimeValue(BaseModel):
    """Money expected of a user over longer than a horizon, in the base currency."""

    days_90: Annotated[float, Field(description="over the 90 days from `as_of` on", examples=[41.5])]
    days_365: Annotated[float, Field(description="over the 365 days from `as_of` on", examples=[118.0])]


class User(BaseModel):
    """Everything about one user that fits on a page. A person with several ids is found by each of them."""

    user_id: Annotated[str, Field(description="the id under which the user is counted")]
    other_ids: Annotated[list[str], Field(description="further ids of the same person")]
    as_of: Annotated[date | None, Field(description="the day of the summary; null: newer than the last run")]
    features_as_of: Annotated[date | None, Field(description="the day of the features; tomorrow for live ones")]
    summary: Annotated[UserSummary | None, Field(description="null: newer than the last run")]
    lifetime_value: Annotated[
        LifetimeValue | None, Field(description="null: the purchase model has not scored the day, or does not say it")
    ]
    features: list[FeatureFamily]
    predictions: list[ModelAnswer]


class PastAnswer(BaseModel):
    """What was once said of a user, and what came of it."""

    made_at: datetime
    kind: Annotated[Literal["score", "prediction"], Field(description="`score`: in batch; `prediction`: on request")]
    model: str
    model_version: int
    as_of: Annotated[date | None, Field(description="the day whose beginning the features described")]
    horizon_days: Annotated[int | None, Field(description="how far it looked; null: it was about that day")]
    probability: float | None
    segment: str | None
    basis: Annotated[Literal["model", "rule", "prior"], Field(description="what answered")]
    has_purchased: Annotated[bool | None, Field(description="within the horizon; null: it is not over")]
    is_churned: Annotated[bool | None, Field(description="null: not over, or the user could not churn")]


class HistoryPage(BaseModel):
    """What was said of a user, newest first."""

    answers: list[PastAnswer]
    next_cursor: NextCursor


class TimelineEvent(BaseModel):
    """One event of a user, as it was stored."""

    event_id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    user_id: Annotated[str, Field(description="the id under which it came")]
    event_type: str
    occurred_at: datetime
    received_at: datetime
    source: str
    order_id: str | None
    item_id: str | None
    amount: Annotated[float | None, Field(description="in `currency`")]
    currency: str | None
    quantity: float | None
    properties: dict[str, Any] | None


class Timeline(BaseModel):
    """Events of a user, newest first. Events of archived months are in files, and not here."""

    events: list[TimelineEvent]
    next_cursor: NextCursor
