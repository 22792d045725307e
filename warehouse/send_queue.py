"""The queue of a campaign: who is written to next, and who may not be.

Belongs here: SQL that judges recipients by consent, caps and quiet hours, and claims one. Does not belong here: what
came of a message (`warehouse.recipients`), and the budget of all messages (`warehouse.send_slots`).
"""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from psycopg import sql

from warehouse.campaigns import OVERDUE_BEFORE, OVERDUE_SECONDS
from warehouse.database import Statement, command, first_row
from warehouse.recipients import Key


@dataclass(frozen=True, slots=True)
class Rules:
    """The shop's rules of contact, for users without their own."""

    time_zone: str
    quiet_from: time
    quiet_until: time
    most_a_day: int
    most_a_week: int

    def bound(self) -> dict[str, object]:
        """The values that statements with these rules take."""
        return {f"shop_{name}": getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be written to now."""

    key: Key
    chat_id: int
    language: str
    arm: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a look at the queue came to: the first who may be written to, and how many others were looked at."""

    candidate: Candidate | None
    looked_at: int


# Why a person may not be written to at all, by the tables `campaigns`, `chats` (their subscription) and `forbidden`.
REFUSAL = sql.SQL(
    """
    case
        when forbidden.user_id is not null then 'do_not_contact'
        when chats.chat_id is null then 'no_chat'
        when chats.blocked_at is not null then 'blocked'
        when campaigns.is_transactional then null
        when chats.stopped_at is not null then 'stopped'
        when chats.paused_until > now() then 'paused'
        when campaigns.topic <> all(chats.topics) then 'topic'
    end
    """
)
# When quiet hours end that hold now; null where none hold, or where they do not matter.
QUIET_UNTIL = sql.SQL(
    """
    case when not campaigns.is_transactional then app.quiet_until(
        now(), coalesce(chats.time_zone, %(shop_time_zone)s),
        coalesce(chats.quiet_from, %(shop_quiet_from)s), coalesce(chats.quiet_until, %(shop_quiet_until)s)
    ) end
    """
)
# What one chat was sent, and may have been sent, that counts for its caps; or that another row of the same campaign and
# occasion has reached it under another id of the person.
_CAP = sql.SQL(
    """
    (
        select case
            when count(*) filter (where others.campaign_id = recipients.campaign_id
                and others.occasion = recipients.occasion and others.user_id <> recipients.user_id) > 0
                then 'same_person'
            when campaigns.is_transactional then null
            when count(*) filter (where counts and others.sent_at >= app.day_began(now(), zone, 0))
                >= coalesce(chats.most_a_day, %(shop_most_a_day)s) then 'day'
            when count(*) filter (where counts and others.sent_at >= app.day_began(now(), zone, 6))
                >= coalesce(chats.most_a_week, %(shop_most_a_week)s) then 'week'
        end
        from (select coalesce(chats.time_zone, %(shop_time_zone)s) as zone) as own
        left join lateral (
            select sent.campaign_id, sent.user_id, sent.occasion, sent.sent_at, not of_other.is_transactional as counts
            from app.recipients as sent
            join app.campaigns as of_other on of_other.campaign_id = sent.campaign_id
            where sent.chat_id = chats.chat_id and sent.state in ('sending', 'sent', 'unknown')
                and (sent.sent_at >= now() - interval '9 days' or sent.campaign_id = recipients.campaign_id)
        ) as others on true
        group by zone
    )
    """
)
_PERSON = sql.SQL(
    """
    left join lateral (
        select subscriptions.* from app.subscriptions
        where subscriptions.user_id = any(array(select raw.ids_of_person(recipients.user_id)))
        order by changed_at desc, subscriptions.user_id limit 1
    ) as chats on true
    left join lateral (
        select prohibited.user_id from app.do_not_contact as prohibited
        where prohibited.user_id = any(array(select raw.ids_of_person(recipients.user_id))) limit 1
    ) as forbidden on true
    """
)
_CLAIM = sql.SQL(
    """
    with looked_at as (
        select recipients.campaign_id, recipients.user_id, recipients.occasion
        from app.recipients
        join app.campaigns on campaigns.campaign_id = recipients.campaign_id
        where recipients.campaign_id = %(campaign_id)s and recipients.state = 'queued' and recipients.due_at <= now()
            and campaigns.state = 'running' and campaigns.next_send_at <= now()
            and campaigns.worked_at > {overdue_before}
        order by recipients.due_at limit {limit}
        for update of recipients skip locked
    ),

    judged as (
        select recipients.*, chats.chat_id as their_chat, chats.language,
            {refusal} as refusal, {quiet_until} as quiet_until, {cap} as cap
        from looked_at
        join app.recipients using (campaign_id, user_id, occasion)
        join app.campaigns using (campaign_id)
        {person}
    ),

    settled as (
        update app.recipients set
            state = case
                when refusal in ('no_chat', 'blocked') then 'unreachable'
                when refusal is not null then 'opted_out'
                when cap is not null then 'capped'
                else 'queued'
            end,
            reason = coalesce(refusal, cap),
            due_at = case when refusal is null and cap is null then quiet_until else recipients.due_at end,
            is_untold = refusal is null and cap is not null,
            changed_at = clock_timestamp()
        from judged
        where recipients.campaign_id = judged.campaign_id and recipients.user_id = judged.user_id
            and recipients.occasion = judged.occasion and coalesce(refusal, cap, quiet_until::text) is not null
    ),

    first as (
        select user_id, occasion, their_chat, language, arm, attempts from judged
        where coalesce(refusal, cap, quiet_until::text) is null order by due_at limit 1
    )

    select (select count(*) from looked_at), first.* from (select) as once left join first on true
    """
)


def claim(campaign_id: UUID, limit: int, rules: Rules, overdue_seconds: int = OVERDUE_SECONDS) -> Statement[Claim]:
    """Locks up to `limit` recipients who are due, settles those who may not be written to, and finds one who may.

    Consent, caps and quiet hours are those of now. Who is in quiet hours stays queued until they end.
    """

    def made(looked_at: int, user_id: str | None, occasion: datetime, chat_id: int, *rest: Any) -> Claim:
        if user_id is None:
            return Claim(None, looked_at)
        return Claim(Candidate(Key(campaign_id, user_id, occasion), chat_id, *rest), looked_at)

    # The planner has to know that few are wanted, also once the statement is prepared.
    query = _CLAIM.format(
        refusal=REFUSAL,
        quiet_until=QUIET_UNTIL,
        cap=_CAP,
        person=_PERSON,
        limit=sql.Literal(limit),
        overdue_before=OVERDUE_BEFORE,
    )
    given = {"campaign_id": campaign_id, "overdue_seconds": overdue_seconds, **rules.bound()}
    return Statement(query, given, lambda result: made(*result.rows[0]))


def lock_chat(chat_id: int) -> Statement[bool]:
    """Whether this transaction alone decides about the chat, so that its caps cannot be passed by two at once."""
    return Statement(
        "select pg_try_advisory_xact_lock(4242035, hashint8(%(chat_id)s))",
        {"chat_id": chat_id},
        lambda result: bool(result.rows[0][0]),
    )


_BEGIN = sql.SQL(
    """
    with judged as (
        select recipients.campaign_id, recipients.user_id, recipients.occasion, {cap} as cap
        from app.recipients
        join app.campaigns using (campaign_id)
        {person}
        where recipients.campaign_id = %(campaign_id)s and recipients.user_id = %(user_id)s
            and recipients.occasion = %(occasion)s and recipients.state = 'queued'
    )
    update app.recipients set
        state = case when cap is null then 'sending' else 'capped' end, reason = cap, is_untold = cap is not null,
        chat_id = case when cap is null then %(chat_id)s::bigint end,
        sent_at = case when cap is null then clock_timestamp() end,
        attempts = attempts + 1, changed_at = clock_timestamp()
    from judged
    where recipients.campaign_id = judged.campaign_id and recipients.user_id = judged.user_id
        and recipients.occasion = judged.occasion
    returning recipients.state = 'sending'
    """
).format(cap=_CAP, person=_PERSON)


def begin_sending(key: Key, chat_id: int, rules: Rules) -> Statement[bool | None]:
    """Says that the message leaves now; false where a cap has been reached meanwhile. Call `lock_chat` before."""
    return first_row(bool, _BEGIN, chat_id=chat_id, **key.bound(), **rules.bound())


def take_turn(campaign_id: UUID) -> Statement[int]:
    """Moves on the throttle of a campaign, which must have one; 0 where the next message may not leave yet."""
    return command(
        "update app.campaigns set next_send_at = greatest(next_send_at, clock_timestamp())"
        " + make_interval(secs => 60.0 / most_a_minute)"
        " where campaign_id = %(campaign_id)s and next_send_at <= clock_timestamp()",
        campaign_id=campaign_id,
    )
