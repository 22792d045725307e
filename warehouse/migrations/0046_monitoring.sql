-- What monitoring asks: when runs ended, how old the newest event is, totals of the shop. And the alerts that it raises.

-- The last end of each job in each state. Notices of the same are dropped after a week.
create table app.run_ends (
    job text not null,
    state text not null,
    ended_at timestamptz not null,
    primary key (job, state)
);

create function app.remember_run_end() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into app.run_ends as known (job, state, ended_at)
    values (new.body ->> 'job', new.body ->> 'state', new.noticed_at)
    on conflict (job, state) do update set ended_at = greatest(known.ended_at, excluded.ended_at);
    return null;
end $$;
create trigger remember_run_end after insert on app.notices
for each row when (new.kind = 'run' and new.body ?& array['job', 'state']) execute function app.remember_run_end();

insert into app.run_ends (job, state, ended_at)
select body ->> 'job', body ->> 'state', max(noticed_at) from app.notices
where kind = 'run' and body ?& array['job', 'state'] group by 1, 2;

-- What Alertmanager has told of: alerts that fire, and those that are over, for 30 days.
create table app.alerts (
    -- The same for the same labels.
    fingerprint text not null,
    began_at timestamptz not null,
    -- Null: it fires.
    ended_at timestamptz,
    told_at timestamptz not null default now(),
    name text not null,
    severity text not null,
    summary text not null,
    runbook text not null,
    primary key (fingerprint, began_at)
);
create index alerts_began_at_idx on app.alerts (began_at);

-- When the newest event was received; null where there is none. Events are appended, so only the last pages of the newest
-- months are read, whatever the size of the table. (A page that an erasure has emptied may be filled again: then a few
-- events are overlooked, and the answer is somewhat too old.)
create function raw.newest_receipt() returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    part regclass;
    received timestamptz;
    newest timestamptz;
    pages constant integer := 128;
begin
    for part in
        select pg_inherits.inhrelid::regclass from pg_inherits
        join pg_class on pg_class.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'raw.events'::regclass and pg_relation_size(pg_class.oid) > 0
        order by pg_class.relname desc limit 3
    loop
        execute format(
            'select max(received_at) from %s where ctid >= %L::tid', part,
            format('(%s,0)', greatest(0, pg_relation_size(part) / current_setting('block_size')::integer - pages))
        ) into received;
        newest := greatest(newest, received);
    end loop;
    return newest;
end $$;
revoke execute on function raw.newest_receipt() from public;

-- What happened on the newest whole day that the marts know; no row before they were built. A function, because monitoring
-- must see these totals and not the tables beside them, which dbt makes anew and which name users.
create function app.newest_day() returns table (
    activity_day date, active_users bigint, new_users bigint, buyers bigint, orders bigint, revenue double precision
)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    if to_regclass('analytics.daily_activity') is not null then
        return query
        select
            daily.activity_day, daily.active_users::bigint, daily.new_users::bigint, daily.buyers::bigint,
            daily.orders::bigint, daily.revenue::double precision
        from analytics.daily_activity as daily order by daily.activity_day desc limit 1;
    end if;
end $$;
revoke execute on function app.newest_day() from public;

-- How good each model was in the newest week that has matured: of live scores, or of those of past days where there are
-- none yet.
create function ml.newest_scorecards() returns table (
    model text, is_live boolean, as_of_week date, users bigint, auc double precision, calibration_error double precision
)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    if to_regclass('scorecards.model_scorecard') is not null then
        return query
        select distinct on (cards.model)
            cards.model, cards.is_live, cards.as_of_week, cards.users::bigint, cards.auc::double precision,
            cards.calibration_error::double precision
        from scorecards.model_scorecard as cards where cards.kind = 'score'
        order by cards.model, cards.is_live desc, cards.as_of_week desc, cards.model_version desc;
    end if;
end $$;
revoke execute on function ml.newest_scorecards() from public;
