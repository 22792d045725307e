# Written by `make openapi`; do not edit.
"""The shapes of requests and answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints


class AccountAnswer(BaseModel):
    """
    An account without its password.
    """

    account_id: UUID
    email: str
    name: str
    role: Annotated[
        Literal["viewer", "marketer", "analyst", "admin"],
        Field(description="What an account is; each role may do what the one before it may, and more."),
    ]
    telegram_id: int | None
    has_password: bool
    created_at: AwareDatetime
    disabled_at: Annotated[AwareDatetime | None, Field(description="null while it may sign in")]


class AccountChange(BaseModel):
    """
    What changes; what is left out stays.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    name: str | None = None
    role: Literal["viewer", "marketer", "analyst", "admin"] | None = None
    is_disabled: Annotated[bool | None, Field(description="true ends its sessions and revokes its keys")] = None
    password: Annotated[SecretStr | None, Field(description="a new one, which ends its sessions")] = None
    telegram_id: Annotated[int | None, Field(description="who may sign in with Telegram")] = None


class Addition(BaseModel):
    """
    A list after users were added to it.
    """

    list_id: UUID
    name: str
    made_by: str
    made_at: AwareDatetime
    users: int
    added: Annotated[int, Field(description="users who were not on it before")]
    addition_id: Annotated[UUID, Field(description="by which they can be taken off again")]


class AlertsRecorded(BaseModel):
    """
    What became of them.
    """

    changed: Annotated[int, Field(description="alerts that are new or have ended; the same is posted again and again")]


class AnswerOutcome(BaseModel):
    """
    How sending went: the number of the message, or why there is none.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    message_id: int | None = None
    error: str | None = None


class AnswerToSend(BaseModel):
    """
    An answer that the bot sends once, now.
    """

    feedback_id: UUID
    user_id: str
    chat_id: int
    language: str
    text: str


class AnswersToSend(BaseModel):
    """
    Oldest first.
    """

    answers: list[AnswerToSend]


class AnswersWanted(BaseModel):
    """
    How many answers the bot can send now.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    limit: int | None = 20


class ArmAnswer(BaseModel):
    """
    How many users an arm has and should have.
    """

    arm: str
    share: Annotated[float, Field(description="planned share of those who could be reached")]
    assigned_users: int
    expected_users: float
    messages_sent: Annotated[int, Field(description="also those of which Telegram's answer was lost")]


class AttentionItem(BaseModel):
    """
    One cause.
    """

    kind: Annotated[
        Literal["service_down", "data_is_old", "run_failed", "drift", "quarantine", "waiting_rows", "users_at_risk"],
        Field(
            description="`service_down`, `drift`: `subject` is the model; `data_is_old`: `count` is the days; `run_failed`: the newest run of the job `subject`, in the last 7 days, has failed; `quarantine`: rows refused in the last 7 days; `waiting_rows`: rows that wait for a rate of `subject`; `users_at_risk`: users with a high risk of leaving"
        ),
    ]
    subject: Annotated[str, Field(description="what it is about; may be empty")]
    count: int


class AudienceCount(BaseModel):
    """
    How many users an audience has.
    """

    users: int


class AudienceFilter(BaseModel):
    """
    Filters of the list of users; all of them must be true.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    search: Annotated[str | None, Field(description="how the user's id begins")] = None
    segment: Annotated[str | None, Field(description="the segment's name")] = None
    risk: Annotated[
        Literal["low", "medium", "high"] | None, Field(description="the risk of leaving; users who can leave only")
    ] = None
    source: Annotated[
        Literal["telegram", "web", "mobile", "other"] | None, Field(description="where the user is most active")
    ] = None
    min_purchase_probability: float | None = None
    max_purchase_probability: float | None = None
    min_churn_probability: float | None = None
    max_churn_probability: float | None = None
    min_expected_value: Annotated[float | None, Field(description="in the base currency")] = None
    max_expected_value: Annotated[float | None, Field(description="in the base currency")] = None
    active_since: Annotated[date | None, Field(description="active on that day (UTC) or later")] = None
    silent_since: Annotated[date | None, Field(description="not active on that day (UTC) or later")] = None
    first_seen_from: Annotated[date | None, Field(description="first event on that day (UTC) or later")] = None
    first_seen_until: Annotated[date | None, Field(description="first event on that day (UTC) or earlier")] = None
    did: Annotated[
        Literal["been_active", "viewed", "filled_cart", "checked_out", "bought"] | None,
        Field(description="in the days from `from_day` to `until_day`"),
    ] = None
    did_not: Annotated[
        Literal["been_active", "viewed", "filled_cart", "checked_out", "bought"] | None,
        Field(description="the same, and did not"),
    ] = None
    from_day: Annotated[date | None, Field(description="of `did` and `did_not`, UTC; none: from the beginning")] = None
    until_day: Annotated[date | None, Field(description="this day is included; none: until the list's day")] = None
    segment_before: Annotated[str | None, Field(description="the segment's name on an earlier scored day")] = None
    segment_before_on: Annotated[date | None, Field(description="that day; none: the scored day before this one")] = (
        None
    )
    rfm_cell: Annotated[str | None, Field(description="a cell of `GET /analytics/rfm`")] = None
    recency_score: Annotated[int | None, Field(description="5: bought most recently; buyers only")] = None
    value_score: Annotated[int | None, Field(description="5: most orders and money; buyers only")] = None
    list_id: Annotated[UUID | None, Field(description="members of this list")] = None


class AudienceNumber(BaseModel):
    """
    A number that a rule may name.
    """

    name: str
    label: Annotated[str, Field(description="in words")]
    unit: str
    family: Annotated[str, Field(description="`scores`, or the feature's family")]


class AuditEntry(BaseModel):
    """
    One row of the log.
    """

    sequence: Annotated[int, Field(description="1, 2, 3, ... without a gap")]
    at: AwareDatetime
    actor: str
    actor_name: Annotated[str, Field(description="stays when the account is deleted")]
    address: str
    request_id: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    result: Literal["done", "refused"]


class AuditPage(BaseModel):
    """
    Rows of the log, newest first. The next page begins `before` the last number of this one.
    """

    entries: list[AuditEntry]


class BacktestFigure(BaseModel):
    """
    A figure at one past test cutoff, with its 95 % interval.
    """

    group: Annotated[str, Field(description="the day of the cutoff, or `pooled`: over all of them")]
    contender: str
    figure: Literal["auc", "brier", "calibration_error"]
    estimate: float
    low: float | None
    high: float | None
    rows: int


class BinAnswer(BaseModel):
    """
    A tenth of the users, by predicted effect: what a message adds to the probability of a purchase.
    """

    users: int
    predicted: float
    observed: float
    standard_error: float


class Button(BaseModel):
    """
    A button below the message.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    text: str
    url: str


class CampaignNumbers(BaseModel):
    """
    What became of everybody who was selected: all others add up to `selected`.
    """

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


class Changes(BaseModel):
    """
    The values to try.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    changes: Annotated[
        dict[str, float],
        Field(description="feature to value, within the bounds of its lever", max_length=10, min_length=1),
    ]


class ChurnRisk(BaseModel):
    """
    A batch score of churn is above a line, and the one before was not.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["churn_risk"]
    above: Annotated[float, Field(description="the probability of leaving")]


class Contact(BaseModel):
    """
    A campaign or trigger that selected the user, and what became of it.
    """

    campaign_id: UUID
    name: str
    kind: Literal["campaign", "trigger"]
    arm: Annotated[str | None, Field(description="the variant or the control group; null: could not be reached anyway")]
    is_experiment: Annotated[bool, Field(description="it has a control group, so its effect is measured")]
    state: Literal[
        "control",
        "left_alone",
        "opted_out",
        "unreachable",
        "queued",
        "sending",
        "capped",
        "sent",
        "failed",
        "unknown",
        "cancelled",
    ]
    reason: str | None
    text: Annotated[str | None, Field(description="in the user's language, as of now; null: nothing was to be sent")]
    selected_at: AwareDatetime
    sent_at: AwareDatetime | None


class ContractCheckResult(BaseModel):
    """
    A check of the events that were new, which every run begins with.
    """

    checked_at: AwareDatetime
    is_passed: Annotated[bool, Field(description="false: nothing was built, and what was there stayed")]
    rows_checked: int
    sentence: str
    warnings: list[str]


class Day(BaseModel):
    """
    What was known at the end of a day (UTC). Bounds hold on all days together; null: it was too early.
    """

    day: date
    treated_users: int
    control_users: int
    treated_mean: Annotated[float, Field(description="per user, as counted")]
    control_mean: float
    total: Annotated[
        float, Field(description="what the variant brought from all its users together, beyond what they do anyway")
    ]
    total_low: float | None
    total_high: float | None
    per_user: Annotated[float, Field(description="the same for one user")]
    per_user_low: float | None
    per_user_high: float | None
    p_value: Annotated[float | None, Field(description="of no effect; holds however often one looks")]
    is_early: bool


class Deployment(BaseModel):
    """
    The version that a model's service is told to run.
    """

    model_version: int
    digest: Annotated[str, Field(description="SHA-256 of the model directory's manifest")]
    deployed_at: AwareDatetime
    deployed_by: str


class DeviceAnswer(BaseModel):
    """
    A device. Its address and keys are shown to nobody.
    """

    subscription_id: UUID
    device: Annotated[str, Field(description="as its browser calls itself")]
    topics: list[Literal["early_warning", "campaign", "drift", "failed_run"]]
    made_at: AwareDatetime
    told_at: Annotated[AwareDatetime | None, Field(description="when it was sent something last")]
    is_current: Annotated[bool, Field(description="whether it belongs to the session that asks")]


class DoNotContactAnswer(BaseModel):
    """
    That nobody may write to the user.
    """

    reason: str
    said_by: Annotated[str, Field(description="the account or key")]
    since: AwareDatetime


class DriftBody(BaseModel):
    """
    What a model sees has differed for a week from what it learned from.
    """

    model: Annotated[str, Field(description="such as `churn`")]
    as_of: Annotated[date, Field(description="the day on which it was confirmed")]
    since: Annotated[date, Field(description="the first day of it")]
    reason: str


class DriftNotice(BaseModel):
    """
    Drift is confirmed.
    """

    notice_id: Annotated[int, Field(description="1, 2, 3, ... in the order in which things happened")]
    noticed_at: Annotated[AwareDatetime, Field(description="kept for seven days")]
    kind: Literal["drift"]
    body: DriftBody


class EarlyWarningBody(BaseModel):
    """
    Users are likely to leave; `GET /users?risk=high` lists them.
    """

    as_of: date
    users_at_high_risk: int
    users_asked_about: Annotated[int, Field(description="users active of late, who are those that can leave")]


class EarlyWarningNotice(BaseModel):
    """
    Users are likely to leave.
    """

    notice_id: Annotated[int, Field(description="1, 2, 3, ... in the order in which things happened")]
    noticed_at: Annotated[AwareDatetime, Field(description="kept for seven days")]
    kind: Literal["early_warning"]
    body: EarlyWarningBody


class EstimateAnswer(BaseModel):
    """
    A figure with its interval of 95 %.
    """

    value: float
    low: float
    high: float


class EventError(BaseModel):
    """
    One reason why an event was not stored.
    """

    field: Annotated[str, Field(description="the field that is wrong; empty where it is the event as a whole")]
    message: Annotated[str, Field(description="what is wrong with it")]


class EventResult(BaseModel):
    """
    What became of one event.
    """

    event_id: Annotated[str | None, Field(description="as sent, or as made from the Idempotency-Key")]
    status: Annotated[
        Literal["stored", "known", "conflicting", "refused", "waiting", "erased"],
        Field(
            description="`stored`; `known`: it was stored before; `conflicting`: another event has its id; `refused`: it breaks the contract; `waiting`: it is stored once a rate of its currency is known; `erased`: its user was erased, and nothing is kept. What is not stored otherwise is in quarantine"
        ),
    ]
    errors: Annotated[list[EventError], Field(description="why it was not stored")]


class EventResults(BaseModel):
    """
    What became of the events of a request, in their order. What is `stored` or `known` is committed.
    """

    stored: int
    known: int
    conflicting: int
    refused: int
    waiting: int
    erased: int
    results: list[EventResult]


class FeatureStrength(BaseModel):
    """
    How far a feature moves answers, on average over the users of the test, either way.
    """

    feature: str
    label: str
    value: Annotated[float, Field(description="mean absolute contribution, in log-odds")]


class FeatureValue(BaseModel):
    """
    One feature of a user, in words.
    """

    name: Annotated[str, Field(description="in the feature catalogue")]
    label: Annotated[str, Field(description="the feature in words")]
    description: str
    unit: Annotated[str, Field(description="of `value`: days, orders, money, share, ...")]
    value: Annotated[float | None, Field(description="null where undefined, as the description says")]


class FeedbackEntry(BaseModel):
    """
    One entry of the inbox.
    """

    feedback_id: UUID
    user_id: str
    language: str
    stars: int | None
    words: str | None
    given_at: AwareDatetime
    answer: str | None
    answered_by: Annotated[str | None, Field(description="the account or key")]
    answered_at: AwareDatetime | None
    answer_state: Annotated[
        Literal["queued", "sending", "sent", "failed"] | None,
        Field(description="`sending` for long: the bot was killed, and nobody knows whether Telegram took it"),
    ]
    answer_error: Annotated[str | None, Field(description="why it failed, such as a user who has blocked the bot")]


