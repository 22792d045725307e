-- A slot comes no sooner than its sender can use it: one that is missed is lost for everybody.
drop function app.take_send_slot(bigint, double precision, double precision, double precision);
create function app.take_send_slot(
    chat bigint, spacing double precision, chat_spacing double precision, least_ahead double precision,
    most_ahead double precision,
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
    overall := greatest(overall, current + make_interval(secs => least_ahead));
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
revoke execute on function app.take_send_slot(
    bigint, double precision, double precision, double precision, double precision
) from public;

-- A check of each row against one campaign is a fifth of what it takes to select a million recipients, and campaigns are
-- never deleted.
alter table app.recipients drop constraint recipients_campaign_id_fkey;

-- As before, in a form that Postgres puts in place of the call.
create or replace function app.quiet_until(
    moment timestamptz, time_zone text, quiet_from time, quiet_until time
) returns timestamptz language sql stable parallel safe
return case
    when quiet_from = quiet_until then null
    when quiet_from < quiet_until and (
        cast(moment at time zone time_zone as time) < quiet_from
        or cast(moment at time zone time_zone as time) >= quiet_until
    ) then null
    when quiet_from > quiet_until
        and cast(moment at time zone time_zone as time) >= quiet_until
        and cast(moment at time zone time_zone as time) < quiet_from then null
    else (
        cast(moment at time zone time_zone as date)
        + cast(cast(moment at time zone time_zone as time) >= quiet_until as integer) + quiet_until
    ) at time zone time_zone
end;
