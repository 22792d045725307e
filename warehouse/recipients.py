"""What becomes of each recipient of a campaign: `app.recipients`.

Belongs here: SQL that notes what came of a message, counts recipients and lists them. Does not belong here: who is
selected (`backend.campaigns.audiences`), who is next (`warehouse.send_queue`), and sending (`backend.sending`).

A row becomes `sending` and is committed before the message leaves. So a sender that is killed leaves one row of which
nobody knows whether Telegram has it: it becomes `unknown`, is never sent again by itself, and is listed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import sql

from warehouse.database import Statement, command, rows

State = Literal[
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

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
"""The occasion of a recipient whom a campaign reaches once."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which recipient: a user of a campaign, on an occasion."""

    campaign_id: UUID
    user_id: str
    occasion: datetime

    def bound(self) -> dict[str, object]:
        """The values that statements about this recipient take."""
        return {"campaign_id": self.campaign_id, "user_id": self.user_id, "occasion": self.occasion}


def note_sent(key: Key, telegram_message_id: int) -> Statement[int]:
    """Telegram has the message. That is said also of one that was taken for lost meanwhile."""
    return command(
        "update app.recipients set state = 'sent', reason = null, telegram_message_id = %(message_id)s,"
        " is_untold = true, changed_at = clock_timestamp()"
        " where campaign_id = %(campaign_id)s and user_id = %(user_id)s and occasion = %(occasion)s"
        " and state in ('sending', 'unknown')",
        message_id=telegram_message_id,
        **key.bound(),
    )


def note_not_sent(key: Key, state: Literal["failed", "unknown", "unreachable"], reason: str) -> Statement[int]:
    """The message was not sent, or nobody knows whether it was (`unknown`)."""
    return command(
        "update app.recipients set state = %(state)s, reason = %(reason)s, changed_at = clock_timestamp(),"
        " chat_id = case when %(state)s = 'unknown' then chat_id end,"
        " sent_at = case when %(state)s = 'unknown' then sent_at end"
        " where campaign_id = %(campaign_id)s and user_id = %(user_id)s and occasion = %(occasion)s"
        " and state in ('sending', 'unknown')",
        state=state,
        reason=reason[:500],
        **key.bound(),
    )


def put_back(key: Key, seconds: float, reason: str | None, *, counts: bool) -> Statement[int]:
    """Certainly not sent: it is queued again for in so many seconds. `counts` says whether that was an attempt."""
    return command(
        "update app.recipients set state = 'queued', reason = %(reason)s, chat_id = null, sent_at = null,"
        " due_at = clock_timestamp() + make_interval(secs => %(seconds)s),"
        " attempts = attempts - case when %(counts)s then 0 else 1 end, changed_at = clock_timestamp()"
        " where campaign_id = %(campaign_id)s and user_id = %(user_id)s and occasion = %(occasion)s"
        " and state in ('sending', 'unknown')",
        seconds=seconds,
        reason=reason,
        counts=counts,
        **key.bound(),
    )


def put_off(key: Key, seconds: float) -> Statement[int]:
    """A queued recipient whose chat was written to a moment ago waits for so many seconds."""
    return command(
        "update app.recipients set due_at = clock_timestamp() + make_interval(secs => %(seconds)s)"
        " where campaign_id = %(campaign_id)s and user_id = %(user_id)s and occasion = %(occasion)s"
        " and state = 'queued'",
        seconds=seconds,
        **key.bound(),
    )


def find_lost(seconds: float) -> Statement[int]:
    """Of messages that began to be sent so long ago, nobody knows whether Telegram has them; how many."""
    return command(
        "update app.recipients set state = 'unknown', reason = 'its sender was lost', changed_at = clock_timestamp()"
        " where state = 'sending' and sent_at < clock_timestamp() - make_interval(secs => %(seconds)s)",
        seconds=seconds,
    )


def cancel_queued(campaign_id: UUID) -> Statement[int]:
    """Those who have not been written to will not be; how many."""
    return command(
        "update app.recipients set state = 'cancelled', changed_at = clock_timestamp()"
        " where campaign_id = %(campaign_id)s and state = 'queued'",
        campaign_id=campaign_id,
    )


def cancel_variant(campaign_id: UUID, variant: str, reason: str) -> Statement[int]:
    """Those of a variant who have not been written to will not be, for a reason; how many."""
    return command(
        "update app.recipients set state = 'cancelled', reason = %(reason)s, changed_at = clock_timestamp()"
        " where campaign_id = %(campaign_id)s and arm = %(variant)s and state = 'queued'",
        campaign_id=campaign_id,
        variant=variant,
        reason=reason[:500],
    )