class FeedbackPage(BaseModel):
    """
    A page of the inbox, newest first.
    """

    feedback: list[FeedbackEntry]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class FeedbackReceipt(BaseModel):
    """
    That it is in the inbox.
    """

    feedback_id: UUID


class FileColumn(BaseModel):
    """
    A column of a file, or a name in its documents.
    """

    name: str
    samples: Annotated[list[str], Field(description="some of its first values")]


class FileReading(BaseModel):
    """
    How a file is read: what it does not say about itself.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    columns: Annotated[
        dict[
            Literal[
                "event_id",
                "user_id",
                "event_type",
                "occurred_at",
                "received_at",
                "order_id",
                "item_id",
                "amount",
                "currency",
                "quantity",
                "source",
                "properties",
            ],
            str,
        ]
        | None,
        Field(
            description="for a column of events: a column of the file, a way into its JSON (`payload.id`), columns that are joined (`date+time`), a constant (`'purchase'`), or `-` to leave it out"
        ),
    ] = None
    values: Annotated[
        dict[
            Literal[
                "event_id",
                "user_id",
                "event_type",
                "occurred_at",
                "received_at",
                "order_id",
                "item_id",
                "amount",
                "currency",
                "quantity",
                "source",
                "properties",
            ],
            dict[Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")], str],
        ]
        | None,
        Field(description="for a column of events: the file's words, and ours for them"),
    ] = None
    time_zone: Annotated[str | None, Field(description="of times that name none")] = "UTC"
    date_order: Annotated[Literal["day-first", "month-first"] | None, Field(description="how 03/04/2025 is read")] = (
        None
    )
    decimal: Annotated[Literal[".", ","] | None, Field(description="the decimal sign; null: found out")] = None
    minor_units: Annotated[
        bool | None, Field(description="amounts are cents, or the smallest unit of their currency")
    ] = False
    encoding: Annotated[
        str | None, Field(description="of text, such as `windows-1251`; null: UTF-8, or what its first bytes say")
    ] = None
    records: Annotated[str | None, Field(description="where the array of events is inside of one JSON object")] = None
    key: Annotated[
        list[
            Literal[
                "event_id",
                "user_id",
                "event_type",
                "occurred_at",
                "received_at",
                "order_id",
                "item_id",
                "amount",
                "currency",
                "quantity",
                "source",
                "properties",
            ]
        ]
        | None,
        Field(description="what tells one row from another"),
    ] = None
    lower_emails: Annotated[
        bool | None, Field(description="capitals in user ids that are e-mail addresses mean nothing")
    ] = False
    sender: Annotated[
        str | None,
        Field(
            description="keeps ids of one sender apart from equal ones of another; the name of a profile, such as `shopify`"
        ),
    ] = "import"


class FirstOrder(BaseModel):
    """
    The user bought for the first time.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["first_order"]


class Flood(BaseModel):
    """
    Telegram answered 429.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    retry_after_seconds: Annotated[float, Field(description="as Telegram said")]


class FunnelCounts(BaseModel):
    """
    How many different users came how far.
    """

    active_users: int
    viewers: int
    cart_users: int
    checkout_users: int
    buyers: int
    carts_per_viewer: Annotated[
        float | None, Field(description="a share from 0 to 1; null where nobody could be counted")
    ]
    checkouts_per_cart_user: Annotated[
        float | None, Field(description="a share from 0 to 1; null where nobody could be counted")
    ]
    buyers_per_checkout_user: Annotated[
        float | None, Field(description="a share from 0 to 1; null where nobody could be counted")
    ]
    buyers_per_active_user: Annotated[
        float | None, Field(description="a share from 0 to 1; null where nobody could be counted")
    ]


class FunnelPeriod(BaseModel):
    """
    The funnel of one period.
    """

    active_users: int
    viewers: int
    cart_users: int
    checkout_users: int
    buyers: int
    carts_per_viewer: Annotated[
        float | None, Field(description="a share from 0 to 1; null where nobody could be counted")
    ]
    checkouts_per_cart_user: Annotated[
        float | None, Field(description="a share from 0 to 1; null where nobody could be counted")
    ]
    buyers_per_checkout_user: Annotated[
        float | None, Field(description="a share from 0 to 1; null where nobody could be counted")
    ]
    buyers_per_active_user: Annotated[
        float | None, Field(description="a share from 0 to 1; null where nobody could be counted")
    ]
    first_day: date
    last_day: date
    is_running: Annotated[bool, Field(description="not over when this was known: more will come")]


class FunnelReport(BaseModel):
    """
    `GET /analytics/funnel`.
    """

    as_of: Annotated[date | None, Field(description="the last run knew all before this day (UTC); null: no run yet")]
    time_zone: str
    week_starts_on: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        Field(description="The day that a week begins with."),
    ]
    archived_months: Annotated[
        list[str],
        Field(description="months in the range whose events are archived: counted in UTC, not in other time zones"),
    ]
    total: Annotated[FunnelCounts, Field(description="of the whole range; who came in two periods counts once")]
    periods: list[FunnelPeriod]


class GainPoint(BaseModel):
    """
    What is found by taking the best-scored share of users of the out-of-time test first.
    """

    contender: Annotated[
        Literal["model", "recency", "rfm_logistic"], Field(description="the model, or a baseline on the same users")
    ]
    share_users: float
    share_positives: float
    lift: Annotated[float | None, Field(description="times as many as among all users; null: nobody was taken")]


class GlobalControlAnswer(BaseModel):
    """
    The global control group: users whom no campaign reaches, so that the effect of all campaigns is known.
    """

    share: Annotated[float | None, Field(description="share of all users; null: there is no group")]
    begun_at: Annotated[AwareDatetime | None, Field(description="when it began as it is now")]
    begun_by: Annotated[str | None, Field(description="who asked for it")]
    used_by: Annotated[list[str], Field(description="what uses it; while this is not empty, it cannot be changed")]


class Handled(BaseModel):
    """
    What became of an update, and the answers to it as events.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    outcome: Annotated[
        Literal["answered", "noted", "ignored", "blocked", "failed"],
        Field(
            description="`answered`; `noted`: it needs no answer; `ignored`: nobody did anything; `blocked`: the user has blocked the bot; `failed`: Telegram did not take the answer"
        ),
    ]
    events: Annotated[
        list[dict[str, Any]] | None, Field(description="as in `POST /events`; stored before the update is marked")
    ] = []


class HandledReceipt(BaseModel):
    """
    That it is noted.
    """

    is_first: Annotated[bool, Field(description="false: it was marked before")]


class Health(BaseModel):
    """
    Which of the things that the API needs answer.
    """

    status: Annotated[
        Literal["up", "down"], Field(description="`up` if the API can store events and answer about users")
    ]
    warehouse: Annotated[Literal["up", "down"], Field(description="whether Postgres answers")]
    services: Annotated[
        dict[str, Literal["up", "down"]], Field(description="whether the service of each model answers")
    ]


class HeldReason(BaseModel):
    """
    Rows that are held back for one reason.
    """

    reason: Annotated[str, Field(description="of rows that wait for a rate, one of their reasons: each names its day")]
    waits_for: Annotated[str | None, Field(description="the currency for whose rate they wait; null: they are wrong")]
    rows: int
    first_at: AwareDatetime
    last_at: AwareDatetime


class HeldReasons(BaseModel):
    """
    Why rows are held back, the most frequent first, a hundred at most.
    """

    rows: Annotated[int, Field(description="of all reasons")]
    reasons: list[HeldReason]


class HeldRow(BaseModel):
    """
    A row that is held back, or was until it was repaired.
    """

    quarantine_id: UUID
    import_id: int | None
    file_name: Annotated[str | None, Field(description="null: the event came in no file")]
    row_number: Annotated[int, Field(description="in the file or the request; the first is 1")]
    reason: str
    waits_for: str | None
    quarantined_at: AwareDatetime
    row: Annotated[Any, Field(description="whole, as it came")]
    event: Annotated[dict[str, str | None], Field(description="what it says in each column of an event, as text")]
    repaired_at: AwareDatetime | None
    repaired_by: str | None
    repair: Annotated[dict[str, Any] | None, Field(description="what was changed")]
    event_id: Annotated[UUID | None, Field(description="the event that it became")]


class HeldRows(BaseModel):
    """
    A page of rows.
    """

    rows: list[HeldRow]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class HoldoutEffectAnswer(BaseModel):
    """
    One outcome per user, of everybody else and of the group. Bounds hold on all days together.
    """

    outcome: Annotated[str, Field(description="`orders`, or `revenue` in base currency")]
    campaigned_users: int
    held_out_users: int
    campaigned: Annotated[float, Field(description="per user whom campaigns may reach")]
    held_out: Annotated[float, Field(description="per user of the global control group")]
    difference: Annotated[float, Field(description="adjusted for what users bought before")]
    low: Annotated[float | None, Field(description="null: too few buyers to be sure")]
    high: float | None


class Import(BaseModel):
    """
    A file that events were imported from.
    """

    file_name: str
    started_at: AwareDatetime
    finished_at: Annotated[AwareDatetime | None, Field(description="null: it is going on, or was cut off")]
    rows_read: int
    rows_stored: int
    rows_known: int
    rows_quarantined: int


class ImportRequest(BaseModel):
    """
    How a file is read.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    reading: FileReading
    even_if_known: Annotated[
        bool | None, Field(description="also where its events seem to be stored under other ids")
    ] = False


class Job(BaseModel):
    """
    An export or erasure of a user. Ask again until `state` is `done` or `failed`.
    """

    job_id: UUID
    kind: Literal["export", "erasure"]
    state: Literal["waiting", "running", "done", "failed"]
    asked_by: Annotated[str, Field(description="who asked, as in `key:7`")]
    asked_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    bytes_written: Annotated[int, Field(description="of an export, so far")]
    receipt: Annotated[
        dict[str, Any] | None,
        Field(description="of an erasure that is done: what went from where, and what a scan still found"),
    ]
    error: Annotated[str | None, Field(description="why it failed, or why it is tried again")]


class JobBody(BaseModel):
    """
    How far an export or erasure of a user is; `GET /jobs/{job_id}` says more.
    """

    job_id: UUID
    kind: Literal["export", "erasure"]
    state: Literal["waiting", "running", "done", "failed"]
    bytes_written: Annotated[int, Field(description="of an export, so far")]


class JobNotice(BaseModel):
    """
    A job has come further.
    """

    notice_id: Annotated[int, Field(description="1, 2, 3, ... in the order in which things happened")]
    noticed_at: Annotated[AwareDatetime, Field(description="kept for seven days")]
    kind: Literal["job"]
    body: JobBody


class KeyAnswer(BaseModel):
    """
    A key without its secret.
    """

    key_id: int
    name: str
    hint: Annotated[str | None, Field(description="its first characters")]
    scopes: list[str]
    account_id: Annotated[UUID | None, Field(description="who made it; null: the command line, or an account deleted")]
    replaces: Annotated[int | None, Field(description="the key that it replaces")]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: Annotated[
        AwareDatetime | None, Field(description="right to the hour, and only for calls of this API")
    ]
    revoked_at: AwareDatetime | None


class Kpi(BaseModel):
    """
    One figure of the last 30 days known, beside the 30 days before.
    """

    name: Annotated[
        str,
        Field(
            description="`active_users`: different users; `conversion`: the share of them that bought; `revenue_at_risk`: money expected of users at high risk of leaving, as the newest run of these days saw it, beside the newest run before them"
        ),
    ]
    value: float
    before: Annotated[float, Field(description="0 where it is not known")]
    change: Annotated[float | None, Field(description="as a share of `before`; null where that is 0")]
    series: Annotated[list[float], Field(description="by day; of revenue at risk, by day that had a run")]


class LeftCart(BaseModel):
    """
    Something was put into the cart, and nothing was added, checked out or bought since.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["left_cart"]
    after_minutes: int | None = 60


class Lever(BaseModel):
    """
    A feature that the model reads and someone can act on.
    """

    feature: Annotated[str, Field(description="name in the feature catalogue")]
    label: str
    unit: str
    lever: Annotated[str, Field(description="what can be done about it, in the catalogue's words")]
    value: Annotated[float | None, Field(description="the user's; null where undefined")]
    least: Annotated[float, Field(description="the smallest value that any user has")]
    most: Annotated[float, Field(description="the largest value that any user has")]
    is_reason: Annotated[bool, Field(description="it is among the reasons for the answer of now")]


class Levers(BaseModel):
    """
    What can be tried, the reasons for the model's answer first.
    """

    model: str
    model_version: int
    as_of: Annotated[date, Field(description="the day whose beginning the features describe")]
    horizon_days: int | None
    probability: Annotated[float, Field(description="calibrated probability")]
    levers: list[Lever]


class LifetimeValue(BaseModel):
    """
    Money expected of a user over longer than a horizon, in the base currency.
    """

    days_90: Annotated[float, Field(description="over the 90 days from `as_of` on")]
    days_365: Annotated[float, Field(description="over the 365 days from `as_of` on")]


