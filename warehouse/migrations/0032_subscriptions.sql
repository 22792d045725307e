-- Who may be written to, how often and when. What is null is as the shop's settings say.
create table app.subscriptions (
    user_id text primary key check (user_id <> ''),
    -- The chat with the bot. A chat is one person's: whoever registers it takes it over.
    chat_id bigint not null unique,
    language text not null,
    -- What the user asked to hear about; nothing until they say so.
    topics text [] not null default '{}',
    -- A name that Postgres does not know would fail whatever selects many users.
    time_zone text check (timestamp '2000-01-01' at time zone coalesce(time_zone, 'UTC') is not null),
    -- Local time. Equal times mean that no hours are quiet.
    quiet_from time,
    quiet_until time,
    most_a_day integer check (most_a_day >= 0),
    most_a_week integer check (most_a_week >= 0),
    paused_until timestamptz,
    -- The user said stop.
    stopped_at timestamptz,
    -- Telegram said that the user has blocked the bot, or that the chat is gone.
    blocked_at timestamptz,
    subscribed_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    check ((quiet_from is null) = (quiet_until is null))
);

-- Users whom nobody may write to, whether or not they have a chat.
create table app.do_not_contact (
    user_id text primary key check (user_id <> ''),
    reason text not null check (reason <> ''),
    said_by text not null,
    since timestamptz not null default now()
);

-- Every id that was joined to another one, and the id under which the person is shown now.
create view app.current_ids as
with recursive path as (
    select old_user_id as member_user_id, new_user_id as user_id, 1 as steps
    from raw.user_aliases
    where ended_at is null
    union all
    select path.member_user_id, aliases.new_user_id, path.steps + 1
    from path
    inner join raw.user_aliases as aliases on path.user_id = aliases.old_user_id and aliases.ended_at is null
    where path.steps < 100
)

select distinct on (member_user_id) member_user_id, user_id
from path
order by member_user_id, steps desc;