def retry_unknown(campaign_id: UUID) -> Statement[int]:
    """Sends again to those of whom nobody knows whether they got it; how many. Some get the message twice."""
    return command(
        "update app.recipients set state = 'queued', reason = 'retried', chat_id = null, sent_at = null, attempts = 0,"
        " due_at = now(), changed_at = clock_timestamp()"
        " where campaign_id = %(campaign_id)s and state = 'unknown'",
        campaign_id=campaign_id,
    )


@dataclass(frozen=True, slots=True)
class Untold:
    """A recipient whose outcome is no event yet."""

    key: Key
    state: State
    arm: str | None
    reason: str | None
    happened_at: datetime
    topic: str
    kind: str
    name: str


def untold(limit: int) -> Statement[list[Untold]]:
    """Some recipients whose outcome is no event yet, locked."""

    def made(campaign_id: UUID, user_id: str, occasion: datetime, *rest: Any) -> Untold:
        return Untold(Key(campaign_id, user_id, occasion), *rest)

    return rows(
        made,
        "select recipients.campaign_id, user_id, occasion, recipients.state, arm, reason,"
        " coalesce(sent_at, recipients.changed_at), topic, kind, name"
        " from app.recipients join app.campaigns using (campaign_id) where is_untold"
        " limit %(limit)s for update of recipients skip locked",
        limit=limit,
    )


def note_told(keys: Collection[Key]) -> Statement[int]:
    """The outcomes of these are events now."""
    return command(
        "update app.recipients set is_untold = false"
        " from unnest(%(campaigns)s::uuid[], %(users)s::text[], %(occasions)s::timestamptz[])"
        " as told (campaign_id, user_id, occasion) where recipients.campaign_id = told.campaign_id"
        " and recipients.user_id = told.user_id and recipients.occasion = told.occasion",
        campaigns=[key.campaign_id for key in keys],
        users=[key.user_id for key in keys],
        occasions=[key.occasion for key in keys],
    )


def counts(campaign_id: UUID) -> Statement[Mapping[str, int]]:
    """How many recipients of a campaign are in which state. Their sum is everybody who was selected."""
    return Statement(
        "select state, count(*) from app.recipients where campaign_id = %(campaign_id)s group by state",
        {"campaign_id": campaign_id},
        lambda result: {str(state): int(number) for state, number in result.rows},
    )


def sent_by_arm(campaign_id: UUID) -> Statement[Mapping[str, int]]:
    """How many messages of each arm arrived or may have arrived."""
    return Statement(
        "select arm, count(*) from app.recipients where campaign_id = %(campaign_id)s and state in ('sent', 'unknown')"
        " and arm is not null group by arm",
        {"campaign_id": campaign_id},
        lambda result: {str(arm): int(number) for arm, number in result.rows},
    )


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient as it is listed."""

    user_id: str
    occasion: datetime
    arm: str | None
    state: State
    reason: str | None
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    changed_at: datetime


def recipients_page(
    campaign_id: UUID, state: State | None, after: tuple[str, datetime] | None, limit: int
) -> Statement[list[Recipient]]:
    """Recipients of a campaign, in one state where one is named, by user, from after a place on."""
    conditions = [sql.SQL("campaign_id = %(campaign_id)s")]
    given: dict[str, object] = {"campaign_id": campaign_id}
    if state is not None:
        conditions.append(sql.SQL("state = %(state)s"))
        given["state"] = state
    if after is not None:
        conditions.append(sql.SQL("(user_id, occasion) > (%(user_id)s, %(occasion)s)"))
        given |= {"user_id": after[0], "occasion": after[1]}
    query = sql.SQL("select {} from app.recipients where {} order by user_id, occasion limit {}").format(
        sql.SQL(", ").join(map(sql.Identifier, Recipient.__slots__)),
        sql.SQL(" and ").join(conditions),
        sql.Literal(limit),
    )
    return rows(Recipient, query, **given)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A variant that the guardrail stopped: which outcome it costs, when, and how many messages were not sent."""

    campaign_id: UUID
    name: str
    variant: str
    outcome: str
    stopped_at: datetime
    messages: int


GUARDRAIL = "guardrail: fewer "
"""The reason of recipients whose variant was stopped, followed by the outcome that it costs."""


def stopped_variants(limit: int = 50) -> Statement[list[Stopped]]:
    """Variants that the guardrail stopped while messages of theirs were queued, the newest first."""
    return rows(
        Stopped,
        "select campaign_id, name, arm, substr(reason, length(%(guardrail)s) + 1), min(recipients.changed_at),"
        " count(*) from app.recipients join app.campaigns using (campaign_id)"
        " where recipients.state = 'cancelled' and starts_with(reason, %(guardrail)s)"
        " group by 1, 2, 3, 4 order by 5 desc, 3 limit %(limit)s",
        guardrail=GUARDRAIL,
        limit=limit,
    )