class ListCondition(BaseModel):
    """
    The user is on a list.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["list"]
    list_id: UUID
    is_true: Annotated[bool | None, Field(description="false: the user is not on it")] = True


class ListOfUser(BaseModel):
    """
    A list that the user is on.
    """

    list_id: UUID
    name: str


class Login(BaseModel):
    """
    Who signs in.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    email: str
    password: SecretStr


class MadeKey(BaseModel):
    """
    A new key. The secret is shown only now.
    """

    key_id: int
    name: str
    hint: Annotated[str | None, Field(description="its first characters")]
    scopes: list[str]
    account_id: Annotated[UUID | None, Field(description="who made it; null: the command line, or an account deleted")]
    replaces: Annotated[int | None, Field(description="the key that it replaces")]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: Annotated[
        AwareDatetime | None, Field(description="right to the hour, and only for calls of this API")
    ]
    revoked_at: AwareDatetime | None
    key: SecretStr


class Mark(BaseModel):
    """
    Something that began on a day and may explain its figures.
    """

    day: date
    kind: Literal["campaign", "deployment"]
    subject: Annotated[str, Field(description="the campaign's name, or the model")]
    link: Annotated[str, Field(description="the campaign's id, or the model's version")]


class MartFreshness(BaseModel):
    """
    How new a table is that runs build.
    """

    mart: str
    as_of: Annotated[date | None, Field(description="its newest day; null: it is not built, or empty")]


class MiniApp(BaseModel):
    """
    Who opened the Mini App.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    init_data: Annotated[SecretStr, Field(description="`Telegram.WebApp.initData`, unchanged")]


class ModelState(BaseModel):
    """
    What a model's service says of itself now.
    """

    model: str
    is_up: bool
    model_version: int | None = None
    loaded_at: AwareDatetime | None = None
    warning: Annotated[str | None, Field(description="what to know before relying on it")] = None


class Money(BaseModel):
    """
    In which currency pages show money: amounts in `base`, divided by `rate`.
    """

    base: Annotated[str | None, Field(description="in which amounts are kept; null: none has come in yet")]
    shown: Annotated[str | None, Field(description="in which pages show them")]
    rate: Annotated[float, Field(description="what one unit of the shown currency is worth in the base currency")]
    rate_day: Annotated[date | None, Field(description="the day of that rate; null: both are the same currency")]


class NewAccount(BaseModel):
    """
    An account to make.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    email: str
    name: Annotated[str, Field(description="what people call it")]
    role: Annotated[
        Literal["viewer", "marketer", "analyst", "admin"],
        Field(description="What an account is; each role may do what the one before it may, and more."),
    ]
    password: Annotated[
        SecretStr | None, Field(description="to be changed by its owner; left out for sign-in with Telegram alone")
    ] = None
    telegram_id: Annotated[int | None, Field(description="who may sign in with Telegram")] = None


class NewAnswer(BaseModel):
    """
    What the user is told, as plain text.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    text: str


class NewDevice(BaseModel):
    """
    A browser's subscription (`PushSubscription.toJSON()`), and what it wants to hear of.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    endpoint: Annotated[str, Field(description="an address at a known push service")]
    p256dh: Annotated[str, Field(description="the browser's public key")]
    auth: Annotated[str, Field(description="the browser's secret")]
    topics: Annotated[
        list[Literal["early_warning", "campaign", "drift", "failed_run"]],
        Field(description="none: the device is told nothing"),
    ]
    language: Literal["en", "ru"] | None = "en"


class NewFeedback(BaseModel):
    """
    What a user says: stars, words, or both. Words that follow stars within an hour belong to them.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    user_id: str
    chat_id: Annotated[int, Field(description="Telegram's id of the chat with the bot")]
    language: Literal["en", "ru"] | None = "en"
    stars: int | None = None
    words: str | None = None


class NewGlobalControl(BaseModel):
    """
    How large the global control group is to be.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    share: Annotated[
        float | None, Field(description="share of all users, 0.01 to 0.1; null: campaigns may reach everybody")
    ]
    is_redrawn: Annotated[
        bool | None, Field(description="draw other users; false: a group that grows keeps its members")
    ] = False


class NewKey(BaseModel):
    """
    A key to make.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    name: Annotated[str, Field(description="what people call it")]
    scopes: Annotated[
        list[
            Literal[
                "events:write",
                "telegram:write",
                "predictions:read",
                "users:read",
                "users:export",
                "users:erase",
                "subscriptions:read",
                "subscriptions:write",
                "subscriptions:forbid",
                "campaigns:read",
                "campaigns:manage",
                "campaigns:approve",
                "campaigns:send",
                "orders:read",
                "recommendations:read",
                "templates:read",
                "templates:write",
                "feedback:read",
                "feedback:answer",
                "analytics:read",
                "imports:manage",
                "quarantine:read",
                "quarantine:repair",
                "experiments:manage",
                "models:manage",
                "runs:manage",
                "metrics:read",
                "alerts:write",
                "keys:manage",
                "accounts:manage",
                "settings:manage",
                "audit:read",
                "operations:use",
                "profile:read",
                "profile:manage",
            ]
        ],
        Field(description="what it may do; no more than you may"),
    ]
    expires_at: Annotated[
        AwareDatetime | None, Field(description="with its time zone, within ten years; null: never")
    ] = None


class NewPassword(BaseModel):
    """
    A change of one's own password.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    current_password: SecretStr
    new_password: Annotated[SecretStr, Field(description="12 to 256 characters, of any kind")]


class NewPromotion(BaseModel):
    """
    Which version is to be champion, and why.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    version: int
    champion_version: Annotated[
        int | None, Field(description="the champion that you saw; another one by now is 409; null: there was none")
    ]
    reason: Annotated[str, Field(description="why, for whoever looks at it later")]
    overrules_gate: Annotated[bool | None, Field(description="promote it though the gate refused it")] = False


class NewRollback(BaseModel):
    """
    Why the champion before is to be champion again.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    champion_version: Annotated[int, Field(description="the champion that you saw; another one by now is 409")]
    reason: Annotated[str, Field(description="why, for whoever looks at it later")]


class NewRun(BaseModel):
    """
    Which job to start, and for which days.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    job: Annotated[
        Literal["refresh", "retrain", "quick_retrain", "backfill"],
        Field(
            description="`refresh`: marts, scores, drift; `retrain`: the same with training, gate, backtests and deployment; `quick_retrain`: without backtests; `backfill`: features and labels of a range of days"
        ),
    ]
    first_day: Annotated[date, Field(description="everything known when this day begins")]
    last_day: Annotated[date | None, Field(description="of a backfill, at most 400 days; default: `first_day`")] = None


class NewView(BaseModel):
    """
    A view to save. One of the same name is replaced.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    name: Annotated[str, Field(description="what people call it")]
    query: Annotated[str, Field(description="the filters as they stand in the address of the page, without `?`")]


class NoReply(BaseModel):
    """
    The user was sent a notification, and has done nothing since.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["no_reply"]
    after_days: int


class Nothing(BaseModel):
    """
    A body without a field: `{}`.
    """

    model_config = ConfigDict(
        extra="forbid",
    )


class NumberCondition(BaseModel):
    """
    A feature or a score lies within bounds. What is not known lies within none.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["number"]
    name: Annotated[str, Field(description="a feature of the catalogue, or a score")]
    least: Annotated[float | None, Field(description="this or more")] = None
    most: Annotated[float | None, Field(description="this or less")] = None


class OperationsPages(BaseModel):
    """
    Where the pages of other programs are, for whoever may use them.
    """

    dagster: Annotated[str, Field(description="Dagster: runs, schedules, assets")]
    mlflow: Annotated[str, Field(description="MLflow: training runs and versions of models")]


class OrderLine(BaseModel):
    """
    One item of an order.
    """

    item_id: str | None
    quantity: float | None
    amount: Annotated[float | None, Field(description="money in `currency`; null: the event named none")]
    currency: str | None
    is_refunded: bool


class OutcomeAnswer(BaseModel):
    """
    One outcome of a variant.
    """

    outcome: Annotated[
        Literal["buyers", "orders", "revenue"],
        Field(description="users who bought, their orders, or their revenue net of refunds"),
    ]
    unit: Annotated[str, Field(description="`users`, `orders`, or the base currency")]
    summary: str
    variance_taken: Annotated[
        float, Field(description="share of the variance explained by what users did before; it narrows the bounds")
    ]
    days: Annotated[list[Day], Field(description="the oldest first; the last one is today or the end")]


class OutcomeReceipt(BaseModel):
    """
    That it is noted.
    """

    is_first: Annotated[bool, Field(description="false: nobody was sending this answer")]


class PastAnswer(BaseModel):
    """
    What was once said of a user, and what came of it.
    """

    made_at: AwareDatetime
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


class PlanAnswer(BaseModel):
    """
    What it takes.
    """

    users: Annotated[int, Field(description="of all arms")]
    effect: Annotated[float, Field(description="the smallest that is found four times in five")]
    weeks: Annotated[int | None, Field(description="until the last window is over; null: `users_a_week` was not given")]


class PolicyAnswer(BaseModel):
    """
    A policy that was learned.
    """

    policy_id: int
    learned_at: AwareDatetime
    learned_by: str
    campaigns: Annotated[int, Field(description="from how many campaigns and triggers it was learned")]
    decisions: Annotated[int, Field(description="users whom these drew, treated and held out")]
    window_days: Annotated[int, Field(description="purchases of so many days after a decision count")]
    cost_per_contact: Annotated[float, Field(description="in base currency")]
    budget_share: Annotated[float, Field(description="the share of users who can be contacted")]
    learner: str
    is_promoted: Annotated[bool, Field(description="it was better than every constant choice")]
    is_in_use: Annotated[bool, Field(description="campaigns may choose by it")]
    verdict: Annotated[str, Field(description="why it is used, or not")]
    ended_at: Annotated[AwareDatetime | None, Field(description="when somebody took it out of use")]


class PolicyList(BaseModel):
    """
    Policies, the newest first.
    """

    in_use: Annotated[
        PolicyAnswer | None, Field(description="null: none is better than chance, so campaigns draw users by chance")
    ]
    policies: list[PolicyAnswer]


class PostedAlert(BaseModel):
    """
    One alert that fires, or that is over.
    """

    status: Literal["firing", "resolved"]
    labels: Annotated[dict[str, str], Field(description="`alertname`, `severity`, and what the alert is about")]
    annotations: Annotated[dict[str, str] | None, Field(description="`summary` and `runbook`")] = {}
    startsAt: Annotated[AwareDatetime, Field(description="since when it fires")]
    endsAt: Annotated[AwareDatetime, Field(description="when it ended; read of a resolved one only")]
    fingerprint: Annotated[str, Field(description="the same for the same labels")]


class PredictionsRequest(BaseModel):
    """
    Whom to ask about.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    user_ids: Annotated[list[str], Field(description="answered in this order")]
    freshness: Annotated[
        Literal["snapshot", "live"] | None,
        Field(description="`live` counts everything that has arrived until now; `snapshot` is as of last night"),
    ] = "live"
    reasons: Annotated[int | None, Field(description="how many reasons each answer carries")] = 3


class PreviewRequest(BaseModel):
    """
    How the file is to be read for once; nothing: as is proposed, or by the profile of a program.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    reading: FileReading | None = None
    like: Annotated[
        Literal["shopify", "woocommerce", "stripe", "ga4", "segment", "amplitude", "mixpanel", "telegram"] | None,
        Field(description="what wrote the file, instead of `reading`"),
    ] = None


class PreviewSample(BaseModel):
    """
    Somebody who would be written to, and with which words.
    """

    user_id: str
    arm: str
    language: str
    text: str


class PreviewShare(BaseModel):
    """
    A part of the audience.
    """

    state: Literal[
        "control",
        "left_alone",
        "opted_out",
        "unreachable",
        "queued",
        "sending",
        "capped",
        "sent",
        "failed",
        "unknown",
        "cancelled",
    ]
    reason: str | None
    arm: str | None
    users: int


class Prohibition(BaseModel):
    """
    Why nobody may write to the user.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    reason: Annotated[str, Field(description="for colleagues, as in `asked by phone`")]


class PromisedFigure(BaseModel):
    """
    A figure of the first ten items, foretold by the test of the version, and as it came.
    """

    foretold: Annotated[float | None, Field(description="null: its test has no such figure")]
    came: float
    low: Annotated[float, Field(description="of the 95 % interval of `came`")]
    high: float
    baselines: Annotated[dict[str, float], Field(description="`most_popular` and `own_repeats`, on the same users")]


class Proof(BaseModel):
    """
    Who I am.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    password: SecretStr


class ProofState(BaseModel):
    """
    How I can prove who I am, and for how long the last proof is good.
    """

    has_password: bool
    has_telegram: Annotated[bool, Field(description="whether a Telegram user is linked to my account")]
    seconds_left: Annotated[int, Field(description="0: dangerous acts ask for another proof")]


class PropertyCondition(BaseModel):
    """
    The user has an event whose `properties` say so.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["property"]
    name: str
    value: str
    is_true: Annotated[bool | None, Field(description="false: the user has no such event")] = True


class Purpose(BaseModel):
    """
    What somebody who is signed in goes to Telegram for.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    purpose: Annotated[
        Literal["link", "prove"], Field(description="to sign in with Telegram from now on, or to prove who they are")
    ]


