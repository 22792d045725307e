-- Campaigns and triggers, the lists of users that campaigns are sent to, and a row for each recipient.

create table app.user_lists (
    list_id uuid primary key default gen_random_uuid(),
    name text not null,
    made_by text not null,
    made_at timestamptz not null default now()
);

create table app.user_list_members (
    list_id uuid not null references app.user_lists on delete cascade,
    user_id text not null check (user_id <> ''),
    primary key (list_id, user_id)
);
create index user_list_members_user_id_idx on app.user_list_members (user_id);

create table app.campaigns (
    campaign_id uuid primary key default gen_random_uuid(),
    name text not null,
    -- A campaign selects its recipients once; a trigger adds some whenever its rule says so.
    kind text not null check (kind in ('campaign', 'trigger')),
    topic text not null,
    -- Exempt from topics, caps, quiet hours, pauses and stops; never from do-not-contact.
    is_transactional boolean not null,
    -- Of a campaign: whom it is for. Of a trigger: its rule.
    audience jsonb not null,
    -- Name, share and texts by language, in the order of their buckets.
    variants jsonb not null,
    control_share double precision not null check (control_share between 0 and 0.9),
    -- Who is in which arm depends on the salt and on nothing else.
    salt text not null default encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex'),
    starts_at timestamptz,
    most_a_minute integer check (most_a_minute > 0),
    next_send_at timestamptz not null default '-infinity',
    state text not null default 'draft' check (
        state in ('draft', 'approved', 'scheduled', 'running', 'paused', 'overdue', 'done', 'cancelled')
    ),
    made_by text not null,
    made_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    approved_by text,
    approved_at timestamptz,
    -- When the recipients were selected; of a trigger, when its rule was turned on.
    started_at timestamptz,
    ended_at timestamptz,
    -- A sender saw to it last. A campaign that nobody saw to for long asks before it goes on.
    worked_at timestamptz,
    -- Of a trigger: until when events have been looked at.
    watched_until timestamptz
);
create index campaigns_open_idx on app.campaigns (state) where state in ('scheduled', 'running');

create table app.recipients (
    campaign_id uuid not null references app.campaigns on delete cascade,
    user_id text not null check (user_id <> ''),
    -- Of a trigger: when the rule said so. A campaign reaches a user once.
    occasion timestamptz not null default 'epoch',
    -- The variant, `control` or `global_control`; null for who could not be reached anyway.
    arm text,
    state text not null check (
        state in (
            'control', 'opted_out', 'unreachable', 'queued', 'sending', 'capped', 'sent', 'failed', 'unknown', 'cancelled'
        )
    ),
    reason text,
    selected_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    -- Of a queued row: not before.
    due_at timestamptz not null default now(),
    attempts smallint not null default 0,
    -- Set from `sending` on: where the message went, and when.
    chat_id bigint,
    sent_at timestamptz,
    telegram_message_id bigint,
    -- Whether the event of the outcome is still to be stored.
    is_untold boolean not null default false,
    primary key (campaign_id, user_id, occasion)
);
-- A queued row changes its due_at and its state, and leaves its page for neither where there is room.
alter table app.recipients set (fillfactor = 80);
create index recipients_queue_idx on app.recipients (campaign_id, due_at) where state = 'queued';
create index recipients_state_idx on app.recipients (campaign_id, state, user_id, occasion);
create index recipients_user_id_idx on app.recipients (user_id);
-- For caps, which count what one chat was sent, and for messages whose sender was lost.
create index recipients_chat_id_idx on app.recipients (chat_id, sent_at) where chat_id is not null;
create index recipients_sending_idx on app.recipients (sent_at) where state = 'sending';
create index recipients_untold_idx on app.recipients (campaign_id) where is_untold;

-- The subscription of each person: of several ids, the one that was changed last.
create view app.current_subscriptions as
select distinct on (coalesce(ids.user_id, subscriptions.user_id))
    coalesce(ids.user_id, subscriptions.user_id) as person_id,
    subscriptions.*
from app.subscriptions as subscriptions
left join app.current_ids as ids on subscriptions.user_id = ids.member_user_id
order by coalesce(ids.user_id, subscriptions.user_id), subscriptions.changed_at desc, subscriptions.user_id;

-- When quiet hours that hold at a moment end; null where none hold. Equal times mean that there are none.
create function app.quiet_until(
    moment timestamptz, time_zone text, quiet_from time, quiet_until time
) returns timestamptz language sql stable parallel safe
return (
    select case
        when quiet_from = quiet_until then null
        when quiet_from < quiet_until and (own < quiet_from or own >= quiet_until) then null
        when quiet_from > quiet_until and own >= quiet_until and own < quiet_from then null
        else (day + cast(own >= quiet_until as integer) + quiet_until) at time zone time_zone
    end
    from (
        select cast(moment at time zone time_zone as date) as day, cast(moment at time zone time_zone as time) as own
    ) as here
);

-- When the local day of a moment began, some days before.
create function app.day_began(moment timestamptz, time_zone text, days integer)
returns timestamptz language sql stable parallel safe
return (cast(moment at time zone time_zone as date) - days)::timestamp at time zone time_zone;

-- As before, and it says whether it is the chat's own limit that stands in the way; without a chat (null) it takes a slot of
-- all chats together, for a message that missed its slot.
drop function app.take_send_slot(bigint, double precision, double precision, double precision);
create function app.take_send_slot(
    chat bigint, spacing double precision, chat_spacing double precision, most_ahead double precision,
    out is_granted boolean, out wait_seconds double precision, out is_chat_busy boolean
) language plpgsql as $$
declare
    current timestamptz;
    overall timestamptz;
    own timestamptz;
begin
    select next_at into overall from app.send_slots where chat_id = 0 for update;
    if not found then
        insert into app.send_slots values (0, '-infinity') on conflict do nothing;
        select next_at into overall from app.send_slots where chat_id = 0 for update;
    end if;
    -- Whoever changes a chat's row holds the lock on the row above.
    select next_at into own from app.send_slots where chat_id = chat;
    current := clock_timestamp();
    overall := greatest(overall, current);
    is_chat_busy := coalesce(own > current, false);
    wait_seconds := extract(epoch from greatest(overall - make_interval(secs => most_ahead), own, current) - current);
    is_granted := wait_seconds <= 0;
    if is_granted then
        wait_seconds := extract(epoch from overall - current);
        update app.send_slots set next_at = overall + make_interval(secs => spacing) where chat_id = 0;
        insert into app.send_slots
        select chat, overall + make_interval(secs => chat_spacing) where chat is not null
        on conflict (chat_id) do update set next_at = excluded.next_at;
    end if;
end $$;
revoke execute on function app.take_send_slot(bigint, double precision, double precision, double precision) from public;
