-- Devices that are told of notices while no page is open. The address and the keys come from the browser of an account's
-- owner; they say nothing about users.
create table app.push_subscriptions (
    subscription_id uuid primary key default gen_random_uuid(),
    -- Goes with its account, and is told nothing once its session was ended.
    session_id uuid not null references app.sessions on delete cascade,
    endpoint text not null unique check (endpoint <> ''),
    p256dh text not null,
    auth text not null,
    topics text [] not null check (topics <@ array['early_warning', 'campaign', 'drift', 'failed_run']),
    language text not null,
    device text not null,
    made_at timestamptz not null default now(),
    -- Everything up to this notice has been told.
    told_until bigint not null,
    told_at timestamptz,
    -- The push service asked to be left alone until then.
    waits_until timestamptz
);
create index push_subscriptions_session_idx on app.push_subscriptions (session_id);

-- A device ends with its session: whoever signs out is told nothing more.
create function app.end_push() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    delete from app.push_subscriptions where session_id = new.session_id;
    return null;
end $$;
create trigger end_push after update of ended_at on app.sessions
for each row when (new.ended_at is not null) execute function app.end_push();

-- Whom the worker may tell: not who they are, but what their role is.
create view app.push_targets as
select
    subscription_id, endpoint, p256dh, auth, topics, language, told_until, role
from app.push_subscriptions
inner join app.sessions using (session_id)
inner join app.accounts using (account_id)
where sessions.ended_at is null and disabled_at is null
    and (waits_until is null or waits_until <= now());

-- The end of a campaign is told in the transaction that makes it. Devices hear of it; the API promises to list no kinds but
-- those it began with.
create function app.tell_of_campaign() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform app.add_notice(
        'campaign', jsonb_build_object('campaign_id', new.campaign_id, 'name', new.name, 'state', new.state),
        'campaign ' || new.campaign_id || ' done'
    );
    return null;
end $$;
create trigger tell_of_campaign after update of state on app.campaigns
for each row when (new.state = 'done' and old.state <> 'done' and new.kind = 'campaign')
execute function app.tell_of_campaign();