class Push(BaseModel):
    """
    What a browser needs to subscribe, and the devices of whoever asks.
    """

    public_key: Annotated[str | None, Field(description="`applicationServerKey`; null where push is not set up")]
    topics: Annotated[
        list[Literal["early_warning", "campaign", "drift", "failed_run"]],
        Field(description="what your role may hear of"),
    ]
    devices: list[DeviceAnswer]


class QuarantineReason(BaseModel):
    """
    Rows that are held back for one reason.
    """

    reason: str
    waits_for: Annotated[str | None, Field(description="the currency for whose rate they wait; null: they are wrong")]
    rows: int
    first_at: AwareDatetime
    last_at: AwareDatetime


class QuietHours(BaseModel):
    """
    The local hours in which nothing is sent. They may span midnight; equal times mean none.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    start: Annotated[str, Field(description="local time")]
    end: Annotated[str, Field(description="local time")]


class RankingAnswer(BaseModel):
    """
    How well a learner ranks users by what a message changes: the Qini coefficient. 0 is chance.
    """

    learner: str
    qini: Annotated[float | None, Field(description="on the decisions by which the learner was chosen")]
    qini_judged: Annotated[float | None, Field(description="on later ones; of the chosen learner only")]
    qini_low: float | None
    qini_high: float | None


class Reached(BaseModel):
    """
    Somebody whom a trigger would have reached.
    """

    user_id: str
    at: AwareDatetime
    arm: Annotated[str, Field(description="the variant, or `control`")]


class ReasonCount(BaseModel):
    """
    How many rows a reason holds back.
    """

    reason: str
    rows: int


class ReasonOut(BaseModel):
    """
    One feature's part in the answer, strongest first.
    """

    feature: Annotated[str, Field(description="name in the feature catalogue")]
    label: Annotated[str, Field(description="the feature in words")]
    value: Annotated[float | None, Field(description="the user's value in the feature's unit; null if undefined")]
    contribution: Annotated[float, Field(description="part in the answer, in the model's additive unit")]
    text: Annotated[str, Field(description="a sentence for people")]


class RecipientAnswer(BaseModel):
    """
    One recipient.
    """

    user_id: str
    message_id: Annotated[UUID, Field(description="made of user and campaign, and of the event that says it was sent")]
    occasion: Annotated[AwareDatetime | None, Field(description="of a trigger: when its rule said so")]
    arm: Annotated[str | None, Field(description="the variant or the control group; null: could not be reached anyway")]
    state: Literal[
        "control",
        "left_alone",
        "opted_out",
        "unreachable",
        "queued",
        "sending",
        "capped",
        "sent",
        "failed",
        "unknown",
        "cancelled",
    ]
    reason: str | None
    attempts: int
    due_at: Annotated[AwareDatetime, Field(description="of a queued one: not before")]
    sent_at: AwareDatetime | None
    changed_at: AwareDatetime


class RecipientPage(BaseModel):
    """
    Recipients, by user.
    """

    recipients: list[RecipientAnswer]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class Recommendation(BaseModel):
    """
    One item that the user has not given back.
    """

    item_id: str
    basis: Annotated[
        Literal["bought_together", "popular"],
        Field(
            description="what others do: `bought_together`: they have it with `because_of`; `popular`: many bought it"
        ),
    ]
    because_of: Annotated[str | None, Field(description="an item that the user has")]
    buyers: Annotated[int, Field(description="users who speak for it")]
    is_repeat: Annotated[
        bool | None, Field(description="the user has bought it before; only a learned recommender offers an item again")
    ] = False


class Recommender(BaseModel):
    """
    What the answer comes from.
    """

    is_learned: Annotated[
        bool,
        Field(
            description="true: the learned recommender, which was better out of time than the most popular items and the user's own repeats; false: counts of what is bought together and what is popular"
        ),
    ]
    model_version: Annotated[int | None, Field(description="version of `recommendation` in the registry")]
    verdict: Annotated[
        str | None, Field(description="what the gate said, or why nothing learned is used; null: nothing was judged")
    ]


class Refresh(BaseModel):
    """
    A refresh token.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    refresh_token: Annotated[SecretStr, Field(description="the newest one of the session")]


class RefusedRow(BaseModel):
    """
    A row that would be refused.
    """

    row_number: Annotated[int, Field(description="in the file; the first is 1")]
    reason: str
    row: Annotated[str, Field(description="whole, as JSON")]


class ReliabilityBin(BaseModel):
    """
    Users of the out-of-time test with about the same probability, and what came true for them.
    """

    predicted: Annotated[float, Field(description="mean probability")]
    observed: Annotated[float, Field(description="share for whom it came true")]
    low: Annotated[float, Field(description="of the 95 % interval of `observed`")]
    high: float
    rows: int


class RepairCounts(BaseModel):
    """
    What became of rows that were tried again: tried = stored + known + waiting + held + erased.
    """

    tried: int
    stored: int
    known: Annotated[int, Field(description="the event is stored already")]
    waiting: Annotated[int, Field(description="they wait for a rate now")]
    held: Annotated[int, Field(description="they still break the contract")]
    erased: int
    left: Annotated[int, Field(description="rows that were not tried, as 20,000 are tried at a time; ask again")]
    reasons: Annotated[list[ReasonCount], Field(description="why rows are still held")]


class RepairedRows(BaseModel):
    """
    The newest hundred rows that were repaired.
    """

    rows: list[HeldRow]


class RetentionWeek(BaseModel):
    """
    How many of a cohort were active in one week.
    """

    week: Annotated[int, Field(description="0 is the cohort's own week")]
    active_users: int
    share: Annotated[float | None, Field(description="a share from 0 to 1; null where nobody could be counted")]
    is_running: bool


class ReturnedCode(BaseModel):
    """
    What came back from Telegram.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    code: Annotated[str, Field(description="the query parameter of the page")]
    state: str


class RevenuePeriod(BaseModel):
    """
    Users, orders and money of one period.
    """

    first_day: date
    last_day: date
    is_running: Annotated[bool, Field(description="not over when this was known: more will come")]
    active_users: int
    new_users: Annotated[int, Field(description="users whose first event is in the period")]
    buyers: int
    orders: int
    purchase_amount: Annotated[float, Field(description="before refunds")]
    refunds: int
    refund_amount: float
    revenue: Annotated[float, Field(description="purchases less refunds")]
    average_order_amount: Annotated[float | None, Field(description="null: no orders")]


class RevenueReport(BaseModel):
    """
    `GET /analytics/revenue`.
    """

    as_of: Annotated[date | None, Field(description="the last run knew all before this day (UTC); null: no run yet")]
    time_zone: str
    week_starts_on: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        Field(description="The day that a week begins with."),
    ]
    archived_months: Annotated[
        list[str],
        Field(description="months in the range whose events are archived: counted in UTC, not in other time zones"),
    ]
    periods: list[RevenuePeriod]


class RfmCell(BaseModel):
    """
    Buyers with alike recency, frequency and monetary value.
    """

    cell: str
    users: int
    mean_recency_days: float
    mean_orders: float
    purchase_amount: float


class RfmGridCell(BaseModel):
    """
    Buyers with the same two scores of 1 to 5.
    """

    recency_score: Annotated[int, Field(description="5: bought most recently")]
    value_score: Annotated[int, Field(description="5: most orders and money; the mean of both scores, rounded up")]
    cell: Annotated[str, Field(description="the named cell that it is part of")]
    users: int
    purchase_amount: float


class RfmReport(BaseModel):
    """
    `GET /analytics/rfm`.
    """

    as_of: Annotated[date | None, Field(description="the last run knew all before this day (UTC); null: no run yet")]
    cells: list[RfmCell]
    grid: Annotated[list[RfmGridCell], Field(description="the same buyers by their scores; empty places are left out")]


class RiskCount(BaseModel):
    """
    Users who can leave, by risk; and those who cannot, since they are not active.
    """

    risk: str | None
    users: int
    expected_value: Annotated[float, Field(description="money expected of them within the horizon, base currency")]


class Rotation(BaseModel):
    """
    How a key is replaced.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    overlap_hours: Annotated[float | None, Field(description="how long the old key stays valid beside the new one")] = (
        24.0
    )


class RowChange(BaseModel):
    """
    What is changed before rows are tried again; nothing: they are tried as they are.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    fields: Annotated[
        dict[
            Literal[
                "event_id",
                "user_id",
                "event_type",
                "occurred_at",
                "order_id",
                "item_id",
                "amount",
                "currency",
                "quantity",
            ],
            str,
        ]
        | None,
        Field(description="values of columns of events, the same for all rows; empty: none"),
    ] = None
    columns: Annotated[
        dict[
            Literal[
                "event_id",
                "user_id",
                "event_type",
                "occurred_at",
                "received_at",
                "order_id",
                "item_id",
                "amount",
                "currency",
                "quantity",
                "source",
                "properties",
            ],
            str,
        ]
        | None,
        Field(description="as in the reading of a file"),
    ] = None
    values: Annotated[
        dict[
            Literal[
                "event_id",
                "user_id",
                "event_type",
                "occurred_at",
                "received_at",
                "order_id",
                "item_id",
                "amount",
                "currency",
                "quantity",
                "source",
                "properties",
            ],
            dict[Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")], str],
        ]
        | None,
        Field(description="as in the reading of a file"),
    ] = None


class Run(BaseModel):
    """
    One run of the pipeline.
    """

    run_id: str
    job: Annotated[str, Field(description="`refresh`, `retrain`, `quick_retrain`, `backfill`, ...")]
    state: Literal["queued", "running", "done", "failed", "canceled"]
    first_day: Annotated[str | None, Field(description="the day it is about, or the first of a range; null: none")]
    last_day: str | None
    asked_at: AwareDatetime
    started_at: Annotated[AwareDatetime | None, Field(description="null: it waits; runs go one after the other")]
    ended_at: AwareDatetime | None
    duration_seconds: Annotated[float | None, Field(description="until now, where it has not ended")]
    can_cancel: bool
    dagster_url: Annotated[str | None, Field(description="the run in Dagster's pages; null: they have no address")]


class RunBody(BaseModel):
    """
    A run of the pipeline has ended.
    """

    run_id: Annotated[str, Field(description="as Dagster names it")]
    job: Annotated[str, Field(description="such as `refresh`")]
    state: Literal["done", "failed", "canceled"]
    as_of: Annotated[date | None, Field(description="the day for which it ran")]


class RunNotice(BaseModel):
    """
    A run has ended.
    """

    notice_id: Annotated[int, Field(description="1, 2, 3, ... in the order in which things happened")]
    noticed_at: Annotated[AwareDatetime, Field(description="kept for seven days")]
    kind: Literal["run"]
    body: RunBody


class Runs(BaseModel):
    """
    `GET /runs`.
    """

    runs: Annotated[list[Run], Field(description="the newest first")]
    dagster_url: Annotated[str | None, Field(description="Dagster's pages; null: they have no address")]


class Said(BaseModel):
    """
    Feedback of the user.
    """

    feedback_id: UUID
    stars: int | None
    words: str | None
    given_at: AwareDatetime
    answer: str | None


class SampleRatioAnswer(BaseModel):
    """
    Whether arms have the users that they should have. If not, they cannot be compared.
    """

    p_value: Annotated[float, Field(description="holds however often one looks; below 0.001 is a mismatch")]
    is_mismatched: bool
    arms: list[ArmAnswer]


class ScorecardEffect(BaseModel):
    """
    One outcome of a variant, as it was known when it was last measured.
    """

    campaign_id: UUID
    name: str
    variant: str
    outcome: Literal["buyers", "orders", "revenue"]
    summary: str
    unit: Annotated[str, Field(description="`users`, `orders`, or the base currency")]
    measured_at: AwareDatetime
    window_days: int
    is_complete: Annotated[bool, Field(description="everybody's window is over")]
    is_mismatched: Annotated[bool, Field(description="arms lack users, so the effect is not to be believed")]
    treated_users: int
    control_users: int
    total: Annotated[float, Field(description="of all users of the variant together")]
    total_low: Annotated[float | None, Field(description="null: it is too early")]
    total_high: float | None
    p_value: float | None


class ScorecardWeek(BaseModel):
    """
    How what was said in one week compares with what happened.
    """

    as_of_week: Annotated[date, Field(description="the Monday of the week, UTC")]
    kind: Annotated[Literal["score", "prediction"], Field(description="`score`: in batch; `prediction`: on request")]
    is_live: Annotated[bool, Field(description="said before its window; false: in hindsight, which judges no model")]
    model_version: int
    horizon_days: int
    users: int
    observed_rate: Annotated[float, Field(description="share of users for whom it came true")]
    predicted_rate: Annotated[float, Field(description="mean of the probabilities")]
    observed_amount: Annotated[float | None, Field(description="what these users spent, base currency; null: as below")]
    predicted_amount: Annotated[
        float | None, Field(description="what was foretold of it; null: of a prediction, or no money was foretold")
    ]
    auc: Annotated[float | None, Field(description="null: it came true for all or nobody")]
    brier: float
    calibration_error: Annotated[float, Field(description="mean gap between predicted and observed")]
    lift_at_10: float | None


class ScoredDay(BaseModel):
    """
    The newest day that a model has scored.
    """

    model: str
    as_of: Annotated[date | None, Field(description="null: never")]


class Segment(BaseModel):
    """
    One segment as of the report's day.
    """

    segment_id: int | None
    segment: Annotated[str | None, Field(description="null: users that the segmentation has not scored")]
    users: int
    share: Annotated[float | None, Field(description="a share from 0 to 1; null where nobody could be counted")]
    purchase_amount_total: float
    mean_expected_value: float | None
    mean_purchase_probability: float | None
    mean_churn_probability: float | None
    mean_orders: Annotated[float | None, Field(description="orders of a user in all")]
    mean_purchase_amount: Annotated[float | None, Field(description="spent by a user in all, before refunds")]
    mean_days_since_active: Annotated[float | None, Field(description="days from the last activity to the report's")]
    high_risk_share: Annotated[float | None, Field(description="users at high risk of leaving, of all its users")]


class SegmentCondition(BaseModel):
    """
    The user is in one of some segments.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    kind: Literal["segment"]
    names: list[str]
    is_true: Annotated[bool | None, Field(description="false: the user is in none of them")] = True


class SegmentMove(BaseModel):
    """
    Users who were in one segment on a scored day, and in another, or the same, on the next.
    """

    from_as_of: date
    to_as_of: date
    from_segment: Annotated[str, Field(description="`new`: not scored before")]
    to_segment: Annotated[str, Field(description="`gone`: not scored any more")]
    is_other_model: Annotated[bool, Field(description="another model version scored the later day")]
    users: int
    share: Annotated[float | None, Field(description="a share from 0 to 1; null where nobody could be counted")]


class SegmentPrediction(BaseModel):
    """
    Which group of alike users is this one in?
    """

    prediction_id: Annotated[
        UUID,
        Field(
            description="names this prediction in the ledger; the same for a request repeated with its Idempotency-Key"
        ),
    ]
    user_id: Annotated[str | None, Field(description="as asked")]
    is_known: Annotated[bool, Field(description="false: no features of this user, so the answer is the prior")]
    as_of: Annotated[date | None, Field(description="the day whose beginning the features describe")]
    known_until: Annotated[
        AwareDatetime | None, Field(description="events that arrived until then count; null where features were given")
    ]
    feature_age_days: Annotated[
        int | None, Field(description="days from `as_of` to today (UTC); 0 for live features, as of tomorrow")
    ]
    basis: Annotated[
        Literal["model", "rule", "prior"], Field(description="what answered: the model, a simple rule, or the prior")
    ]
    model_version: Annotated[int, Field(description="version in the registry")]
    reasons: list[ReasonOut]
    advice: Annotated[list[str], Field(description="what can be done, in words")]
    segment_id: Annotated[
        int | None, Field(description="stable from one retrain to the next; null for a user nobody has seen")
    ]
    segment: Annotated[str | None, Field(description="the segment's name; `new` for a user nobody has seen")]


class SegmentReport(BaseModel):
    """
    `GET /analytics/segments`.
    """

    as_of: Annotated[date | None, Field(description="the last run knew all before this day (UTC); null: no run yet")]
    segments: list[Segment]
    moves: list[SegmentMove]


class SessionAnswer(BaseModel):
    """
    A session that has not ended.
    """

    session_id: UUID
    created_at: AwareDatetime
    last_used_at: Annotated[AwareDatetime, Field(description="when it began or was refreshed last")]
    expires_at: Annotated[AwareDatetime, Field(description="when it ends, however often it is refreshed")]
    address: str | None
    user_agent: str | None
    is_current: Annotated[bool, Field(description="whether it is the session that asks")]


class Shop(BaseModel):
    """
    What pages need to know of the shop.
    """

    time_zone: Annotated[str, Field(description="whose days reports count where somebody has chosen no other")]
    money: Money


class ShopChange(BaseModel):
    """
    What changes; what is left out stays. Null: as the environment says; for the currency, the base currency.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    version: Annotated[int, Field(description="the one that you saw")]
    most_a_day: Annotated[int | None, Field(description="messages a local day; transactional ones do not count")] = None
    most_a_week: Annotated[int | None, Field(description="messages in the seven local days that end today")] = None
    quiet_hours: Annotated[QuietHours | None, Field(description="in which nothing is sent")] = None
    time_zone: Annotated[
        str | None, Field(description="whose days and hours count for users who have named no other")
    ] = None
    currency: Annotated[
        str | None, Field(description="in which pages show money; amounts stay in the base currency")
    ] = None


class ShopRules(BaseModel):
    """
    What holds for users who have chosen nothing of their own.
    """

    most_a_day: Annotated[int, Field(description="messages a local day; transactional ones do not count")]
    most_a_week: Annotated[int, Field(description="messages in the seven local days that end today")]
    quiet_hours: QuietHours
    time_zone: str


class ShopSettings(BaseModel):
    """
    The settings that hold now.
    """

    most_a_day: Annotated[int, Field(description="messages a local day; transactional ones do not count")]
    most_a_week: Annotated[int, Field(description="messages in the seven local days that end today")]
    quiet_hours: QuietHours
    time_zone: str
    topics: Annotated[
        list[Literal["offers", "recommendations", "reminders", "news"]],
        Field(description="what users can choose to hear about"),
    ]
    currency: Annotated[str | None, Field(description="the base currency; null: no amount has come in yet")]
    money: Money
    currencies: Annotated[list[str], Field(description="in which money can be shown: those with a rate")]
    version: Annotated[int, Field(description="goes up with each change; 0: nobody has changed any")]
    changed_by: str | None
    changed_at: AwareDatetime | None
    environment: Annotated[ShopRules, Field(description="what the environment sets, as in `CONTACT_MOST_A_DAY`")]
    changed: Annotated[
        list[Literal["most_a_day", "most_a_week", "quiet_hours", "time_zone", "currency"]],
        Field(description="settings in which the two may differ"),
    ]


class ShownAlert(BaseModel):
    """
    One time that an alert fired.
    """

    name: Annotated[str, Field(description="such as `ServiceDown`; docs/runbooks has a page of this name")]
    severity: Annotated[str, Field(description="`page`: now; `ticket`: on the next working day")]
    summary: str
    runbook: Annotated[str, Field(description="the page that says what to do")]
    began_at: Annotated[AwareDatetime, Field(description="since when it fires, or did")]
    ended_at: Annotated[AwareDatetime | None, Field(description="null while it fires")]


class SlotAnswer(BaseModel):
    """
    When the reply may be sent.
    """

    is_granted: Annotated[bool, Field(description="false: nothing may be sent to this chat now")]
    wait_seconds: Annotated[float, Field(description="send after that; where not granted, ask again after that")]


class SlotWanted(BaseModel):
    """
    Where a reply is to be sent.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    chat_id: Annotated[int, Field(description="Telegram's id of the chat with the bot")]


class SourceFreshness(BaseModel):
    """
    How new the events of one source are.
    """

    source: str
    last_occurred_at: AwareDatetime
    last_received_at: AwareDatetime
    events: Annotated[int, Field(description="in the last 30 days that have any event")]


class StoppedVariant(BaseModel):
    """
    A variant whose queued messages were cancelled, because its interval said that it does harm.
    """

    campaign_id: UUID
    name: str
    variant: str
    outcome: Annotated[Literal["buyers", "orders", "revenue"], Field(description="what it costs")]
    stopped_at: AwareDatetime
    messages: Annotated[int, Field(description="not sent any more")]


class StoppedVariants(BaseModel):
    """
    `GET /experiments/stopped-variants`.
    """

    stopped: Annotated[list[StoppedVariant], Field(description="the newest first")]


class StoredUpdates(BaseModel):
    """
    That they are stored.
    """

    new: Annotated[int, Field(description="updates that were not known")]


class SubscriptionAnswer(BaseModel):
    """
    What a user's subscription says, with the shop's rules where the user has none of their own.
    """

    user_id: Annotated[str, Field(description="the id under which the chat was registered")]
    state: Annotated[
        Literal["active", "paused", "stopped", "blocked", "do_not_contact", "none"],
        Field(description="what stands in the way of messages, if anything; `none`: the user has no chat"),
    ]
    chat_id: int | None
    language: str | None
    topics: list[Literal["offers", "recommendations", "reminders", "news"]]
    time_zone: str
    quiet_hours: QuietHours
    most_a_day: Annotated[int, Field(description="messages a local day")]
    most_a_week: Annotated[int, Field(description="messages in the seven local days that end today")]
    paused_until: AwareDatetime | None
    stopped_at: AwareDatetime | None
    blocked_at: AwareDatetime | None
    subscribed_at: AwareDatetime | None
    do_not_contact: DoNotContactAnswer | None


class SubscriptionChange(BaseModel):
    """
    What changes; what is left out stays. Where the user has no chat yet, `chat_id` is needed.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    chat_id: Annotated[int | None, Field(description="the chat is taken from whoever else had it")] = None
    language: Annotated[str | None, Field(description="for a new subscription `en`, if left out")] = None
    topics: Annotated[
        list[Literal["offers", "recommendations", "reminders", "news"]] | None,
        Field(description="all topics that the user wants to hear about"),
    ] = None
    time_zone: Annotated[str | None, Field(description="null: the shop's")] = None
    quiet_hours: Annotated[QuietHours | None, Field(description="null: the shop's")] = None
    most_a_day: Annotated[int | None, Field(description="messages a local day; null: the shop's")] = None
    most_a_week: Annotated[
        int | None, Field(description="messages in the seven local days that end today; null: the shop's")
    ] = None
    paused_until: Annotated[AwareDatetime | None, Field(description="nothing is sent before; null: no pause")] = None
    is_stopped: Annotated[bool | None, Field(description="the user wants no messages; false: wants them again")] = None
    is_blocked: Annotated[bool | None, Field(description="the user has blocked the bot; false: unblocked it")] = None


class TakenUpdates(BaseModel):
    """
    Updates that whoever asked has a minute to handle.
    """

    updates: Annotated[list[dict[str, Any]], Field(description="as Telegram sent them, oldest first")]


class Targets(BaseModel):
    """
    As many of the audience as a budget allows, best first, as in the services' target lists.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    by: Annotated[
        Literal["expected_value", "churn_probability"] | None,
        Field(description="What the best users of a budget are best at."),
    ] = "expected_value"
    max_users: int
    cost_per_contact: Annotated[float | None, Field(description="in the base currency")] = 0
    budget: Annotated[float | None, Field(description="for all contacts; null: no limit")] = None


class TelegramCode(BaseModel):
    """
    What came back from Telegram, and the binding.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    code: Annotated[str, Field(description="the query parameter of the page")]
    state: str
    binding: SecretStr


class TelegramSignIn(BaseModel):
    """
    A sign-in that was begun. Keep `state` and `binding`, and go to `url`.
    """

    url: Annotated[str, Field(description="Telegram's page")]
    state: Annotated[str, Field(description="comes back with the code")]
    binding: Annotated[SecretStr, Field(description="proves who began; it is never sent to Telegram")]
    expires_in: Annotated[int, Field(description="seconds until it is too late to complete it")]


class TelegramVisit(BaseModel):
    """
    Where to go. What proves who began is in a cookie.
    """

    url: Annotated[str, Field(description="Telegram's page")]
    state: Annotated[str, Field(description="comes back with the code; compare it with what came back")]


class TemplatePreview(BaseModel):
    """
    What one user would be told.
    """

    user_id: str
    situation: Annotated[
        Literal["first_visit", "newcomer", "slipping", "interested", "regular", "customer"],
        Field(description="How it is between a user and the shop, by what the user did and what the models say."),
    ]
    is_chosen: Annotated[bool, Field(description="whether the user would get this template rather than another")]
    text: str
    reason: str


class TemplatePreviews(BaseModel):
    """
    The users in the order asked.
    """

    previews: list[TemplatePreview]


class TestMessage(BaseModel):
    """
    To whom a campaign's message is sent as a test.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    user_id: Annotated[str, Field(description="a user with a chat, such as a colleague")]
    variant: Annotated[str | None, Field(description="the first, if left out")] = None
    language: Annotated[str | None, Field(description="the user's, if left out")] = None


class TestReceipt(BaseModel):
    """
    What Telegram said to a test.
    """

    is_sent: bool
    reason: Annotated[str | None, Field(description="why it was not")]


class TimelineEvent(BaseModel):
    """
    One event of a user, as it was stored.
    """

    event_id: UUID
    user_id: Annotated[str, Field(description="the id under which it came")]
    event_type: str
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    source: str
    order_id: str | None
    item_id: str | None
    amount: Annotated[float | None, Field(description="in `currency`")]
    currency: str | None
    quantity: float | None
    properties: dict[str, Any] | None


class Tokens(BaseModel):
    """
    What stands for a session. The refresh token is used once: each refresh brings a new one.
    """

    access_token: Annotated[SecretStr, Field(description="sent as `Authorization: Bearer TOKEN`")]
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: Annotated[int, Field(description="how long the access token is valid, in seconds")]
    refresh_token: SecretStr
    session_id: UUID


class Told(BaseModel):
    """
    One sentence, or a part of one.
    """

    code: Annotated[str, Field(description="`other`: `text` has it as it was said")]
    parameters: Annotated[dict[str, str], Field(description="as they stand in the English text")]


class Update(BaseModel):
    """
    An update as Telegram's Bot API describes it. Only its number is read here.
    """

    model_config = ConfigDict(
        extra="allow",
    )
    update_id: Annotated[int, Field(description="Telegram's number of the update")]


class UpdateReceipt(BaseModel):
    """
    That the update is stored.
    """

    update_id: int
    is_new: Annotated[bool, Field(description="false: Telegram had sent it before")]


class UpdatesWanted(BaseModel):
    """
    How many updates are wanted, and how long to wait for the first.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    limit: int | None = 100
    wait_seconds: float | None = 0


class UserListAnswer(BaseModel):
    """
    A list of users.
    """

    list_id: UUID
    name: str
    made_by: str
    made_at: AwareDatetime
    users: int


class UserSummary(BaseModel):
    """
    One user in a list, as of its day.
    """

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


class UsualDay(BaseModel):
    """
    What revenue is usual on a day: that of the same weekday in up to eight weeks before, as known when it began.
    """

    day: date
    low: Annotated[float, Field(description="the 10th percentile of those weeks")]
    middle: Annotated[float, Field(description="their median")]
    high: Annotated[float, Field(description="their 90th percentile")]
    weeks: Annotated[int, Field(description="how many there were, at least four")]


class ValueAnswer(BaseModel):
    """
    What a way to choose users would have brought.
    """

    policy: Annotated[str, Field(description="`learned`, or a constant choice")]
    doubly_robust: Annotated[EstimateAnswer | None, Field(description="per user, in base currency")]
    self_normalised: Annotated[EstimateAnswer | None, Field(description="per user, in base currency, without a model")]
    advantage: Annotated[
        EstimateAnswer | None, Field(description="by how much the learned policy is better; null: it is that one")
    ]


class VariantAnswer(BaseModel):
    """
    A variant beside the arm that it is compared with.
    """

    variant: str
    level: Annotated[float, Field(description="how sure all its bounds are together")]
    outcomes: list[OutcomeAnswer]


class VersionReport(BaseModel):
    """
    The tables that charts of a version are drawn from; a table that the version does not have is empty.
    """

    reliability: Annotated[list[ReliabilityBin] | None, Field(validate_default=True)] = []
    gain: Annotated[list[GainPoint] | None, Field(validate_default=True)] = []
    importance: Annotated[
        list[FeatureStrength] | None, Field(description="the strongest first", validate_default=True)
    ] = []
    backtest: Annotated[list[BacktestFigure] | None, Field(validate_default=True)] = []


class View(BaseModel):
    """
    A saved view of the list of users.
    """

    view_id: UUID
    name: str
    query: Annotated[str, Field(description="the filters as they stand in the address of the page, without `?`")]
    made_at: AwareDatetime


class Ways(BaseModel):
    """
    How people may sign in beside their password.
    """

    telegram: Annotated[bool, Field(description="at Telegram's page")]


class WhatIf(BaseModel):
    """
    How the model answers with other values. No effect: nobody knows whether acting would change the outcome so.

    All other features stay as they are, also those that would change along.
    """

    model: str
    model_version: int
    horizon_days: int | None
    before: Annotated[float, Field(description="calibrated probability")]
    after: Annotated[float, Field(description="calibrated probability")]


class When(BaseModel):
    """
    When a message leaves. Quiet hours hold as well.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    after_hours: Annotated[int | None, Field(description="so many hours after the user was selected")] = 0
    at_hour: Annotated[
        int | None, Field(description="when this hour begins in the user's time zone; null: at any time")
    ] = None


class Words(BaseModel):
    """
    A template in one language. Both texts may use variables, as in `{{ first_name }}`, and Telegram's HTML.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    text: Annotated[str, Field(description="what is said")]
    reason: Annotated[str, Field(description="why the user sees this; shown to the user")]


class FieldError(BaseModel):
    """
    One field that is wrong.
    """

    field: Annotated[str, Field(description="where, as in `user_ids[3]`; or `body`, `method`, `path`, or a header")]
    message: Annotated[str, Field(description="what is wrong with it")]


class Problem(BaseModel):
    """
    The body of every 4xx and 5xx answer.
    """

    status: Annotated[int, Field(description="the HTTP status")]
    title: Annotated[str, Field(description="the kind of problem")]
    detail: Annotated[str, Field(description="one sentence: what is wrong and the way out")]
    request_id: Annotated[str, Field(description="to find the request in the service's log")]
    errors: list[FieldError] | None = None


class Event(BaseModel):
    """
    Something that a user did, or that was done to a user.
    """

    event_id: Annotated[
        UUID | None,
        Field(
            description="the sender's UUID of this event; sending it again changes nothing. May be left out where the request has an Idempotency-Key"
        ),
    ] = None
    user_id: Annotated[str | int, Field(description="the shop's id of the user")]
    event_type: Annotated[str, Field(description="such as `view`, `purchase`; an unknown type counts as `other`")]
    occurred_at: Annotated[AwareDatetime, Field(description="when it happened, with its time zone")]
    order_id: Annotated[str | int | None, Field(description="lines of one order share it")] = None
    item_id: str | int | None = None
    amount: Annotated[float | str | None, Field(description="money in `currency`; a negative purchase is a refund")] = (
        None
    )
    currency: Annotated[str | None, Field(description="ISO 4217; the shop's own if absent")] = None
    quantity: float | str | None = None
    source: Annotated[str | None, Field(description="where it happened: `telegram`, `web`, `mobile`")] = None
    properties: Annotated[dict[str, Any] | None, Field(description="everything else")] = None


class Addressee(BaseModel):
    language: Annotated[str | None, Field(description="of the answer: `en` or `ru`; English for any other")] = "en"
    first_name: Annotated[str | None, Field(description="as Telegram says; may be used in the words")] = ""


class AddressedEvent(BaseModel):
    """
    Something that a user did, or that was done to a user.
    """

    event_id: Annotated[
        UUID | None,
        Field(
            description="the sender's UUID of this event; sending it again changes nothing. May be left out where the request has an Idempotency-Key"
        ),
    ] = None
    user_id: Annotated[str | int, Field(description="the shop's id of the user")]
    event_type: Annotated[str, Field(description="such as `view`, `purchase`; an unknown type counts as `other`")]
    occurred_at: Annotated[AwareDatetime, Field(description="when it happened, with its time zone")]
    order_id: Annotated[str | int | None, Field(description="lines of one order share it")] = None
    item_id: str | int | None = None
    amount: Annotated[float | str | None, Field(description="money in `currency`; a negative purchase is a refund")] = (
        None
    )
    currency: Annotated[str | None, Field(description="ISO 4217; the shop's own if absent")] = None
    quantity: float | str | None = None
    source: Annotated[str | None, Field(description="where it happened: `telegram`, `web`, `mobile`")] = None
    properties: Annotated[dict[str, Any] | None, Field(description="everything else")] = None
    addressee: Addressee | None = None


class AlertGroup(BaseModel):
    """
    What Alertmanager sends at once.
    """

    version: Literal["4"]
    alerts: list[PostedAlert]


class AlertList(BaseModel):
    """
    Alerts that fire, then those that are over, newest first.
    """

    alerts: list[ShownAlert]


class AttentionReport(BaseModel):
    """
    `GET /analytics/attention`.
    """

    items: Annotated[list[AttentionItem], Field(description="the most urgent first")]
    alerts: Annotated[
        list[ShownAlert] | None,
        Field(description="of the platform, that fire now; for whoever has `metrics:read`", validate_default=True),
    ] = []


class CampaignScorecard(BaseModel):
    """
    `GET /analytics/campaigns`.
    """

    effects: Annotated[list[ScorecardEffect], Field(description="the newest campaign first; measured every hour")]


class ChampionChange(BaseModel):
    """
    A champion that another version replaced, and why the gate let it.
    """

    promoted_at: AwareDatetime
    kind: Literal["promote", "rollback"]
    from_version: Annotated[int | None, Field(description="null: the first champion")]
    to_version: int
    reason: str
    promoted_by: str
    reason_told: Annotated[list[Told], Field(description="The reason by codes.")]


class Cohort(BaseModel):
    """
    The users whose first event is in one week.
    """

    first_day: date
    users: int
    weeks: list[RetentionWeek]


class Contacts(BaseModel):
    """
    What the shop and one user have said to each other, newest first.
    """

    contacts: Annotated[list[Contact], Field(description="the newest hundred")]
    lists: list[ListOfUser]
    feedback: Annotated[list[Said] | None, Field(description="the newest twenty; null: not for this caller to see")]
    is_in_global_control: Annotated[bool, Field(description="held out of all campaigns by chance")]
    topics: Annotated[list[str] | None, Field(description="what the user wants to hear of; null: no chat with the bot")]


class Dashboard(BaseModel):
    """
    `GET /analytics/dashboard`: what a day begins with.
    """

    as_of: Annotated[date | None, Field(description="the last run knew all before this day (UTC); null: no run yet")]
    time_zone: str
    week_starts_on: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        Field(description="The day that a week begins with."),
    ]
    archived_months: Annotated[
        list[str],
        Field(description="months in the range whose events are archived: counted in UTC, not in other time zones"),
    ]
    kpis: list[Kpi]
    days: Annotated[list[RevenuePeriod], Field(description="the last 30 days known")]
    usual: Annotated[
        list[UsualDay], Field(description="of those days; one with fewer than four such weeks before is left out")
    ]
    marks: Annotated[
        list[Mark], Field(description="in those days, the oldest first; campaigns only for those who may see campaigns")
    ]
    segments: list[Segment]
    risks: list[RiskCount]
    rfm: list[RfmCell]
    models: list[ModelState]


class DriftDay(BaseModel):
    """
    What one look for drift found.
    """

    as_of: date
    model_version: int
    is_drifted: bool
    is_confirmed: Annotated[bool, Field(description="every look of at least a week saw it")]
    share_drifted: Annotated[float, Field(description="share of features whose distribution has changed")]
    alarms: list[str]
    reason: str
    reason_told: Annotated[list[Told], Field(description="The reason by codes.")]


class DryRun(BaseModel):
    """
    Whom a trigger would have reached in the last days, by what was known at each moment.
    """

    since: AwareDatetime
    until: AwareDatetime
    firings: Annotated[int, Field(description="how often the rule said so")]
    reached: Annotated[int, Field(description="messages, and those held out as a control, after cool-down and cap")]
    users: Annotated[int, Field(description="different users among them")]
    control: Annotated[int, Field(description="of those reached, held out by chance")]
    held_by_cooldown: int
    held_by_cap: int
    by_day: Annotated[dict[str, int], Field(description="reached on each day, UTC")]
    examples: Annotated[list[Reached], Field(description="the newest hundred")]


class EffectAnswer(BaseModel):
    """
    The effect of a campaign, as far as it is known now.
    """

    campaign_id: UUID
    name: str
    measured_at: AwareDatetime
    window_days: int
    first_sent_at: Annotated[
        AwareDatetime | None, Field(description="outcomes count from here; null: nothing was sent")
    ]
    messages_sent: Annotated[int, Field(description="also those of which Telegram's answer was lost")]
    is_complete: Annotated[bool, Field(description="everybody's window is over; later looks change little")]
    in_several_arms: Annotated[
        int, Field(description="people left out because ids of theirs were assigned to several arms")
    ]
    assigned_twice: Annotated[int, Field(description="people left out because several ids of theirs were in one arm")]
    warnings: Annotated[list[str], Field(description="why the effect should not be believed, or not yet")]
    beside: Annotated[str | None, Field(description="the arm that others are compared with")]
    sample_ratio: SampleRatioAnswer | None
    variants: Annotated[list[VariantAnswer], Field(description="empty: there is nothing to compare yet")]
    warnings_told: Annotated[list[Told], Field(description="The warnings by codes.")]


class Facets(BaseModel):
    """
    By what the list can be filtered.
    """

    segments: Annotated[list[str], Field(description="by name")]
    views: Annotated[list[View], Field(description="one's own saved views, by name; none for a key")]


class FeatureFamily(BaseModel):
    """
    Features that describe one side of a user.
    """

    family: Annotated[str, Field(description="such as `recency`, `frequency`, `monetary`")]
    features: list[FeatureValue]


class Freshness(BaseModel):
    """
    How new what is known is.
    """

    events_read_at: Annotated[AwareDatetime | None, Field(description="when a run last read new events; null: never")]
    contract_passed_at: Annotated[
        AwareDatetime | None, Field(description="when new events last passed all checks of the contract; null: never")
    ]
    last_event_day: Annotated[date | None, Field(description="newest day with an event that a run has read, UTC")]
    features_as_of: Annotated[date | None, Field(description="day of the newest features")]
    scores: list[ScoredDay]
    sources: Annotated[list[SourceFreshness], Field(description="by name; of the last 30 days with any event")]
    marts: list[MartFreshness]


class HistoryPage(BaseModel):
    """
    What was said of a user, newest first.
    """

    answers: list[PastAnswer]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class HoldoutAnswer(BaseModel):
    """
    What all campaigns together did since the global control group began.
    """

    begun_on: Annotated[date | None, Field(description="null: there is no group, or no run from before and after it")]
    until: Annotated[date | None, Field(description="the day of the last run's features")]
    effects: Annotated[list[HoldoutEffectAnswer], Field(description="empty: nothing to compare yet")]


class ImportCounts(BaseModel):
    """
    What became of a file's rows, or would: read = stored + known + quarantined + erased.
    """

    read: int
    stored: int
    known: Annotated[int, Field(description="stored before, or twice in the file")]
    quarantined: int
    conflicting: Annotated[int, Field(description="of those: their id belongs to another event")]
    waiting: Annotated[int, Field(description="of those: no rate is known for their currency and day")]
    erased: Annotated[int, Field(description="of users who were erased; kept nowhere")]
    reasons: Annotated[list[ReasonCount], Field(description="the most frequent first, at most twenty")]
    notes: list[str]
    notes_told: Annotated[list[Told], Field(description="The notes by codes.")]


class ImportPreview(BaseModel):
    """
    What the first rows of a file become.
    """

    reading: Annotated[FileReading, Field(description="how they were read; the proposal where none was given")]
    columns: list[FileColumn]
    rows: Annotated[int, Field(description="how many were looked at, a thousand at most")]
    events: Annotated[list[dict[str, str | None]], Field(description="the first twenty, as they would be stored")]
    refused: Annotated[list[RefusedRow], Field(description="the first twenty that would not")]
    reasons: Annotated[list[ReasonCount], Field(description="why rows would be refused, the most frequent first")]
    notes: list[str]
    problem: Annotated[str | None, Field(description="why no row can be read so; null: they can")]
    notes_told: Annotated[list[Told], Field(description="The notes by codes.")]
    problem_told: Annotated[list[Told], Field(description="The problem by codes.")]


class Me(BaseModel):
    """
    Whoever asks.
    """

    id: Annotated[str, Field(description="such as `account:<uuid>` or `key:7`, as in the audit log")]
    name: Annotated[str, Field(description="the e-mail address of an account, or the name of a key")]
    permissions: list[str]
    session_id: Annotated[UUID | None, Field(description="null for a key")]
    shop: Shop


class ModelChange(BaseModel):
    """
    A promotion or rollback that somebody asked for. Ask again until `state` is none of `waiting`, `running`.
    """

    change_id: UUID
    kind: Literal["promote", "rollback"]
    model: str
    from_version: Annotated[int | None, Field(description="the champion before; null: there was none")]
    to_version: int
    reason: str
    asked_by: str
    asked_at: AwareDatetime
    state: Annotated[
        Literal["waiting", "running", "done", "refused", "failed"],
        Field(description="`refused`: nothing has changed; `failed`: `error` says what has not been done"),
    ]
    finished_at: AwareDatetime | None
    error: str | None
    error_told: Annotated[list[Told], Field(description="The error by codes.")]


class ModelReport(BaseModel):
    """
    One model: what runs, how it came to run, and how good it is.
    """

    model: str
    deployment: Annotated[Deployment | None, Field(description="null: nothing was deployed yet")]
    changes: Annotated[list[ChampionChange], Field(description="the newest first")]
    scorecard: Annotated[list[ScorecardWeek], Field(description="weeks that have matured, the newest first")]
    drift: Annotated[list[DriftDay], Field(description="the newest first")]


class ModelVersion(BaseModel):
    """
    One version, and what was said of it.
    """

    version: int
    role: Annotated[
        Literal["champion", "challenger"] | None,
        Field(description="`challenger`: newer than the champion, the newest of those"),
    ]
    as_of: Annotated[date, Field(description="it was trained on what was known when this day began")]
    horizon_days: int | None
    test_cutoff: Annotated[date | None, Field(description="the day of its out-of-time test; null: it has none")]
    created_at: AwareDatetime
    verdict: Annotated[str | None, Field(description="why it was promoted or not; null: nobody has judged it yet")]
    is_refused: Annotated[bool, Field(description="the gate did not let it through")]
    metrics: Annotated[dict[str, float | None], Field(description="of its out-of-time test")]
    checks: Annotated[
        dict[str, float | None],
        Field(description="what the gate compared: challenger and champion on the same newest matured users"),
    ]
    mlflow_url: Annotated[str | None, Field(description="its run in MLflow's pages; null: they have no address")]
    verdict_told: Annotated[list[Told], Field(description="The verdict by codes.")]


class ModelsReport(BaseModel):
    """
    `GET /analytics/models`.
    """

    models: list[ModelReport]


class NoticePage(BaseModel):
    """
    Notices that the caller may see, newest first. The next page begins `before` the last number of this one.
    """

    notices: list[Annotated[RunNotice | DriftNotice | EarlyWarningNotice | JobNotice, Field(discriminator="kind")]]


class Order(BaseModel):
    """
    Lines with the same `order_id`; a purchase without one is an order of its own.
    """

    order_id: str | None
    ordered_at: AwareDatetime
    lines: list[OrderLine]


class OrderPage(BaseModel):
    """
    A page of orders, newest first. Those of archived months are not among them.
    """

    orders: list[Order]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class PolicyReport(BaseModel):
    """
    A policy, and how it was judged.
    """

    policy_id: int
    learned_at: AwareDatetime
    learned_by: str
    campaigns: Annotated[int, Field(description="from how many campaigns and triggers it was learned")]
    decisions: Annotated[int, Field(description="users whom these drew, treated and held out")]
    window_days: Annotated[int, Field(description="purchases of so many days after a decision count")]
    cost_per_contact: Annotated[float, Field(description="in base currency")]
    budget_share: Annotated[float, Field(description="the share of users who can be contacted")]
    learner: str
    is_promoted: Annotated[bool, Field(description="it was better than every constant choice")]
    is_in_use: Annotated[bool, Field(description="campaigns may choose by it")]
    verdict: Annotated[str, Field(description="why it is used, or not")]
    ended_at: Annotated[AwareDatetime | None, Field(description="when somebody took it out of use")]
    is_out_of_time: Annotated[bool, Field(description="false: there were too few days, so other users judged it")]
    contacted_share: Annotated[float, Field(description="of the users by whom it was judged")]
    telling_features: Annotated[list[str], Field(description="features left out because they tell who was treated")]
    rankings: Annotated[list[RankingAnswer], Field(description="the best first")]
    bins: Annotated[list[BinAnswer], Field(description="the lowest predicted effect first")]
    values: Annotated[list[ValueAnswer], Field(description="the learned policy first")]


class PolledUpdates(BaseModel):
    """
    Updates that the bot has fetched.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    updates: list[Update]


class Preview(BaseModel):
    """
    What a campaign would come to if it began now. Caps are judged when a message leaves.
    """

    selected: int
    to_send: Annotated[int, Field(description="would be queued")]
    shares: list[PreviewShare]
    samples: list[PreviewSample]
    is_by_chance: Annotated[
        bool | None, Field(description="who was to be chosen by effect is drawn by chance: no policy is in use")
    ] = False
    policy_id: Annotated[
        int | None, Field(description="the policy that chooses them; null: they are drawn by chance, or not asked for")
    ] = None


class ProbabilityPrediction(BaseModel):
    """
    How likely is it that what the model foretells comes true within the horizon?
    """

    prediction_id: Annotated[
        UUID,
        Field(
            description="names this prediction in the ledger; the same for a request repeated with its Idempotency-Key"
        ),
    ]
    user_id: Annotated[str | None, Field(description="as asked")]
    is_known: Annotated[bool, Field(description="false: no features of this user, so the answer is the prior")]
    as_of: Annotated[date | None, Field(description="the day whose beginning the features describe")]
    known_until: Annotated[
        AwareDatetime | None, Field(description="events that arrived until then count; null where features were given")
    ]
    feature_age_days: Annotated[
        int | None, Field(description="days from `as_of` to today (UTC); 0 for live features, as of tomorrow")
    ]
    basis: Annotated[
        Literal["model", "rule", "prior"], Field(description="what answered: the model, a simple rule, or the prior")
    ]
    model_version: Annotated[int, Field(description="version in the registry")]
    reasons: list[ReasonOut]
    advice: Annotated[list[str], Field(description="what can be done, in words")]
    probability: Annotated[float, Field(description="calibrated probability")]
    probability_low: Annotated[
        float | None,
        Field(
            description="lower end of an 80 % interval, which shows by how much all probabilities may be too low or too high together; null for models from before there was one"
        ),
    ]
    probability_high: Annotated[float | None, Field(description="upper end of that interval")]
    risk: Annotated[
        Literal["low", "medium", "high"],
        Field(description="probability in words, beside the base rate, or 1 or 80 % if that is lower or higher"),
    ]


class Promise(BaseModel):
    """
    What the recommender had ranked when a horizon began, beside what was bought until it was over.
    """

    cutoff: Annotated[date, Field(description="the horizon began on this day")]
    horizon_days: int
    model_version: int
    users: Annotated[int, Field(description="who bought within the horizon")]
    figures: Annotated[dict[str, PromisedFigure], Field(description="`recall` and `ndcg`")]
    is_early: Annotated[bool, Field(description="too few of them to say anything")]
    is_kept: Annotated[bool, Field(description="false: a figure is surely below what was foretold")]


class Recommendations(BaseModel):
    """
    The best first.
    """

    as_of: Annotated[date | None, Field(description="the day as of which items were counted; null: no run yet")]
    recommendations: list[Recommendation]
    recommender: Recommender


class RecommenderUse(BaseModel):
    """
    What answers `GET /users/{user_id}/recommendations`.
    """

    model_version: Annotated[int | None, Field(description="null: none may be used, and counts answer")]
    as_of: Annotated[date | None, Field(description="the day of its tables of items")]
    verdict: Annotated[str | None, Field(description="why; null: no run has judged one yet")]
    promises: Annotated[list[Promise], Field(description="the newest first")]


class RepairRequest(BaseModel):
    """
    Which rows are tried again, and what is changed in them: one row, or all of a reason, a currency or an import.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    quarantine_id: Annotated[UUID | None, Field(description="this row, and those that equal it")] = None
    reason: str | None = None
    waits_for: str | None = None
    import_id: int | None = None
    change: RowChange


class RetentionReport(BaseModel):
    """
    `GET /analytics/retention`.
    """

    as_of: Annotated[date | None, Field(description="the last run knew all before this day (UTC); null: no run yet")]
    time_zone: str
    week_starts_on: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        Field(description="The day that a week begins with."),
    ]
    archived_months: Annotated[
        list[str],
        Field(description="months in the range whose events are archived: counted in UTC, not in other time zones"),
    ]
    cohorts: list[Cohort]


class Rules(BaseModel):
    """
    Who is meant: those for whom all, or any, of the conditions hold.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    match: Literal["all", "any"] | None = "all"
    conditions: list[
        Annotated[NumberCondition | SegmentCondition | PropertyCondition | ListCondition, Field(discriminator="kind")]
    ]


class TemplateContent(BaseModel):
    """
    For whom a template is, and its words. Of those that fit a user, the one with the highest priority is used.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    situation: Annotated[
        Literal["first_visit", "newcomer", "slipping", "interested", "regular", "customer"],
        Field(description="How it is between a user and the shop, by what the user did and what the models say."),
    ]
    segments: Annotated[list[str] | None, Field(description="the segments it is for; none: all")] = []
    reason_features: Annotated[
        list[str] | None,
        Field(description="only where one of these features is among the models' reasons; none: always"),
    ] = []
    min_purchase_probability: float | None = 0.0
    max_purchase_probability: float | None = 1.0
    priority: int | None = 0
    is_active: Annotated[bool | None, Field(description="false: it is not used")] = True
    words: Annotated[dict[Literal["en", "ru"], Words], Field(description="in every language of the bot", min_length=2)]


class TemplatePreviewRequest(BaseModel):
    """
    A template that need not be stored, and users to try it with.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    content: TemplateContent
    language: Literal["en", "ru"] | None = "en"
    user_ids: Annotated[list[str] | None, Field(description="none: some users of the situation are looked for")] = []


class Timeline(BaseModel):
    """
    Events of a user, newest first. Events of archived months are in files, and not here.
    """

    events: list[TimelineEvent]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class UserPage(BaseModel):
    """
    A page of a list of users. Users who came after `as_of` are not in it yet.
    """

    as_of: Annotated[date | None, Field(description="the day at whose beginning this was known; null: no run yet")]
    users: list[UserSummary]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]
    facets: Annotated[Facets | None, Field(description="null: they were not asked for")] = None


class Whom(BaseModel):
    """
    Whom of its arm a variant writes to. The others of the arm are left alone, and still count in its effect.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    by: Annotated[
        Literal["effect", "expected_value", "churn_probability", "chance"],
        Field(description="`effect`: those whom a message changes most, by the policy in use; by chance without one"),
    ]
    share: Annotated[float | None, Field(description="at most this share of those who may be chosen")] = 1.0
    rules: Annotated[Rules | None, Field(description="nobody else may be chosen; null: everybody in the arm may")] = (
        None
    )


class AccessToken(BaseModel):
    """
    What a page gets of a session: the refresh token is in a cookie.
    """

    access_token: Annotated[
        SecretStr, Field(description="sent as `Authorization: Bearer TOKEN`; keep it in memory only")
    ]
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: Annotated[int, Field(description="how long the access token is valid, in seconds")]
    session_id: UUID
    me: Annotated[Me, Field(description="as `GET /auth/me`, which a page then need not ask for")]


class Audience(BaseModel):
    """
    Whom a campaign is for: users of the last run that pass a filter and rules, or those of a list; or all of it.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    filter: Annotated[AudienceFilter | None, Field(description="null: everybody")] = None
    rules: Annotated[Rules | None, Field(description="only those for whom all, or any, of these conditions hold")] = (
        None
    )
    list_id: Annotated[UUID | None, Field(description="only members of this list, whose file was sent before")] = None
    targets: Annotated[Targets | None, Field(description="only the best of them")] = None


class DataJob(BaseModel):
    """
    A rehearsal, an import or a repair. Ask again until `state` is `done` or `failed`.
    """

    job_id: UUID
    kind: Annotated[
        Literal["rehearsal", "import", "repair"], Field(description="a rehearsal counts, and stores nothing")
    ]
    upload_id: UUID | None
    state: Literal["waiting", "running", "done", "failed"]
    asked_by: Annotated[str, Field(description="the name of the account or key")]
    asked_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    fraction: Annotated[float | None, Field(description="how much of the file is done, 0 to 1; null: not known")]
    counts: Annotated[ImportCounts | None, Field(description="of a rehearsal or an import, so far")]
    repaired: Annotated[RepairCounts | None, Field(description="of a repair that is done")]
    error: Annotated[str | None, Field(description="why it failed, or why it is tried again")]
    error_told: Annotated[list[Told], Field(description="The error by codes.")]


class ModelAnswer(BaseModel):
    """
    What one model says of a user now.
    """

    model: str
    horizon_days: Annotated[int | None, Field(description="how far it looks; null: it is about today")] = None
    prediction: Annotated[
        ProbabilityPrediction | SegmentPrediction | None, Field(description="with reasons; null where nobody answered")
    ] = None
    unavailable: Annotated[str | None, Field(description="why nobody answered")] = None


class ModelVersions(BaseModel):
    """
    A model: its champion beside its challenger, and all newest versions.
    """

    model: str
    champion_version: Annotated[int | None, Field(description="null: nothing was promoted yet")]
    rollback_version: Annotated[int | None, Field(description="the champion before this one; null: there was none")]
    versions: Annotated[list[ModelVersion], Field(description="the newest first, and the champion")]
    reports: Annotated[dict[str, VersionReport], Field(description="of champion and challenger, by version")]
    drift_report_url: Annotated[
        str | None, Field(description="the newest Evidently report in MLflow's pages; null: there is none")
    ]
    change: Annotated[ModelChange | None, Field(description="what was asked for last; null: never")]
    use: Annotated[RecommenderUse | None, Field(description="of the recommender; null: any other model")] = None


class ModelsAnswer(BaseModel):
    """
    `GET /models`.
    """

    models: list[ModelVersions]
    dagster_url: Annotated[str | None, Field(description="Dagster's pages; null: they have no address")]


class MoreMembers(BaseModel):
    """
    Users to add to a list: named by their ids, or all of an audience.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    user_ids: list[str] | None = None
    audience: Annotated[Audience | None, Field(description="in place of `user_ids`")] = None


class NewList(BaseModel):
    """
    A list of users.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    user_ids: list[str] | None = None
    audience: Annotated[Audience | None, Field(description="in place of `user_ids`")] = None
    name: Annotated[str, Field(description="what people call it")]


class TelegramAnswer(BaseModel):
    """
    What became of the event, what the models say of its user now, and words that may be shown to the user.
    """

    event: EventResult
    predictions: Annotated[list[ModelAnswer], Field(description="from live features: the event counts")]
    text: Annotated[str, Field(description="a personal answer in Telegram's HTML; never says what the shop fears")]
    reason: Annotated[str, Field(description="why the user is told this; may be shown to the user")]
    template: Annotated[str, Field(description="the template that the words are from")]
    template_version: Annotated[int, Field(description="0: built in")]
    situation: Annotated[
        Literal["first_visit", "newcomer", "slipping", "interested", "regular", "customer"],
        Field(description="how it is between the user and the shop"),
    ]


class Template(BaseModel):
    """
    A template as it is now.
    """

    name: str
    version: Annotated[int, Field(description="0: built in, and never changed")]
    changed_by: str | None
    changed_at: AwareDatetime | None
    content: TemplateContent


class TemplateVersions(BaseModel):
    """
    All versions of one template, newest first.
    """

    versions: list[Template]


class Templates(BaseModel):
    """
    All templates, and the variables that their texts may use.
    """

    templates: list[Template]
    variables: Annotated[dict[str, str], Field(description="name and meaning")]


class Upload(BaseModel):
    """
    A file that was uploaded.
    """

    upload_id: UUID
    file_name: str
    bytes: int
    uploaded_by: str
    uploaded_at: AwareDatetime
    is_kept: Annotated[bool, Field(description="false: it was imported, deleted, or is older than a week")]
    jobs: Annotated[list[DataJob], Field(description="what was done with it, newest first")]
    import_ids: Annotated[
        list[int], Field(description="its imports, newest first; `GET /quarantine?import_id=` has rows held back")
    ]


class Uploads(BaseModel):
    """
    The newest fifty files.
    """

    uploads: list[Upload]


class User(BaseModel):
    """
    Everything about one user that fits on a page. A person with several ids is found by each of them.
    """

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


class UserAnswers(BaseModel):
    """
    What every model says of one user.
    """

    user_id: Annotated[str, Field(description="as asked")]
    predictions: list[ModelAnswer]


class Variant(BaseModel):
    """
    What a part of the audience is sent, by language.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    name: Annotated[str, Field(description="not `control`")]
    share: Annotated[float | None, Field(description="beside the shares of the other variants")] = 1.0
    texts: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], str],
        Field(description="the first is for languages that are not named"),
    ]
    button: Button | None = None
    whom: Annotated[
        Whom | None, Field(description="whom of its arm it is sent to, by a policy of its own; null: everybody")
    ] = None
    when: Annotated[When | None, Field(description="null: as soon as the user was selected")] = None


class CampaignAnswer(BaseModel):
    """
    A campaign.
    """

    campaign_id: UUID
    name: str
    state: Literal["draft", "approved", "scheduled", "running", "paused", "overdue", "done", "cancelled"]
    topic: Annotated[
        Literal["offers", "recommendations", "reminders", "news"],
        Field(description="What a message is about. Users get none until they choose some."),
    ]
    is_transactional: bool
    audience: Audience
    variants: list[Variant]
    control_share: float
    starts_at: AwareDatetime | None
    most_a_minute: int | None
    most_by_effect: Annotated[int | None, Field(description="null: everybody in the audience")] = None
    exploration_share: Annotated[float, Field(description="of those among whom a policy chooses")]
    made_by: str
    made_at: AwareDatetime
    approved_by: str | None
    approved_at: AwareDatetime | None
    started_at: Annotated[AwareDatetime | None, Field(description="when its recipients were selected")]
    ended_at: AwareDatetime | None


class CampaignPage(BaseModel):
    """
    Campaigns, newest first.
    """

    campaigns: list[CampaignAnswer]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class CampaignStatus(BaseModel):
    """
    A campaign, and how far it is.
    """

    campaign_id: UUID
    name: str
    state: Literal["draft", "approved", "scheduled", "running", "paused", "overdue", "done", "cancelled"]
    topic: Annotated[
        Literal["offers", "recommendations", "reminders", "news"],
        Field(description="What a message is about. Users get none until they choose some."),
    ]
    is_transactional: bool
    audience: Audience
    variants: list[Variant]
    control_share: float
    starts_at: AwareDatetime | None
    most_a_minute: int | None
    most_by_effect: Annotated[int | None, Field(description="null: everybody in the audience")] = None
    exploration_share: Annotated[float, Field(description="of those among whom a policy chooses")]
    made_by: str
    made_at: AwareDatetime
    approved_by: str | None
    approved_at: AwareDatetime | None
    started_at: Annotated[AwareDatetime | None, Field(description="when its recipients were selected")]
    ended_at: AwareDatetime | None
    numbers: CampaignNumbers


class DataHealth(BaseModel):
    """
    `GET /analytics/data-health`.
    """

    freshness: Freshness
    checks: Annotated[list[ContractCheckResult], Field(description="the newest first")]
    imports: Annotated[list[Import], Field(description="the newest first")]
    quarantine: Annotated[list[QuarantineReason], Field(description="the most frequent first")]
    archived_months: list[str]
    held: Annotated[HeldReasons | None, Field(description="as `GET /quarantine/reasons`")] = None
    uploads: Annotated[Uploads | None, Field(description="as `GET /imports`")] = None


class NewCampaign(BaseModel):
    """
    A campaign to make, or all of one that changes.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    name: Annotated[str, Field(description="what people call it")]
    topic: Annotated[
        Literal["offers", "recommendations", "reminders", "news"],
        Field(description="What a message is about. Users get none until they choose some."),
    ]
    is_transactional: Annotated[
        bool | None,
        Field(
            description="what a user must know, such as a delivery: exempt from topics, caps, quiet hours, pauses and stops, and from control groups; never from do-not-contact"
        ),
    ] = False
    variants: list[Variant]
    control_share: Annotated[
        float | None, Field(description="of those who could be written to, held out by chance")
    ] = 0.1
    audience: Audience
    starts_at: Annotated[AwareDatetime | None, Field(description="not before; null: when it is started")] = None
    most_a_minute: Annotated[int | None, Field(description="messages; null: what Telegram allows")] = None
    most_by_effect: Annotated[
        int | None,
        Field(
            description="at most so many of the audience: those whom a message changes most, by the policy in use (`GET /policies`), and drawn by chance while none is in use; null: everybody in the audience"
        ),
    ] = None
    exploration_share: Annotated[
        float | None,
        Field(
            description="of the users among whom a policy chooses, so many are chosen by chance, within the same budget: the next policy learns from them"
        ),
    ] = 0.1


class NewTrigger(BaseModel):
    """
    A trigger to make, or all of one that changes.
    """

    model_config = ConfigDict(
        extra="forbid",
    )
    rule: Annotated[LeftCart | ChurnRisk | FirstOrder | NoReply, Field(discriminator="kind")]
    cooldown_days: Annotated[int | None, Field(description="days before it may reach the same user again")] = 7
    most_a_day: Annotated[int | None, Field(description="users a day of the shop's time zone")] = 1000
    name: Annotated[str, Field(description="what people call it")]
    topic: Annotated[
        Literal["offers", "recommendations", "reminders", "news"],
        Field(description="What a message is about. Users get none until they choose some."),
    ]
    is_transactional: Annotated[
        bool | None,
        Field(
            description="what a user must know, such as a delivery: exempt from topics, caps, quiet hours, pauses and stops, and from control groups; never from do-not-contact"
        ),
    ] = False
    variants: list[Variant]
    control_share: Annotated[
        float | None, Field(description="of those who could be written to, held out by chance")
    ] = 0.1


class PredictionsResponse(BaseModel):
    """
    The users in the order asked.
    """

    users: list[UserAnswers]


class TriggerAnswer(BaseModel):
    """
    A trigger.
    """

    trigger_id: UUID
    name: str
    state: Literal["draft", "approved", "scheduled", "running", "paused", "overdue", "done", "cancelled"]
    topic: Annotated[
        Literal["offers", "recommendations", "reminders", "news"],
        Field(description="What a message is about. Users get none until they choose some."),
    ]
    is_transactional: bool
    rule: Annotated[LeftCart | ChurnRisk | FirstOrder | NoReply, Field(discriminator="kind")]
    cooldown_days: int
    most_a_day: int
    variants: list[Variant]
    control_share: float
    made_by: str
    made_at: AwareDatetime
    approved_by: str | None
    approved_at: AwareDatetime | None
    started_at: Annotated[AwareDatetime | None, Field(description="when its rule was turned on")]
    ended_at: AwareDatetime | None


class TriggerPage(BaseModel):
    """
    Triggers, newest first.
    """

    triggers: list[TriggerAnswer]
    next_cursor: Annotated[str | None, Field(description="the `cursor` of the next page; null: this is the last")]


class TriggerStatus(BaseModel):
    """
    A trigger, and what became of everybody whom it reached so far.
    """

    trigger_id: UUID
    name: str
    state: Literal["draft", "approved", "scheduled", "running", "paused", "overdue", "done", "cancelled"]
    topic: Annotated[
        Literal["offers", "recommendations", "reminders", "news"],
        Field(description="What a message is about. Users get none until they choose some."),
    ]
    is_transactional: bool
    rule: Annotated[LeftCart | ChurnRisk | FirstOrder | NoReply, Field(discriminator="kind")]
    cooldown_days: int
    most_a_day: int
    variants: list[Variant]
    control_share: float
    made_by: str
    made_at: AwareDatetime
    approved_by: str | None
    approved_at: AwareDatetime | None
    started_at: Annotated[AwareDatetime | None, Field(description="when its rule was turned on")]
    ended_at: AwareDatetime | None
    numbers: CampaignNumbers
